"""Numbers and moments as a reader of a language writes them. Digits are never changed, only dressed."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Context, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from django.utils import dateformat
from django.utils.translation import gettext, override

#: Narrow no-break space: groups of thousands stay on one line and are not read as a decimal mark.
THIN_SPACE = "\u202f"
#: What stands where a value is absent. Absent is never zero.
ABSENT = "–"

_NUMBER = re.compile(
    r"(?P<bound>[<>≤≥~≈]?\s?)(?P<sign>[+\-−]?)(?P<whole>\d+)(?:\.(?P<part>\d+))?(?:[eE](?P<power>[+\-]?\d+))?"
)
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

#: A power of ten in a code of a unit, and one that follows a number.
_POWER = re.compile(r"\b10\^(-?\d+)")
_FRACTION = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.])")
_SIX = Context(prec=6)
_TIMES = re.compile(r"(\d) 10\^")
_AMPLE = Context(prec=60)

#: A decimal number that stands alone: not part of a word, a label, a date, a version or a power.
_FIGURE = re.compile(r"(?<![\w.^-])[-−]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w^]|\.\d|-\d)")


def decimal_text(value: str | int | Decimal | None, language: str) -> str:
    """Write a decimal in a language: grouped thousands, comma in Dutch, every digit kept.

    Text that is not a number (an observation) comes back as it is. Floats are refused: what they show depends
    on who prints them.

    >>> decimal_text("1234567.8900", "nl").replace(THIN_SPACE, "_")
    '1_234_567,8900'
    >>> decimal_text("<0.5", "en"), decimal_text("1e-05", "nl"), decimal_text("Clear", "nl")
    ('<0.5', '1 × 10⁻⁵', 'Clear')
    """
    if isinstance(value, float | bool):
        raise TypeError(f"a stored value is decimal text, got {value!r}")
    if value is None or value == "":
        return ABSENT
    text = str(value).strip()
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    mark = "," if language.startswith("nl") else "."
    sign = "−" if number["sign"] in ("-", "−") else number["sign"]
    written = number["bound"] + sign + _grouped(number["whole"])
    if number["part"] is not None:
        written += mark + number["part"]
    if number["power"] is not None:
        written += f" × 10{str(int(number['power'])).translate(_RAISED)}"
    return written


def figures_text(text: str, language: str) -> str:
    """Write the numbers inside a short text in a language: a criterion, a value with its unit.

    >>> figures_text("≥ 1.5 copies/cell, ≤ 2500 copies/cell", "nl").replace(THIN_SPACE, "_")
    '≥ 1,5 copies/cell, ≤ 2_500 copies/cell'
    >>> figures_text("≥ 1.0 10^6 cells/mL", "nl"), figures_text("Ct 28.4", "en"), figures_text("CART-0917", "nl")
    ('≥ 1,0 × 10⁶ cells/mL', 'Ct 28.4', 'CART-0917')
    """
    return unit_text(_FIGURE.sub(lambda found: decimal_text(found[0], language), _TIMES.sub(r"\1 × 10^", text)))


def brief_text(text: str) -> str:
    """A text for the eye: numbers of more than six significant digits with six. Records and exports keep them all.

    >>> brief_text("0.9995797888858158"), brief_text("2.074047682647842 copies/cell"), brief_text("48.98 of 120000")
    ('0.999580', '2.07405 copies/cell', '48.98 of 120000')
    >>> brief_text("0.00001234567891"), brief_text("1.50"), brief_text("no amplification in 45 cycles, FC-010 v1.0")
    ('0.0000123457', '1.50', 'no amplification in 45 cycles, FC-010 v1.0')
    """
    return _FRACTION.sub(lambda found: f"{_SIX.plus(Decimal(found[0])):f}", text)


def unit_text(unit: str, *, after: bool = False) -> str:
    """A unit as typeset: powers raised. ``after`` a number, a power of ten is multiplied with it.

    Only the dress changes: records, documents and exports keep the code of the unit.

    >>> unit_text("10^6 cells/mL"), unit_text("10^6 cells/mL", after=True), unit_text("mg/L", after=True)
    ('10⁶ cells/mL', '× 10⁶ cells/mL', 'mg/L')
    """
    written = _POWER.sub(lambda found: "10" + found[1].translate(_RAISED), unit)
    return f"× {written}" if after and unit.startswith("10^") else written


def interval_text(end: str, reported: str | None) -> str:
    """An end of an interval with two digits more than the reported value shows; text that is no number stays.

    >>> interval_text("2.304128608109873", "2.6"), interval_text("61.5", "62"), interval_text("0.5", "< 1")
    ('2.304', '61.50', '0.50')
    >>> interval_text("1234567.4", "1.2E6"), interval_text("n/a", "1.0"), interval_text("2.34567", None)
    ('1235000', 'n/a', '2.346')
    """
    number, shown = _number(end), _number(reported or "")
    if number is None:
        return end
    exponent = shown.as_tuple().exponent if shown is not None else number.adjusted() - 1
    assert isinstance(exponent, int)
    place = Decimal(1).scaleb(exponent - 2)
    return f"{number.quantize(place, context=_AMPLE):f}"


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.lstrip("<>≤≥ "))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _grouped(digits: str) -> str:
    head = len(digits) % 3
    groups = ([digits[:head]] if head else []) + [digits[i : i + 3] for i in range(head, len(digits), 3)]
    return THIN_SPACE.join(groups)


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as written for a reader, and as a machine reads it."""

    machine: str
    words: str


def in_zone(at: datetime, zone: str | tzinfo | None) -> datetime:
    """Move an aware moment to a zone (IANA name; UTC when none is given). Refuses naive moments."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no zone: keep times in UTC with their zone")
    return at.astimezone(ZoneInfo(zone) if isinstance(zone, str) and zone else (zone or ZoneInfo("UTC")))


def moment(at: datetime | date, zone: str | tzinfo | None, language: str, pattern: str = "j M Y H:i") -> Moment:
    """Write a date, or a date and time with the abbreviation of its zone.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 11, 22, 13, 2, tzinfo=UTC), "Europe/Brussels", "en")
    Moment(machine='2026-11-22T14:02:00+01:00', words='22 Nov 2026 14:02 CET')
    """
    if language.startswith("nl"):
        pattern = pattern.replace("M", "b")  # months are no names in Dutch: no capital
    with override(language):
        if not isinstance(at, datetime):
            return Moment(at.isoformat(), dateformat.format(at, pattern))
        local = in_zone(at, zone)
        # dateformat would turn an aware moment to the server's zone; the wall clock is already right here.
        words = dateformat.format(local.replace(tzinfo=None), pattern)
    return Moment(local.isoformat(timespec="seconds"), f"{words} {local.tzname()}")


def span_text(span: timedelta) -> str:
    """Write a length of time in its two largest units: ``2 h 10 min``, ``3 d 4 h``. Never negative."""
    minutes = int(abs(span).total_seconds()) // 60
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return gettext("%(days)s d %(hours)s h") % {"days": days, "hours": hours}
    if hours:
        return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    return gettext("%(minutes)s min") % {"minutes": minutes}


def due_text(at: datetime, now: datetime) -> str:
    """Write how long there is until a moment, or how long it has passed, by the server's clock."""
    span = span_text(at - now)
    return gettext("%(span)s left") % {"span": span} if at > now else gettext("%(span)s late") % {"span": span}
