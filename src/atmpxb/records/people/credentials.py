"""What a person changes about how they sign in: told to every organisation that they act for, never a secret."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.ledger.writing import acting_for, record, recording, set_context
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Membership, Person
from atmpxb.records.people.queries import Workplace, workplaces


@contextmanager
def telling(person: Person, event: str, factor: str = "") -> Iterator[None]:
    """Around a change of credentials: it and its first entry are one transaction; further chains follow.

    A person without a role anywhere can't sign in, so nobody needs to be told.
    """
    facts: dict[str, Any] = {"factor": factor} if factor else {}
    places = workplaces(person)
    if not places:
        yield
        return
    first, *rest = (_as(person, place) for place in places)
    with recording(first):
        yield
        record(event, actor=first, on=person, **facts)
    for actor in rest:
        with recording(actor):
            record(event, actor=actor, on=person, **facts)


def role_ended_since(person: Person, moment: datetime) -> bool:
    """Whether a role of the person has ended after a moment, wherever."""
    with transaction.atomic():
        set_context(UUID(int=0), person.pk)
        return Membership.objects.filter(
            person=person, valid_until__gt=moment, valid_until__lte=timezone.now()
        ).exists()


@dataclass(frozen=True, slots=True)
class FactorReset:
    """That a second factor was taken away: when, by whom, for which organisation, and why."""

    at: datetime
    by: str
    organisation: str
    zone: str
    reason: str


def last_factor_reset(person: Person) -> FactorReset | None:
    """The newest of the entries of the person's organisations that tells it."""
    found = []
    for place in workplaces(person):
        with acting_for(place.organisation.pk, person.pk):
            told = LedgerEntry.objects.filter(
                organisation_id=place.organisation.pk, event="person.factor_reset", subject=person.pk
            )
            if entry := told.order_by("-seq").first():
                by, why = entry.content["actor"]["name"], entry.content["reason"]
                found.append(FactorReset(entry.at, by, place.organisation.name, place.organisation.zone, why))
    return max(found, key=lambda one: one.at, default=None)


def _as(person: Person, place: Workplace) -> Actor:
    return Actor(person.pk, person.name, place.organisation.pk, frozenset(place.roles), place.function)
