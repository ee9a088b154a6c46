"""Standard curve: Cq against log10 quantity, its uncertainty, and quantities read from it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc, stdtrit

from .errors import PcrError

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StandardCurve:
    """Ordinary least squares of Cq on log10 quantity.

    ``efficiency`` is fold per cycle, 10^(-1/slope), 2 when every molecule doubles; its bounds are those of
    the slope's 95 % interval by the delta method on the log scale. ``x_mean`` and ``sxx`` describe log10
    quantity. ``lack_of_fit_p`` is None without replicates or with fewer than three levels.
    """

    slope: float
    intercept: float
    n: int
    levels: int
    residual_sd: float
    r_squared: float
    slope_se: float
    efficiency: float
    efficiency_low: float
    efficiency_high: float
    lack_of_fit_f: float | None
    lack_of_fit_p: float | None
    x_mean: float
    y_mean: float
    sxx: float
    lowest: float
    highest: float
    pure_error_sd: float | None = None

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the residual SD."""
        return self.n - 2


@dataclass(frozen=True, slots=True)
class Reading:
    """A quantity read from a curve: log10 value, its standard error, degrees of freedom, and Fieller's
    interval.

    Quantities are in the unit of the standards. Bounds are None where the slope is not distinguishable from
    zero.
    """

    log10: float
    se: float
    freedom: int
    quantity: float
    low: float | None
    high: float | None
    replicates: int
    cq_mean: float
    cq_sd: float | None
    in_range: bool


def fit(quantities: Floats, cqs: Floats, confidence: float = 0.95) -> StandardCurve:
    """Fit a curve through single wells (replicates stay single points).

    Args:
        quantities: shape (n,), above zero; cqs: shape (n,), cycles.

    Raises:
        PcrError: fewer than three wells or two levels, or quantities that are not above zero.

    >>> curve = fit(np.array([1e2, 1e3, 1e4]), np.array([30.0, 26.7, 23.4]))
    >>> round(curve.slope, 6), round(curve.efficiency, 4)
    (-3.3, 2.0092)
    """
    if quantities.shape != cqs.shape or quantities.size < 3 or np.unique(quantities).size < 2:
        raise PcrError("pcr.few_standards", "a standard curve needs at least three wells at two quantities")
    if not (np.isfinite(quantities).all() and np.isfinite(cqs).all() and (quantities > 0).all()):
        raise PcrError("pcr.standards", "quantities must be above zero and every well must have a Cq")
    x, y, n = np.log10(quantities), cqs, quantities.size
    x_mean, y_mean = float(x.sum() / n), float(y.sum() / n)
    dx, dy = x - x_mean, y - y_mean
    sxx, sxy, syy = float((dx * dx).sum()), float((dx * dy).sum()), float((dy * dy).sum())
    slope = sxy / sxx
    residual = dy - slope * dx
    residual_ss = float((residual * residual).sum())
    sd = math.sqrt(residual_ss / (n - 2))
    se = sd / math.sqrt(sxx)
    if slope == 0:
        raise PcrError("pcr.flat_standards", "Cq does not change with the quantity")
    # log10 E = -1/slope, so its standard error is se/slope² (delta method).
    t = float(stdtrit(n - 2, (1 + confidence) / 2))
    half = t * se / slope**2
    f, p, pure = _lack_of_fit(x, y, residual_ss)
    return StandardCurve(
        slope, y_mean - slope * x_mean, n, int(np.unique(quantities).size), sd,
        1 - residual_ss / syy if syy else 0.0, se,
        _power(-1 / slope), _power(-1 / slope - half), _power(-1 / slope + half),
        f, p, x_mean, y_mean, sxx, float(quantities.min()), float(quantities.max()), pure,
    )  # fmt: skip


def _power(exponent: float) -> float:
    return math.pow(10.0, min(max(exponent, -300.0), 300.0))


def _lack_of_fit(x: Floats, y: Floats, residual_ss: float) -> tuple[float | None, float | None, float | None]:
    """F test of the line against the level means (Draper and Smith, Applied Regression Analysis, ch. 2), and
    the SD of replicates."""
    pure, levels = 0.0, np.unique(x)
    for level in levels:
        replicates = y[x == level]
        deviation = replicates - replicates.sum() / replicates.size
        pure += float((deviation * deviation).sum())
    freedom = x.size - levels.size
    if freedom < 1:
        return None, None, None
    sd = math.sqrt(pure / freedom)
    if levels.size < 3 or pure == 0:
        return None, None, sd
    f = (residual_ss - pure) / (levels.size - 2) / (pure / freedom)
    return f, float(fdtrc(levels.size - 2, freedom, f)), sd


def read_quantity(curve: StandardCurve, cqs: Floats, confidence: float = 0.95) -> Reading:
    """Quantity of a sample from its replicate Cqs (inverse prediction).

    The interval is Fieller's (1954, J R Stat Soc B 16:175), exact for a straight calibration line; the
    variance pools the curve's residuals with the sample's own replicates, as Draper and Smith do. The
    standard error of the log10 quantity is the delta-method one with the same variance.

    Raises:
        ValueError: no Cq, or one that is not a number.
    """
    m = cqs.size
    if m == 0 or not np.isfinite(cqs).all():
        raise ValueError("a quantity needs at least one Cq")
    mean = float(cqs.sum() / m)
    deviation = cqs - mean
    own_ss = float((deviation * deviation).sum())
    freedom = curve.freedom + m - 1
    variance = (curve.residual_sd**2 * curve.freedom + own_ss) / freedom
    b, dy = curve.slope, mean - curve.y_mean
    log10 = curve.x_mean + dy / b
    spread = 1 / m + 1 / curve.n
    se = math.sqrt(variance * (spread + dy**2 / (b**2 * curve.sxx))) / abs(b)
    t = float(stdtrit(freedom, (1 + confidence) / 2))
    g = b**2 - t**2 * variance / curve.sxx
    low = high = None
    if g > 0:
        centre = curve.x_mean + b * dy / g
        half = t * math.sqrt(variance * (dy**2 / curve.sxx + spread * g)) / g
        low, high = _power(centre - half), _power(centre + half)
    quantity = _power(log10)
    # A standard's own wells must not fall out of range by rounding.
    in_range = curve.lowest * (1 - 1e-9) <= quantity <= curve.highest * (1 + 1e-9)
    sd = math.sqrt(own_ss / (m - 1)) if m > 1 else None
    return Reading(log10, se, freedom, quantity, low, high, m, mean, sd, in_range)
