"""Text in a sample field that looks like a patient: a person's name or a birth date.

A look-alike is a reason for a person to look, so the rules are few and plain. Operators are staff, whose
names belong in the record; they are not looked at.
"""

import re

_WORD = r"[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]{2,}(?:[-'’][A-Za-zÀ-ÿ]+)*"
_PREFIX = r"(?:(?:van|de|der|den|von|le|la|el|di|da|ten|ter|d')[ _])*"
_NAME = re.compile(rf"(?<![A-Za-z0-9])({_WORD},?[ _]+{_PREFIX}{_WORD})(?![A-Za-z0-9])")
#: Laboratory words that make two capitalised words no name.
_TERMS = frozenset(
    [
        "cell",
        "cells",
        "wash",
        "normal",
        "day",
        "sample",
        "control",
        "blank",
        "test",
        "count",
        "viability",
        "batch",
        "donor",
        "patient",
        "vial",
        "passage",
        "lot",
        "positive",
        "negative",
        "standard",
        "fast",
        "high",
        "low",
        "medium",
        "mammalian",
        "human",
        "thawed",
        "fresh",
        "final",
        "product",
        "pre",
        "post",
    ]
)
_DAY, _MONTH, _YEAR = r"(0?[1-9]|[12]\d|3[01])", r"(0?[1-9]|1[0-2])", r"(19\d\d|20[01]\d)"
_BIRTH = re.compile(
    rf"(?<!\d)(?:{_DAY}[./-]{_MONTH}[./-]{_YEAR}|{_YEAR}[./-]{_MONTH}[./-]{_DAY})(?!\d)"
    rf"|(?i:\b(?:dob|born|geboren|geb)\b)"
)


def looks_personal(text: str) -> str:
    """What the text looks like: ``"name"``, ``"birth date"`` or ``""``.

    >>> looks_personal("Jan Janssens T0"), looks_personal("12/03/1961"), looks_personal("CART-0012 day 7")
    ('name', 'birth date', '')
    """
    if _BIRTH.search(text):
        return "birth date"
    for match in _NAME.finditer(text):
        words = re.split(r"[ _,]+", match[1].casefold())
        if not _TERMS.intersection(words):
            return "name"
    return ""
