"""An issued certificate is taken back: signed, with a reason, and everybody who holds it can find out."""

import json
from functools import partial

import pytest

from atmpxb.platform import voices
from atmpxb.quality.actions import certificates, withdrawals
from atmpxb.quality.certificate.record import parse
from atmpxb.quality.models import Certificate, Publication
from atmpxb.quality.proof import deep
from atmpxb.quality.proof.verify import verify as verify_with
from atmpxb.quality.publishing import trust_list
from atmpxb.quality.states import NotPossibleNow
from atmpxb.records import jobs
from atmpxb.records.ledger.models import StoredCheckpoint
from atmpxb.records.signatures.actions import Changed, SigningRefused, digest_of, prove_identity
from atmpxb.records.signatures.models import Signature
from scenes import story as tale

REASON = "the label of sample A belonged to another batch"

verify = partial(verify_with, voices=voices.voice)


def seen(certificate: Certificate) -> str:
    return digest_of(withdrawals.content(certificate))


def withdraw(story, certificate: Certificate, reason: str = REASON) -> Certificate:
    certificate = story.get(Certificate, "order", pk=certificate.pk)
    withdrawals.withdraw_certificate(
        actor=story.who.head, certificate=certificate, reason=reason, proof=story.who.proof(story.who.head),
        seen=seen(certificate),
    )  # fmt: skip
    jobs.drain()
    return story.fresh(certificate)


def test_it_is_withdrawn_with_signature_and_reason_under_a_checkpoint_of_its_own(scene) -> None:
    story = scene("certified")
    certificate = withdraw(story, story.get(Certificate))
    assert (certificate.state, certificate.withdrawal_reason) == ("withdrawn", REASON)
    signature = story.get(Signature, pk=certificate.withdrawal_id)
    bound = json.loads(signature.manifest)
    assert (signature.meaning, signature.person_id) == ("withdrawn", story.who.head.person_id)
    assert bound["content"] == {**withdrawals.content(story.get(Certificate)), "state": "issued", "reason": REASON}
    seq = story.events(story.who.head).index("certificate.withdrawn") + 1
    with story.as_(story.who.head):
        newest = StoredCheckpoint.objects.filter(organisation_id=certificate.organisation_id).latest("seq")
    assert newest.seq == seq, "the withdrawal is the last entry under the newest checkpoint"
    with story.as_(story.who.client):
        assert StoredCheckpoint.objects.filter(organisation_id=certificate.organisation_id, seq=seq).exists()


def test_the_client_reads_the_reason_and_the_public_does_not(scene) -> None:
    story = scene("certified")
    certificate = withdraw(story, story.get(Certificate))
    entry = story.entries(story.who.client)[-1].content
    assert (entry["event"], entry["reason"]) == ("certificate.recalled", REASON)
    assert story.get(Certificate, by=story.who.client).withdrawal_reason == REASON
    public = story.get(Publication, token=certificate.token)
    assert public.withdrawn_at == certificate.withdrawn_at
    assert REASON not in " ".join(str(value) for value in vars(public).values())


def test_a_corrected_certificate_follows_and_names_the_withdrawn_one(scene) -> None:
    story = scene("certified")
    first = withdraw(story, story.get(Certificate))
    with pytest.raises(certificates.NotReady, match="Say why"):
        tale.approve(story.who, story.order)
    second = tale.approve(story.who, story.order, reason="the label was corrected")
    jobs.drain()
    second = story.fresh(second)
    assert (second.state, second.version, second.replaces_id) == ("issued", 2, first.pk)
    replaced = parse(second.record.encode()).replaces
    assert replaced is not None
    assert (replaced.number, replaced.version, replaced.reason) == (first.number, 1, "the label was corrected")
    assert story.fresh(first).state == "withdrawn", "a newer version doesn't make it a mere older one"
    public = story.get(Publication, token=first.token)
    assert (public.superseded_by, public.withdrawn_at is not None) == (f"{second.number} v2", True)
    with story.as_(story.who.head):
        trusted = trust_list()
    report = verify(story.vault.read(second.pdf_sha256), None, trusted)
    assert report.holds, [line for line in report.lines if line.ok is False]


def test_a_withdrawal_while_the_correction_is_being_made_stands(scene) -> None:
    story = scene("certified")
    first = story.get(Certificate)
    second = tale.approve(story.who, story.order, reason="a name was misspelt")
    withdraw(story, first)
    assert story.fresh(second).state == "issued"
    assert story.fresh(first).state == "withdrawn"


def test_only_an_issued_certificate_that_was_looked_at_is_withdrawn(scene) -> None:
    story = scene("certified")
    certificate = story.get(Certificate, "order")
    head, before = story.who.head, story.standing()
    with pytest.raises(Changed):
        withdrawals.withdraw_certificate(
            actor=head, certificate=certificate, reason=REASON, proof=story.who.proof(head), seen="0" * 64
        )
    assert story.standing() == before
    with pytest.raises(SigningRefused):
        prove_identity(actor=head, password="not the password")
    withdrawn = withdraw(story, certificate)
    before = story.standing()
    with pytest.raises(NotPossibleNow, match="issued"):
        withdraw(story, withdrawn)
    assert story.standing() == before


def test_a_superseded_certificate_is_not_withdrawn(scene) -> None:
    story = scene("certified")
    first = story.get(Certificate)
    tale.approve(story.who, story.order, reason="a name was misspelt")
    jobs.drain()
    with pytest.raises(NotPossibleNow):
        withdraw(story, first)


def test_the_deep_verification_knows_withdrawn_certificates(scene, monkeypatch: pytest.MonkeyPatch) -> None:
    story = scene("certified")
    certificate = withdraw(story, story.get(Certificate))
    monkeypatch.setattr(deep, "READER", "default")
    with story.as_(story.who.head):
        (line,) = deep._certificates()
    assert line.ok
    assert "withdrawn" in line.message
    assert f"{certificate.withdrawn_at:%Y-%m-%d}" in line.message


def test_the_deep_verification_sees_a_page_that_hides_the_withdrawal(scene, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    story = scene("certified")
    certificate = withdraw(story, story.get(Certificate))
    with psycopg.connect(story.url("postgres")) as admin:
        admin.execute("ALTER TABLE quality_publication DISABLE TRIGGER ALL")
        admin.execute("UPDATE quality_publication SET withdrawn_at = NULL")
    monkeypatch.setattr(deep, "READER", "default")
    with story.as_(story.who.head):
        (line,) = deep._certificates()
    assert line.ok is False
    assert str(certificate) in line.check
    assert "public page" in line.message
