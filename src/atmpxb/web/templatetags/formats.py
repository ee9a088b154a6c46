"""Template filters that write values, units and times as the reader's language does."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from atmpxb.web import formats

register = template.Library()


def _language() -> str:
    return get_language() or "en"


@register.filter
def decimal(value: str | int | Decimal | None) -> str:
    """``{{ "1234.50"|decimal }}``: the same digits, written as the reader's language does."""
    return formats.decimal_text(value, _language())


@register.filter
def figures(text: str | None) -> str:
    """``{{ check.criterion|figures }}``: a short text with the numbers in it written as the reader's language does."""
    return formats.figures_text(str(text), _language()) if text else formats.ABSENT


@register.filter
def brief(text: str | None) -> str | None:
    """``{{ check.observed|brief|figures }}``: six significant digits where a number has more."""
    return formats.brief_text(text) if text else text


@register.filter
def unit(code: str | None) -> str:
    """``{{ row.unit|unit }}``: a unit by itself, powers raised."""
    return formats.unit_text(code or "")


@register.filter
def measured(value: str | int | Decimal | None, code: str | None = "") -> str:
    """``{{ row.value|measured:row.unit }}``: a value with its unit; a dash without one where there is no value."""
    if value is None or value == "":
        return formats.ABSENT
    return f"{formats.decimal_text(value, _language())} {formats.unit_text(code or '', after=True)}".rstrip()


@register.simple_tag
def interval(low: str, high: str, reported: str | None = None, code: str = "") -> str:
    """``{% interval low high reported unit %}``: both ends, two digits finer than the reported value."""
    ends = (formats.decimal_text(formats.interval_text(end, reported), _language()) for end in (low, high))
    unit, span = formats.unit_text(code, after=True), " – ".join(ends)
    return f"({span}) {unit}" if unit.startswith("×") else f"{span} {unit}".rstrip()


def _time(at: datetime | date | None, zone: str | tzinfo | None, pattern: str) -> SafeString | str:
    if at is None:
        return formats.ABSENT
    written = formats.moment(at, zone, _language(), pattern)
    return format_html('<time datetime="{}">{}</time>', written.machine, written.words)


@register.filter
def moment(at: datetime | date | None, zone: str | tzinfo | None = None) -> SafeString | str:
    """``{{ at|moment:site.zone }}``: date, time and zone abbreviation inside a ``time`` element."""
    return _time(at, zone, "j M Y H:i" if isinstance(at, datetime) else "j M Y")


@register.filter
def clock(at: datetime | None, zone: str | tzinfo | None = None) -> SafeString | str:
    """``{{ at|clock:site.zone }}``: the time of the day with its zone, where the date is clear."""
    return _time(at, zone, "H:i")


@register.filter
def day(at: datetime | date | None, zone: str | tzinfo | None = None) -> SafeString | str:
    """``{{ at|day:site.zone }}``: the date. A moment is first moved to the zone."""
    if isinstance(at, datetime):
        at = formats.in_zone(at, zone).date()
    return _time(at, None, "j M Y")


@register.filter
def words(value: Mapping[str, str] | str | None) -> str:
    """``{{ method.title|words }}``: a text of a document in the reader's language, English where that is missing."""
    if value is None or isinstance(value, str):
        return value or ""
    return str(value.get(_language()[:2]) or value.get("en") or "")


@register.filter
def size(count: int | None) -> str:
    """``{{ file.bytes|size }}``: a number of bytes in binary multiples, as file lists show it."""
    if count is None:
        return formats.ABSENT
    amount, unit = Decimal(count), "B"
    for larger in ("KiB", "MiB", "GiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    digits = 0 if unit == "B" or amount >= 100 else 1
    return f"{formats.decimal_text(f'{amount:.{digits}f}', _language())} {unit}"
