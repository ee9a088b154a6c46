"""Signing: who you are is proven again, then exactly what you saw is bound to your name, a meaning and a moment."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.ledger.writing import acting_for, create, record, recording
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation, Person
from atmpxb.records.signatures.models import Meaning, Refusal, Signature, SigningKey
from atmpxb.records.signatures.signing import SigningClient

#: Between proving who one is and signing there is no more than this; a proof signs once.
PROOF_LIFE = timedelta(seconds=120)
LOCK_AFTER = 5
LOCK_FOR = timedelta(minutes=15)


class SigningRefused(Exception):
    """Password or code is wrong. ``left`` attempts remain before signing is locked."""

    def __init__(self, factor: str, left: int) -> None:
        self.factor, self.left = factor, left
        super().__init__(f"the {factor} is not right; {left} attempts left")


class SigningLocked(Exception):
    """Too many failed attempts: signing stays closed until ``until``."""


class IdentityNotVerified(Exception):
    """Nobody has confirmed who holds this account, so it cannot sign."""


class ProofSpent(Exception):
    """The proof of identity is another person's, too old, or was used already."""


class Changed(Exception):
    """What was to be signed is no longer what the signer saw."""


@dataclass(slots=True)
class Proof:
    """A person has just proven who they are. Good for one signature."""

    person_id: UUID
    proven_at: Any = field(default_factory=timezone.now)
    spent: bool = False


def signing_client() -> SigningClient:
    """The way to the process that holds the keys."""
    return SigningClient(Path(settings.SIGNER_SOCKET))


def prove_identity(*, actor: Actor, password: str, code: str = "") -> Proof:
    """Check password, and the one-time code where the person has set one up; every failure is recorded.

    Raises:
        SigningLocked: five failures within a quarter of an hour, for whichever organisation.
        SigningRefused: a factor is wrong.
        IdentityNotVerified: the administrator has not confirmed who this is.
    """
    with _one_attempt_at_a_time(actor.person_id):
        return _prove_identity(actor, password, code)


@contextmanager
def _one_attempt_at_a_time(person_id: UUID) -> Iterator[None]:
    """Attempts of one person wait for each other: each sees what the one before it has recorded."""
    name = f"signing {person_id}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def _prove_identity(actor: Actor, password: str, code: str) -> Proof:
    person = Person.objects.get(pk=actor.person_id)
    with acting_for(actor.organisation_id, actor.person_id):  # which shows the person's failures in every organisation
        since = timezone.now() - LOCK_FOR
        failures = list(
            Refusal.objects.filter(person=person, refused_at__gt=since).values_list("refused_at", flat=True)
        )
    if len(failures) >= LOCK_AFTER:
        raise SigningLocked(max(failures) + LOCK_FOR)
    if not person.is_active or person.identity_verified_at is None:
        raise IdentityNotVerified("an administrator confirms your identity before you can sign")
    factor = _wrong_factor(person, password, code)
    if factor:
        with recording(actor):
            refusal = create(Refusal, person=person, factor=factor, refused_at=timezone.now())
            record("signature.refused", actor=actor, on=refusal, factor=factor)
        raise SigningRefused(factor, LOCK_AFTER - len(failures) - 1)
    return Proof(person.pk)


def _wrong_factor(person: Person, password: str, code: str) -> str:
    from allauth.mfa.models import Authenticator

    if not person.check_password(password):
        return "password"
    totp = Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).first()
    if totp and not totp.wrap().validate_code(code):
        return "code"
    return ""


def needs_code(person_id: UUID) -> bool:
    """Whether this person signs with a one-time code besides the password."""
    from allauth.mfa.models import Authenticator

    return bool(Authenticator.objects.filter(user_id=person_id, type=Authenticator.Type.TOTP).exists())


def digest_of(content: Mapping[str, Any]) -> str:
    """What identifies the content a signer saw: compared again at the moment of signing."""
    return sha256(canonical(content)).hexdigest()


def sign(
    *, actor: Actor, proof: Proof, on: models.Model, meaning: Meaning, content: Mapping[str, Any], seen: str
) -> Signature:
    """Inside an action: bind ``content`` to the actor. The action that calls this records it.

    Args:
        content: everything that is bound: values, verdicts, file hashes, versions and hashes of documents.
        seen: ``digest_of`` the content as it was shown to the signer.

    Raises:
        ProofSpent: the proof is not this actor's, is used or too old.
        Changed: the content is no longer what was seen.
    """
    now = timezone.now()
    if proof.person_id != actor.person_id or proof.spent or now - proof.proven_at > PROOF_LIFE:
        raise ProofSpent("prove who you are once more, then sign")
    if digest_of(content) != seen:
        raise Changed("this has changed since you opened it; look at it again before you sign")
    proof.spent = True
    head = LedgerEntry.objects.filter(organisation_id=actor.organisation_id).order_by("-seq").first()
    manifest = canonical(
        {
            "schema": "atmpxb.manifest/1",
            "organisation": str(actor.organisation_id),
            "subject": {"table": on._meta.db_table, "id": str(on.pk)},
            "meaning": str(meaning),
            "signer": {"person": str(actor.person_id), "name": actor.name, "function": actor.function},
            "at": now,
            "content": content,
            "content_sha256": seen,
            "ledger": {"seq": head.seq, "hash": bytes(head.hash).hex()} if head else None,
        }
    )
    sealed = signing_client().sign_manifest(actor.organisation_id, manifest)
    return create(
        Signature, person_id=actor.person_id, name=actor.name, function=actor.function, meaning=meaning,
        subject_table=on._meta.db_table, subject_id=on.pk, manifest=manifest.decode(),
        manifest_sha256=sha256(manifest).hexdigest(), key_id=sealed.key_id, seal=sealed.signature, signed_at=now,
    )  # fmt: skip


def publish_keys(*, actor: Actor, demo: bool = False) -> None:
    """Make the organisation's keys in the signing process and publish their public halves."""
    with transaction.atomic():
        organisation = Organisation.objects.get(pk=actor.organisation_id)
    identity = signing_client().enrol(organisation.pk, organisation.name, demo=demo)
    halves = [("ledger", key.id, key.public.hex()) for key in identity.checkpoint_keys] + [
        ("seal", sha256(der).hexdigest(), der.hex()) for der in identity.seal_certificates
    ]
    with recording(actor):
        published = [
            create(SigningKey, use=use, key_id=key_id, public=public, published_at=timezone.now())
            for use, key_id, public in halves
        ]
        record(
            "keys.published", actor=actor, on=published[0], keys=[[key.use, key.key_id] for key in published]
        )


def manifest_content(signature: Signature) -> dict[str, Any]:
    """What a signature bound."""
    return dict(json.loads(signature.manifest)["content"])
