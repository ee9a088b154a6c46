"""The raw files of a run: what the method needs, and every file with what it says of itself."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from atmpxb.notes import note
from atmpxb.quality.assays.seam import Method
from atmpxb.quality.models import Run, RunFile
from atmpxb.quality.saying import problem_of, said
from atmpxb.quality.states import FileState
from atmpxb.science.personal import PERHAPS


@dataclass(frozen=True, slots=True)
class Needed:
    """A role of the method, and how many files play it."""

    role: str
    title: dict[str, str]
    formats: tuple[str, ...]
    minimum: int
    maximum: int | None
    count: int

    @property
    def met(self) -> bool:
        return self.minimum <= self.count <= (self.maximum if self.maximum is not None else self.count)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of the run."""

    id: UUID
    name: str
    state: str
    state_words: str
    role: str
    role_title: dict[str, str]
    sample: str
    sample_id: UUID | None
    bytes: int
    sha256: str
    format: str
    acquired_at: str
    instrument: str
    equipment_id: UUID | None
    names_instrument: bool  # the file itself says which one made it
    problem: str
    doubt: str  # what a person should look at, though the file can be used
    released: str
    withdrawn: str
    attached_at: datetime
    attached_by: str

    @property
    def ready(self) -> bool:
        return self.state == FileState.READY

    @property
    def set_apart(self) -> bool:
        return self.state in (FileState.QUARANTINED, FileState.UNREADABLE)

    @property
    def quarantined(self) -> bool:
        return self.state == FileState.QUARANTINED

    @property
    def gone(self) -> bool:
        return self.state == FileState.WITHDRAWN

    @property
    def unassigned(self) -> bool:
        return self.ready and not (self.role and self.sample)

    @property
    def of_unknown_instrument(self) -> bool:
        return self.ready and not (self.instrument or self.equipment_id)


def attached(run: Run, method: Method) -> tuple[Attached, ...]:
    """Every file of the run in the order of arrival; withdrawn ones last."""
    titles = {item.role: dict(item.title) for item in method.inputs}
    rows = run.files.select_related("file", "sample", "equipment", "attached_by")
    found = [_attached(row, titles) for row in rows]
    return tuple(sorted(found, key=lambda one: one.gone))


def needed(method: Method, files: Sequence[Attached]) -> tuple[Needed, ...]:
    """The checklist: the roles of the method and the usable files that play them."""
    counts = Counter(file.role for file in files if file.ready)
    return tuple(
        Needed(item.role, dict(item.title), item.formats, item.minimum, item.maximum, counts[item.role])
        for item in method.inputs
    )


def doubt_of(row: RunFile) -> str:
    """What might tell who a patient is in a file that is in use and that no reviewer has released."""
    where = tuple(place for place, what in row.facts.get("personal", ()) if what == PERHAPS)
    if not where or row.state != FileState.READY or "released" in row.problem:
        return ""
    doubt = note(
        "file.perhaps_personal",
        "Digits in {where} could be a national number; lot and serial numbers look the same by chance. If they name a"
        " patient, withdraw the file and export it again under a pseudonym.",
        where=where,
    )
    return said(doubt)


def _attached(row: RunFile, titles: dict[str, dict[str, str]]) -> Attached:
    facts, problem = row.facts, row.problem
    instrument = str(row.equipment) if row.equipment else str(facts.get("instrument_serial") or "")
    return Attached(
        id=row.pk,
        name=row.name,
        state=row.state,
        state_words=str(FileState(row.state).label),
        role=row.role,
        role_title=titles.get(row.role, {}),
        sample=row.sample.label if row.sample else "",
        sample_id=row.sample_id,
        bytes=row.file.bytes,
        sha256=row.file.sha256,
        format=str(facts.get("format") or ""),
        acquired_at=str(facts.get("acquired_at") or ""),
        instrument=instrument,
        equipment_id=row.equipment_id,
        names_instrument=bool(facts.get("instrument_serial")),
        problem=problem_of(problem),
        doubt=doubt_of(row),
        released=str(problem.get("released") or ""),
        withdrawn=str(problem.get("withdrawn") or ""),
        attached_at=row.attached_at,
        attached_by=row.attached_by.name,
    )
