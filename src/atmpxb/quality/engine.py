"""Running the science on what the laboratory holds: in a process of its own, with bounded memory and time.

Raw files come from strangers. They are read by a fork of a clean server process that has the engines loaded, so that
a file that makes a reader misbehave costs one process and not the web server or the worker.
"""

import multiprocessing
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from atmpxb import __version__
from atmpxb.notes import Note, Noted
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import Analysis, AssayError, Entry, FileFacts, RawFile
from atmpxb.quality.assays.suitability import require_inputs
from atmpxb.quality.assays.worksheet import DECIMAL, INTEGER, bounds_problem
from atmpxb.quality.confined import TIME_LIMIT, confined
from atmpxb.quality.typed_numbers import TwoReadings, with_point

ENGINE = f"atmpxb {__version__}"

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([f"atmpxb.quality.assays.{code}.kind" for code in registry.codes()] + [__name__])


@dataclass(frozen=True, slots=True)
class Read:
    """What a raw file says of itself, or why it can't be read."""

    facts: FileFacts | None
    problem: Note | None = None

    def as_json(self) -> dict[str, Any]:
        """The facts as a row keeps them."""
        return dict(asdict(self.facts)) if self.facts else {}


@dataclass(frozen=True, slots=True)
class StoredInput:
    """A raw file by its place, so that bytes do not travel between processes."""

    path: Path
    name: str
    role: str
    sha256: str
    sample: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> RawFile:
        return RawFile(self.name, self.role, self.path.read_bytes(), self.sha256, self.sample)


def context() -> ForkServerContext:
    """The clean process that work on strangers' files is forked from."""
    return _context


def warm() -> None:
    """Start the clean process that analyses are forked from, so that the first file does not wait for it."""
    confined(_context, len, ())


def read_facts(kind: str, file: StoredInput) -> Read:
    """Ask an assay kind what a file says of itself."""
    try:
        return Read(confined(_context, _facts, kind, file))
    except AssayError as error:
        return Read(None, error.note)


def analyse(
    method_source: bytes, files: Sequence[StoredInput], bench: Mapping[str, Any], *, seconds: float = TIME_LIMIT
) -> Analysis:
    """Analyse in a process of its own.

    Raises:
        AssayError: the analysis can't be done; also when it took too long or too much memory.
    """
    found: Analysis = confined(_context, _analyse, method_source, tuple(files), dict(bench), seconds=seconds)
    return found


def entry_value(entry: Entry, text: str, *, comma: bool = False) -> str:
    """A worksheet value in its stored form, decimals with a point. What can be read in two ways is refused.

    Args:
        comma: whether the typist's language writes decimals with a comma.

    >>> from atmpxb.quality.assays.seam import Entry
    >>> entry_value(Entry("dilution", {}, "decimal"), " 2,50 ", comma=True)
    '2.50'
    >>> entry_value(Entry("endotoxin", {}, "decimal", censored=True), "<0.12")
    '< 0.12'
    """
    text = text.strip()
    title = entry.title or entry.code
    facts = {"entry": title, "value": text}
    if not text:
        raise WrongValue("entry.empty", "{entry}: is empty", entry=title)
    if entry.type in ("decimal", "integer"):
        return _number(entry, text, comma)
    if entry.type == "choice" and text not in entry.choices:
        choices = ", ".join(entry.choices)
        raise WrongValue("entry.choice", "{entry}: '{value}' is not one of {choices}", **facts, choices=choices)
    if entry.type == "date":
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise WrongValue(
                "entry.no_date", "{entry}: '{value}' is no date, write it as 2026-03-21", **facts
            ) from None
    return text


def _number(entry: Entry, text: str, comma: bool) -> str:
    title = entry.title or entry.code
    facts = {"entry": title, "value": text}
    try:
        plain = with_point(text, comma=comma)
    except TwoReadings:
        if comma:
            raise WrongValue(
                "entry.point",
                "{entry}: '{value}' can be read in two ways; write a decimal comma, and thousands without a point",
                **facts,
            ) from None
        raise WrongValue(
            "entry.comma",
            "{entry}: '{value}' can be read in two ways; write a decimal point, and thousands without a comma",
            **facts,
        ) from None
    if not DECIMAL.fullmatch(plain):
        raise WrongValue("entry.number", "{entry}: '{value}' is not a number; write it as 1234.5 or 1.2e6", **facts)
    if entry.type == "integer" and not INTEGER.fullmatch(plain):
        raise WrongValue("entry.whole", "{entry}: '{value}' is not a whole number", **facts)
    kept = f"{plain[0]} {plain[1:].strip()}" if plain[0] in "<>" else plain
    if problem := bounds_problem(entry, kept):
        raise WrongValue(
            "entry.bounds", "{entry}: {problem}; read it again, and correct it", entry=title, problem=problem
        )
    return kept


class WrongValue(Noted):
    """A worksheet value does not have the form of its entry."""


def _facts(kind: str, file: StoredInput) -> FileFacts:
    return registry.kind(kind).facts(file.load())


def _analyse(source: bytes, files: tuple[StoredInput, ...], bench: dict[str, Any]) -> Analysis:
    method = parse(source)
    raw = [file.load() for file in files]
    require_inputs(method, raw)
    return registry.kind(method.kind).analyse(method, raw, bench)
