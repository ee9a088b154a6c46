"""The seam between a laboratory's records and the science: what an assay kind gets and what it gives.

An assay kind is one folder in this package with a ``kind.py`` that defines ``KIND``. It knows no database, no
clock and no network: bytes in, frozen dataclasses out. The same call serves a run in the laboratory, the command
line and the verification of a certificate years later, so equal inputs must give equal outputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from atmpxb.notes import Fact, Note, Noted, Voice, Words, note, say
from atmpxb.science.personal import PERHAPS

__all__ = ["Fact", "Note", "Words"]

#: What a kind's values come from: files of an instrument, a person at the bench, or the report of another laboratory.
type Origin = Literal["instrument", "bench", "report"]

#: The entries that name the report, which every method of a kind with the source ``report`` asks for.
REPORT_NUMBER, REPORT_DATE = "report_number", "report_date"


class AssayError(Noted):
    """An analysis can't be done; e.g. ``flow.channel_missing``. Says what is wrong, where, and the cure.

    The fact ``problems`` lists what is wrong with a document, where that is why.
    """

    @property
    def problems(self) -> tuple[Note, ...]:
        """What is wrong with a document, one sentence each."""
        found = self.facts.get("problems", ())
        return tuple(one for one in found if isinstance(one, Note)) if isinstance(found, tuple) else ()


def told_of(file: "RawFile", error: Noted) -> AssayError:
    """What a reader or an engine says of a file, with the name of the file before it."""
    told = note(error.code, "{file}: {problem}", **{**error.facts, "file": file.name, "problem": error.note})
    return AssayError.of(told)


@dataclass(frozen=True, slots=True)
class Input:
    """A role that raw files play in a method, e.g. the stained tube or the isotype control."""

    role: str
    title: Words
    formats: tuple[str, ...]
    minimum: int = 1
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Reportable:
    """A quantity that a method reports. ``options`` holds what only the assay kind understands."""

    code: str
    title: Words
    unit: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Criterion:
    """A system-suitability criterion: a measure of the kind, and the bounds it must keep (inclusive)."""

    code: str
    title: Words
    measure: str
    minimum: str | None = None
    maximum: str | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A value that a person writes at the bench, e.g. a dilution factor or the appearance of a suspension."""

    code: str
    title: Words
    type: str  # "decimal" | "integer" | "text" | "choice" | "date" | "time" | "barcode"
    unit: str = ""
    choices: Mapping[str, Words] = field(default_factory=dict)
    required: bool = True
    second_person: bool = False  # a critical manual entry: another person must check it
    per_sample: bool = False
    censored: bool = False  # "< 0.05" may be written: a value known only to lie below or above a bound
    minimum: str | None = None  # bounds of a number as decimal text
    maximum: str | None = None
    exclusive: bool = False  # the bounds themselves are not allowed


@dataclass(frozen=True, slots=True)
class Method:
    """A method document, parsed. ``sha256`` is the identity of ``source``, the bytes that were approved."""

    code: str
    version: str
    kind: str
    title: Words
    reference: str
    inputs: tuple[Input, ...]
    entries: tuple[Entry, ...]
    parameters: Mapping[str, Any]
    reportables: tuple[Reportable, ...]
    suitability: tuple[Criterion, ...]
    source: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class RawFile:
    """A raw file as an analysis gets it: bytes, the role it plays, and the sample label it was measured for."""

    name: str
    role: str
    data: bytes
    sha256: str
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """Confidence or prediction interval of a value, bounds as unrounded decimal text."""

    low: str
    high: str
    confidence: str = "0.95"
    method: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """A measured quantity, unrounded decimal text (``repr`` of a float, or exact), or words for an observation.
    A censored quantity, known only to lie below or above a bound, is ``< x`` or ``> x``; it never equals x.

    ``value`` is None where the data do not allow one: undetermined is never zero. ``why`` then says the reason
    in each language.
    """

    code: str
    value: str | None
    unit: str
    sample: str = ""
    interval: Interval | None = None
    why: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """A suitability criterion or built-in check as judged. ``passed`` None: could not be judged.

    ``observed`` and ``criterion`` are numbers with their unit, or sentences.
    """

    code: str
    title: Words
    passed: bool | None
    observed: Fact
    criterion: Fact
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Data left out of a result, and the rule or reason."""

    what: Fact
    reason: Fact


@dataclass(frozen=True, slots=True)
class Repair:
    """A reader mended an irregular file: what it did (the code is the rule), where, the text before and after."""

    file: str
    what: Note
    where: Fact
    before: str
    after: Fact

    def told(self, voice: Voice) -> tuple[str, str]:
        """Where it was made, and what was done to which text or number."""
        where = " ".join(part for part in (self.file, say(self.where, voice)) if part)
        after = say(self.after, voice)
        change = f"{self.before} → {after}" if self.before and after else self.before or after
        return where, ": ".join(part for part in (say(self.what, voice), change) if part)


@dataclass(frozen=True, slots=True)
class Plot:
    """A self-contained picture (SVG; rasters inside as data URI) with a table that says the same in text.

    ``series`` names the file that it is about, where an analysis draws the same pictures for each of several
    files; the codes of those are then equal up to the number behind the last point.

    The same bytes go on the screen and on the certificate. SVG presentation attributes only, no ``style=``. A word
    in it is drawn by ``pictures.word``, which keeps it in every language.
    """

    code: str
    title: Words
    svg: str
    columns: tuple[str | Words, ...] = ()
    rows: tuple[tuple[str | Words, ...], ...] = ()
    sample: str = ""
    series: str = ""


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything one analysis has to say. ``details`` is JSON-ready (no floats) for tables on the page."""

    values: tuple[Value, ...]
    checks: tuple[Check, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    repairs: tuple[Repair, ...] = ()
    warnings: tuple[Note, ...] = ()
    plots: tuple[Plot, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a raw file says of itself, read before anything is analysed."""

    format: str  # as `Input.formats` names it
    instrument_serial: str = ""
    instrument_model: str = ""
    acquired_at: str = ""  # as the file says, untouched
    samples: tuple[str, ...] = ()
    run: str = ""  # the run or experiment identifier inside the file
    personal: tuple[tuple[Fact, str], ...] = ()  # (where, what it looks like): of a patient
    summary: Mapping[str, str] = field(default_factory=dict)

    @property
    def telling(self) -> tuple[Fact, ...]:
        """Where the file tells who a patient is. What digits only could mean is a doubt, and not among them."""
        return tuple(place for place, what in self.personal if what != PERHAPS)


class AssayKind(Protocol):
    """A kind of test. ``recomputable`` is False where a person, not a file, is the source. ``source`` decides when a
    test counts as measured: the time in its files, the time at the bench, or the date of the report.
    """

    code: str
    title: Words
    source: Origin
    recomputable: bool

    def problems(self, method: Method) -> tuple[Note, ...]:
        """What is wrong with a method document of this kind, one sentence each; empty when it can be used."""

    def facts(self, file: RawFile) -> FileFacts:
        """Read what the file says of itself. Raises AssayError when it is not a readable file of this kind."""

    def analyse(self, method: Method, files: Sequence[RawFile], bench: Mapping[str, Any]) -> Analysis:
        """Analyse. ``bench`` is the worksheet: entry code → value, or entry code → {sample label → value}."""
