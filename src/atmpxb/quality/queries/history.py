"""What the ledger says of one record, newest first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from atmpxb.quality.queries.events import event_words
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.people.actor import Actor

LONGEST = 60


@dataclass(frozen=True, slots=True)
class Event:
    """An entry as the timeline component shows it."""

    at: datetime
    title: str
    who: str
    reason: str
    sequence: int


def events_of(actor: Actor, subjects: Collection[UUID], *, longest: int = LONGEST) -> tuple[Event, ...]:
    """The latest entries of the actor's chain that happened to any of these records."""
    if not subjects:
        return ()
    found = LedgerEntry.objects.filter(organisation_id=actor.organisation_id, subject__in=subjects)
    found = found.order_by("-seq")[:longest]
    return tuple(_event(entry) for entry in found)


def _event(entry: LedgerEntry) -> Event:
    content = entry.content
    return Event(
        datetime.fromisoformat(content["at"]),
        event_words(content["event"]),
        content["actor"]["name"],
        content.get("reason", ""),
        entry.seq,
    )
