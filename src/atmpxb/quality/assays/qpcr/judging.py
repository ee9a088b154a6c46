"""Suitability: what the criteria of a method are judged on."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from atmpxb.notes import note
from atmpxb.quality.assays.seam import Check, Method
from atmpxb.quality.assays.suitability import judge
from atmpxb.science.pcr import vector_copy_number

from .parameters import SAMPLE_MEASURES, SAMPLE_TARGET_MEASURES, CopyNumberRule, Parameters
from .quantities import TargetResult


def checks_of(
    method: Method, parameters: Parameters, results: Mapping[str, TargetResult], samples: tuple[str, ...]
) -> tuple[Check, ...]:
    """Every criterion judged: once for the plate, or once for each unknown sample."""
    plate = plate_measures(parameters, results)
    checks: list[Check] = []
    for criterion in method.suitability:
        single = replace(method, suitability=(criterion,))
        name, _, what = criterion.measure.partition(":")
        per_sample = name in SAMPLE_TARGET_MEASURES or (name in SAMPLE_MEASURES and not what)
        if per_sample:
            for sample in samples:
                judged = judge(single, {criterion.measure: sample_measure(name, what, sample, results)})
                checks += [replace(check, sample=sample) for check in judged]
            continue
        if name == "replicate_sd":
            value = _replicate_sd(what, results)
            checks += judge(single, {criterion.measure: value})
            continue
        judged = judge(single, plate)
        control = results[what] if name in ("ntc", "nec") else None
        if control is not None and _control_wells(control, name) and not _control_cqs(control, name).size:
            # No amplification counts as a Cq at the last cycle, and is said as what it is.
            text = note("qpcr.not_amplified", "no amplification in {cycles} cycles", cycles=control.cycles)
            judged = tuple(replace(check, observed=text) for check in judged)
        checks += judged
    return tuple(checks)


def plate_measures(parameters: Parameters, results: Mapping[str, TargetResult]) -> dict[str, float | int | None]:
    """Measures of the plate by name, e.g. ``slope:WPRE``; efficiency in percent (100 is doubling)."""
    measures: dict[str, float | int | None] = {}
    for target, result in results.items():
        curve = result.curve
        if curve is not None:
            measures |= {
                f"slope:{target}": curve.slope,
                f"efficiency:{target}": 100 * (curve.efficiency - 1),
                f"r2:{target}": curve.r_squared,
                f"residual_sd:{target}": curve.residual_sd,
                f"levels:{target}": curve.levels,
                f"points:{target}": curve.n,
                f"lack_of_fit_p:{target}": curve.lack_of_fit_p,
            }
        for control in ("ntc", "nec"):
            measures[f"{control}:{target}"] = control_cq(result, control)
        positive = _control_cqs(result, "pos")
        measures[f"positive:{target}"] = float(positive.sum() / positive.size) if positive.size else None
        measures[f"ntc_margin:{target}"] = _margin(result)
    if parameters.copy_number is not None:
        measures["positive_vcn"] = _positive_copy_number(parameters.copy_number, results)
    return measures


def control_cq(result: TargetResult, control: str) -> float | None:
    """Lowest Cq of a negative control; the last cycle where none amplified; None without a readable
    control."""
    if not _control_wells(result, control):
        return None
    found = _control_cqs(result, control)
    if found.size:
        return float(found.min())
    return float(result.cycles) if result.cycles else None


def _control_wells(result: TargetResult, control: str) -> bool:
    mask = result.chosen(type_=control)
    if result.amplification is not None:
        # A control that could not be measured has not been negative.
        return bool(mask.any() and not (mask & result.amplification.unusable).any())
    return bool(mask.any())


def _control_cqs(result: TargetResult, control: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = result.cqs[result.chosen(type_=control)]
    return found[np.isfinite(found)]


def _margin(result: TargetResult) -> float | None:
    """Cycles between the lowest standard (mean Cq) and the lowest NTC."""
    ntc, curve = control_cq(result, "ntc"), result.curve
    if ntc is None or curve is None:
        return None
    lowest = [
        cq
        for well, cq in zip(result.wells, result.cqs, strict=True)
        if well.type == "std" and well.quantity == curve.lowest and np.isfinite(cq)
    ]
    return ntc - float(sum(lowest) / len(lowest)) if lowest else None


def _positive_copy_number(rule: CopyNumberRule, results: Mapping[str, TargetResult]) -> float | None:
    vector, reference = results[rule.vector], results[rule.reference]
    for sample in dict.fromkeys(well.sample for well in vector.wells if well.type == "pos"):
        if sample in vector.readings and sample in reference.readings:
            return vector_copy_number(
                vector.readings[sample], reference.readings[sample], rule.reference_copies_per_cell
            ).copies_per_cell
    return None


def sample_measure(name: str, target: str, sample: str, results: Mapping[str, TargetResult]) -> float | int | None:
    """A measure of one sample: its worst target where the criterion names none."""
    if name == "cq":
        found = results[target].cqs_of(sample)
        return float(found.sum() / found.size) if found.size else None
    if name == "replicates":
        return min(int(result.cqs_of(sample).size) for result in results.values())
    deviations = [_sd(result.cqs_of(sample)) for result in results.values()]
    known = [value for value in deviations if value is not None]
    return max(known) if len(known) == len(deviations) else None


def _replicate_sd(what: str, results: Mapping[str, TargetResult]) -> float | None:
    """Largest replicate SD of a target (standards, samples and positive controls), or of one sample."""
    if what not in results:
        found = sample_measure("replicate_sd", "", what, results)
        return None if found is None else float(found)
    result = results[what]
    measured = dict.fromkeys(well.sample for well in result.wells if well.type in ("unkn", "std", "pos"))
    known = [sd for sample in measured if (sd := _sd(result.cqs_of(sample))) is not None]
    return max(known) if known else None


def _sd(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float | None:
    if values.size < 2:
        return None
    deviation = values - values.sum() / values.size
    return math.sqrt(float((deviation * deviation).sum()) / (values.size - 1))
