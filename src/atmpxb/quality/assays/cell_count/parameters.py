"""What a cell-count method may say in ``[parameters]``, in its reportables and in its criteria."""

from dataclasses import dataclass
from decimal import Decimal

from atmpxb.notes import Note, note
from atmpxb.quality.assays.seam import Method, Reportable

#: What a reportable may measure, and the unit its value is in.
MEASURES = {
    "viability": "%",
    "viable_concentration": "cells/mL",
    "total_concentration": "cells/mL",
    "viable_cells": "cells",
    "diameter": "µm",
    "cv:viability": "%",
    "cv:viable_concentration": "%",
    "cv:total_concentration": "%",
}

#: Powers of ten that a unit may carry in front, e.g. ``10^6 cells/mL``.
SCALES = {"": 0, "10^3 ": 3, "10^6 ": 6, "10^9 ": 9}

#: What a criterion may judge, a sample at a time.
CRITERIA = (
    "replicates",
    "cells_counted",
    "cv:viability",
    "cv:viable_concentration",
    "cv:total_concentration",
    "range:viable_concentration",
    "dispersion_p",
    "images",
    "bubbles",
    "clusters",
    "viability",
    "viable_concentration",
    "total_concentration",
)

_KEYS = {"replicate_separator", "sample_from", "dilution_entry", "instrument_dilution", "confidence"}


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters with their defaults.

    ``replicate_separator``: ``"-"`` makes rows ``S1-1`` and ``S1-2`` replicates of sample S1; without one,
    rows with the same identifier are. ``sample_from``: ``"export"`` takes the sample from the file,
    ``"file"`` from the label the file was attached under. ``dilution_entry``: the worksheet entry with a
    dilution made before the counter. ``instrument_dilution``: ``"refuse"`` a dilution typed into the
    counter as well, or ``"keep"``.
    """

    replicate_separator: str = ""
    sample_from: str = "export"
    dilution_entry: str = "dilution"
    instrument_dilution: str = "refuse"
    confidence: str = "0.95"


def parameters(method: Method) -> Parameters:
    """The parameters of a method that has no problems."""
    return Parameters(**{key: method.parameters[key] for key in _KEYS if key in method.parameters})


def scale(reportable: Reportable) -> int:
    """The power of ten between the plain unit of a measure and the unit of the reportable."""
    plain = MEASURES[reportable.options["measure"]]
    return next(power for prefix, power in SCALES.items() if reportable.unit == prefix + plain)


def problems(method: Method) -> tuple[Note, ...]:
    """What is wrong with a cell-count method, one sentence each."""
    found = [
        note(
            "count.parameter",
            "parameter '{key}' is unknown; known: {known}",
            key=key,
            known=", ".join(sorted(_KEYS)),
        )
        for key in method.parameters
        if key not in _KEYS
    ]
    found += [
        note("count.parameter_text", "parameter '{key}' must be a text in quotes", key=key)
        for key in _KEYS & set(method.parameters)
        if not isinstance(method.parameters[key], str)
    ]
    if found:
        return tuple(sorted(found, key=lambda problem: problem.message))
    given = parameters(method)
    if given.sample_from not in ("export", "file"):
        found.append(note("count.sample_from", "parameter 'sample_from' must be 'export' or 'file'"))
    if given.instrument_dilution not in ("refuse", "keep"):
        found.append(note("count.instrument_dilution", "parameter 'instrument_dilution' must be 'refuse' or 'keep'"))
    if given.confidence not in ("0.90", "0.95", "0.99"):
        found.append(note("count.confidence", "parameter 'confidence' must be '0.90', '0.95' or '0.99'"))
    entries = {entry.code: entry for entry in method.entries}
    if "dilution_entry" in method.parameters and given.dilution_entry not in entries:
        found.append(
            note(
                "count.dilution_entry",
                "parameter 'dilution_entry' names '{entry}', which is no entry",
                entry=given.dilution_entry,
            )
        )
    if not method.inputs:
        found.append(note("count.no_inputs", "a cell count needs [[inputs]] with the counter's export"))
    for reportable in method.reportables:
        found.extend(_reportable_problems(reportable, set(entries)))
    found += [
        note(
            "count.criterion",
            "criterion '{code}' judges '{measure}'; a cell count has {known}",
            code=item.code,
            measure=item.measure,
            known=", ".join(CRITERIA),
        )
        for item in method.suitability
        if item.measure not in CRITERIA
    ]
    return tuple(found)


def _reportable_problems(reportable: Reportable, entries: set[str]) -> list[Note]:
    measure = reportable.options.get("measure")
    if measure not in MEASURES:
        return [
            note(
                "count.measure",
                "reportable '{code}' needs a 'measure': {known}",
                code=reportable.code,
                known=", ".join(MEASURES),
            )
        ]
    found: list[Note] = []
    allowed = [prefix + MEASURES[measure] for prefix in SCALES]
    if MEASURES[measure] in ("%", "µm"):
        allowed = [MEASURES[measure]]
    if reportable.unit not in allowed:
        found.append(
            note(
                "count.unit",
                "reportable '{code}' has unit '{unit}'; {measure} is in {allowed}",
                code=reportable.code,
                unit=reportable.unit,
                measure=measure,
                allowed=", ".join(allowed),
            )
        )
    others = set(reportable.options) - {"measure", "volume_entry"}
    if others:
        found.append(
            note(
                "count.reportable_key",
                "reportable '{code}' has the unknown key '{key}'",
                code=reportable.code,
                key=min(others),
            )
        )
    volume = reportable.options.get("volume_entry")
    if (measure == "viable_cells") != (volume is not None):
        found.append(
            note(
                "count.volume_entry",
                "reportable '{code}': 'viable_cells' and only it needs 'volume_entry', the entry with the volume in mL",
                code=reportable.code,
            )
        )
    elif volume is not None and volume not in entries:
        found.append(
            note(
                "count.volume_entry_missing",
                "reportable '{code}': 'volume_entry' names '{entry}', which is no entry",
                code=reportable.code,
                entry=volume,
            )
        )
    return found


def plain(number: Decimal | float) -> str:
    """Unrounded decimal text, exponent only where there is no shorter way."""
    return repr(float(number))
