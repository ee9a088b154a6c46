"""Numbers that name one person: Dutch and Belgian national numbers, bank accounts."""

import re

_BSN = re.compile(r"(?<![\w.,/-])(?:\d{9}|\d{4}[. ]\d{2}[. ]\d{3}|\d{3}[. ]\d{3}[. ]\d{3})(?![\w/-]|[.,]\d)")
_REGISTER = re.compile(r"(?<![\d.])\d{2}\.\d{2}\.\d{2}[- ]\d{3}[.\- ]\d{2}(?![\d.])")
_REGISTER_BARE = re.compile(r"(?<![\w.,/-])\d{6}[- ]?\d{3}[. ]?\d{2}(?![\w/-]|[.,]\d)")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
#: Two digits stand for a year of one of two centuries; the check digits of the later one count a 2 in front.
_CENTURIES = ("", "2")


def national_number(text: str) -> bool:
    """Whether a text holds a Belgian or a Dutch national number.

    The written form of the Belgian one (``yy.mm.dd-nnn.cc``) counts even with wrong check digits: nothing else
    looks like it, and a slip of the pen names the same person.

    >>> national_number("85.07.30-033.28"), national_number("85073003328"), national_number("85073003329")
    (True, True, False)
    >>> national_number("BSN 111222333"), national_number("111222334")
    (True, False)
    """
    if _REGISTER.search(text):
        return True
    bare = (_digits(one[0]) for one in _REGISTER_BARE.finditer(text))
    return any(map(_belgian, bare)) or any(_dutch(_digits(one[0])) for one in _BSN.finditer(text))


def bank_account(text: str) -> bool:
    """Whether a text holds an IBAN whose check digits are right (ISO 7064, modulo 97).

    >>> bank_account("BE71 0961 2345 6769"), bank_account("BE72 0961 2345 6769")
    (True, False)
    """
    return any(_mod97(re.sub(r"\s", "", one[0])) for one in _IBAN.finditer(text))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _belgian(digits: str) -> bool:
    month, day = int(digits[2:4]), int(digits[4:6])
    # Months from 20 or 40 on are numbers of the social security bank; an unknown day is 00.
    if month % 20 > 12 or day > 31:
        return False
    return any(97 - int(century + digits[:9]) % 97 == int(digits[9:]) for century in _CENTURIES)


def _dutch(digits: str) -> bool:
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return int(digits) > 0 and sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % 11 == 0


def _mod97(account: str) -> bool:
    turned = account[4:] + account[:4]
    return 15 <= len(account) <= 34 and int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1
