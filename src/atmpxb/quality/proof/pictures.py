"""Two drawings of one picture: the same bytes; or the same words and pixels, and no coordinate further off than one
unit of the last digit that is written.

The second is for a reader with another processor or another version of a library that packs pixels.
"""

import base64
import binascii
import io
import re
from decimal import Decimal, InvalidOperation

from PIL import Image, UnidentifiedImageError

_RASTER = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]*)")
_COORDINATE = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?")


def same(svg: str, other: str) -> bool:
    """Whether two drawings show the same.

    >>> same('<path d="M1.25 3"/>', '<path d="M1.26 3"/>'), same("<text>98.3</text>", "<text>98.4</text>")
    (True, False)
    """
    if svg == other:
        return True
    parts, others = _parts(svg), _parts(other)
    return (
        len(parts) == len(others)
        and all(map(_part, parts, others))
        and list(map(_pixels, _RASTER.findall(svg))) == list(map(_pixels, _RASTER.findall(other)))
    )


def _parts(svg: str) -> list[str]:
    """Tags and the words between them, without the rasters in them."""
    return [part for part in re.split(r"(<[^>]*>)", _RASTER.sub("", svg)) if part]


def _part(one: str, other: str) -> bool:
    if one == other:
        return True
    if not one.startswith("<") or _COORDINATE.split(one) != _COORDINATE.split(other):
        return False
    return all(map(_near, _COORDINATE.findall(one), _COORDINATE.findall(other)))


def _near(one: str, other: str) -> bool:
    digits = min(len(text.partition(".")[2]) for text in (one, other))
    try:
        return abs(Decimal(one) - Decimal(other)) <= (Decimal(1).scaleb(-digits) if digits else 0)
    except InvalidOperation:
        return False


def _pixels(encoded: str) -> tuple[object, ...]:
    try:
        with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
            return picture.size, picture.convert("RGBA").tobytes()
    except (OSError, ValueError, binascii.Error, UnidentifiedImageError, Image.DecompressionBombError):
        return (encoded,)
