"""Which aliquots a batch gives, and what is left out when a patient's material is short."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from atmpxb.notes import Note, note

type Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Aliquot:
    """A portion of the product for some tests. Volumes in µL; `priority` 1 is served first.

    ``hold_hours``: how long the aliquot may wait before testing, or None when it has no such limit. Its temperature on
    arrival lies between ``temperature_low`` and ``temperature_high`` in °C, where these are set.
    """

    code: str
    title: Words
    volume_ul: Decimal
    minimum_ul: Decimal
    priority: int
    tests: tuple[str, ...]
    hold_hours: Decimal | None = None
    temperature_low: Decimal | None = None
    temperature_high: Decimal | None = None

    def excursion(self, temperature_c: Decimal) -> Note | None:
        """How a temperature on arrival breaks the limits; None where it keeps them, or there are none."""
        low, high = self.temperature_low, self.temperature_high
        if (low is None or temperature_c >= low) and (high is None or temperature_c <= high):
            return None
        facts = {"temperature": f"{temperature_c.normalize():f}", "low": low, "high": high}
        if high is None:
            return note("sample.too_cold", "{temperature} °C; at least {low} °C is allowed", **facts)
        if low is None:
            return note("sample.too_warm", "{temperature} °C; at most {high} °C is allowed", **facts)
        return note("sample.off_temperature", "{temperature} °C; {low} to {high} °C is allowed", **facts)


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """The aliquots of a batch, the care that it needs, and its retention sample or the waiver of it."""

    aliquots: tuple[Aliquot, ...]
    biosafety_class: str = ""
    gmo_class: str = ""
    retention_ul: Decimal | None = None
    waiver: str = ""


@dataclass(frozen=True, slots=True)
class Portion:
    """What an aliquot gets, in µL. ``full`` is False where it got less than planned but enough to test."""

    aliquot: str
    volume_ul: Decimal
    full: bool


@dataclass(frozen=True, slots=True)
class Shortage:
    """An aliquot that can't be filled, the tests that fall with it, and the volume that is missing (µL)."""

    aliquot: str
    tests: tuple[str, ...]
    missing_ul: Decimal
    why: Words


@dataclass(frozen=True, slots=True)
class Allocation:
    """How a volume is divided. Portions, retention and remainder sum to what was available."""

    portions: tuple[Portion, ...]
    shortages: tuple[Shortage, ...]
    untested: tuple[str, ...]
    retention_ul: Decimal
    remaining_ul: Decimal
    warnings: tuple[Words, ...] = field(default=())


def allocate(plan: SamplingPlan, available_ul: Decimal | int | str) -> Allocation:
    """Divide a volume over the aliquots of a plan.

    First every aliquot gets its minimum, in order of priority (then of the plan), so that as many tests as
    possible can be done; then the same order is topped up to the planned volumes. The retention sample comes
    last: a test that decides on the release of a patient's only dose goes before material kept for later.

    Args:
        available_ul: the volume at hand in µL, not negative.

    Raises:
        ValueError: the volume is negative or not a number.
    """
    available = Decimal(available_ul)
    if not available.is_finite() or available < 0:
        raise ValueError(f"{available_ul} µL is not a volume")
    order = sorted(plan.aliquots, key=lambda aliquot: aliquot.priority)
    given: dict[str, Decimal] = {}
    shortages: list[Shortage] = []
    left = available
    for aliquot in order:
        if aliquot.minimum_ul <= left:
            given[aliquot.code] = aliquot.minimum_ul
            left -= aliquot.minimum_ul
        else:
            shortages.append(_shortage(aliquot, left))
    for aliquot in order:
        if aliquot.code in given:
            more = min(aliquot.volume_ul - aliquot.minimum_ul, left)
            given[aliquot.code] += more
            left -= more
    kept, warnings = _retained(plan, left)
    served = {test for aliquot in order if aliquot.code in given for test in aliquot.tests}
    lost = dict.fromkeys(test for shortage in shortages for test in shortage.tests if test not in served)
    portions = (
        Portion(aliquot.code, given[aliquot.code], given[aliquot.code] == aliquot.volume_ul)
        for aliquot in order
        if aliquot.code in given
    )
    return Allocation(tuple(portions), tuple(shortages), tuple(lost), kept, left - kept, warnings)


def _shortage(aliquot: Aliquot, left: Decimal) -> Shortage:
    need, have = aliquot.minimum_ul, left
    why = {
        "en": f"{aliquot.title.get('en', aliquot.code)} needs at least {need} µL; {have} µL is left"
        " after the aliquots of higher priority.",
        "nl": f"{aliquot.title.get('nl', aliquot.code)} vraagt minstens {need} µL; er is nog {have} µL"
        " over na de delen met hogere prioriteit.",
    }
    return Shortage(aliquot.code, aliquot.tests, need - have, why)


def _retained(plan: SamplingPlan, left: Decimal) -> tuple[Decimal, tuple[Words, ...]]:
    wanted = plan.retention_ul
    if wanted is None:
        return Decimal(0), ()
    if wanted <= left:
        return wanted, ()
    warning = {
        "en": f"The retention sample needs {wanted} µL; {left} µL is left. Record a waiver with its reason",
        "nl": f"Het retentiestaal vraagt {wanted} µL; er is nog {left} µL. Leg een ontheffing met reden vast",
    }
    return left, (warning,)
