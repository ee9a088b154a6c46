"""The worksheet of a run: what the method asks a person to write, what was written, and the plate."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from atmpxb.quality.assays import registry
from atmpxb.quality.assays.seam import Entry, Method
from atmpxb.quality.models import Run, Sample, WorksheetEntry
from atmpxb.quality.pictures import pages
from atmpxb.quality.states import FileState
from atmpxb.records.people.actor import Actor
from atmpxb.records.signatures.actions import digest_of
from atmpxb.records.vault.actions import vault

PLATE_ROWS, PLATE_COLUMNS = "ABCDEFGH", range(1, 13)


@dataclass(frozen=True, slots=True)
class Written:
    """A value on the worksheet, with who wrote and who checked it."""

    id: UUID
    value: str
    words: dict[str, str]  # of a choice
    at: datetime
    by: str
    mine: bool
    reason: str
    checked_at: datetime | None
    checked_by: str


@dataclass(frozen=True, slots=True)
class Field:
    """A place on the worksheet: an entry of the method, for a sample where it is written for each."""

    entry: Entry
    sample: str
    sample_id: UUID | None
    written: Written | None
    earlier: tuple[Written, ...]

    @property
    def id(self) -> str:
        """Names the field in the page."""
        return f"entry-{self.entry.code}" + (f"-{self.sample_id}" if self.sample_id else "")

    @property
    def needs_check(self) -> bool:
        return bool(self.entry.second_person and self.written and not self.written.checked_at)

    @property
    def complete(self) -> bool:
        return (self.written is not None or not self.entry.required) and not self.needs_check


@dataclass(frozen=True, slots=True)
class Well:
    """A place on the plate."""

    name: str
    sample: str = ""
    type: str = ""
    quantity: str = ""
    measured: tuple[tuple[str, str], ...] = ()  # (target, Cq as decimal text, empty when there was none)
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Plate:
    """A 96-well plate, row by row, and where it is known from."""

    rows: tuple[tuple[str, tuple[Well, ...]], ...]
    written: bool  # a person wrote it; otherwise it was read from the raw file
    csv: str
    legend: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Source:
    """A file that an entry may have been read from, and the numbers of the pages that can be shown."""

    id: UUID
    name: str
    sha256: str
    pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ToCheck:
    """An entry that a second person is about to sign."""

    id: UUID
    run: str
    run_id: UUID
    method: str
    entry: Entry
    sample: str
    written: Written
    beside: tuple[Field, ...]  # what else was written, such as the number and date of the report
    sources: tuple[Source, ...]
    samples: tuple[str, ...]
    reported: bool  # it is read from another laboratory's report
    seen: str


def fields(actor: Actor, run: Run, method: Method, samples: Sequence[Sample]) -> tuple[Field, ...]:
    """Every place on the worksheet, in the order of the method."""
    if not method.entries:
        return ()
    rows: dict[tuple[str, UUID | None], list[WorksheetEntry]] = defaultdict(list)
    for row in run.entries.select_related("written_by", "checked_by").order_by("written_at", "id"):
        rows[row.code, row.sample_id].append(row)
    found = []
    for entry in method.entries:
        for sample in samples if entry.per_sample else [None]:
            values = rows[entry.code, sample.pk if sample else None]
            current = next((row for row in values if row.replaced_by_id is None), None)
            found.append(
                Field(
                    entry,
                    sample.label if sample else "",
                    sample.pk if sample else None,
                    _written(current, entry, actor) if current else None,
                    tuple(_written(row, entry, actor) for row in values if row.replaced_by_id),
                )
            )
    return tuple(found)


def to_check(actor: Actor, entry: WorksheetEntry, method: Method, content: Mapping[str, Any]) -> ToCheck:
    """An entry as the second person sees it before signing."""
    asked = next(one for one in method.entries if one.code == entry.code)
    run = entry.run
    reported = registry.kind(method.kind).source == "report"
    samples = sorted({test.sample for test in run.tests.select_related("sample")}, key=lambda one: one.label)
    return ToCheck(
        id=entry.pk,
        run=entry.run.number,
        run_id=entry.run_id,
        method=str(entry.run.method),
        entry=asked,
        sample=entry.sample.label if entry.sample else "",
        written=_written(entry, asked, actor),
        beside=tuple(
            one
            for one in fields(actor, run, method, samples)
            if one.written and not one.entry.second_person and one.sample_id in (None, entry.sample_id)
        ),
        reported=reported,
        sources=_sources(run) if reported else (),
        samples=tuple(one.label for one in samples),
        seen=digest_of(content),
    )


def _sources(run: Run) -> tuple[Source, ...]:
    return tuple(
        Source(one.pk, one.name, one.file.sha256, tuple(range(1, pages(vault().path(one.file.sha256)) + 1)))
        for one in run.files.filter(state=FileState.READY).select_related("file")
    )


def _written(row: WorksheetEntry, entry: Entry, actor: Actor) -> Written:
    return Written(
        id=row.pk,
        value=row.value,
        words=dict(entry.choices.get(row.value, {})),
        at=row.written_at,
        by=row.written_by.name,
        mine=row.written_by_id == actor.person_id,
        reason=row.reason,
        checked_at=row.checked_at,
        checked_by=row.checked_by.name if row.checked_by else "",
    )


def plate(run: Run, details: Mapping[str, Any]) -> Plate | None:
    """The plate of a run: as a person wrote it, joined with what the analysis found in the wells."""
    wells: dict[str, dict[str, Any]] = {}
    for found in details.get("wells", ()):
        well = wells.setdefault(found["well"], {"measured": []})
        well.update(sample=found["sample"], type=found["type"], quantity=found["quantity"] or well.get("quantity", ""))
        well["measured"].append((found["target"], found["cq"]))
    for name, what in run.plate_map.items():
        well = wells.setdefault(name, {"measured": []})
        well.update({key: what[key] for key in ("sample", "type", "quantity") if what.get(key)})
    if not wells or not set(wells) <= {f"{row}{column}" for row in PLATE_ROWS for column in PLATE_COLUMNS}:
        return None
    named = {name: _well(name, what) for name, what in wells.items()}
    rows = tuple(
        (row, tuple(named.get(f"{row}{column}", Well(f"{row}{column}")) for column in PLATE_COLUMNS))
        for row in PLATE_ROWS
    )
    return Plate(
        rows=rows,
        written=bool(run.plate_map),
        csv=plate_csv(run.plate_map),
        legend=tuple(sorted({well.type for well in named.values() if well.type})),
    )


def _well(name: str, what: Mapping[str, Any]) -> Well:
    return Well(
        name,
        str(what.get("sample", "")),
        str(what.get("type", "")),
        str(what.get("quantity", "")),
        tuple(what["measured"]),
    )


def plate_csv(wells: Mapping[str, Mapping[str, str]]) -> str:
    """A plate map as the text that sets it: one well a line."""
    lines = ["well,sample,type,quantity"]
    for name in sorted(wells, key=lambda well: (well[0], int(well[1:]) if well[1:].isdigit() else 0)):
        what = wells[name]
        lines.append(",".join([name, what.get("sample", ""), what.get("type", ""), what.get("quantity", "")]))
    return "\n".join(lines) + "\n" if wells else ""
