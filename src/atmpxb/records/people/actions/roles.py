"""Roles: who holds which, from when until when. A membership ends, and stays on record."""

from collections.abc import Collection
from datetime import datetime

from django.utils import timezone

from atmpxb.records.ledger.writing import action, change, create, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import GMP_ROLES, Membership, Person, Role


class RolesConflict(Exception):
    """Who administers accounts in an organisation holds no role there that touches GMP records."""


class RoleHeld(Exception):
    """The person holds this role here already."""


class RoleEnded(Exception):
    """This membership ended before."""


class LastAdministrator(Exception):
    """Without this membership nobody would administer the organisation."""


class NoRoleHere(Exception):
    """The person holds no role in the actor's organisation."""


class StillHere(Exception):
    """The person holds a role in the actor's organisation, so there is nothing to reopen."""


@action("people.grant_role", roles={Role.ADMINISTRATOR})
def grant_role(*, actor: Actor, person: Person, role: Role, function: str) -> Membership:
    """Give a person one more role in the actor's organisation.

    Raises:
        RolesConflict: administration and a GMP role in one hand.
        RoleHeld: the person holds it now.
    """
    lock_account(person)
    membership = add_roles(actor, person, [role], function)[0]
    record("role.granted", actor=actor, on=membership, person=str(person.pk), role=str(role))
    return membership


@action("people.end_role", roles={Role.ADMINISTRATOR})
def end_role(*, actor: Actor, membership: Membership, reason: str) -> Membership:
    """End a membership from now on. It stays on record.

    Raises:
        RoleEnded: it ended before.
        LastAdministrator: nobody else administers the organisation.
    """
    if membership.organisation_id != actor.organisation_id:
        raise Membership.DoesNotExist("no membership of this organisation")
    _end(actor, [membership])
    record("role.ended", actor=actor, on=membership, reason=reason)
    return membership


@action("people.end_access", roles={Role.ADMINISTRATOR})
def end_access(*, actor: Actor, person: Person, reason: str) -> Person:
    """End every role that a person holds in the actor's organisation. Roles elsewhere are not touched.

    Raises:
        NoRoleHere: there is none to end.
        LastAdministrator: nobody else administers the organisation.
    """
    held = current(actor, person)
    if not held:
        raise NoRoleHere("no role is held here")
    _end(actor, held)
    record("person.access_ended", actor=actor, on=person, reason=reason, roles=sorted(one.role for one in held))
    return person


@action("people.reopen_access", roles={Role.ADMINISTRATOR})
def reopen_access(*, actor: Actor, person: Person, reason: str) -> Person:
    """Give back the roles that ended last in the actor's organisation, as new memberships.

    Raises:
        StillHere: the person holds a role here now.
        NoRoleHere: the person never held one here.
    """
    lock_account(person)
    if current(actor, person):
        raise StillHere("a role is held here now")
    ended = list(
        Membership.objects.filter(organisation_id=actor.organisation_id, person=person).order_by("-valid_until", "role")
    )
    if not ended:
        raise NoRoleHere("no role was ever held here")
    now, last = timezone.now(), ended[0].valid_until
    back = [one for one in ended if one.valid_until == last]
    for one in back:
        create(
            Membership, person=person, role=one.role, function=one.function, valid_from=now,
            identity_verified_at=one.identity_verified_at,
        )  # fmt: skip
    record("person.access_reopened", actor=actor, on=person, reason=reason, roles=sorted(one.role for one in back))
    return person


def current(actor: Actor, person: Person) -> list[Membership]:
    """What a person holds now in the actor's organisation."""
    return list(
        Membership.objects.filter(
            organisation_id=actor.organisation_id, person=person, valid_until=None
        ).order_by("role")
    )  # fmt: skip


def add_roles(
    actor: Actor, person: Person, roles: Collection[Role], function: str, verified: datetime | None = None
) -> list[Membership]:
    """Inside an action: memberships beside those held. Who was seen once here need not be seen again."""
    held = current(actor, person)
    names = {Role(one.role) for one in held}
    if already := names & set(roles):
        raise RoleHeld(min(already))
    refuse_conflict(names | set(roles))
    seen = verified or next((one.identity_verified_at for one in held if one.identity_verified_at), None)
    now = timezone.now()
    return [
        create(Membership, person=person, role=role, function=function, valid_from=now, identity_verified_at=seen)
        for role in sorted(roles)
    ]


def refuse_conflict(roles: Collection[Role]) -> None:
    """Raise RolesConflict where administration and a GMP role would be in one hand."""
    if Role.ADMINISTRATOR in roles and not GMP_ROLES.isdisjoint(roles):
        raise RolesConflict(
            "an administrator holds no GMP role in the same organisation; give the roles to two persons"
        )


def lock_account(person: Person) -> None:
    """Roles are given and passwords reset one after the other, so that each sees what the other did."""
    Person.objects.select_for_update().get(pk=person.pk)


def _end(actor: Actor, memberships: Collection[Membership]) -> None:
    # Locked together: two administrators who end one another at the same moment can't both succeed.
    administrators = set(
        Membership.objects.select_for_update()
        .filter(organisation_id=actor.organisation_id, role=Role.ADMINISTRATOR, valid_until=None)
        .values_list("pk", flat=True)
    )
    ending = {one.pk for one in memberships}
    if administrators & ending and not administrators - ending:
        raise LastAdministrator("nobody else administers the organisation; make somebody else administrator first")
    now = timezone.now()
    for one in memberships:
        if one.valid_until is not None or Membership.objects.get(pk=one.pk).valid_until is not None:
            raise RoleEnded("this role ended before")
        change(one, valid_until=now)
