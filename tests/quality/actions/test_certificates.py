"""Approval and issue: interim, then final, then corrected; each names what it replaces."""

import pytest

from atmpxb.quality.actions import certificates
from atmpxb.quality.certificate.record import parse
from atmpxb.quality.models import Certificate, Publication
from atmpxb.quality.states import NotPossibleNow
from atmpxb.records import jobs
from atmpxb.records.ledger.models import StoredCheckpoint
from atmpxb.records.signatures.actions import Changed
from atmpxb.records.vault.store import Received
from scenes import story as tale


def issue(story, kind: str = "final", reason: str = "") -> Certificate:
    certificate = tale.approve(story.who, story.order, kind=kind, reason=reason)
    jobs.drain()
    return story.fresh(certificate)


def public(story, certificate: Certificate) -> Publication:
    return story.get(Publication, token=certificate.token)


def test_the_order_of_things_is_approved_checkpoint_sealed_issued(scene) -> None:
    story = scene("certified")
    (certificate,) = [story.get(Certificate)]
    events = story.events(story.who.head)
    approved, issued = events.index("certificate.approved") + 1, events.index("certificate.issued") + 1
    with story.as_(story.who.head):
        points = list(StoredCheckpoint.objects.filter(organisation_id=certificate.organisation_id).order_by("seq"))
    assert certificate.approved_seq == approved
    assert [point.seq for point in points] == [approved, issued], "one before the document, one after"
    entry = story.entries(story.who.head)[issued - 1].content
    assert entry["files"] == [certificate.pdf_sha256]
    assert story.vault.read(certificate.pdf_sha256).startswith(b"%PDF-")
    assert {test.state for test in story.tests()} == {"approved"}


def test_the_client_gets_the_certificate_on_its_own_chain_and_may_read_it(scene) -> None:
    story = scene("certified")
    client = story.who.client
    assert story.events(client)[-1] == "certificate.arrived"
    seen = story.get(Certificate, by=client)
    assert story.entries(client)[-1].content["files"] == [seen.pdf_sha256]
    with story.as_(story.stranger):
        assert Certificate.objects.count() == 0


def test_interim_then_final_then_corrected(scene) -> None:
    story = scene("submitted")
    tale.review(story.who, story.run("cell_count"))
    first = issue(story, "interim")
    record = parse(first.record.encode())
    assert (first.version, first.kind, record.kind) == (1, "interim", "interim")
    states = {line.code: line.status for line in record.tests}
    assert (states["viable_cells"], states["vcn"]) == ("approved", "pending")
    assert all(line.due_at for line in record.tests if line.status == "pending")
    assert {test.state for test in story.tests(line="viable_cells")} == {"reviewed"}, (
        "an interim report approves nothing"
    )
    for kind in ("flow", "qpcr", "observation", "transcription"):
        tale.review(story.who, story.run(kind))
    second = issue(story)
    assert (second.version, second.number, second.replaces_id) == (2, first.number, first.pk)
    assert story.fresh(first).state == "superseded"
    assert public(story, first).superseded_token == second.token
    with pytest.raises(certificates.NotReady, match="Say why"):
        tale.approve(story.who, story.order)
    third = issue(story, reason="the label of a sample was misprinted")
    assert (third.version, third.replaces_id, third.reason) == (
        3,
        second.pk,
        "the label of a sample was misprinted",
    )
    assert public(story, second).superseded_by == f"{third.number} v3"
    assert public(story, third).superseded_by == ""
    assert [story.fresh(one).state for one in (first, second, third)] == [
        "superseded",
        "superseded",
        "issued",
    ]
    assert parse(third.record.encode()).replaces is not None
    with story.as_(story.who.client):
        assert Certificate.objects.count() == 3, "the client keeps seeing the earlier ones"
    assert story.breaks(story.who.head) == []


def test_a_final_certificate_waits_for_every_test_and_names_those_that_are_missing(scene) -> None:
    story = scene("submitted")
    tale.review(story.who, story.run("cell_count"))
    before = story.standing()
    with pytest.raises(certificates.NotReady, match="interim") as refused:
        tale.approve(story.who, story.order)
    assert {what for what, _ in refused.value.missing} == {
        "appearance",
        "identity",
        "car",
        "viability",
        "b_cells",
        "vcn",
        "sterility",
        "endotoxin",
    }
    assert story.standing() == before


def test_an_interim_report_needs_something_done_and_something_pending(scene) -> None:
    story = scene("submitted")
    with pytest.raises(certificates.NotReady, match="reviewed"):
        tale.approve(story.who, story.order, kind="interim")


def test_when_nothing_is_pending_there_is_no_interim_report(scene) -> None:
    story = scene("reviewed")
    with pytest.raises(certificates.NotReady, match="final certificate"):
        tale.approve(story.who, story.order, kind="interim")


def test_a_draft_that_changed_since_it_was_seen_is_not_approved(scene) -> None:
    story = scene("reviewed")
    seen = story.seen_certificate(language="en")
    with story.as_(story.who.head):
        order = story.order_for_approval()
    before = story.standing()
    with pytest.raises(Changed):
        certificates.approve_certificate(
            actor=story.who.head, order=order, kind=Certificate.Kind.FINAL, language="nl",
            proof=story.who.proof(story.who.head), seen=seen,
        )  # fmt: skip
    assert story.standing() == before


def test_issuing_twice_issues_once(scene) -> None:
    story = scene("certified")
    certificate = story.get(Certificate)
    before = story.standing()
    certificates.issue(actor=story.who.head, certificate_id=certificate.pk)
    with pytest.raises(NotPossibleNow):
        certificates.issue_certificate(
            actor=story.who.head, certificate=certificate, received=Received("0" * 64, 1), seq=1
        )
    assert story.standing() == before


def test_the_public_page_holds_nothing_confidential(scene) -> None:
    story = scene("certified")
    certificate = story.get(Certificate)
    published = " ".join(str(value) for value in vars(public(story, certificate)).values())
    for secret in ("CART-0001", "P-7F3A", "anicells", "CAR-T"):
        assert secret not in published
