"""Reportable values of each unknown sample, their intervals, warnings, and the tables behind them."""

import math
from collections.abc import Mapping
from typing import Any

from atmpxb.notes import Note, note
from atmpxb.quality.assays.seam import Interval, Method, Reportable, Value, Words
from atmpxb.science.pcr import BASELINE_RULE, Reading, vector_copy_number

from .parameters import Parameters
from .quantities import EFFICIENCY_TOLERANCE, FLAGS, TargetResult

FIELLER = "Fieller (1954), standard curve and replicates"
DELTA = "log scale, standard curves and replicates, Welch-Satterthwaite"


def text(value: float) -> str:
    """Unrounded decimal text of a float."""
    return repr(float(value))


def values_of(
    method: Method, parameters: Parameters, results: Mapping[str, TargetResult], samples: tuple[str, ...]
) -> tuple[tuple[Value, ...], tuple[Note, ...]]:
    """Values, and warnings about those outside the standard curve."""
    values: list[Value] = []
    warnings: list[Note] = []
    for sample in samples:
        for reportable in method.reportables:
            values.append(_value(reportable, parameters, results, sample, warnings))
    return tuple(values), tuple(dict.fromkeys(warnings))


def _value(
    reportable: Reportable,
    parameters: Parameters,
    results: Mapping[str, TargetResult],
    sample: str,
    warnings: list[Note],
) -> Value:
    measure, _, target = str(reportable.options["measure"]).partition(":")
    code, unit, rule = reportable.code, reportable.unit, parameters.copy_number
    if measure == "cq":
        found = results[target].cqs_of(sample)
        if not found.size:
            none = {"en": f"no Cq of {target}", "nl": f"geen Cq van {target}"}
            return Value(code, None, unit, sample, why=none)
        return Value(code, text(found.sum() / found.size), unit, sample)
    needed = (target,) if measure == "copies" or rule is None else (rule.vector, rule.reference)
    readings: list[Reading] = []
    for name in needed:
        reading, why, outside = _reading(results[name], parameters, sample)
        if reading is None:
            return Value(code, None, unit, sample, why=why)
        if outside:
            warnings.append(outside)
        readings.append(reading)
    if measure == "vcn" and rule is not None:
        found_vcn = vector_copy_number(readings[0], readings[1], rule.reference_copies_per_cell)
        interval = Interval(text(found_vcn.low), text(found_vcn.high), method=DELTA)
        return Value(code, text(found_vcn.copies_per_cell), unit, sample, interval)
    reading = readings[0]
    bounds = None
    if reading.low is not None and reading.high is not None:
        bounds = Interval(text(reading.low), text(reading.high), method=FIELLER)
    return Value(code, text(reading.quantity), unit, sample, bounds)


def _reading(result: TargetResult, parameters: Parameters, sample: str) -> tuple[Reading | None, Words, Note | None]:
    """The reading of a sample, or why there is none, and a warning when the method lets it pass out of
    range."""
    if result.curve is None:
        return None, {language: f"{result.target}: {why}" for language, why in result.why.items()}, None
    reading = result.readings.get(sample)
    found = 0 if reading is None else reading.replicates
    if reading is None or found < parameters.minimum_replicates:
        needed = parameters.minimum_replicates
        return (
            None,
            {
                "en": f"{result.target}: {found} replicates with a Cq, {needed} needed",
                "nl": f"{result.target}: {found} replicaten met een Cq, {needed} nodig",
            },
            None,
        )
    if reading.in_range:
        return reading, {}, None
    curve = result.curve
    facts = {
        "sample": sample,
        "target": result.target,
        "quantity": f"{reading.quantity:.4g}",
        "low": f"{curve.lowest:.4g}",
        "high": f"{curve.highest:.4g}",
    }
    outside = note(
        "qpcr.out_of_range",
        "{sample}, {target}: {quantity} lies outside the standard curve ({low} to {high})",
        **facts,
    )
    if parameters.out_of_range == "warn":
        return reading, {}, outside
    dutch = "{sample}, {target}: {quantity} ligt buiten de standaardcurve ({low} tot {high})"
    return None, {"en": outside.message, "nl": dutch.format(**facts)}, None


def flag_warnings(results: Mapping[str, TargetResult]) -> tuple[Note, ...]:
    """One line for each sample with odd wells. A negative control is right not to amplify."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for result in results.values():
        for well, flags in zip(result.wells, result.flags, strict=True):
            expected = well.type in ("ntc", "nec", "nac", "ntp", "nrt")
            for flag in flags:
                if not (expected and flag in ("no amplification", "late")):
                    places.setdefault((result.target, well.sample, flag), []).append(well.name)
    return tuple(
        note(
            "qpcr.flag",
            "{target}, {sample}: {flag} ({wells})",
            target=target,
            sample=sample,
            flag=FLAGS[flag],
            wells=", ".join(wells),
        )
        for (target, sample, flag), wells in places.items()
    )


def details_of(results: Mapping[str, TargetResult]) -> dict[str, Any]:
    """JSON-ready tables: rules, curves, wells."""
    return {
        "baseline": BASELINE_RULE,
        "efficiency_tolerance": text(EFFICIENCY_TOLERANCE),
        "targets": [_target(result) for result in results.values()],
        "wells": [
            {
                "well": well.name,
                "sample": well.sample,
                "type": well.type,
                "target": well.target,
                "quantity": "" if well.quantity is None else text(well.quantity),
                "cq": "" if math.isnan(cq) else text(cq),
                "efficiency": _efficiency(result, index),
                "flags": list(result.flags[index]),
            }
            for result in results.values()
            for index, (well, cq) in enumerate(zip(result.wells, result.cqs, strict=True))
        ],
    }


def _efficiency(result: TargetResult, index: int) -> str:
    if result.amplification is None or math.isnan(result.amplification.efficiency[index]):
        return ""
    return text(result.amplification.efficiency[index])


def _target(result: TargetResult) -> dict[str, Any]:
    row: dict[str, Any] = {
        "target": result.target,
        "threshold_rule": result.rule,
        "threshold": "" if result.threshold is None else text(result.threshold),
        "no_curve": dict(result.why),
    }
    curve = result.curve
    if curve is not None:
        row |= {
            "slope": text(curve.slope),
            "slope_se": text(curve.slope_se),
            "intercept": text(curve.intercept),
            "efficiency": text(curve.efficiency),
            "efficiency_low": text(curve.efficiency_low),
            "efficiency_high": text(curve.efficiency_high),
            "r_squared": text(curve.r_squared),
            "residual_sd": text(curve.residual_sd),
            "lack_of_fit_p": "" if curve.lack_of_fit_p is None else text(curve.lack_of_fit_p),
            "points": curve.n,
            "levels": curve.levels,
            "lowest": text(curve.lowest),
            "highest": text(curve.highest),
        }
    return row
