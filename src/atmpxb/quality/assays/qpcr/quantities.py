"""From wells to Cq, standard curves and quantities of samples."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from atmpxb.notes import note
from atmpxb.quality.assays.seam import AssayError, Exclusion, Words
from atmpxb.science.pcr import (
    Amplification,
    PcrError,
    Reading,
    StandardCurve,
    amplify,
    fit,
    quantification_cycles,
    read_quantity,
    threshold,
)

from .parameters import Parameters, TargetRule
from .plate import Well

#: Why there is no standard curve, by what the fit says.
NO_CURVE: dict[str, Words] = {
    "pcr.few_standards": {
        "en": "no standard curve: it needs at least three wells at two quantities",
        "nl": "geen standaardcurve: die vraagt minstens drie wells bij twee hoeveelheden",
    },
    "pcr.standards": {
        "en": "no standard curve: quantities must be above zero and every well must have a Cq",
        "nl": "geen standaardcurve: hoeveelheden moeten boven nul liggen en elke well moet een Cq hebben",
    },
    "pcr.flat_standards": {
        "en": "no standard curve: Cq does not change with the quantity",
        "nl": "geen standaardcurve: de Cq verandert niet met de hoeveelheid",
    },
}
#: What can be odd about a well: code → how a table says it. The code is also how `details` say it.
FLAGS: dict[str, Words] = {
    "unusable": {"en": "unusable", "nl": "onbruikbaar"},
    "no amplification": {"en": "no amplification", "nl": "geen amplificatie"},
    "below threshold": {"en": "below threshold", "nl": "onder de drempel"},
    "late": {"en": "late", "nl": "laat"},
    "short baseline": {"en": "short baseline", "nl": "korte basislijn"},
    "noisy baseline": {"en": "noisy baseline", "nl": "onrustige basislijn"},
    "no plateau": {"en": "no plateau", "nl": "geen plateau"},
    "efficiency differs": {"en": "efficiency differs", "nl": "afwijkende efficiëntie"},
}
#: A well whose efficiency lies this far from the median of its assay (fold per cycle) is flagged: inhibition.
EFFICIENCY_TOLERANCE = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class TargetResult:
    """All about one target. ``cqs`` (cycles, NaN where none) and ``flags`` go with ``wells``."""

    target: str
    wells: tuple[Well, ...]
    cqs: NDArray[np.float64]
    cycles: int
    threshold: float | None
    rule: str
    amplification: Amplification | None
    curve: StandardCurve | None
    why: Words  # why there is no curve
    flags: tuple[tuple[str, ...], ...]
    readings: dict[str, Reading] = field(default_factory=dict)
    exclusions: tuple[Exclusion, ...] = ()

    def chosen(self, *, sample: str = "", type_: str = "") -> NDArray[np.bool_]:
        """Mask of the wells of a sample or a sample type."""
        return np.array(
            [(not sample or w.sample == sample) and (not type_ or w.type == type_) for w in self.wells],
            dtype=bool,
        )

    def cqs_of(self, sample: str) -> NDArray[np.float64]:
        """The Cqs that a sample has; wells without one are left out."""
        found = self.cqs[self.chosen(sample=sample)]
        return found[np.isfinite(found)]


def quantify(target: TargetRule, wells: tuple[Well, ...], parameters: Parameters) -> TargetResult:
    """Analyse one target.

    Raises:
        AssayError: no wells are left, curves are missing, or of different lengths.
    """
    mine = tuple(well for well in wells if well.target == target.id)
    if not mine:
        raise AssayError(
            "qpcr.no_wells",
            "Every well of {target} is excluded, so nothing can be analysed.",
            target=target.id,
        )
    if parameters.cq == "file":
        cqs = np.array([np.nan if well.data.cq is None else well.data.cq for well in mine])
        cycles = max((int(well.data.cycles[-1]) for well in mine if well.data.cycles.size), default=0)
        amplification, limit = None, None
        flags: tuple[tuple[str, ...], ...] = tuple(() for _ in mine)
    else:
        amplification = _amplification(target.id, mine, parameters)
        limit = target.threshold
        if limit is None:
            limit = threshold(amplification, np.ones(len(mine), dtype=bool), target.rule)
        cqs = np.full(len(mine), np.nan) if limit is None else quantification_cycles(amplification, limit)
        cycles = int(amplification.cycles[-1])
        flags = _flags(mine, amplification, cqs, parameters)
    curve, why, exclusions = _curve(mine, cqs)
    result = TargetResult(
        target.id, mine, cqs, cycles, limit, target.rule if parameters.cq == "computed" else "file",
        amplification, curve, why, flags, {}, exclusions,
    )  # fmt: skip
    if curve is not None:
        for sample in dict.fromkeys(well.sample for well in mine if well.type in ("unkn", "pos")):
            found = result.cqs_of(sample)
            if found.size:
                result.readings[sample] = read_quantity(curve, found)
    return result


def _amplification(target: str, wells: tuple[Well, ...], parameters: Parameters) -> Amplification:
    first = wells[0].data.cycles
    for well in wells:
        if not well.data.cycles.size:
            raise AssayError(
                "qpcr.no_curve",
                "{label} carries no amplification curve: export the run with raw fluorescence, or let the "
                'method take over the Cq of the cycler (parameters.cq = "file").',
                label=well.label,
            )
        if not np.array_equal(well.data.cycles, first):
            raise AssayError(
                "qpcr.cycles_differ",
                "{label} has other cycles than the rest of {target}.",
                label=well.label,
                target=target,
            )
    try:
        return amplify(first, np.array([well.data.fluorescence for well in wells]), parameters.curves)
    except PcrError as problem:
        raise AssayError(
            "qpcr.curve",
            "{target}: {problem}; export the whole run again.",
            target=target,
            problem=problem.note,
        ) from problem


def _flags(
    wells: tuple[Well, ...], curves: Amplification, cqs: NDArray[np.float64], parameters: Parameters
) -> tuple[tuple[str, ...], ...]:
    """What is odd about each well, in stable words."""
    seen = curves.efficiency[np.isfinite(curves.efficiency)]
    median = float(np.median(seen)) if seen.size else np.nan
    odd = np.abs(curves.efficiency - median) > EFFICIENCY_TOLERANCE
    rows = []
    for index in range(len(wells)):
        marks = (
            ("unusable", curves.unusable[index]),
            ("no amplification", not curves.amplified[index] and not curves.unusable[index]),
            ("below threshold", curves.amplified[index] and np.isnan(cqs[index])),
            ("late", cqs[index] > parameters.curves.late),
            ("short baseline", curves.short_baseline[index]),
            ("noisy baseline", curves.noisy[index]),
            ("no plateau", curves.no_plateau[index]),
            ("efficiency differs", odd[index]),
        )
        rows.append(tuple(name for name, present in marks if present))
    return tuple(rows)


def _curve(
    wells: tuple[Well, ...], cqs: NDArray[np.float64]
) -> tuple[StandardCurve | None, Words, tuple[Exclusion, ...]]:
    """The standard curve, or why there is none; standards that can't take part are listed."""
    quantities, found, exclusions, units = [], [], [], set()
    for well, cq in zip(wells, cqs, strict=True):
        if well.type != "std":
            continue
        if well.quantity is None or well.quantity <= 0:
            exclusions.append(
                Exclusion(
                    f"{well.label} ({well.sample})",
                    note("qpcr.standard_quantity", "standard without a quantity"),
                )
            )
        elif np.isnan(cq):
            exclusions.append(
                Exclusion(f"{well.label} ({well.sample})", note("qpcr.standard_cq", "standard without a Cq"))
            )
        else:
            quantities.append(well.quantity)
            found.append(cq)
            units.add(well.unit)
    if len(units - {""}) > 1:
        named = ", ".join(sorted(units))
        why = {
            "en": f"the standards have different units: {named}",
            "nl": f"de standaarden hebben verschillende eenheden: {named}",
        }
        return None, why, tuple(exclusions)
    try:
        return fit(np.array(quantities), np.array(found)), {}, tuple(exclusions)
    except PcrError as problem:
        return None, NO_CURVE[problem.code], tuple(exclusions)
