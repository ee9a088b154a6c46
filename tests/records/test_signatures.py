"""Signing: who one is is proven anew, what was seen is bound, and guessing ends soon."""

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.utils import timezone

from atmpxb.quality.actions import reviews
from atmpxb.records.people import actions as people
from atmpxb.records.people.models import Person, Role
from atmpxb.records.people.queries import actor_for
from atmpxb.records.signatures import actions as signatures
from atmpxb.records.signatures.models import Refusal, Signature, SigningKey
from atmpxb.records.signatures.withheld import unfitting
from scenes import PASSWORD
from scenes import story as tale


def submit(story, proof, *, seen: str | None = None) -> None:
    run = story.run("observation")
    with story.as_(story.who.analyst):
        looked = signatures.digest_of(reviews.content(run))
    reviews.submit_run(actor=story.who.analyst, run=run, proof=proof, seen=seen or looked)


def test_a_signature_binds_what_was_seen_and_anybody_with_the_public_key_can_check_it(scene) -> None:
    story = scene("measured")
    submit(story, story.who.proof(story.who.analyst))
    signed = story.get(Signature, meaning="performed")
    manifest = json.loads(signed.manifest)
    assert signed.person_id == story.who.analyst.person_id
    assert signed.withheld["signer"]["person"]["value"] == str(signed.person_id)
    assert list(unfitting(manifest, signed.withheld)) == []
    assert manifest["subject"] == {"table": "quality_run", "id": str(story.run("observation").pk)}
    assert manifest["content"]["method"]["code"] == "OB-001"
    assert [result["reported"] for result in manifest["content"]["results"]]
    assert manifest["content_sha256"] == signatures.digest_of(manifest["content"])
    head = story.entries(story.who.analyst)[manifest["ledger"]["seq"] - 1]
    assert bytes(head.hash).hex() == manifest["ledger"]["hash"]
    assert sha256(signed.manifest.encode()).hexdigest() == signed.manifest_sha256
    from atmpxb.records.signatures import signing

    key = story.get(SigningKey, key_id=signed.key_id, organisation_id=story.who.analyst.organisation_id)
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public))
    tag = next(value for name, value in vars(signing).items() if isinstance(value, bytes) and b"manifest" in value)
    public.verify(bytes(signed.seal), tag + signed.manifest.encode())
    with pytest.raises(InvalidSignature):
        public.verify(bytes(signed.seal), tag + signed.manifest.encode().replace(b"OB-001", b"OB-002"))


def test_a_stale_page_cannot_sign(scene) -> None:
    story = scene("measured")
    before = story.standing()
    with pytest.raises(signatures.Changed, match="changed since you opened it"):
        submit(story, story.who.proof(story.who.analyst), seen=signatures.digest_of({"run": "as it was"}))
    assert story.standing() == before


def test_a_proof_signs_once_and_for_its_owner_and_soon(scene) -> None:
    story = scene("measured")
    mine = story.who.proof(story.who.analyst)
    for proof in (
        replace(mine, spent=True),
        replace(mine, proven_at=timezone.now() - signatures.PROOF_LIFE - timedelta(seconds=1)),
        story.who.proof(story.who.second),
    ):
        before = story.standing()
        with pytest.raises(signatures.ProofSpent, match="once more"):
            submit(story, proof)
        assert story.standing() == before
    submit(story, mine)
    assert mine.spent


def test_after_five_wrong_passwords_signing_is_locked_even_for_the_right_one(scene) -> None:
    story = scene("measured")
    analyst = story.who.analyst
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(signatures.SigningRefused) as refused:
            signatures.prove_identity(actor=analyst, password="not this one")
        assert (refused.value.factor, refused.value.left) == ("password", left)
    assert story.events(analyst)[-5:] == ["signature.refused"] * 5
    with pytest.raises(signatures.SigningLocked) as locked:
        signatures.prove_identity(actor=analyst, password=PASSWORD)
    until = locked.value.args[0]
    assert timedelta(minutes=14) < until - timezone.now() <= signatures.LOCK_FOR
    signatures.prove_identity(actor=story.who.reviewer, password=PASSWORD)  # others are not locked


def test_the_lock_opens_after_a_quarter_of_an_hour(scene, monkeypatch: pytest.MonkeyPatch) -> None:
    story = scene("measured")
    analyst = story.who.analyst
    for _ in range(5):
        with pytest.raises(signatures.SigningRefused):
            signatures.prove_identity(actor=analyst, password="not this one")
    later = timezone.now() + signatures.LOCK_FOR + timedelta(seconds=1)
    monkeypatch.setattr(signatures.timezone, "now", lambda: later)
    assert signatures.prove_identity(actor=analyst, password=PASSWORD).person_id == analyst.person_id


def test_a_wrong_password_is_on_record_and_the_password_is_not(scene) -> None:
    story = scene("measured")
    with pytest.raises(signatures.SigningRefused):
        signatures.prove_identity(actor=story.who.analyst, password="hunter2 hunter2")
    entry = story.entries(story.who.analyst)[-1]
    assert entry.content["facts"] == {"factor": "password"}
    assert b"hunter2" not in bytes(entry.payload)
    with story.as_(story.who.analyst):
        assert Refusal.objects.count() == 1


def test_who_has_set_up_a_code_cannot_sign_without_it(scene) -> None:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import (
        TOTP,
        format_hotp_value,
        generate_totp_secret,
        hotp_value,
        yield_hotp_counters_from_time,
    )

    story = scene("measured")
    analyst = story.who.analyst
    secret = generate_totp_secret()
    TOTP.activate(story.get(Person, pk=analyst.person_id), secret)
    assert Authenticator.objects.filter(user_id=analyst.person_id).count() == 1
    assert signatures.needs_code(analyst.person_id)
    for wrong in ("", "abcdef"):
        with pytest.raises(signatures.SigningRefused) as refused:
            signatures.prove_identity(actor=analyst, password=PASSWORD, code=wrong)
        assert refused.value.factor == "code"
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    assert signatures.prove_identity(actor=analyst, password=PASSWORD, code=code).person_id == analyst.person_id


def test_an_account_whose_holder_nobody_has_confirmed_does_not_sign(scene) -> None:
    story = scene("measured")
    person = people.register_person(
        actor=story.administrator(), email="new@sure.example", name="New", password=PASSWORD, roles=[Role.ANALYST],
        function="Analyst",
    )  # fmt: skip
    new = actor_for(person, tale.LAB)
    assert new is not None
    with pytest.raises(signatures.IdentityNotVerified, match="administrator"):
        signatures.prove_identity(actor=new, password=PASSWORD)


def test_without_the_signing_process_nothing_is_half_signed(scene, settings, tmp_path) -> None:
    story = scene("measured")
    proof = story.who.proof(story.who.analyst)
    before = story.standing()
    settings.SIGNER_SOCKET = str(tmp_path / "nobody.sock")
    with pytest.raises(Exception, match="sign"):
        submit(story, proof)
    assert story.standing() == before
