"""What the ledger says of one record, newest first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

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


def event_words(event: str) -> str:
    """An event of the ledger in the reader's language; its code where nobody has worded it yet."""
    known = {
        "sample.received": _("Sample received"),
        "sample.held": _("Sample received, on hold"),
        "sample.put_on_hold": _("Put on hold"),
        "sample.hold_lifted": _("Hold lifted"),
        "sample.missing": _("Reported missing"),
        "run.opened": _("Run opened"),
        "run.submitted": _("Submitted for review"),
        "run.returned": _("Returned by the reviewer"),
        "run.reviewed": _("Reviewed"),
        "run.invalidated": _("Declared invalid"),
        "plate_map.set": _("Plate map written"),
        "file.attached": _("File attached"),
        "file.quarantined": _("File set apart"),
        "file.refused": _("File not readable, set apart"),
        "file.assigned": _("File assigned"),
        "file.released": _("File released"),
        "file.withdrawn": _("File withdrawn"),
        "entry.written": _("Entry written"),
        "entry.corrected": _("Entry corrected"),
        "entry.checked": _("Entry checked by a second person"),
        "analysis.asked": _("Analysis asked for"),
        "analysis.found": _("Analysis asked for; it was there"),
        "analysis.queued": _("Analysis follows by itself"),
        "analysis.finished": _("Analysis finished"),
        "analysis.failed": _("Analysis failed"),
        "analysis.superseded": _("Analysis superseded"),
        "document.drafted": _("Draft put on file"),
        "document.trial_file_kept": _("File for a trial kept"),
        "document.trial_file_set_apart": _("File for a trial set apart"),
        "document.tried": _("Draft tried on files"),
        "document.made_effective": _("Signed into effect"),
        "document.withdrawn": _("Version withdrawn"),
        "equipment.registered": _("Instrument registered"),
    }
    return known.get(event, event)
