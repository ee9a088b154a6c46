"""Controlled documents: written by one, signed into effect by another, superseded by the next; bytes stay."""

from hashlib import sha256

import pytest

from atmpxb.quality.actions import catalogue, runs
from atmpxb.quality.assays.method import MethodError
from atmpxb.quality.assays.seam import AssayError
from atmpxb.quality.limits import SpecificationError
from atmpxb.records.documents import actions as documents
from atmpxb.records.documents.models import DocumentVersion, VersionState
from atmpxb.records.ledger.transitions import NotPossibleNow
from atmpxb.records.people import actions as people
from atmpxb.records.people.models import Person, Role
from atmpxb.records.people.queries import actor_for
from atmpxb.records.signatures.actions import Changed, ProofSpent, digest_of, manifest_content
from atmpxb.records.signatures.models import Signature
from scenes import story as tale

APPEARANCE = (tale.examples() / "counts/appearance.toml").read_bytes()
NEXT = APPEARANCE.replace(b'version = "1.0"', b'version = "1.1"')


def make_effective(story, approver, version: DocumentVersion) -> DocumentVersion:
    seen = digest_of(documents.approval_content(version))
    return documents.make_effective(actor=approver, version=version, proof=story.who.proof(approver), seen=seen)


def test_a_new_version_supersedes_the_effective_one_and_both_keep_their_bytes(scene) -> None:
    story = scene("founded")
    first = story.get(DocumentVersion, document__code="OB-001")
    drafted = catalogue.draft_method(actor=story.who.analyst, source=NEXT)
    assert (drafted.state, drafted.sha256) == ("draft", sha256(NEXT).hexdigest())
    make_effective(story, story.who.reviewer, drafted)
    old, new = story.fresh(first), story.fresh(drafted)
    assert (old.state, new.state) == (VersionState.SUPERSEDED, VersionState.EFFECTIVE)
    assert old.superseded_at == new.effective_from
    assert (old.source.encode(), new.source.encode()) == (APPEARANCE, NEXT)
    entry = story.entries(story.who.analyst)[-1].content
    assert entry["event"] == "document.made_effective"
    assert entry["facts"]["sha256"] == new.sha256
    assert {row["table"] for row in entry["rows"]} == {"documents_documentversion", "signatures_signature"}


def test_a_version_never_changes_its_text(scene) -> None:
    story = scene("founded")
    before = story.standing()
    with pytest.raises(documents.VersionExists, match="new version"):
        catalogue.draft_method(actor=story.who.analyst, source=APPEARANCE.replace(b"Appearance", b"Looks"))
    with pytest.raises(documents.VersionExists, match="on file already"):
        catalogue.draft_method(actor=story.who.analyst, source=APPEARANCE)
    assert story.standing() == before


def withdraw(story, version, reason: str, **more):
    by = story.who.reviewer
    with story.as_(by):
        seen = digest_of(documents.withdrawal_content(version))
    wishes = {"proof": story.who.proof(by), "seen": seen, **more}
    return documents.withdraw_version(actor=by, version=version, reason=reason, **wishes)


def test_a_withdrawal_is_signed_with_its_reason(scene) -> None:
    story = scene("founded")
    effective = story.get(DocumentVersion, "document", document__code="CC-001")
    proof = story.who.proof(story.who.reviewer)
    before = story.standing()
    with pytest.raises(Changed, match="look at it again"):
        withdraw(story, effective, "the counter is gone", seen="0" * 64)
    with pytest.raises(ProofSpent):
        withdraw(story, effective, "the counter is gone", proof=story.who.proof(story.who.head))
    assert story.standing() == before
    effective = story.get(DocumentVersion, "document", document__code="CC-001")
    withdraw(story, effective, "the counter is gone", proof=proof)
    signed = story.get(Signature, meaning="retired", subject_id=effective.pk)
    assert (signed.person_id, signed.get_meaning_display()) == (story.who.reviewer.person_id, "Withdrew the document")
    bound = manifest_content(signed)
    assert (bound["document"]["sha256"], bound["state"]) == (effective.sha256, "effective")
    assert bound["reason"] == "the counter is gone"
    entry = story.entries(story.who.reviewer)[-1].content
    assert (entry["event"], entry["facts"]["signature"]) == ("document.withdrawn", str(signed.pk))


def test_the_author_does_not_approve(scene) -> None:
    story = scene("founded")
    drafted = catalogue.draft_method(actor=story.who.reviewer, source=NEXT)
    with pytest.raises(documents.AuthorCannotApprove, match="another person"):
        make_effective(story, story.who.reviewer, drafted)
    assert story.fresh(drafted).state == VersionState.DRAFT
    make_effective(story, story.who.head, drafted)
    with pytest.raises(NotPossibleNow, match="draft"):
        make_effective(story, story.who.head, drafted)


def test_a_withdrawn_version_starts_nothing_and_keeps_its_text(scene) -> None:
    story = scene("received")
    effective = story.get(DocumentVersion, "document", document__code="CC-001")
    withdraw(story, effective, "the counter is gone")
    stored = story.fresh(effective)
    assert (stored.state, stored.withdrawal_reason, stored.sha256) == (
        VersionState.WITHDRAWN, "the counter is gone", sha256(stored.source.encode()).hexdigest(),
    )  # fmt: skip
    tests = [test for test in story.tests() if test.method.document.code == "CC-001"]
    with pytest.raises(runs.TestsDiffer, match="effective version"):
        runs.open_run(actor=story.who.analyst, tests=tests)
    with pytest.raises(NotPossibleNow):
        withdraw(story, stored, "again")
    with pytest.raises(NotPossibleNow):
        make_effective(story, story.who.head, effective)


def test_a_withdrawn_draft_never_becomes_effective(scene) -> None:
    story = scene("founded")
    drafted = catalogue.draft_method(actor=story.who.analyst, source=NEXT)
    withdraw(story, drafted, "a slip")
    with pytest.raises(NotPossibleNow, match="withdrawn"):
        make_effective(story, story.who.head, drafted)
    assert story.get(DocumentVersion, document__code="OB-001", version="1.0").state == VersionState.EFFECTIVE


def test_the_author_does_not_approve_under_another_role_either(scene) -> None:
    story = scene("founded")
    author = story.who.analyst
    administrator = story.administrator()
    people.grant_role(actor=administrator, person=story.get(Person, pk=author.person_id), role=Role.QP, function="x")
    both = actor_for(story.get(Person, pk=author.person_id), tale.LAB)
    assert both is not None
    assert both.roles == {"analyst", "qp"}
    drafted = catalogue.draft_method(actor=author, source=NEXT)
    with pytest.raises(documents.AuthorCannotApprove):
        make_effective(story, both, drafted)


def test_a_text_that_changed_since_it_was_seen_is_not_signed(scene) -> None:
    story = scene("founded")
    drafted = catalogue.draft_method(actor=story.who.analyst, source=NEXT)
    before = story.standing()
    with pytest.raises(Changed, match="look at it again"):
        documents.make_effective(
            actor=story.who.reviewer,
            version=drafted,
            proof=story.who.proof(story.who.reviewer),
            seen="0" * 64,
        )
    assert story.standing() == before


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (b"not toml at all [", "TOML"),
        (APPEARANCE.replace(b'kind = "observation"', b'kind = "crystal_ball"'), "crystal_ball"),
        (APPEARANCE.replace(b'schema = "atmpxb.method/1"', b'schema = "atmpxb.method/9"'), "schema"),
    ],
)
def test_a_method_that_cannot_be_used_is_not_filed(scene, source: bytes, named: str) -> None:
    story = scene("founded")
    before = story.standing()
    with pytest.raises((MethodError, AssayError), match=named):
        catalogue.draft_method(actor=story.who.analyst, source=source)
    assert story.standing() == before


def test_a_specification_that_cannot_be_used_is_not_filed(scene) -> None:
    story = scene("founded")
    before = story.standing()
    source = (tale.HERE / "specification.toml").read_bytes().replace(b'low = "80.0"', b'low = "eighty"')
    with pytest.raises(SpecificationError, match="must be a decimal"):
        catalogue.draft_specification(actor=story.who.client, source=source)
    assert story.standing() == before


def test_another_laboratorys_draft_cannot_be_approved(scene) -> None:
    story = scene("founded")
    drafted = catalogue.draft_method(actor=story.who.analyst, source=NEXT)
    before = story.standing()
    with pytest.raises(Exception, match=r"does not exist|matching query"):
        make_effective(story, story.who.client_qp, drafted)
    assert story.standing() == before
