"""Organisations, people, roles, and what organisations share."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import connection, models
from django.utils import timezone

from atmpxb.records.identifiers import new_id
from atmpxb.records.ledger.writing import action, change, create, record, recording
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import (
    GMP_ROLES,
    Grant,
    Membership,
    Organisation,
    Person,
    Role,
    Site,
)
from atmpxb.records.people.queries import workplaces


class RolesConflict(Exception):
    """Who administers accounts in an organisation holds no role there that touches GMP records."""


class NoWorkplace(Exception):
    """The person works for no organisation, so there is no chain in which a change of the account would stand."""


class AddressTaken(Exception):
    """Another account signs in with this address."""


def found_organisation(
    *,
    code: str,
    name: str,
    country: str,
    zone: str,
    administrator_email: str,
    administrator_password: str,
    address: str = "",
    activities: Sequence[str] = (),
    illustrative: bool = False,
) -> tuple[Organisation, Actor]:
    """Found an organisation together with its first administrator, who is the actor of its first entry.

    Run from the command line by whoever installs the platform, not from a page.
    """
    organisation_id, person_id, now = new_id(), new_id(), timezone.now()
    administrator = Actor(
        person_id, f"Administrator, {name}", organisation_id, frozenset({Role.ADMINISTRATOR}), "Administrator"
    )
    with recording(administrator):
        organisation = create(
            Organisation,
            id=organisation_id,
            code=code,
            name=name,
            address=address,
            country=country,
            zone=zone,
            activities=list(activities),
            illustrative=illustrative,
            founded_at=now,
        )
        person = _account(person_id, administrator_email, administrator.name, administrator_password, now)
        create(
            Membership, organisation=organisation, person=person, role=Role.ADMINISTRATOR,
            function=administrator.function, valid_from=now,
        )  # fmt: skip
        record("organisation.founded", actor=administrator, on=organisation, country=country)
    return organisation, administrator


@action("people.open_site", roles={Role.ADMINISTRATOR})
def open_site(*, actor: Actor, code: str, name: str, address: str, country: str, zone: str) -> Site:
    """Add a place where the organisation works."""
    site = create(Site, code=code, name=name, address=address, country=country, zone=zone)
    record("site.opened", actor=actor, on=site)
    return site


@action("people.register_person", roles={Role.ADMINISTRATOR})
def register_person(
    *,
    actor: Actor,
    email: str,
    name: str,
    password: str,
    roles: Collection[Role],
    function: str,
    language: str = "en",
    identity_verified: bool = False,
) -> Person:
    """Open an account with its roles in the actor's organisation.

    Args:
        identity_verified: the administrator has seen who this is; without it the person cannot sign.

    Raises:
        AddressTaken: the address belongs to another account.
        RolesConflict: administration and a GMP role in one hand.
    """
    _refuse_conflict(roles)
    if Person.objects.filter(email__iexact=email).exists():
        raise AddressTaken(f"{email} already signs in here; grant that account a role instead")
    now = timezone.now()
    person = _account(new_id(), email, name, password, now, language, now if identity_verified else None)
    for role in sorted(roles):
        create(Membership, person=person, role=role, function=function, valid_from=now)
    record("person.registered", actor=actor, on=person, roles=sorted(map(str, roles)), function=function)
    return person


@action("people.grant_role", roles={Role.ADMINISTRATOR})
def grant_role(*, actor: Actor, person: Person, role: Role, function: str) -> Membership:
    """Give a person one more role in the actor's organisation.

    Raises:
        RolesConflict: administration and a GMP role in one hand.
    """
    held = {
        Role(name)
        for name in Membership.objects.filter(
            organisation_id=actor.organisation_id, person=person, valid_until=None
        ).values_list("role", flat=True)
    }
    _refuse_conflict(held | {role})
    membership = create(Membership, person=person, role=role, function=function, valid_from=timezone.now())
    record("role.granted", actor=actor, on=membership, person=str(person.pk), role=str(role))
    return membership


@action("people.end_role", roles={Role.ADMINISTRATOR})
def end_role(*, actor: Actor, membership: Membership, reason: str) -> Membership:
    """End a membership from now on. It stays on record."""
    change(membership, valid_until=timezone.now())
    record("role.ended", actor=actor, on=membership, reason=reason)
    return membership


def choose_password(*, person: Person, password: str) -> str:
    """The holder of an account replaces its password; an organisation that the person works for records it.

    Returns the new hash, by which a session stays valid.

    Raises:
        NoWorkplace: the person works for no organisation.
    """
    places = workplaces(person)
    if not places:
        raise NoWorkplace("this account acts for no organisation: an administrator of one can change that")
    place = places[0]
    actor = Actor(person.pk, person.name, place.organisation.pk, frozenset(place.roles), place.function)
    with recording(actor):
        changed = change(Person.objects.get(pk=person.pk), password=make_password(password))
        record("person.password_changed", actor=actor, on=changed)
    return changed.password


def share(row: models.Model, *, to: UUID, purpose: str, until: datetime | None = None) -> None:
    """Inside an action: let another organisation read a row of the actor's, once, for a purpose.

    The action that calls this records it.
    """
    table = row._meta.db_table
    organisation: UUID = row.organisation_id  # type: ignore[attr-defined]
    if organisation == to or Grant.objects.filter(
        organisation_id=organisation, to_organisation_id=to, subject_table=table, subject_id=row.pk, revoked_at=None,
        purpose=purpose,
    ).exists():  # fmt: skip
        return
    create(
        Grant, organisation_id=organisation, to_organisation_id=to, subject_table=table, subject_id=row.pk,
        purpose=purpose, valid_from=timezone.now(), valid_until=until,
    )  # fmt: skip


def log_access(
    event: str,
    *,
    person: UUID | None = None,
    organisation: UUID | None = None,
    owner: UUID | None = None,
    subject: str = "",
    address: str = "",
) -> None:
    """Add a line to the access log: who signed in, or looked at another organisation's record.

    The database stamps the time. A line with an organisation is written in its context and in the person's own name.
    """
    with connection.cursor() as cursor:  # the model would ask for the new row back, and nobody may read it here
        cursor.execute(
            "INSERT INTO people_access (person_id, organisation_id, owner_id, event, subject, address)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [person, organisation, owner, event, subject[:120], address[:64]],
        )


def _refuse_conflict(roles: Collection[Role]) -> None:
    if Role.ADMINISTRATOR in roles and not GMP_ROLES.isdisjoint(roles):
        raise RolesConflict(
            "an administrator holds no GMP role in the same organisation; give the roles to two persons"
        )


def _account(
    id: UUID,
    email: str,
    name: str,
    password: str,
    now: datetime,
    language: str = "en",
    verified: datetime | None = None,
) -> Person:
    return create(
        Person, id=id, email=email.lower(), name=name, password=make_password(password), language=language,
        registered_at=now, identity_verified_at=verified,
    )  # fmt: skip
