"""Numbers that name one person: Dutch and Belgian national numbers, bank accounts.

Check digits alone tell little: of nine random digits one in eleven has those of a Dutch number (9.1 %), of eleven
random digits one in 385 those of a Belgian number with a day of birth that exists (0.26 %). Lot and serial numbers have
such lengths. So right check digits are a finding only beside a word that says what the number is, in a field about a
person, or in the written form of the Belgian number; elsewhere they are a doubt, which is shown and stops nothing.
In ``tests/science/personal/test_numbers.py`` 100,000 random codes of each length as laboratories write them (*Lot …*,
*S/N …*, bare) give no finding; doubts in 9.1 % of nine digits and 0.26 % of eleven; and of 20,000 true numbers beside a
word or in a field about a person every one is found.
"""

import re
from collections.abc import Iterator
from datetime import date

#: What a text looks like that may hold such a number and doesn't say so.
PERHAPS = "possible national number"

_BSN = re.compile(r"(?<![\w.,/-])(?:\d{9}|\d{4}[. ]\d{2}[. ]\d{3}|\d{3}[. ]\d{3}[. ]\d{3})(?![\w/-]|[.,]\d)")
_REGISTER = re.compile(r"(?<![\d.])\d{2}\.\d{2}\.\d{2}[- ]\d{3}[.\- ]\d{2}(?![\d.])")
_REGISTER_BARE = re.compile(r"(?<![\w.,/-])\d{6}[- ]?\d{3}[. ]?\d{2}(?![\w/-]|[.,]\d)")
#: Beside a word that says what they are, digits count however they are joined to it.
_ANY_NINE = re.compile(r"(?<!\d)(?:\d{9}|\d{4}[. ]\d{2}[. ]\d{3}|\d{3}[. ]\d{3}[. ]\d{3})(?!\d)")
_ANY_ELEVEN = re.compile(r"(?<!\d)\d{6}[- ]?\d{3}[. ]?\d{2}(?!\d)")
_WORD = re.compile(
    r"(?<![A-Za-zÀ-ž])(?:bsn|burger[ -]?service[ -]?n(?:umme)?r|sofi(?:[ -]?n(?:umme)?r)?|rijksregister(?:n(?:umme)?r)?"
    r"|rrnr|rrn|insz|inss|niss|registre national|num[ée]ro national|nationaal n(?:umme)?r"
    r"|national[ _-]?(?:registry?|register|insurance|id(?:entification|entity)?)?[ _-]?(?:number|no|nr|id)"
    r"|(?:pati[eë]nt|subject|donor)(?:en)?[ _.-]?(?:id|nr|no|num(?:ber|mer)?|code)?|mrn)(?![A-Za-zÀ-ž])",
    re.IGNORECASE,
)
#: So many characters may lie between the word and the number.
_NEAR = 30
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
#: Two digits stand for a year of one of two centuries; the check digits of the later one count a 2 in front.
_CENTURIES = ((1900, ""), (2000, "2"))


def national_number(text: str, *, about_person: bool = False) -> str:
    """``"national number"`` where a text holds a Belgian or a Dutch one, ``PERHAPS`` where digits only could be one.

    The written form of the Belgian one (``yy.mm.dd-nnn.cc``) with a day that exists counts even with wrong check
    digits: nothing else looks like it, and a slip of the pen names the same person.

    Args:
        about_person: the field is about a person, so that right check digits are enough.

    >>> national_number("85.07.30-033.28"), national_number("BSN 111222333"), national_number("Lot 111222333")
    ('national number', 'national number', 'possible national number')
    >>> national_number("111222333", about_person=True), national_number("Lot 111222334")
    ('national number', '')
    """
    if any(_day_exists(_digits(one[0])[:6]) for one in _REGISTER.finditer(text)):
        return "national number"
    if any(_right(near) for near in _beside_words(text)):
        return "national number"
    plain = (_digits(one[0]) for form in (_REGISTER_BARE, _BSN) for one in form.finditer(text))
    if not any(map(_right, plain)):
        return ""
    return "national number" if about_person else PERHAPS


def bank_account(text: str) -> bool:
    """Whether a text holds an IBAN whose check digits are right (ISO 7064, modulo 97).

    >>> bank_account("BE71 0961 2345 6769"), bank_account("BE72 0961 2345 6769")
    (True, False)
    """
    return any(_mod97(re.sub(r"\s", "", one[0])) for one in _IBAN.finditer(text))


def _beside_words(text: str) -> Iterator[str]:
    """The digits that stand within reach of a word that says what they are."""
    words = [one.span() for one in _WORD.finditer(text)]
    for form in (_ANY_ELEVEN, _ANY_NINE) if words else ():
        for one in form.finditer(text):
            if any(one.start() - _NEAR <= end and start <= one.end() + _NEAR for start, end in words):
                yield _digits(one[0])


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _right(digits: str) -> bool:
    return _belgian(digits) if len(digits) == 11 else _dutch(digits)


def _belgian(digits: str) -> bool:
    return any(
        97 - int(mark + digits[:9]) % 97 == int(digits[9:]) and _day_exists(digits[:6], century)
        for century, mark in _CENTURIES
    )


def _day_exists(digits: str, *centuries: int) -> bool:
    """Whether a number begins with a day of birth. Months from 20 or 40 on are numbers of the social security bank; of
    somebody whose birthday nobody knows the day is 00, or the month is and the day counts on."""
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    month -= next((more for more in (40, 20) if month >= more), 0)
    if day == 0 or month == 0:
        return month <= 12
    for century in centuries or (1900, 2000):
        try:
            date(century + year, month, day)
        except ValueError:
            continue
        return True
    return False


def _dutch(digits: str) -> bool:
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return int(digits) > 0 and sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % 11 == 0


def _mod97(account: str) -> bool:
    turned = account[4:] + account[:4]
    return 15 <= len(account) <= 34 and int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1
