"""Pictures of what another laboratory sent: its report, page by page, drawn in a process of its own.

A browser never gets the file itself to show: a PDF can act, a picture can't. What is drawn is kept nowhere.
"""

import io
from pathlib import Path

from atmpxb.quality.assays.seam import AssayError
from atmpxb.quality.confined import confined
from atmpxb.quality.engine import context

#: A report is read to its end on screen up to here; a longer one is downloaded.
MOST_PAGES = 12
RESOLUTION = 90  # pixels an inch of a page
_WIDEST = 1400  # pixels
_MEMORY, _SECONDS = 2 * 1024**3, 20.0

_PAPER = "#set page(width: 210mm, height: auto, margin: 0pt)"
_PAGE = _PAPER + '\n#image("{path}", format: "pdf", page: {page}, width: 100%)'


class NotDrawn(Exception):
    """The page is not there, or can't be drawn; the file can still be downloaded."""


def picture(path: Path, page: int) -> bytes:
    """A page, counted from 1, of a PDF or picture in the vault, as PNG.

    Raises:
        NotDrawn: there is no such page, or drawing it failed, took too long or too much memory.
    """
    if not 1 <= page <= MOST_PAGES:
        raise NotDrawn(f"only the first {MOST_PAGES} pages are drawn")
    try:
        drawn: bytes = confined(context(), _draw, path, page, memory=_MEMORY, seconds=_SECONDS)
    except AssayError as error:
        raise NotDrawn(error.message) from error
    return drawn


def pages(path: Path) -> int:
    """How many pages can be drawn; 0 where the file can't be read as PDF or picture."""
    try:
        return int(confined(context(), _count, path, memory=_MEMORY, seconds=_SECONDS))
    except AssayError:
        return 0


def _count(path: Path) -> int:
    from pypdf import PdfReader

    if not path.read_bytes().startswith(b"%PDF-"):
        return 1
    return min(len(PdfReader(path).pages), MOST_PAGES)


def _draw(path: Path, page: int) -> bytes:
    import typst
    from PIL import Image

    data = path.read_bytes()
    if data.startswith(b"%PDF-"):
        source = _PAGE.format(path=f"/{path.name}", page=page)
        made = typst.Compiler(source.encode(), root=str(path.parent), ignore_system_fonts=True).compile(
            format="png", ppi=RESOLUTION
        )
        assert isinstance(made, bytes)
        data = made
    elif page != 1:
        raise AssayError("picture.no_page", "a picture has one page")
    with Image.open(io.BytesIO(data)) as opened:
        opened.thumbnail((_WIDEST, 4 * _WIDEST))
        small = io.BytesIO()
        opened.convert("RGB").save(small, "PNG", optimize=True)
    return small.getvalue()
