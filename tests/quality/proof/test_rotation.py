"""Keys are renewed: certificates from before and after verify with the newer trust list, and a break on the way mends."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from atmpxb.platform.demo import network, story
from atmpxb.quality import publishing
from atmpxb.quality.models import Certificate, Order
from atmpxb.quality.proof.verify import Report, verify
from atmpxb.quality.saying import voice
from atmpxb.records import jobs
from atmpxb.records.ledger import checkpoint
from atmpxb.records.ledger.models import LedgerEntry, StoredCheckpoint
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.signatures import actions as signatures
from atmpxb.records.signatures import trust
from atmpxb.records.signatures.models import Signature, SigningKey
from atmpxb.records.signatures.signing import SigningClient, SigningError
from atmpxb.records.vault.actions import vault

PASSWORD = "a demo password, 2026"


@pytest.fixture
def administrator(database: str, signer: Path) -> Actor:
    """Of a laboratory whose keys no other test uses."""
    network.found(PASSWORD)
    return network.actor("administrator", story.LAB)


def as_[T](actor: Actor, question: Callable[[], T]) -> T:
    with acting_for(actor.organisation_id, actor.person_id):
        return question()


def current(actor: Actor) -> str:
    return signatures.signing_client().identity(actor.organisation_id).checkpoint_keys[-1].id


def rotate(actor: Actor, ending: str | None = None) -> list[SigningKey]:
    proof = signatures.prove_identity(actor=actor, password=PASSWORD)
    return signatures.rotate_keys(
        actor=actor, proof=proof, ending=ending or current(actor), reason="as planned for this year"
    )


def events(actor: Actor) -> list[str]:
    return as_(actor, lambda: [e.event for e in LedgerEntry.objects.filter(
        organisation_id=actor.organisation_id).order_by("seq")])  # fmt: skip


def judged(certificate: Certificate, trusted: bytes, who: story.Cast) -> Report:
    stored = as_(who.head, lambda: Certificate.objects.get(pk=certificate.pk))
    return verify(vault().read(stored.pdf_sha256), None, trusted, voices=voice)


def failed(report: Report) -> dict[str, str]:
    return {line.check: line.message for line in report.lines if line.ok is False}


def test_certificates_from_before_and_after_a_rotation_verify_with_the_new_trust_list(administrator: Actor) -> None:
    who = story.cast(PASSWORD)
    story.set_up(who)
    before = story.certify_batch(who, number="CART-1", pseudonym="P-1", seed=3, work=jobs.drain)
    old_list = as_(administrator, publishing.trust_list)
    rotate(administrator)
    order = as_(who.head, lambda: Order.objects.get(certificates=before))
    after = story.approve(who, order, reason="issued again under the renewed keys")
    jobs.drain()
    new_list = as_(administrator, publishing.trust_list)
    for certificate in (before, after):
        report = judged(certificate, new_list, who)
        assert report.holds, failed(report)
    assert judged(before, old_list, who).holds, "whoever kept the old list still reads the old certificate"
    refused = failed(judged(after, old_list, who))
    assert "fetch the newer trust list" in refused["issuer"]


def test_both_sides_of_a_rotation_are_sealed_and_the_person_who_did_it_is_known(administrator: Actor) -> None:
    before = current(administrator)
    published = rotate(administrator)
    after = current(administrator)
    assert before != after
    assert sorted(key.use for key in published) == ["ledger", "seal"]
    assert events(administrator)[-2:] == ["keys.renewal_authorised", "keys.published"]
    signature = as_(administrator, lambda: Signature.objects.get(organisation_id=administrator.organisation_id))
    said = json.loads(signature.manifest)
    assert (signature.meaning, signature.key_id) == ("authorised", before)
    assert said["content"]["ledger"] == before
    assert said["content"]["reason"] == "as planned for this year"
    chain = len(events(administrator))
    kept = as_(administrator, lambda: {
        point.seq: point.key_id for point in StoredCheckpoint.objects.filter(
            witness_id=administrator.organisation_id, organisation_id=administrator.organisation_id)
    })  # fmt: skip
    assert (kept[chain - 1], kept[chain]) == (before, after)


def test_the_trust_list_dates_every_key_and_each_signed_in_its_own_time_only(administrator: Actor) -> None:
    for _ in range(2):
        rotate(administrator)
    listed = trust.parse(as_(administrator, publishing.trust_list)).organisation(administrator.organisation_id)
    assert listed is not None
    keys = listed.checkpoint_keys
    assert len(keys) == len(listed.seals) == 3
    assert [key.until for key in keys] == [keys[1].since, keys[2].since, None]
    assert [key.id for key in keys] == [
        key.id for key in signatures.signing_client().identity(administrator.organisation_id).checkpoint_keys
    ]
    points = as_(administrator, lambda: list(StoredCheckpoint.objects.filter(
        witness_id=administrator.organisation_id, organisation_id=administrator.organisation_id)))  # fmt: skip
    assert len(points) >= 4
    for point in points:
        assert listed.checkpoint_key(point.key_id, checkpoint.parse(bytes(point.payload)).at), point.seq


def test_keys_that_were_made_and_not_published_are_published_the_next_time(
    administrator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = current(administrator)

    def broken(**_: object) -> None:
        raise ConnectionError("the database went away")

    with monkeypatch.context() as patch:
        patch.setattr(signatures, "publish_keys", lambda **_: [])  # nothing was missing when it began
        real = SigningClient.rotate

        def made_then_broken(self: SigningClient, organisation: object, replacing: str) -> None:
            real(self, organisation, replacing)  # type: ignore[arg-type]
            broken()

        patch.setattr(SigningClient, "rotate", made_then_broken)
        with pytest.raises(ConnectionError):
            rotate(administrator)
    assert current(administrator) != before
    assert len(as_(administrator, lambda: signatures.unpublished(
        signatures.signing_client().identity(administrator.organisation_id)))) == 2  # fmt: skip
    stranded = signatures.signing_client().identity(administrator.organisation_id).checkpoint_keys[-1]
    signatures.publish_keys(actor=administrator)
    listed = trust.parse(as_(administrator, publishing.trust_list)).organisation(administrator.organisation_id)
    assert listed is not None
    assert listed.checkpoint_key(stranded.id, datetime.fromisoformat(stranded.since)), (
        "what it signed before it was published counts"
    )
    assert signatures.publish_keys(actor=administrator) == [], "and publishing again changes nothing"
    rotate(administrator)


def test_a_rotation_that_was_seen_too_early_does_not_happen(administrator: Actor) -> None:
    ending = current(administrator)
    rotate(administrator)
    between = current(administrator)
    with pytest.raises(signatures.Changed):
        rotate(administrator, ending=ending)
    assert current(administrator) == between
    identity = signatures.signing_client().rotate(administrator.organisation_id, ending)
    assert identity.checkpoint_keys[-1].id == between, "a request whose answer was lost makes no second key"


def test_nothing_is_signed_by_a_new_key_that_was_dated_before_it(administrator: Actor) -> None:
    from django.utils import timezone

    early = checkpoint.checkpoint(administrator.organisation_id, [b"\x01" * 32], timezone.now()).payload()
    client = signatures.signing_client()
    client.sign_checkpoint(administrator.organisation_id, early)
    rotate(administrator)
    with pytest.raises(SigningError, match="renewed while this was being prepared: try again"):
        client.sign_checkpoint(administrator.organisation_id, early)
    late = checkpoint.checkpoint(administrator.organisation_id, [b"\x01" * 32], timezone.now()).payload()
    assert client.sign_checkpoint(administrator.organisation_id, late).key_id == current(administrator)


def test_only_an_administrator_renews_keys_and_only_with_the_password(administrator: Actor) -> None:
    from atmpxb.records.ledger.writing import NotPermitted

    before = current(administrator)
    with pytest.raises(signatures.SigningRefused):
        signatures.prove_identity(actor=administrator, password="not this one")
    head = network.actor("qp", story.LAB)
    proof = signatures.prove_identity(actor=head, password=PASSWORD)
    with pytest.raises(NotPermitted):
        signatures.rotate_keys(actor=head, proof=proof, ending=before, reason="x")
    assert current(administrator) == before
