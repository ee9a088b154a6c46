"""The alphabet of codes that people type, print on labels and scan again."""

import re

from atmpxb.notes import Refused

LONGEST = 60
_CODE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._/-]{{0,{LONGEST - 1}}}")


class WrongCode(Refused):
    """A code holds what a label, a scanner or a file name would not give back."""


def require_code(text: str) -> str:
    """A code without the blanks around it.

    Raises:
        WrongCode: another character than letters without accents, digits and . - _ /, or too long.

    >>> require_code(" CART-0001.A ")
    'CART-0001.A'
    """
    code = text.strip()
    if not _CODE.fullmatch(code):
        raise WrongCode(
            "code.unsafe",
            "'{code}' can't be printed and scanned safely",
            "Begin with a letter or digit, then letters, digits, . - _ / only, at most {longest} characters",
            code=code[:40],
            longest=LONGEST,
        )
    return code
