"""Viability and concentration of cells, and how sure a count is.

ISO 20391-1 asks for a count to be given with its uncertainty and for a measurement to be checked against
its own principle: cells seen are a Poisson sample of the suspension, the viable among them a binomial
sample of all. ISO 20391-2 judges a counting process by replicates and dilutions. The formulas here are of
their sources named below.
"""

from dataclasses import dataclass
from decimal import Decimal

from scipy.special import chdtri

from atmpxb.notes import Note, Noted, note
from atmpxb.science.instruments.counters import CellCount
from atmpxb.science.statistics.proportion import wilson_interval


class DilutionError(Noted, ValueError):
    """A factor that no dilution has."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with a confidence interval, in one unit. Bounds None: no basis for an interval."""

    value: float
    low: float | None = None
    high: float | None = None
    method: str = ""


def viability(viable: int, total: int, confidence: float = 0.95) -> Estimate:
    """Viable cells as a share of all, in percent, with the interval of Wilson (1927).

    Raises:
        ValueError: no cells, or more viable cells than cells.

    >>> estimate = viability(921, 1000)
    >>> round(estimate.value, 1), round(estimate.low, 2), round(estimate.high, 2)
    (92.1, 90.26, 93.62)
    """
    low, high = wilson_interval(viable, total, confidence)
    return Estimate(100 * viable / total, 100 * low, 100 * high, "Wilson score")


def poisson_interval(count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of the mean of a Poisson count (Garwood 1936, Biometrika 28:437).

    Args: ``count`` in cells, not negative; ``0 < confidence < 1``.
    Returns: lower and upper bound of the expected count, in cells.
    Raises:
        ValueError: count or confidence out of bounds.

    >>> low, high = poisson_interval(10)
    >>> round(low, 2), round(high, 2)
    (4.8, 18.39)
    """
    if count < 0:
        raise ValueError(f"{count} is no count")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    tail = (1 - confidence) / 2
    # chdtri(df, p) is the chi-square quantile with upper tail p.
    low = 0.0 if count == 0 else float(chdtri(2 * count, 1 - tail)) / 2
    return low, float(chdtri(2 * count + 2, tail)) / 2


def diluted(concentration: float, factor: float) -> float:
    """Concentration before a dilution, in the unit of ``concentration``.

    Args:
        factor: final volume over sample volume, dimensionless: 1 part in 10 is 10; at least 1.

    Raises:
        DilutionError: the factor is below 1 or not finite.

    >>> diluted(1.2e6, 2)
    2400000.0
    """
    if not 1 <= factor < float("inf"):
        raise DilutionError(
            "count.dilution",
            "a dilution factor is at least 1 (final volume over sample volume), not {factor}",
            factor=f"{factor:g}",
        )
    return concentration * factor


def inconsistencies(count: CellCount) -> tuple[Note, ...]:
    """What in a measurement contradicts itself beyond the rounding of the printed digits.

    Viability, counts and concentrations say the same thing thrice; an edited export seldom does.
    """
    found: list[Note] = []
    if count.total_count is not None and count.viable_count is not None:
        if count.viable_count > count.total_count:
            found.append(
                note(
                    "count.more_viable_than_all",
                    "{viable} viable cells of {total} cells",
                    viable=count.viable_count,
                    total=count.total_count,
                )
            )
        elif count.total_count and count.viability is not None:
            share = Decimal(100) * count.viable_count / count.total_count
            if abs(share - count.viability) > _half_unit(count.viability) + Decimal("0.005"):
                found.append(_contradiction(count.viability, f"{count.viable_count}", f"{count.total_count}", ""))
    if count.viability is not None and not 0 <= count.viability <= 100:
        found.append(note("count.impossible_viability", "viability {viability} %", viability=count.viability))
    if count.total_per_ml and count.viable_per_ml is not None and count.viability is not None:
        room, above = _half_unit(count.total_per_ml), _half_unit(count.viable_per_ml)
        lowest = 100 * (count.viable_per_ml - above) / (count.total_per_ml + room)
        highest = 100 * (count.viable_per_ml + above) / max(count.total_per_ml - room, room)
        slack = _half_unit(count.viability)
        if not lowest - slack <= count.viability <= highest + slack:
            parts = (f"{count.viable_per_ml:f}", f"{count.total_per_ml:f}")
            found.append(_contradiction(count.viability, *parts, "/mL"))
    return tuple(found)


def _contradiction(viability: Decimal, viable: str, total: str, unit: str) -> Note:
    return note(
        "count.contradiction",
        "viability {viability} % where {viable} of {total} cells{unit} are viable",
        viability=viability,
        viable=viable,
        total=total,
        unit=unit,
    )


def _half_unit(value: Decimal) -> Decimal:
    """Half of the last digit shown."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), f"{value} is not finite"
    return Decimal(5).scaleb(exponent - 1)
