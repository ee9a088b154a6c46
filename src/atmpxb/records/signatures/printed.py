"""What the pages of a document say, as text, so that print and attached record can be held against each
other.
"""

import io
import unicodedata
from hashlib import sha256

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from atmpxb.notes import Noted

MOST_PAGES = 2000


class Unreadable(Noted, ValueError):
    """The document or a part of it can't be read as PDF."""


def printed_text(pdf: bytes) -> str:
    """The text of all pages, normalised.

    Programs differ in the spaces and line ends that they see between pieces of text, so every blank is left
    out, and compatibility forms (ligatures, wide digits) are unified (Unicode NFKC). What remains is every
    visible character in the order of the document.

    Raises:
        Unreadable: not a PDF that can be read, or more than 2000 pages.
    """
    return "".join(page_texts(pdf))


def page_texts(pdf: bytes) -> list[str]:
    """The text of each page, normalised as in ``printed_text``.

    Raises:
        Unreadable: as ``printed_text``.
    """
    try:
        reader = PdfReader(io.BytesIO(pdf), strict=False)
        if len(reader.pages) > MOST_PAGES:
            raise Unreadable("print.too_many_pages", "the document has more than {limit} pages", limit=MOST_PAGES)
        return [normalised(page.extract_text()) for page in reader.pages]
    except Unreadable:
        raise
    # pypdf reads foreign bytes; what it meets there surfaces as any of these.
    except (
        PyPdfError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise Unreadable(
            "print.unreadable",
            "the text of the document can't be read: {kind} {error}",
            kind=type(error).__name__,
            error=error,
        ) from None


def normalised(text: str) -> str:
    """A text as ``printed_text`` would give it back.

    >>> normalised("98.3 %\\n(ﬁxed)")
    '98.3%(fixed)'
    """
    unified = unicodedata.normalize("NFKC", text)
    return "".join(
        character
        for character in unified
        if not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf")
    )


def text_sha256(text: str) -> str:
    """Hexadecimal SHA-256 of normalised text."""
    return sha256(text.encode()).hexdigest()
