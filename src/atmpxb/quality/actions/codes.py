"""The alphabet of codes that people type, print on labels and scan again."""

import re

LONGEST = 60
_CODE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._/-]{{0,{LONGEST - 1}}}")


class WrongCode(ValueError):
    """A code holds what a label, a scanner or a file name would not give back."""


def require_code(text: str, what: str) -> str:
    """A code without the blanks around it.

    Raises:
        WrongCode: another character than letters without accents, digits and . - _ /, or too long.

    >>> require_code(" CART-0001.A ", "label")
    'CART-0001.A'
    """
    code = text.strip()
    if not _CODE.fullmatch(code):
        raise WrongCode(
            f"{what} {code[:40]!r} can't be printed and scanned safely: begin with a letter or digit, then letters, "
            f"digits, . - _ / only, at most {LONGEST} characters"
        )
    return code
