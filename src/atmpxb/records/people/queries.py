"""Who works where, and as what."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils import timezone

from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Access, Membership, Organisation, Person


@dataclass(frozen=True, slots=True)
class Workplace:
    """An organisation in which a person holds roles."""

    organisation: Organisation
    roles: tuple[str, ...]
    function: str


def workplaces(person: Person) -> tuple[Workplace, ...]:
    """Every organisation where the person holds a role now, by name."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Before an organisation is chosen the database shows a person's own memberships and nothing else.
        cursor.execute(
            "SELECT set_config('app.organisation', %s, true), set_config('app.person', %s, true)",
            [str(UUID(int=0)), str(person.pk)],
        )
        now = timezone.now()
        found: dict[UUID, list[Membership]] = {}
        for membership in Membership.objects.filter(
            Q(valid_until=None) | Q(valid_until__gt=now), person=person, valid_from__lte=now
        ).select_related("organisation"):
            found.setdefault(membership.organisation_id, []).append(membership)
    places = [
        Workplace(held[0].organisation, tuple(sorted(m.role for m in held)), held[0].function)
        for held in found.values()
    ]
    return tuple(sorted(places, key=lambda place: place.organisation.name))


def actor_for(person: Person, organisation_code: str) -> Actor | None:
    """The person as an actor in the organisation with this code; None without a role there."""
    if not person.is_active:
        return None
    for place in workplaces(person):
        if place.organisation.code == organisation_code:
            return Actor(person.pk, person.name, place.organisation.pk, frozenset(place.roles), place.function)
    return None


@dataclass(slots=True)
class Colleague:
    """A person who holds or held a role in an organisation, and what of it is of now."""

    person: Person
    signed_in_at: datetime | None = None
    held: list[Membership] = field(default_factory=list)
    ended: list[Membership] = field(default_factory=list)

    @property
    def active(self) -> bool:
        """Whether the person may act for the organisation now."""
        return bool(self.held)

    @property
    def since(self) -> datetime:
        """When the first role here began."""
        return min(one.valid_from for one in (*self.held, *self.ended))

    @property
    def identity_verified_at(self) -> datetime | None:
        """When the organisation confirmed who this is; None while somebody has yet to."""
        seen = [one.identity_verified_at for one in self.held or self.ended if one.identity_verified_at]
        return min(seen, default=None)


def colleagues(actor: Actor) -> list[Colleague]:
    """Everybody who holds or held a role in the actor's organisation: those who may act first, by name."""
    found: dict[UUID, Colleague] = {}
    came = dict(
        Access.objects.filter(organisation_id=actor.organisation_id, event="person.signed_in")
        .values_list("person_id")
        .annotate(Max("at"))
    )
    for membership in (
        Membership.objects.filter(organisation_id=actor.organisation_id)
        .select_related("person")
        .order_by("valid_from", "role")
    ):
        one = found.setdefault(membership.person_id, Colleague(membership.person, came.get(membership.person_id)))
        (one.held if membership.valid_until is None else one.ended).append(membership)
    return sorted(found.values(), key=lambda one: (not one.active, one.person.name.casefold()))


def colleague(actor: Actor, person_id: UUID) -> Colleague:
    """One of them. Raises Person.DoesNotExist for somebody who never held a role here."""
    for one in colleagues(actor):
        if one.person.pk == person_id:
            return one
    raise Person.DoesNotExist("nobody of this organisation")


def actor_in(person: UUID, organisation: UUID) -> Actor:
    """A person as an actor in an organisation, with the roles of now: none for one who has left."""
    who = Person.objects.get(pk=person)
    for place in workplaces(who) if who.is_active else ():
        if place.organisation.pk == organisation:
            return Actor(who.pk, who.name, organisation, frozenset(place.roles), place.function)
    return Actor(who.pk, who.name, organisation, frozenset())


def turned_away(actor: Actor, person_id: UUID, newest: int = 20) -> tuple[Access, ...]:
    """When somebody last tried this person's address with a wrong password, and from which client."""
    return tuple(
        Access.objects.filter(
            organisation_id=actor.organisation_id, person_id=person_id, event="person.turned_away"
        ).order_by("-at")[:newest]
    )
