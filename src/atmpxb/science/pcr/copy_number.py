"""Vector copy number: integrated vector copies per cell, from two quantities of the same DNA."""

import math
from dataclasses import dataclass

from scipy.special import stdtrit

from .standard_curve import Reading


@dataclass(frozen=True, slots=True)
class CopyNumber:
    """Copies per cell with the bounds of its confidence interval; ``se_log10`` and ``freedom`` are behind
    them."""

    copies_per_cell: float
    low: float
    high: float
    se_log10: float
    freedom: float


def vector_copy_number(
    vector: Reading, reference: Reading, reference_copies_per_cell: float = 2.0, confidence: float = 0.95
) -> CopyNumber:
    """Vector copies / reference copies × copies of the reference gene in a cell (2 in a diploid one).

    Variances of the two log10 quantities (curve and replicates, ``read_quantity``) add up; their degrees
    of freedom combine by Welch and Satterthwaite (GUM, JCGM 100:2008, G.4). Both targets must come from
    the same DNA, and their standards must be in the same unit. Wells that measure both targets share their
    pipetting error, which only narrows the true uncertainty, so the interval is on the safe side.

    Raises:
        ValueError: copies of the reference that are not above zero.

    >>> r = lambda q: Reading(math.log10(q), 0.01, 13, q, q * 0.95, q * 1.05, 3, 25.0, 0.03, True)
    >>> round(vector_copy_number(r(3000.0), r(2000.0)).copies_per_cell, 6)
    3.0
    """
    if not reference_copies_per_cell > 0:
        raise ValueError("a cell carries more than zero copies of the reference")
    log10 = vector.log10 - reference.log10 + math.log10(reference_copies_per_cell)
    v, r = vector.se**2, reference.se**2
    se = math.sqrt(v + r)
    parts = v**2 / vector.freedom + r**2 / reference.freedom
    freedom = (v + r) ** 2 / parts if parts > 0 else float(vector.freedom + reference.freedom)
    half = float(stdtrit(freedom, (1 + confidence) / 2)) * se
    return CopyNumber(10**log10, 10 ** (log10 - half), 10 ** (log10 + half), se, freedom)
