"""What a text looks like, judged by what its field is for. A finding is a reason for a person to look."""

import re
import unicodedata
from enum import StrEnum

from atmpxb.science.personal import shapes
from atmpxb.science.personal.numbers import PERHAPS, bank_account, national_number

_EARLIEST = 1900
#: Where nobody says when a file was measured, days of later years are days of work.
_BIRTHS_BEFORE = 2020


class Holds(StrEnum):
    """What a field is for."""

    CODE = "code"  #: a sample, a tube, a run: a code, never a name
    TEXT = "text"  #: free text, of a program or a person
    NOTE = "note"  #: free text that a person types into this product
    OTHER = "other"  #: what a maker added, unknown what for: judged as free text, but days in it are days of work
    PERSON = "person"  #: something about the patient or donor
    STAFF = "staff"  #: who worked: names and e-mail addresses belong there
    TECHNICAL = "technical"  #: settings and identifiers that programs write


def looks_personal(text: str, holds: Holds = Holds.CODE, measured: int | None = None) -> str:
    """``"name"``, ``"birth date"``, ``"national number"``, ``"e-mail address"``, ``"bank account"`` or ``""``; and
    ``PERHAPS`` where digits could be a national number and nothing says so, which is a doubt and no finding.

    Args:
        measured: the year in which the file was made. A day more than a year before it could be a birth date.

    >>> looks_personal("Janssens^Jan"), looks_personal("Jan Janssens T0"), looks_personal("BE-2026-0117")
    ('name', 'name', '')
    >>> looks_personal("Jan Janssens", Holds.STAFF), looks_personal("12/03/1961"), looks_personal("CART-0012 day 7")
    ('', 'birth date', '')
    """
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        return ""
    if holds is Holds.TECHNICAL:
        return _unmistakable(text)
    number = national_number(text, about_person=holds is Holds.PERSON)
    if number and number != PERHAPS:
        return number
    if bank_account(text):
        return "bank account"
    if holds is not Holds.STAFF and shapes.MAIL.search(text):
        return "e-mail address"
    if shapes.BIRTH_WORD.search(text) or (holds is not Holds.STAFF and _birth(text, holds, measured)):
        return "birth date"
    return "name" if holds is not Holds.STAFF and _name(text, holds) else number


def _unmistakable(text: str) -> str:
    if shapes.MAIL.search(text):
        return "e-mail address"
    if shapes.BIRTH_WORD.search(text) and shapes.ANY_DATE.search(text):
        return "birth date"
    return "name" if _caret(text) else ""


def _birth(text: str, holds: Holds, measured: int | None) -> bool:
    if holds is Holds.PERSON:
        return bool(shapes.ANY_DATE.search(text))
    if holds is Holds.OTHER:
        return False
    before = measured - 1 if measured else _BIRTHS_BEFORE
    return any(_EARLIEST <= int(day["last"] or day["first"]) < before for day in shapes.DATE.finditer(text))


def _name(text: str, holds: Holds) -> bool:
    if _caret(text) or any(not shapes.of_laboratories(one[1]) for one in shapes.CALLED.finditer(text)):
        return True
    if holds in (Holds.TEXT, Holds.OTHER):
        return _whole_name(text)
    forms = (shapes.PAIR, shapes.INITIAL, shapes.COMMA)
    if any(not shapes.of_laboratories(one[1]) for form in forms for one in form.finditer(text)):
        return True
    if holds is Holds.NOTE or shapes.of_laboratories(text):
        return False
    if shapes.CAPITALS.fullmatch(text):
        return True
    return holds is Holds.PERSON and bool(shapes.LONE.fullmatch(text))


def _whole_name(text: str) -> bool:
    """Prose is full of capitalised pairs, so a name is what is left when days and numbers are taken away."""
    rest = re.sub(r"[\W\d_]+$|^[\W\d_]+", "", shapes.ANY_DATE.sub(" ", text)).strip()
    forms = (shapes.PAIR, shapes.COMMA, shapes.INITIAL)
    return any(form.fullmatch(rest) for form in forms) and not shapes.of_laboratories(rest)


def _caret(text: str) -> bool:
    return any(not shapes.of_laboratories(one[0]) for one in shapes.CARET.finditer(text))
