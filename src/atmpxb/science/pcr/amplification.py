"""Amplification curves: baseline, exponential phase, efficiency of a well, quantification cycle.

All arrays are wells × cycles; one call treats a whole plate. The baseline is the straight line through the
ground phase (the cycles before amplification can be seen), the classical method described with its weaknesses
by Ruijter et al. 2009 (Nucleic Acids Res 37:e45). The ground phase ends ``gap`` cycles before the maximum of
the second derivative, the end of the exponential phase (Luu-The et al. 2005, Biotechniques 38:287; Tichopad
et al. 2003, Nucleic Acids Res 31:e122). Derivatives are those of a local parabola over five cycles (Savitzky
and Golay 1964).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import PcrError

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

#: Name of the baseline rule, recorded with every result.
BASELINE_RULE = "ground_phase_line/1"


@dataclass(frozen=True, slots=True)
class AmplificationRules:
    """Choices of the analysis, all recorded. Cycles in cycles; fractions of the rise of the well.

    Attributes:
        skipped: first cycles that are left out of the baseline (fluorescence settles).
        gap: cycles between the end of the ground phase and the end of the exponential phase.
        rise_over_noise: a well amplifies when its rise is at least this many noise SDs, and
        rise_over_plate: at least this part of the median rise of the plate's clear wells,
        steepness: and reaches its end of exponential phase with an efficiency of at least this (fold per
            cycle).
        line_misfit: and scatters about a straight line through all cycles by more than this many times what
            neighbouring cycles scatter, so that drift alone is no amplification.
        noisy: noise SD above this part of the rise is flagged.
        unfinished: slope at the end above this part of the steepest slope is flagged as no plateau.
        late: Cq after this cycle is flagged.
        window: cycles of the exponential phase used for the efficiency of a well.
    """

    skipped: int = 2
    gap: int = 8
    rise_over_noise: float = 10.0
    rise_over_plate: float = 0.05
    steepness: float = 1.1
    line_misfit: float = 3.0
    noisy: float = 0.02
    unfinished: float = 0.25
    late: float = 38.0
    window: int = 4


@dataclass(frozen=True, slots=True, eq=False)
class Amplification:
    """Curves of a plate after baseline correction. First axis: wells, in the order given.

    Attributes:
        cycles: cycle numbers, shape (c,).
        fluorescence, baseline, corrected: shape (w, c), in the instrument's units.
        noise: SD around the baseline in the ground phase; rise: height of the plateau above the baseline.
        exponential_end: cycle of the maximum of the second derivative (fraction of a cycle), NaN if none.
        efficiency: fold per cycle in the last cycles of the exponential phase, NaN if it can't be read.
        amplified: whether a well amplifies at all.
        short_baseline: fewer than eight ground-phase cycles, so the baseline is level, not sloped.
        noisy, no_plateau: see ``AmplificationRules``.
        unusable: a reading is missing (NaN), so nothing is said about the well.
    """

    cycles: Floats
    fluorescence: Floats
    baseline: Floats
    corrected: Floats
    noise: Floats
    rise: Floats
    exponential_end: Floats
    efficiency: Floats
    amplified: Flags
    short_baseline: Flags
    noisy: Flags
    no_plateau: Flags
    unusable: Flags


def amplify(cycles: Floats, fluorescence: Floats, rules: AmplificationRules = AmplificationRules()) -> Amplification:
    """Correct and judge the curves of a plate.

    Args:
        cycles: shape (c,), rising by one, at least 12.
        fluorescence: shape (w, c), raw or already baseline-subtracted.

    Raises:
        PcrError: too few cycles, gaps between cycles, or shapes that do not fit.
    """
    if fluorescence.ndim != 2 or cycles.shape != (fluorescence.shape[1],):
        raise PcrError("pcr.shape", "fluorescence must be wells × cycles")
    if cycles.size < 12 or (np.diff(cycles) != 1).any():
        raise PcrError("pcr.few_cycles", "curves need at least 12 consecutive cycles")
    unusable = np.isnan(fluorescence).any(axis=1)
    values = np.where(unusable[:, None], 0.0, fluorescence)
    smooth, curvature = _local_parabola(values)
    end, index = _exponential_end(cycles, smooth, curvature)
    columns = np.arange(cycles.size)
    last = np.maximum(index - rules.gap, -1)
    ground = (columns >= rules.skipped) & (columns <= last[:, None])
    short = ground.sum(axis=1) < 3
    ground |= short[:, None] & (columns < 3)
    baseline, noise, sloped = _line(columns.astype(float), values, ground)
    corrected = values - baseline
    rise = _plateau(corrected)
    efficiency = _efficiency(corrected, index, rules.window)
    everywhere = np.broadcast_to(columns >= rules.skipped, values.shape)
    flat_baseline, flat_noise, _ = _line(columns.astype(float), values, everywhere)
    local = _local_noise(values)
    amplified = (rise >= rules.rise_over_noise * np.maximum(noise, local)) & (rise > 0) & ~unusable
    # An efficiency that can't be read (a cycle of its window at or under the baseline) speaks against nobody.
    amplified &= ~(efficiency < rules.steepness) & (flat_noise > rules.line_misfit * local)
    if amplified.any():
        amplified &= rise >= rules.rise_over_plate * np.median(rise[amplified])
    # A well that does not amplify is all ground phase: show it against a line through all its cycles.
    flat = ~amplified
    baseline = np.where(flat[:, None], flat_baseline, baseline)
    corrected = values - baseline
    noise = np.where(flat, flat_noise, noise)
    rise = np.where(flat, _plateau(corrected), rise)
    steepest = np.diff(corrected, axis=1).max(axis=1)
    final = (corrected[:, -1] - corrected[:, -4]) / 3
    nan = np.full(rise.shape, np.nan)
    return Amplification(
        cycles,
        fluorescence,
        np.where(unusable[:, None], np.nan, baseline),
        np.where(unusable[:, None], np.nan, corrected),
        np.where(unusable, nan, noise),
        np.where(unusable, nan, rise),
        np.where(amplified, end, nan),
        np.where(amplified, efficiency, nan),
        amplified,
        amplified & ~sloped,
        amplified & (noise > rules.noisy * rise),
        amplified & (final > rules.unfinished * steepest),
        unusable,
    )


def quantification_cycles(amplification: Amplification, threshold: Floats | float) -> Floats:
    """Cq: the cycle at which the corrected curve crosses the threshold, on the last rise before its highest
    point.

    Between two cycles fluorescence grows exponentially, so the interpolation is linear in its logarithm;
    where the cycle before lies at or under zero it is linear in fluorescence.

    Args:
        threshold: above zero, one for all wells or shape (w,).

    Returns:
        Shape (w,), NaN for wells that do not amplify or do not reach the threshold.
    """
    limits = np.broadcast_to(np.asarray(threshold, dtype=float), amplification.rise.shape)
    if (limits <= 0).any():
        raise ValueError("a threshold lies above the baseline, so above zero")
    corrected = np.where(amplification.unusable[:, None], 0.0, amplification.corrected)
    columns = np.arange(corrected.shape[1])
    highest = corrected.argmax(axis=1)
    below = (corrected < limits[:, None]) & (columns < highest[:, None])
    before = np.where(below, columns, -1).max(axis=1)
    reached = (before >= 0) & amplification.amplified & (corrected.max(axis=1) >= limits)
    rows = np.arange(corrected.shape[0])
    low = corrected[rows, np.maximum(before, 0)]
    high = corrected[rows, np.maximum(before, 0) + (corrected.shape[1] > 1)]
    with np.errstate(divide="ignore", invalid="ignore"):
        exponential = np.log(limits / low) / np.log(high / low)
        linear = (limits - low) / (high - low)
    part = np.where(low > 0, exponential, linear)
    return np.where(reached, amplification.cycles[np.maximum(before, 0)] + part, np.nan)


def _local_parabola(values: Floats) -> tuple[Floats, Floats]:
    """Value and second derivative of the parabola through five neighbours; the two edge cycles on each side
    keep their value and have no curvature."""
    a, b, c, d, e = (values[:, k : values.shape[1] - 4 + k] for k in range(5))
    smooth = values.copy()
    smooth[:, 2:-2] = (-3 * a + 12 * b + 17 * c + 12 * d - 3 * e) / 35
    curvature = np.zeros_like(values)
    curvature[:, 2:-2] = (2 * a - b - 2 * c - d + 2 * e) / 7
    return smooth, curvature


def _exponential_end(cycles: Floats, smooth: Floats, curvature: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Cycle of the highest curvature on the rise that leads to the highest point, and its index."""
    columns = np.arange(cycles.size)
    top = smooth.argmax(axis=1)
    half = (smooth.min(axis=1) + smooth.max(axis=1)) / 2
    under = (smooth < half[:, None]) & (columns < top[:, None])
    middle = np.where(under, columns, 0).max(axis=1)
    searched = (columns >= middle[:, None] - 12) & (columns <= middle[:, None] + 1)
    searched &= (columns >= 2) & (columns <= cycles.size - 3)
    index = np.where(searched, curvature, -np.inf).argmax(axis=1)
    rows = np.arange(smooth.shape[0])
    inner = np.clip(index, 1, cycles.size - 2)
    before, at, after = (curvature[rows, inner + k] for k in (-1, 0, 1))
    bend = before - 2 * at + after
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(bend < 0, 0.5 * (before - after) / bend, 0.0)
    return cycles[index] + np.clip(shift, -0.5, 0.5), index


def _line(x: Floats, y: Floats, mask: Flags) -> tuple[Floats, Floats, Flags]:
    """Least-squares line of each row through its masked points: line, residual SD, and whether it has a
    slope.

    Fewer than eight points give a level line: a slope from so few would run away over the later cycles.
    """
    n = mask.sum(axis=1)
    count = np.maximum(n, 1).astype(float)
    x_mean = np.where(mask, x, 0.0).sum(axis=1) / count
    y_mean = np.where(mask, y, 0.0).sum(axis=1) / count
    dx = np.where(mask, x - x_mean[:, None], 0.0)
    dy = np.where(mask, y - y_mean[:, None], 0.0)
    sloped = n >= 8
    square = np.where(sloped, (dx * dx).sum(axis=1), 1.0)
    slope = np.where(sloped, (dx * dy).sum(axis=1) / square, 0.0)
    line = y_mean[:, None] + slope[:, None] * (x - x_mean[:, None])
    residual = np.where(mask, y - line, 0.0)
    freedom = np.maximum(n - np.where(sloped, 2, 1), 1)
    return line, np.sqrt((residual * residual).sum(axis=1) / freedom), sloped


def _local_noise(values: Floats) -> Floats:
    """SD of a single reading from second differences (√6 times as large for white noise), by their median, so
    that the rise of the curve does not count."""
    second = np.abs(values[:, :-2] - 2 * values[:, 1:-1] + values[:, 2:])
    noise: Floats = np.median(second, axis=1) / (0.6744897501960817 * np.sqrt(6.0))
    return noise


def _plateau(corrected: Floats) -> Floats:
    """Height of the highest three neighbouring cycles, so that one spike is no plateau."""
    three = (corrected[:, :-2] + corrected[:, 1:-1] + corrected[:, 2:]) / 3
    highest: Floats = three.max(axis=1)
    return highest


def _efficiency(corrected: Floats, index: NDArray[np.intp], window: int) -> Floats:
    """Fold per cycle, for comparing the wells of an assay.

    Slope of log fluorescence over ``window`` cycles that end at the end of the exponential phase; NaN where
    one of them is not above the baseline. Growth slows before that phase ends, so the slope reads low by
    about 0.1; the efficiency of an assay is that of its standard curve.
    """
    rows = np.arange(corrected.shape[0])
    chosen = np.stack([corrected[rows, np.maximum(index - k, 0)] for k in range(window - 1, -1, -1)], axis=1)
    usable = (chosen > 0).all(axis=1) & (index >= window - 1)
    logs = np.log10(np.where(chosen > 0, chosen, 1.0))
    offset = np.arange(window) - (window - 1) / 2
    slope = (logs * offset).sum(axis=1) / (offset * offset).sum()
    return np.where(usable, 10.0**slope, np.nan)
