"""Confidence intervals of a proportion."""

from math import sqrt
from statistics import NormalDist


def wilson_interval(successes: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Score interval of a binomial proportion (Wilson 1927, J Am Stat Assoc 22:209), two-sided.

    Args: counts, dimensionless; ``0 <= successes <= total``, ``total > 0``; ``0 < confidence < 1``.
    Returns: lower and upper bound, in [0, 1].
    Raises:
        ValueError: counts or confidence out of bounds.

    >>> low, high = wilson_interval(921, 1000)
    >>> round(low, 4), round(high, 4)
    (0.9026, 0.9362)
    """
    if not 0 <= successes <= total or total == 0:
        raise ValueError(f"{successes} of {total} is not a proportion")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / total
    centre = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    # at 0 and at total the bound is exactly 0 or 1; rounding must not push it across
    low = 0.0 if successes == 0 else max((centre - spread) / scale, 0.0)
    high = 1.0 if successes == total else min((centre + spread) / scale, 1.0)
    return low, high
