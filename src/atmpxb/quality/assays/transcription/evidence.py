"""Is the file a PDF or a picture, whole, and does it try to do something when it is opened?"""

import re
import zlib
from dataclasses import dataclass

from atmpxb.quality.assays.seam import AssayError

#: Names in a PDF that make a reader act or that carry another file.
ACTIVE = (b"JavaScript", b"JS", b"Launch", b"EmbeddedFile", b"RichMedia", b"SubmitForm", b"ImportData")
#: Object streams are inflated to look inside; a bomb stops here.
LARGEST_INFLATED = 32 * 2**20

_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"/ObjStm\b.{0,2000}?\bstream\r?\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a transcribed file is. ``active``: names found that a reader should not meet in a certificate."""

    format: str  # "pdf" | "image"
    type: str  # "pdf" | "png" | "jpeg" | "tiff"
    active: tuple[str, ...] = ()
    encrypted: bool = False
    searched_fully: bool = True


def inspect(name: str, data: bytes) -> Evidence:
    """Tell what the file is by its bytes, not by its name.

    Raises:
        AssayError: ``transcription.format`` (neither PDF nor picture), ``transcription.truncated``.
    """
    if data.startswith(b"%PDF-"):
        if b"%%EOF" not in data[-2048:]:
            raise _truncated(name, "PDF")
        return _pdf(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        if b"IEND\xaeB`\x82" not in data[-64:]:
            raise _truncated(name, "PNG")
        return Evidence("image", "png")
    if data.startswith(b"\xff\xd8\xff"):
        if b"\xff\xd9" not in data[-2048:]:
            raise _truncated(name, "JPEG")
        return Evidence("image", "jpeg")
    if data.startswith((b"II*\x00", b"MM\x00*")):
        return Evidence("image", "tiff")
    raise AssayError(
        "transcription.format",
        "{file} is neither a PDF nor a picture (PNG, JPEG, TIFF); scan or export the certificate again.",
        file=name,
    )


def _truncated(name: str, kind: str) -> AssayError:
    return AssayError(
        "transcription.truncated",
        "{file} is {kind} without its end; it was cut off, fetch it again.",
        file=name,
        kind=kind,
    )


def _pdf(data: bytes) -> Evidence:
    hidden, complete = _object_streams(data)
    # A name may be written with escapes, /J#61vaScript, which is the oldest way to hide it.
    text = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), data + b"\n" + hidden)
    found = tuple(name.decode() for name in ACTIVE if re.search(rb"/" + name + rb"(?![A-Za-z])", text))
    encrypted = re.search(rb"/Encrypt(?![A-Za-z])", text) is not None
    return Evidence("pdf", "pdf", found, encrypted, complete and not encrypted)


def _object_streams(data: bytes) -> tuple[bytes, bool]:
    """The inflated object streams, where newer files keep dictionaries; and whether all were read."""
    found, room, complete = bytearray(), LARGEST_INFLATED, True
    for match in _STREAM.finditer(data):
        if room <= 0:
            return bytes(found), False
        inflate = zlib.decompressobj()
        try:
            part = inflate.decompress(data[match.end() :], room)
        except zlib.error:
            complete = False
            continue
        complete = complete and inflate.eof
        room -= len(part)
        found += part + b"\n"
    return bytes(found), complete
