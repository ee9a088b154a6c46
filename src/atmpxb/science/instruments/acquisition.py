"""When a file says that it was measured: the time formats of instruments, read without guessing.

Instruments write local time, mostly without a zone, and some write a date whose order of day and month can't be told.
What can be read in one way only is read; everything else is no time at all, so that nobody relies on it.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)")
_NAMED = re.compile(r"(?P<d>\d{1,2})[- ](?P<name>[A-Za-z]{3})[a-z]*[- ](?P<y>\d{4})")
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?=[ T])")
_SLASHED = re.compile(r"(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<y>\d{4})")
#: FCS 2.0 counts 1/60 s behind a third colon, FCS 3.x hundredths behind a point; neither matters for a date.
_CLOCK = re.compile(
    r"[T ]+(?P<h>\d{1,2}):?(?P<min>\d\d)(?::?(?P<s>\d\d)(?:[.:]\d{1,9})?)? ?(?P<half>[AaPp][Mm])?(?P<rest>.*)"
)
_ZONE = re.compile(r" ?(?:UTC|GMT)?(?P<sign>[+-])(?P<h>\d{1,2})(?::?(?P<m>\d\d))?| ?(?P<utc>Z|UTC|GMT)")


@dataclass(frozen=True, slots=True)
class StatedTime:
    """A time as a file states it: naive where it names no zone; ``precision`` is the last unit that it shows."""

    at: datetime
    precision: timedelta

    @property
    def zoneless(self) -> bool:
        return self.at.tzinfo is None


def stated_time(text: str) -> StatedTime | None:
    """Read the acquisition time of a file; None where there is none, or where it can be read in two ways.

    >>> str(stated_time("20-NOV-2026 09:15:00").at), str(stated_time("20260321 163016 UTC+2").at)
    ('2026-11-20 09:15:00', '2026-03-21 16:30:16+02:00')
    >>> str(stated_time("3/21/2026 4:15 PM").at), stated_time("3/4/2026 10:15")
    ('2026-03-21 16:15:00', None)
    """
    text = text.strip()
    for form in (_ISO, _NAMED, _COMPACT, _SLASHED):
        if (day := form.match(text)) and (date := _date(day.groupdict())):
            clock = _CLOCK.fullmatch(text, day.end())
            return _time(date, clock) if clock else None
    return None


def _date(part: dict[str, str]) -> tuple[int, int, int] | None:
    if name := part.get("name"):
        month = _MONTHS.index(name.lower()) + 1 if name.lower() in _MONTHS else 0
        return (int(part["y"]), month, int(part["d"])) if month else None
    if "a" not in part:
        return int(part["y"]), int(part["m"]), int(part["d"])
    first, second = int(part["a"]), int(part["b"])
    if first == second or second > 12:
        return int(part["y"]), first, second
    return (int(part["y"]), second, first) if first > 12 else None


def _time(date: tuple[int, int, int], clock: re.Match[str]) -> StatedTime | None:
    hour, half = int(clock["h"]), (clock["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    zone = None
    if rest := clock["rest"]:
        named = _ZONE.fullmatch(rest)
        if named is None:
            return None
        shift = timedelta(hours=int(named["h"] or 0), minutes=int(named["m"] or 0))
        if shift >= timedelta(hours=24):
            return None
        zone = timezone(-shift if named["sign"] == "-" else shift)
    try:
        at = datetime(*date, hour, int(clock["min"]), int(clock["s"] or 0), tzinfo=zone)
    except ValueError:
        return None
    return StatedTime(at, timedelta(seconds=1) if clock["s"] else timedelta(minutes=1))
