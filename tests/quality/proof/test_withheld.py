"""What leaves with a certificate: that people signed these results, and nothing that concerns the laboratory alone."""

import json
from functools import partial
from hashlib import sha256

import pytest

from atmpxb.platform import voices
from atmpxb.quality.actions import worksheets
from atmpxb.quality.certificate import attachments
from atmpxb.quality.models import Certificate, WorksheetEntry
from atmpxb.quality.proof import deep
from atmpxb.quality.proof.verify import verify as verify_with
from atmpxb.quality.publishing import trust_list
from atmpxb.records import jobs
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.signatures.actions import digest_of
from atmpxb.records.signatures.models import Signature, SigningKey
from atmpxb.records.signatures.withheld import is_withheld, unfitting
from scenes import story as tale

REMARK = "The analyst was ill that day; the plot looks odd but the control holds."

verify = partial(verify_with, voices=voices.voice)


@pytest.fixture
def certified(scene):
    """A certificate whose reviewer remarked something about every exception of a corrected entry."""
    story = scene("measured")
    entry = worksheets.write_entry(
        actor=story.who.analyst, run=story.run("observation"), code="appearance", value="opaque_free",
        sample=story.sample("flow"), reason="looked again in better light",
    )  # fmt: skip
    entry = story.get(WorksheetEntry, "run__method", "sample", pk=entry.pk)
    worksheets.check_entry(
        actor=story.who.second, entry=entry, proof=story.who.proof(story.who.second),
        seen=digest_of(worksheets.entry_content(entry)),
    )  # fmt: skip
    jobs.drain()
    for kind in ("flow", "qpcr", "cell_count", "observation", "transcription"):
        run = story.run(kind)
        tale.submit(story.who, run)
        tale.review(story.who, story.run(kind), REMARK)
    certificate = tale.approve(story.who, story.order)
    jobs.drain()
    return story, story.fresh(certificate)


def test_no_remark_and_no_account_leaves_with_the_manifests(certified) -> None:
    story, certificate = certified
    files = attachments.extract(story.vault.read(certificate.pdf_sha256))
    manifests = {name: content.decode() for name, content in files.items() if name.startswith("signatures/")}
    assert len(manifests) >= 10
    accounts = [str(one.person_id) for one in (story.who.analyst, story.who.reviewer, story.who.head)]
    for content in manifests.values():
        assert not any(account in content for account in accounts)
    said = "".join(content.decode() for content in files.values())
    assert REMARK not in said
    assert "The analyst was ill" not in said
    assert story.who.reviewer.name in said, "names beside signatures stay"


def test_the_remark_can_not_be_found_by_trying_and_can_be_shown(certified) -> None:
    story, _ = certified
    run = story.run("observation")
    signed = story.get(Signature, meaning="reviewed", subject_id=run.pk)
    manifest = json.loads(signed.manifest)
    hidden = manifest["content"]["dispositions"]
    kept = signed.withheld["content"]["dispositions"]
    assert is_withheld(hidden)
    assert kept["value"][0]["text"] == REMARK
    guesses = (kept["value"], {"salt": "", "value": kept["value"]}, [REMARK], REMARK)
    assert hidden["withheld"] not in {sha256(canonical(guess)).hexdigest() for guess in guesses}
    assert manifest["content_sha256"] == sha256(canonical(manifest["content"])).hexdigest()
    assert list(unfitting(manifest, signed.withheld)) == []
    other = json.loads(json.dumps(signed.withheld))
    other["content"]["dispositions"]["value"][0]["text"] = "No influence."
    assert list(unfitting(manifest, other)) == ["content.dispositions"]
    assert list(unfitting(manifest, {})) == ["content.dispositions", "signer.person"]


def test_verify_judges_the_signatures_and_says_what_it_can_not_judge(certified) -> None:
    story, certificate = certified
    with story.as_(story.who.head):
        trusted = trust_list()
    report = verify(story.vault.read(certificate.pdf_sha256), None, trusted)
    assert report.holds
    lines = {line.check: line for line in report.lines}
    assert lines["signatures"].ok is True
    assert lines["remarks"].ok is None
    assert "stay in the laboratory" in lines["remarks"].message


def test_a_remark_changed_in_the_table_is_found_by_the_deep_verification(
    certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    story, _ = certified
    monkeypatch.setattr(deep, "READER", "default")

    def line():
        with story.as_(story.who.head):
            keys = {key.key_id: key for key in SigningKey.objects.filter(use="ledger")}
            assert keys
            line, *_more = deep._signatures(deep._keys()[0])
            return line

    assert line().ok
    with psycopg.connect(story.url("postgres")) as admin:
        admin.execute("ALTER TABLE signatures_signature DISABLE TRIGGER ALL")
        admin.execute("UPDATE signatures_signature SET withheld = replace(withheld::text, 'odd', 'fine')::jsonb")
    assert line().ok is False
    assert "bound other words" in line().message


def test_a_certificate_is_one_document_whatever_is_withheld(certified) -> None:
    story, certificate = certified
    assert isinstance(certificate, Certificate)
    named = {one["manifest_sha256"] for one in json.loads(certificate.record)["signatures"]}
    with story.as_(story.who.head):
        stored = {one.manifest_sha256 for one in Signature.objects.filter(manifest_sha256__in=named)}
    assert stored == named, "the manifests attached are those that were signed"
