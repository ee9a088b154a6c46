"""Replicate counts of one sample: mean, spread, and whether they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

from scipy.special import chdtrc, stdtrit

from atmpxb.science.cells.counts import Estimate


@dataclass(frozen=True, slots=True)
class Replicates:
    """Statistics of replicates in the unit of the values; ``sd`` and ``cv_percent`` None below two values.

    ``sd`` is the sample standard deviation (n - 1); ``cv_percent`` is also None where the mean is zero.
    """

    n: int
    mean: float
    sd: float | None
    cv_percent: float | None


def combine(values: Sequence[float]) -> Replicates:
    """Mean, standard deviation and coefficient of variation.

    Raises:
        ValueError: no values.

    >>> combine([8.0, 10.0, 12.0])
    Replicates(n=3, mean=10.0, sd=2.0, cv_percent=20.0)
    """
    if not values:
        raise ValueError("no replicate to combine")
    n = len(values)
    mean = fsum(values) / n
    if n < 2:
        return Replicates(n, mean, None, None)
    sd = sqrt(fsum((value - mean) ** 2 for value in values) / (n - 1))
    return Replicates(n, mean, sd, 100 * sd / abs(mean) if mean else None)


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Mean of replicates with the interval of Student (1908, Biometrika 6:1); no interval below two values.

    >>> estimate = mean_interval([9.0, 10.0, 11.0])
    >>> round(estimate.low, 3), round(estimate.high, 3)
    (7.516, 12.484)
    """
    found = combine(values)
    if found.sd is None:
        return Estimate(found.mean)
    half = float(stdtrit(found.n - 1, 0.5 + confidence / 2)) * found.sd / sqrt(found.n)
    return Estimate(found.mean, found.mean - half, found.mean + half, "Student t of replicates")


def relative_range(values: Sequence[float]) -> float | None:
    """Largest difference between replicates in percent of their mean; for a duplicate the difference itself.

    None below two values or where the mean is not above zero.

    >>> relative_range([95.0, 105.0])
    10.0
    """
    if len(values) < 2:
        return None
    mean = fsum(values) / len(values)
    return 100 * (max(values) - min(values)) / mean if mean > 0 else None


def dispersion_p(counts: Sequence[int], exposures: Sequence[float] | None = None) -> float | None:
    """Chance that Poisson counting alone makes replicate counts differ at least this much.

    The index of dispersion of Fisher, Thornton and Mackenzie (1922, Ann Appl Biol 9:325): the squared
    deviations from what a common concentration predicts, over the prediction, against chi-square with n - 1
    degrees.

    Args:
        counts: cells counted, one a replicate.
        exposures: what was looked at (images, volume), in one unit; equal when absent.

    Returns: p in [0, 1], or None below two replicates or without any cell.

    Raises:
        ValueError: an exposure is not above zero or their number differs from that of the counts.
    """
    shares = list(exposures) if exposures is not None else [1.0] * len(counts)
    if len(shares) != len(counts) or any(share <= 0 for share in shares):
        raise ValueError("each count needs an exposure above zero")
    if len(counts) < 2 or not sum(counts):
        return None
    rate = sum(counts) / fsum(shares)
    index = fsum((n - rate * share) ** 2 / (rate * share) for n, share in zip(counts, shares, strict=True))
    return float(chdtrc(len(counts) - 1, index))
