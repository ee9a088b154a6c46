"""Decimal numbers as people type them, with comma or point; what could mean two numbers is read as neither."""

import re

#: Blanks that part thousands: "1 234.5", also with the narrow and the fixed space.
_THOUSANDS = re.compile(r"(?<=[0-9])[ \u202f\u00a0](?=[0-9]{3}(?![0-9]))")
#: One number or a thousand times that, by whether the mark stands before decimals or parts thousands.
_TWO_WAYS = {mark: re.compile(rf"[<>]? ?[+-]?[1-9][0-9]{{0,2}}\{mark}[0-9]{{3}}") for mark in ".,"}


class TwoReadings(ValueError):
    """The text is one number to some readers and a thousand times that to others."""


def with_point(text: str, *, comma: bool) -> str:
    """The text with a decimal point, without blanks between thousands. It need not be a number yet.

    Args:
        comma: whether the typist's language writes decimals with a comma.

    >>> with_point(" 1 250,50 ", comma=False)
    '1250.50'
    >>> with_point("1,234", comma=True)
    '1.234'
    >>> with_point("1,234", comma=False)
    Traceback (most recent call last):
        ...
    atmpxb.quality.typed_numbers.TwoReadings: 1,234
    """
    plain = _THOUSANDS.sub("", text.strip()).replace("−", "-")
    if _TWO_WAYS["." if comma else ","].fullmatch(plain):
        raise TwoReadings(plain)
    return plain if "." in plain else plain.replace(",", ".")
