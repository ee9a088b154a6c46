"""The worksheet of a run: what no instrument writes, checked by a second person, and the plate map."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from atmpxb.notes import Refused
from atmpxb.quality import engine
from atmpxb.quality.actions.analyses import ask_if_complete
from atmpxb.quality.actions.claims import claim_open
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import Entry, Method
from atmpxb.quality.models import Run, Sample, WorksheetEntry
from atmpxb.quality.states import FileState
from atmpxb.records.ledger.writing import action, change, create, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.signatures.actions import Proof, sign
from atmpxb.records.signatures.models import Meaning


class NotYours(Refused):
    """The second person of a check is another one than the first."""

    def __init__(self) -> None:
        super().__init__("entry.own", "You wrote this entry, so another person must check it", "Hand it to a colleague")


class WrongEntry(Refused):
    """A worksheet value does not have the form that the method asks for."""


@action("quality.write_entry", roles={Role.ANALYST})
def write_entry(
    *, actor: Actor, run: Run, code: str, value: str, sample: Sample | None = None, reason: str = "",
    comma: bool = False,
) -> WorksheetEntry:  # fmt: skip
    """Write a value on the worksheet. Correcting one needs a reason; the first value stays readable.

    Args:
        comma: whether the typist's language writes decimals with a comma.

    Raises:
        WrongEntry: the method does not ask for it, or not in this form; or a correction has no reason.
    """
    claim_open(run)
    reason = reason.strip()
    method = parse(run.method.source.encode())
    field = _entry(method, code, sample)
    present = run.entries.filter(code=code, sample=sample, replaced_by=None).first()
    if present and not reason:
        raise WrongEntry("entry.no_reason", "A correction needs a reason", "Say why the first value is not right")
    kept = engine.entry_value(field, value, comma=comma)
    entry = create(
        WorksheetEntry, run=run, code=code, sample=sample, value=kept, reason=reason,
        written_at=timezone.now(), written_by_id=actor.person_id,
    )  # fmt: skip
    if present:
        change(present, replaced_by=entry)
    record("entry.corrected" if present else "entry.written", actor=actor, on=entry, code=code, reason=reason)
    ask_if_complete(actor=actor, run=run, method=method)
    return entry


@action("quality.check_entry", roles={Role.ANALYST, Role.REVIEWER})
def check_entry(*, actor: Actor, entry: WorksheetEntry, proof: Proof, seen: str) -> WorksheetEntry:
    """Confirm as a second person what another one wrote.

    Raises:
        NotYours: the actor wrote it.
        WrongEntry: it has been corrected or checked meanwhile, or the report that it was read from is not attached.
        NotPossibleNow: the run is closed.
    """
    claim_open(entry.run)
    stored = WorksheetEntry.objects.select_for_update().get(pk=entry.pk)
    if stored.replaced_by_id or stored.checked_at:
        if stored.replaced_by_id:
            raise WrongEntry(
                "entry.corrected", "{entry} has been corrected meanwhile", "Load the page again", entry=entry.code
            )
        raise WrongEntry("entry.checked", "{entry} has been checked meanwhile", "Load the page again", entry=entry.code)
    if entry.written_by_id == actor.person_id:
        raise NotYours
    reported = registry.kind(entry.run.kind).source == "report"
    if reported and not entry.run.files.filter(state=FileState.READY).exists():
        raise WrongEntry(
            "entry.no_source", "A value is checked against its source", "Attach the report to the run first"
        )
    signature = sign(
        actor=actor, proof=proof, on=entry, meaning=Meaning.CHECKED, content=entry_content(entry), seen=seen
    )
    change(entry, checked_at=timezone.now(), checked_by_id=actor.person_id)
    record("entry.checked", actor=actor, on=entry, signature=str(signature.pk))
    ask_if_complete(actor=actor, run=entry.run, method=parse(entry.run.method.source.encode()))
    return entry


def entry_content(entry: WorksheetEntry) -> dict[str, Any]:
    """What the second person's signature binds."""
    return {
        "run": entry.run.number,
        "entry": entry.code,
        "sample": entry.sample.label if entry.sample else "",
        "value": entry.value,
        "written_at": entry.written_at,
    }


@action("quality.set_plate_map", roles={Role.ANALYST})
def set_plate_map(*, actor: Actor, run: Run, wells: Mapping[str, Mapping[str, str]], reason: str = "") -> Run:
    """Say what lies in which well. A later change needs a reason."""
    claim_open(run)
    reason = reason.strip()
    if run.plate_map and not reason:
        raise WrongEntry("plate_map.no_reason", "Changing the plate map needs a reason", "Say why it changes")
    change(run, plate_map={well: dict(what) for well, what in wells.items()})
    record("plate_map.set", actor=actor, on=run, reason=reason)
    ask_if_complete(actor=actor, run=run, method=parse(run.method.source.encode()))
    return run


def _entry(method: Method, code: str, sample: Sample | None) -> Entry:
    field = next((entry for entry in method.entries if entry.code == code), None)
    if field is None:
        raise WrongEntry(
            "entry.unknown",
            "Method {method} has no worksheet entry {entry}",
            "Load the page again",
            method=method.code,
            entry=code,
        )
    if field.per_sample != (sample is not None):
        if field.per_sample:
            raise WrongEntry("entry.per_sample", "{entry} is written for each sample", "Name the sample", entry=code)
        raise WrongEntry("entry.per_run", "{entry} is written once for the run", "Name no sample", entry=code)
    return field
