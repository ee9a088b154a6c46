"""Accounts: opened by an administrator, with a password that its holder replaces at the first sign-in."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from atmpxb.records.identifiers import new_id
from atmpxb.records.ledger.writing import action, change, create, record, recording, set_context
from atmpxb.records.people.actions.roles import NoRoleHere, add_roles, current, lock_account, refuse_conflict
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Membership, Person, Role
from atmpxb.records.people.queries import workplaces

#: Letters and digits that nobody confuses when they are read aloud or copied by hand.
_CLEAR = "abcdefghjkmnpqrstuvwxyz23456789"


class AddressTaken(Exception):
    """Another account signs in with this address."""


class WeakPassword(Exception):
    """The password is too easy to guess. Says how to choose a better one."""


class NoWorkplace(Exception):
    """The person works for no organisation, so there is no chain in which a change of the account would stand."""


class OwnAccount(Exception):
    """An administrator does this for others, not for the own account."""


class WorksElsewhere(Exception):
    """The account also acts for another organisation, which has not agreed to this."""


class IdentityAlreadyVerified(Exception):
    """Somebody confirmed before who this is."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A person who may act for the organisation now.

    ``one_time_password`` is to be handed over and stands nowhere else; None for an account that was there before.
    """

    person: Person
    one_time_password: str | None


@action("people.register_person", roles={Role.ADMINISTRATOR})
def register_person(
    *,
    actor: Actor,
    email: str,
    name: str,
    password: str,
    roles: Collection[Role],
    function: str,
    language: str = "",
    identity_verified: bool = False,
) -> Person:
    """Open an account with its roles in the actor's organisation, and a password that its holder chose.

    Args:
        identity_verified: the administrator has seen who this is; without it the person cannot sign.

    Raises:
        AddressTaken: the address belongs to another account.
        RolesConflict: administration and a GMP role in one hand.
        WeakPassword: too easy to guess.
    """
    refuse_conflict(roles)
    demand_new_address(email)
    demand_strong(password, email, name)
    now = timezone.now()
    person = open_account(new_id(), email, name, password, now, language)
    return _registered(actor, person, roles, function, now if identity_verified else None)


@action("people.admit_person", roles={Role.ADMINISTRATOR})
def admit_person(
    *,
    actor: Actor,
    email: str,
    name: str,
    roles: Collection[Role],
    function: str,
    language: str = "",
    identity_verified: bool = False,
) -> Admission:
    """Let a person act for the actor's organisation, by the address that the person signs in with.

    An account that is there already, of this organisation or another, gets the roles; its name, password and language
    stay its own. Otherwise an account is opened with a one-time password.

    Raises:
        RolesConflict: administration and a GMP role in one hand.
        RoleHeld: the person holds one of the roles here.
    """
    refuse_conflict(roles)
    now = timezone.now()
    verified = now if identity_verified else None
    person = Person.objects.select_for_update().filter(email__iexact=email).first()
    if person is None:
        password = _one_time_password()
        person = open_account(new_id(), email, name, password, now, language, one_time=True)
        return Admission(_registered(actor, person, roles, function, verified), password)
    add_roles(actor, person, roles, function, verified)
    record("person.admitted", actor=actor, on=person, roles=sorted(map(str, roles)), function=function)
    return Admission(person, None)


@action("people.verify_identity", roles={Role.ADMINISTRATOR})
def verify_identity(*, actor: Actor, person: Person) -> Person:
    """Confirm who a person is, for signatures in the actor's organisation. Each organisation sees for itself.

    Raises:
        OwnAccount: nobody confirms the own identity.
        NoRoleHere: the person holds no role here.
        IdentityAlreadyVerified: that was done before.
    """
    if person.pk == actor.person_id:
        raise OwnAccount("nobody confirms who they are themselves: ask another administrator")
    held = demand_held(actor, person)
    unseen = [one for one in held if one.identity_verified_at is None]
    if not unseen:
        raise IdentityAlreadyVerified("this identity is confirmed already")
    now = timezone.now()
    for one in unseen:
        change(one, identity_verified_at=now)
    record("person.identity_verified", actor=actor, on=person)
    return person


@action("people.reset_password", roles={Role.ADMINISTRATOR})
def reset_password(*, actor: Actor, person: Person) -> str:
    """Replace a forgotten password by a new one-time password, which is returned and stands nowhere else.

    Raises:
        OwnAccount: the own password is changed on the page of the own account.
        NoRoleHere: the person holds no role here.
        WorksElsewhere: whoever knows the new password could act for another organisation.
    """
    if person.pk == actor.person_id:
        raise OwnAccount("change your own password on the page of your account")
    lock_account(person)
    demand_held(actor, person)
    if works_elsewhere(actor, person):
        raise WorksElsewhere("this account also acts for another organisation")
    password = _one_time_password()
    change(person, password=make_password(password), password_is_one_time=True)
    record("person.password_reset", actor=actor, on=person)
    return password


def choose_password(*, person: Person, password: str) -> str:
    """The holder of an account replaces its password, which nobody else knows. The first of the person's organisations
    records it.

    Returns the new hash, by which a session stays valid.

    Raises:
        NoWorkplace: the person works for no organisation.
    """
    hashed = make_password(password)
    _change_own(person, "person.password_changed", password=hashed, password_is_one_time=False)
    return hashed


def choose_language(*, person: Person, language: str) -> None:
    """The holder of an account says which language the pages speak after signing in; empty: as the browser asks.

    Raises:
        NoWorkplace: the person works for no organisation.
    """
    if person.language != language:
        _change_own(person, "person.language_chosen", language=language)


def read_factor_reset(*, person: Person) -> None:
    """The holder of an account has read that an administrator took the second factor away.

    Raises:
        NoWorkplace: the person works for no organisation.
    """
    _change_own(person, "person.factor_reset_read", factor_reset_read_at=timezone.now())


def _change_own(person: Person, event: str, **fields: Any) -> Person:
    """What people change of their own account; the first of their organisations records it."""
    places = workplaces(person)
    if not places:
        raise NoWorkplace("this account acts for no organisation: an administrator of one can change that")
    place = places[0]
    actor = Actor(person.pk, person.name, place.organisation.pk, frozenset(place.roles), place.function)
    with recording(actor):
        stored = change(Person.objects.get(pk=person.pk), **fields)
        record(event, actor=actor, on=stored)
    return stored


def demand_new_address(email: str) -> None:
    """Raise AddressTaken where an account signs in with the address."""
    if Person.objects.filter(email__iexact=email).exists():
        raise AddressTaken(f"{email} already signs in here; grant that account a role instead")


def demand_strong(password: str, email: str, name: str) -> None:
    """Raise WeakPassword where the rules of the settings refuse a password."""
    try:
        password_validation.validate_password(password, Person(email=email, name=name))
    except ValidationError as error:
        raise WeakPassword(f"{' '.join(error.messages)} Choose a longer one, of several words.") from None


def open_account(
    id: UUID, email: str, name: str, password: str, now: datetime, language: str, *, one_time: bool = False
) -> Person:
    """Inside an action: a new account, without roles."""
    return create(
        Person, id=id, email=email.lower(), name=name, password=make_password(password), password_is_one_time=one_time,
        language=language, registered_at=now,
    )  # fmt: skip


def _registered(
    actor: Actor, person: Person, roles: Collection[Role], function: str, verified: datetime | None
) -> Person:
    add_roles(actor, person, roles, function, verified)
    record("person.registered", actor=actor, on=person, roles=sorted(map(str, roles)), function=function)
    return person


def demand_held(actor: Actor, person: Person) -> list[Membership]:
    """What a person holds in the actor's organisation. Raises NoRoleHere for nothing."""
    held = current(actor, person)
    if not held:
        raise NoRoleHere("no role is held here")
    return held


def works_elsewhere(actor: Actor, person: Person) -> bool:
    """Whether another organisation lets this person act. The database tells a person's roles to that person only."""
    set_context(actor.organisation_id, person.pk)
    found = (
        Membership.objects.filter(person=person, valid_until=None)
        .exclude(organisation_id=actor.organisation_id)
        .exists()
    )
    set_context(actor.organisation_id, actor.person_id)
    return found


def _one_time_password() -> str:
    """Four groups of four, some 79 bits."""
    return "-".join("".join(secrets.choice(_CLEAR) for _ in range(4)) for _ in range(4))
