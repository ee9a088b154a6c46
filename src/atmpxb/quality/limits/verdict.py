"""A value against a limit: rounded once, when compared, by the rule that the specification names.

All arithmetic is decimal. The rounding of ``ph_eur_general`` is that of the General Notices of the European
Pharmacopoeia (the chapter on limits) and of USP General Notices 7.20: the value is first rounded to the last
digit that the limit shows; a rejected part of one half or more raises the last digit (away from zero).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from enum import StrEnum
from typing import Protocol
from unicodedata import normalize

from atmpxb.quality.assays.seam import Interval

#: Values and limits beyond 10 to the power ±400 are no measurements; within it every digit is kept.
LARGEST_EXPONENT = 400
_EXACT = Context(prec=2 * LARGEST_EXPONENT + 50)

ROUNDING_RULES = ("ph_eur_general", "half_even", "none")


class Outcome(StrEnum):
    """What a value means for the batch."""

    COMPLIES = "complies"
    DOES_NOT_COMPLY = "does_not_comply"
    UNDETERMINED = "undetermined"
    REPORTED = "reported"  # informative, or no limit


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit: bounds as decimal text whose last digit counts, or the words that comply.

    >>> Limit(low="80.0").text("%")
    '≥ 80.0 %'
    >>> Limit(low="95.0", high="105.0", high_inclusive=False).text("%")
    '≥ 95.0 %, < 105.0 %'
    """

    low: str | None = None
    high: str | None = None
    low_inclusive: bool = True
    high_inclusive: bool = True
    words: tuple[str, ...] = ()

    def text(self, unit: str = "") -> str:
        """The limit as a reader sees it, with its own digits and a decimal point."""
        if self.words:
            return " / ".join(self.words)
        low = f"{'≥' if self.low_inclusive else '>'} {self.low} {unit}".rstrip() if self.low else ""
        high = f"{'≤' if self.high_inclusive else '<'} {self.high} {unit}".rstrip() if self.high else ""
        return ", ".join(bound for bound in (low, high) if bound)


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a value is rounded before it is compared: a rule, and digits where the limit does not give them.

    At most one of ``decimals`` (places after the point) and ``significant`` (figures) is set; with neither,
    the last digit of the limit decides.
    """

    rule: str = "ph_eur_general"
    decimals: int | None = None
    significant: int | None = None


class Line(Protocol):
    """What judging needs of a specification line."""

    @property
    def limit(self) -> Limit | None: ...
    @property
    def rounding(self) -> Rounding: ...
    @property
    def informative(self) -> bool: ...
    @property
    def unit(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome and everything that a reader needs to follow it.

    ``reported`` is the value as the certificate prints it (rounded, decimal point, no unit; empty without a
    value). ``near_limit`` tells that the interval of the value reaches over a limit: the verdict stands by
    the value itself, and a reviewer should know.
    """

    outcome: Outcome
    reported: str
    limit: str
    rounding: str
    near_limit: bool = False
    why: Mapping[str, str] = field(default_factory=dict)


def judge(value: str | None, interval: Interval | None, line: Line, unit: str | None = None) -> Verdict:
    """Judge a value (unrounded decimal text, ``<x`` or ``>x`` outside the range of a method, or words).

    A value that is absent or can't be compared is undetermined, never a failure and never a pass.

    Args:
        unit: that of the value, where it may be another one than the line's. Nothing is converted.
    """
    limit = line.limit
    text = limit.text(line.unit) if limit else ""
    rule = line.rounding.rule

    def verdict(outcome: Outcome, reported: str, near: bool = False, **why: str) -> Verdict:
        return Verdict(outcome, reported, text, rule, near, why)

    if value is None or not value.strip():
        return verdict(Outcome.UNDETERMINED, "", en="There is no value.", nl="Er is geen waarde.")
    value = value.strip()
    if unit is not None and not same_unit(unit, line.unit):
        return verdict(
            Outcome.UNDETERMINED,
            value,
            en=f"The value is in {unit or 'no unit'} and the specification asks for {line.unit or 'no unit'}.",
            nl=f"De waarde is in {unit or 'geen eenheid'} en de specificatie vraagt {line.unit or 'geen eenheid'}.",
        )
    if limit and limit.words:
        accepted = value.casefold() in {word.casefold() for word in limit.words}
        met = Outcome.COMPLIES if accepted else Outcome.DOES_NOT_COMPLY
        return verdict(Outcome.REPORTED if line.informative else met, value)
    sign, number = _number(value)
    if number is None:
        if limit is None:
            return verdict(Outcome.REPORTED, value)
        return verdict(
            Outcome.UNDETERMINED,
            value,
            en="The value is not a number and can't be compared with the limit.",
            nl="De waarde is geen getal en kan niet met de limiet vergeleken worden.",
        )
    rounded = number if sign else _rounded(number, limit, line.rounding)
    reported = f"{sign} {value[1:].strip()}" if sign else _text(rounded, number, value, limit, line.rounding)
    if line.informative or limit is None or (limit.low is None and limit.high is None):
        return verdict(Outcome.REPORTED, reported)
    kept = _kept_beyond(sign, number, limit) if sign else _kept(rounded, limit)
    if kept is None:
        return verdict(
            Outcome.UNDETERMINED,
            reported,
            en="The value lies outside the range of the method, and the limit inside it.",
            nl="De waarde ligt buiten het bereik van de methode, en de limiet erbinnen.",
        )
    near = not sign and _near(interval, kept, limit, line.rounding)
    return verdict(Outcome.COMPLIES if kept else Outcome.DOES_NOT_COMPLY, reported, near)


def same_unit(one: str, other: str) -> bool:
    """Whether two units are written alike, whichever of its two signs stands for micro.

    >>> same_unit("\u00b5g/mL", "\u03bcg/mL"), same_unit("cells/mL", "10^6 cells/mL")
    (True, False)
    """
    return normalize("NFKC", one).strip() == normalize("NFKC", other).strip()


def _number(value: str) -> tuple[str, Decimal | None]:
    """``"<0.5"`` → ("<", 0.5); None for words, NaN, infinities and magnitudes that no assay measures."""
    sign = value[0] if value[0] in "<>" else ""
    try:
        number = Decimal(value[len(sign) :].strip())
    except InvalidOperation:
        return sign, None
    if not number.is_finite() or abs(number.adjusted()) > LARGEST_EXPONENT:
        return sign, None
    exponent = number.as_tuple().exponent
    return sign, number if isinstance(exponent, int) and exponent >= -LARGEST_EXPONENT else None


def last_digit(bound: str) -> int:
    """The power of ten of the last digit shown.

    >>> last_digit("80.0"), last_digit("80"), last_digit("1.0E6")
    (-1, 0, 5)
    """
    exponent = Decimal(bound).as_tuple().exponent
    assert isinstance(exponent, int), f"{bound} is not finite"
    return exponent


def _rounded(number: Decimal, limit: Limit | None, rounding: Rounding) -> Decimal:
    place = _place(number, limit, rounding)
    if place is None:
        return number
    mode = ROUND_HALF_EVEN if rounding.rule == "half_even" else ROUND_HALF_UP
    rounded = number.quantize(Decimal(1).scaleb(place), rounding=mode, context=_EXACT)
    if rounding.significant is not None and rounded and rounded.adjusted() > number.adjusted():
        # 99.96 to three figures is 100, not 100.0: the carry added a figure.
        rounded = rounded.quantize(Decimal(1).scaleb(place + 1), rounding=mode, context=_EXACT)
    return abs(rounded) if rounded.is_zero() else rounded


def _place(number: Decimal, limit: Limit | None, rounding: Rounding) -> int | None:
    """The power of ten of the last digit that is kept; None to keep all."""
    if rounding.rule == "none":
        return None
    if rounding.decimals is not None:
        return -rounding.decimals
    if rounding.significant is not None:
        return (number.adjusted() if number else 0) - rounding.significant + 1
    bounds = [bound for bound in (limit.low, limit.high) if bound] if limit else []
    return min((last_digit(bound) for bound in bounds), default=None)


def _text(number: Decimal, exact: Decimal, value: str, limit: Limit | None, rounding: Rounding) -> str:
    """Printed in the notation of the limit: plain digits, or a power of ten where the limit uses one."""
    if number is exact and _place(exact, limit, rounding) is None:
        return value
    scientific = limit is not None and any("E" in (bound or "").upper() for bound in (limit.low, limit.high))
    place = number.as_tuple().exponent
    if not number or not (scientific or (isinstance(place, int) and place > 0 and rounding.significant)):
        return f"{number:f}"
    mantissa = number.scaleb(-number.adjusted(), context=_EXACT)
    return f"{mantissa:f}E{number.adjusted()}"


def _kept(number: Decimal, limit: Limit) -> bool:
    low = None if limit.low is None else Decimal(limit.low)
    high = None if limit.high is None else Decimal(limit.high)
    above = low is None or number > low or (limit.low_inclusive and number == low)
    below = high is None or number < high or (limit.high_inclusive and number == high)
    return above and below


def _kept_beyond(sign: str, bound: Decimal, limit: Limit) -> bool | None:
    """A value known only to lie below (``<``) or above (``>``) a bound; None where that does not decide."""
    near, far = (limit.high, limit.low) if sign == "<" else (limit.low, limit.high)

    def inside(edge: str) -> bool:
        return bound <= Decimal(edge) if sign == "<" else bound >= Decimal(edge)

    if far is not None:
        return False if inside(far) else None
    return True if near is not None and inside(near) else None


def _near(interval: Interval | None, kept: bool, limit: Limit, rounding: Rounding) -> bool:
    """Does an end of the interval fall on the other side of a limit than the value itself?"""
    if interval is None:
        return False
    ends = (_number(interval.low.strip() or "?")[1], _number(interval.high.strip() or "?")[1])
    return any(_kept(_rounded(end, limit, rounding), limit) != kept for end in ends if end is not None)
