"""Pictures of the pages of a sealed certificate, for a screen whose policy allows no PDF in a frame.

They are drawn from the sealed document itself, never from the record again: what is shown is what was
sealed. A picture is kept beside the document in the vault and can be thrown away at any time.
"""

import io
import os
import tempfile
from pathlib import Path

from atmpxb.records.vault.store import Vault

#: A page of A4 at this many pixels an inch is some 900 pixels wide: readable, and about 70 KB.
RESOLUTION = 110
_COLOURS = 64

_PAPER = "#set page(width: 210mm, height: 297mm, margin: 0pt)"
_PAGE = _PAPER + '\n#image("{path}", format: "pdf", page: {page}, width: 100%)'


class NoSuchPage(LookupError):
    """The document has fewer pages."""


def page_count(vault: Vault, pdf_sha256: str) -> int:
    """How many pages the document has."""
    kept = _folder(vault) / f"{pdf_sha256}.pages"
    if kept.exists():
        return int(kept.read_text())
    from pypdf import PdfReader

    count = len(PdfReader(io.BytesIO(vault.read(pdf_sha256))).pages)
    _keep(kept, str(count).encode())
    return count


def page_picture(vault: Vault, pdf_sha256: str, page: int) -> Path:
    """The PNG of a page, counted from 1.

    Raises:
        NoSuchPage: the document has no such page.
    """
    if not 1 <= page <= page_count(vault, pdf_sha256):
        raise NoSuchPage(f"the document has no page {page}")
    kept = _folder(vault) / f"{pdf_sha256}-{page}.png"
    if not kept.exists():
        _keep(kept, _draw(vault, pdf_sha256, page))
    return kept


def _draw(vault: Vault, pdf_sha256: str, page: int) -> bytes:
    import typst
    from PIL import Image

    document = vault.path(pdf_sha256).relative_to(vault.folder)
    source = _PAGE.format(path=f"/{document.as_posix()}", page=page)
    drawn = typst.Compiler(source.encode(), root=str(vault.folder), ignore_system_fonts=True).compile(
        format="png", ppi=RESOLUTION
    )
    assert isinstance(drawn, bytes)
    with Image.open(io.BytesIO(drawn)) as picture:
        small = io.BytesIO()
        picture.convert("RGB").quantize(_COLOURS).save(small, "PNG", optimize=True)
    return small.getvalue()


def _folder(vault: Vault) -> Path:
    folder = vault.folder / "previews"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _keep(target: Path, content: bytes) -> None:
    """Write whole or not at all: two requests may draw the same page."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix="drawing-", delete=False) as file:
        file.write(content)
    os.replace(file.name, target)
