"""Who somebody is, proven anew: password and second factor, a lock on guessing, and an administrator who opens it.

Attempts that fail count for the person, wherever they were made, because password and second factor are the person's.
Forgiving them is each organisation's own: its administrator forgives those that were made for it, which opens the lock
if there is one among them; where all were made for another organisation, its administrator does, or time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from atmpxb.notes import Refused
from atmpxb.records.ledger.writing import acting_for, action, change, create, record, recording, set_context
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Membership, Organisation, Person, Role
from atmpxb.records.signatures.models import Refusal

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


class NotLocked(Exception):
    """Nothing keeps the person from signing."""


class LockedElsewhere(Exception):
    """Signing is locked by attempts that were made for another organisation only, until the time given."""


class SecondFactorMissing(Refused):
    """The organisation asks for a second factor, and the person has none."""

    def __init__(self) -> None:
        super().__init__(
            "signature.no_factor",
            "Your organisation asks for a second factor to sign, and you have none",
            "Set one up under your name, at Second factor; then sign",
        )


class ProofSpent(Refused):
    """The proof of identity is another person's, too old, or was used already."""

    def __init__(self) -> None:
        super().__init__(
            "signature.proof_spent", "Who you are was proven too long ago, or for something else", "Sign once more"
        )


@dataclass(slots=True)
class Proof:
    """A person has just proven who they are. Good for one signature."""

    person_id: UUID
    proven_at: datetime = field(default_factory=timezone.now)
    spent: bool = False


def prove_identity(*, actor: Actor, password: str, code: str = "") -> Proof:
    """Check password, and the one-time code where the person has set one up; every failure is recorded.

    Raises:
        SigningLocked: five failures within a quarter of an hour, for whichever organisation.
        SigningRefused: a factor is wrong.
        IdentityNotVerified: the administrator has not confirmed who this is.
        SecondFactorMissing: the organisation asks for one, and the person has none.
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
        failures = [one.refused_at for one in _counted(person.pk)]
        verified = Membership.objects.filter(
            organisation_id=actor.organisation_id, person=person, valid_until=None
        ).exclude(identity_verified_at=None)
        known = verified.exists()
        demanded = Organisation.objects.get(pk=actor.organisation_id).second_factor_to_sign
    if len(failures) >= LOCK_AFTER:
        raise SigningLocked(max(failures) + LOCK_FOR)
    if not person.is_active or not known:
        raise IdentityNotVerified("an administrator confirms your identity before you can sign")
    if demanded and not needs_code(person.pk):
        raise SecondFactorMissing
    factor = _wrong_factor(person, password, code)
    if factor:
        with recording(actor):
            refusal = create(Refusal, person=person, factor=factor, refused_at=timezone.now())
            record("signature.refused", actor=actor, on=refusal, factor=factor)
        raise SigningRefused(factor, LOCK_AFTER - len(failures) - 1)
    return Proof(person.pk)


def locked_until(actor: Actor, person_id: UUID) -> datetime | None:
    """Until when a person can't sign, whoever looks; None when nothing is locked."""
    failures = [one.refused_at for one in _counted_of(actor, person_id)]
    return max(failures) + LOCK_FOR if len(failures) >= LOCK_AFTER else None


@action("signatures.unlock", roles={Role.ADMINISTRATOR})
def unlock_signing(*, actor: Actor, person: Person) -> None:
    """Let a person sign again before the quarter of an hour is over, by forgiving the attempts that were made for the
    actor's organisation. What was refused stays on record.

    Raises:
        NotLocked: there is nothing to unlock.
        LockedElsewhere: every attempt that counts was made for another organisation.
    """
    counted = _counted_of(actor, person.pk)
    if len(counted) < LOCK_AFTER:
        raise NotLocked("signing is not locked for this person")
    own = [one for one in counted if one.organisation_id == actor.organisation_id]
    if not own:
        raise LockedElsewhere(max(one.refused_at for one in counted) + LOCK_FOR)
    for one in own:
        change(one, forgiven_at=timezone.now())
    record("signature.unlocked", actor=actor, on=person, failures=len(own))


def _counted(person_id: UUID) -> list[Refusal]:
    """The attempts that count now, as far as whoever acts may see them: a person sees the own ones everywhere."""
    since = timezone.now() - LOCK_FOR
    return list(Refusal.objects.filter(person_id=person_id, refused_at__gt=since, forgiven_at=None))


def _counted_of(actor: Actor, person_id: UUID) -> list[Refusal]:
    """The same, for whoever looks after the person: wherever the attempts were made."""
    set_context(actor.organisation_id, person_id)
    found = _counted(person_id)
    set_context(actor.organisation_id, actor.person_id)
    return found


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


def demand_fresh(proof: Proof, actor: Actor) -> None:
    """Raise ProofSpent where a proof is another person's, too old or used already."""
    if proof.person_id != actor.person_id or proof.spent or timezone.now() - proof.proven_at > PROOF_LIFE:
        raise ProofSpent
