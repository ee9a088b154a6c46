"""Values that a person wrote on the worksheet, as reportables: for kinds without an instrument file.

A reportable takes the entry named by its key ``entry``, or the entry with its own code. Such an entry is
the only source of a number on a certificate, so another person must check it (``second_person``).
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from atmpxb.notes import Note, note
from atmpxb.quality.assays.seam import AssayError, Entry, Method, Reportable, Value

#: A number as the worksheet keeps it: digits of ASCII, and a size that no exponent can blow up.
DECIMAL = re.compile(r"([<>] ?)?[+-]?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,2})?", re.ASCII)
INTEGER = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_SHAPES = {
    "decimal": (
        DECIMAL,
        note(
            "entry.decimal",
            "a number with a decimal point, such as 7.35, or < 0.05 below the range of a method",
        ),
    ),
    "integer": (INTEGER, note("entry.integer", "a whole number")),
    "date": (
        re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII),
        note("entry.date", "a date as 2026-03-21"),
    ),
    "time": (re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", re.ASCII), note("entry.time", "a time as 14:05")),
}


def entry_of(method: Method, reportable: Reportable) -> Entry | None:
    """The entry that a reportable takes, or None where the method has none."""
    code = reportable.options.get("entry", reportable.code)
    return next((entry for entry in method.entries if entry.code == code), None)


def problems(method: Method) -> list[Note]:
    """What is wrong with reportables and criteria that rest on entries, one sentence each."""
    found = [
        note("worksheet.parameter", "parameter '{key}' is unknown; this kind has no parameters", key=key)
        for key in method.parameters
    ]
    for reportable in method.reportables:
        entry = entry_of(method, reportable)
        if others := set(reportable.options) - {"entry"}:
            found.append(
                note(
                    "worksheet.reportable_key",
                    "reportable '{code}' has the unknown key '{key}'",
                    code=reportable.code,
                    key=min(others),
                )
            )
        if entry is None:
            wanted = reportable.options.get("entry", reportable.code)
            found.append(
                note(
                    "worksheet.no_entry",
                    "reportable '{code}' takes entry '{entry}', which the method does not have",
                    code=reportable.code,
                    entry=wanted,
                )
            )
            continue
        if not entry.second_person:
            found.append(
                note(
                    "worksheet.second_person",
                    "entry '{code}' is reported, so it needs second_person = true",
                    code=entry.code,
                )
            )
        if entry.unit != reportable.unit:
            found.append(
                note(
                    "worksheet.unit",
                    "reportable '{code}' is in '{unit}' and its entry '{entry}' in '{entry_unit}'",
                    code=reportable.code,
                    unit=reportable.unit,
                    entry=entry.code,
                    entry_unit=entry.unit,
                )
            )
    numeric = {entry.code for entry in method.entries if entry.type in ("decimal", "integer")}
    found += [
        note(
            "worksheet.criterion",
            "criterion '{code}' judges '{measure}', which is no decimal or integer entry",
            code=item.code,
            measure=item.measure,
        )
        for item in method.suitability
        if item.measure not in numeric
    ]
    return found


def entered(entry: Entry, bench: Mapping[str, Any]) -> dict[str, str | None]:
    """Sample label (``""`` for the run) → what was written; None where nothing was.

    Raises:
        AssayError: ``entry.invalid`` where the text does not have the form of the entry.
    """
    written = bench.get(entry.code)
    by_sample = written if isinstance(written, Mapping) else {"": written}
    return {sample: _text(entry, value) for sample, value in by_sample.items()} or {"": None}


def bounds_problem(entry: Entry, text: str) -> Note | None:
    """What is wrong with a number by the bounds and the form of its entry; None where nothing is.

    >>> bounds_problem(Entry("dilution", {}, "decimal", minimum="0", exclusive=True), "0").message
    '0 is not above 0'
    >>> bounds_problem(Entry("endotoxin", {}, "decimal", censored=True, minimum="0"), "< 0.12")
    """
    sign = text[0] if text[0] in "<>" else ""
    if sign and not entry.censored:
        return note(
            "entry.not_censored",
            "{value} is no number, and this entry takes no value below or above a bound",
            value=text,
        )
    number = Decimal(text[len(sign) :].strip())
    low, high = entry.minimum, entry.maximum
    if low is not None and (number < Decimal(low) or (number == Decimal(low) and (entry.exclusive or sign == "<"))):
        if entry.exclusive or sign:
            return note("entry.not_above", "{value} is not above {bound}", value=text, bound=low)
        return note("entry.too_low", "{value} is not at least {bound}", value=text, bound=low)
    if high is not None and (number > Decimal(high) or (number == Decimal(high) and (entry.exclusive or sign == ">"))):
        if entry.exclusive or sign:
            return note("entry.not_below", "{value} is not below {bound}", value=text, bound=high)
        return note("entry.too_high", "{value} is not at most {bound}", value=text, bound=high)
    return None


def values(method: Method, bench: Mapping[str, Any]) -> tuple[Value, ...]:
    """Every reportable for every sample that it was written for."""
    found = []
    for reportable in method.reportables:
        entry = entry_of(method, reportable)
        if entry is None:
            raise AssayError(
                "entry.missing", "Reportable '{code}' has no entry; correct the method.", code=reportable.code
            )
        for sample, text in entered(entry, bench).items():
            title = entry.title
            why = {"en": f"{title['en']} was not filled in", "nl": f"{title['nl']} is niet ingevuld"}
            found.append(Value(reportable.code, text, reportable.unit, sample, None, {} if text is not None else why))
    return tuple(found)


def measures(method: Method, bench: Mapping[str, Any]) -> dict[str, dict[str, float | int | None]]:
    """Sample label → the numeric entries a criterion can judge; entries of the run count for every sample."""
    numeric = {entry.code: entered(entry, bench) for entry in method.entries if entry.type in _NUMERIC}
    samples = list(dict.fromkeys(sample for texts in numeric.values() for sample in texts if sample)) or [""]
    return {
        sample: {code: _number(texts.get(sample, texts.get(""))) for code, texts in numeric.items()}
        for sample in samples
    }


_NUMERIC = ("decimal", "integer")


def _number(text: str | None) -> float | None:
    # "< 0.05" is known only to lie below a bound: no number that a criterion could judge.
    return None if text is None or text[0] in "<>" else float(Decimal(text))


def _text(entry: Entry, value: Any) -> str | None:
    if value is None:
        return None
    text = str(value).strip()
    if not text:
        return None
    if entry.type == "choice" and text not in entry.choices:
        raise AssayError(
            "entry.invalid",
            "Entry '{entry}' is '{value}'; choose one of {choices}.",
            entry=entry.code,
            value=text,
            choices=", ".join(entry.choices),
        )
    if entry.type in _SHAPES and not _SHAPES[entry.type][0].fullmatch(text):
        raise AssayError(
            "entry.invalid",
            "Entry '{entry}' is '{value}'; write {form}.",
            entry=entry.code,
            value=text,
            form=_SHAPES[entry.type][1],
        )
    if entry.type in _NUMERIC and (problem := bounds_problem(entry, text)):
        raise AssayError("entry.invalid", "Entry '{entry}': {problem}.", entry=entry.code, problem=problem)
    return text
