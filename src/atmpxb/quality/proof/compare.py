"""Two tellings of one analysis, the recorded and the recomputed: words exactly, numbers within a billionth.

The last bits of a sum depend on processor and library, so numbers, also those inside a sentence, agree within 1e-9 of
the larger one; a whole number inside a sentence (a count, a lot) exactly.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from atmpxb.notes import Fact, Note, note
from atmpxb.quality.assays.seam import Analysis, Plot
from atmpxb.quality.certificate.attachments import figure_name
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.certificate.record import AnalysisRecord, Figure
from atmpxb.quality.limits.verdict import LARGEST_EXPONENT
from atmpxb.quality.proof import pictures

TOLERANCE = Decimal("1e-9")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")
_FRACTION = re.compile(r"[.eE]")
#: The lists of an analysis, by their names in the record.
_PARTS = {
    "values": note("compare.values", "values"),
    "checks": note("compare.checks", "checks"),
    "exclusions": note("compare.exclusions", "exclusions"),
    "repairs": note("compare.repairs", "repairs"),
    "warnings": note("compare.warnings", "warnings"),
}


def outcome(recorded: AnalysisRecord, found: Analysis, files: Mapping[str, bytes]) -> Iterator[Note]:
    """What the recorded outcome says otherwise than the recomputed one, part by part, picture by picture.

    Args:
        files: what is attached, for the recorded pictures.
    """
    for name, part in _PARTS.items():
        yield from _items(part, getattr(recorded, name), getattr(found, name))
    if len(recorded.figures) != len(found.plots):
        yield note(
            "compare.pictures",
            "{found} picture(s) come out, {recorded} are recorded",
            found=len(found.plots),
            recorded=len(recorded.figures),
        )
    for figure, plot in zip(recorded.figures, found.plots, strict=False):
        yield from _figure(figure, plot, files)


def _items(part: Note, recorded: Sequence[Any], found: Sequence[Any]) -> Iterator[Note]:
    if len(recorded) != len(found):
        yield note(
            "compare.count",
            "{found} {part} come out, {recorded} are recorded",
            found=len(found),
            part=part,
            recorded=len(recorded),
        )
        return
    for number, (one, other) in enumerate(zip(recorded, found, strict=True), 1):
        named = " ".join(filter(None, (getattr(one, "code", ""), getattr(one, "sample", ""))))
        name = named or note("compare.number", "no. {number}", number=number)
        for field, said, came in _differences(one, other):
            where = note("compare.place", "{part} {name}", part=part, name=name)
            if field:
                where = note("compare.field", "{where} {field}", where=where, field=field)
            yield note(
                "compare.differs",
                "{where}: recorded {recorded}, recomputed {found}",
                where=where,
                recorded=f"{said!r:.60}",
                found=f"{came!r:.60}",
            )


def _differences(one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    """Field, recorded and recomputed content, for every field that differs."""
    if is_dataclass(one) and is_dataclass(other):
        for field in fields(one):
            said, came = plain(getattr(one, field.name)), plain(getattr(other, field.name, None))
            if not alike(said, came):
                yield field.name, said, came
    elif not alike(plain(one), plain(other)):
        yield "", one, other


def alike(one: Any, other: Any) -> bool:
    """Whether two JSON values agree: texts word by word, numbers in them within the tolerance.

    >>> alike(["R² 0.9910000000001"], ["R² 0.991"]), alike("R² 0.99", "R² 0.98"), alike({"a": None}, {"a": "0"})
    (True, False, False)
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, str) and isinstance(other, str):
        return one == other or (number(one) is not None and same(one, other)) or _sentences(one, other)
    return type(one) is type(other) and bool(one == other)


def _sentences(one: str, other: str) -> bool:
    if _NUMBER.split(one) != _NUMBER.split(other):
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(a == b or (bool(_FRACTION.search(a + b)) and same(a, b)) for a, b in pairs)


def same(recorded: str | None, recomputed: str | None) -> bool:
    """Whether two values agree: words exactly, numbers within 1e-9 of the larger one.

    >>> same("98.30000000001", "98.3"), same("98.31", "98.3"), same(None, "0"), same("clear", "clear")
    (True, False, False, True)
    """
    one, other = number(recorded), number(recomputed)
    if one is None or other is None:
        return recorded == recomputed
    return abs(one - other) <= TOLERANCE * max(abs(one), abs(other))


def number(text: str | None) -> Decimal | None:
    """A number that an assay can measure; None for words, and for magnitudes that none does.

    >>> number("1e-30"), number("1E999999999"), number("nan")
    (Decimal('1E-30'), None, None)
    """
    try:
        found = Decimal(text or "")
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found.adjusted()) > LARGEST_EXPONENT:
        return None
    exponent = found.as_tuple().exponent
    return found if isinstance(exponent, int) and abs(exponent) <= LARGEST_EXPONENT else None


def _figure(figure: Figure, plot: Plot, files: Mapping[str, bytes]) -> Iterator[Note]:
    told: Fact = ", ".join(name for name, *_ in _differences(figure, Figure.of(plot)) if name != "sha256")
    drawn = files.get(figure_name(figure.sha256), b"").decode(errors="replace")
    if not pictures.same(drawn, plot.svg):
        drawn_too = note("compare.drawn_too", "{fields}, what is drawn", fields=told)
        told = drawn_too if told else note("compare.drawn", "what is drawn")
    if told:
        yield note(
            "compare.picture",
            "picture {code} {sample}: {parts} come out otherwise",
            code=figure.code,
            sample=figure.sample,
            parts=told,
        )
