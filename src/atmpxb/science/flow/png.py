"""A small indexed PNG (PNG specification, third edition) of a histogram, with the standard library alone."""

import struct
import zlib
from base64 import b64encode

import numpy as np
from numpy.typing import NDArray

#: Colours of equal steps along viridis (Smith & van der Walt 2015), dark to bright; between them, straight
#: lines.
STOPS = ("440154", "482878", "3e4a89", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b", "fde725")
#: Colours of the picture; index 0 is transparent.
LEVELS = 32


def palette() -> bytes:
    """RGB triples of all levels; the first is white, for readers that ignore transparency."""
    stops = np.array([[int(stop[at : at + 2], 16) for at in (0, 2, 4)] for stop in STOPS], float)
    places = np.linspace(0, len(STOPS) - 1, LEVELS - 1)
    colours = np.stack([np.interp(places, np.arange(len(STOPS)), stops[:, part]) for part in range(3)], axis=1)
    return b"\xff\xff\xff" + colours.round().astype(np.uint8).tobytes()


def levels(counts: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Level 0 for empty cells, then 1 … by the logarithm of the count; same shape as ``counts``."""
    top = float(np.log1p(counts.max(initial=1)))
    return np.ceil(np.log1p(counts) * ((LEVELS - 1) / top)).clip(0, LEVELS - 1).astype(np.uint8)


def png(indices: NDArray[np.uint8]) -> bytes:
    """PNG bytes of palette indices of shape (rows, columns), top row first."""
    height, width = indices.shape
    lines = np.zeros((height, width + 1), np.uint8)  # each line starts with its filter, 0 = none
    lines[:, 1:] = indices
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette()),
        (b"tRNS", b"\0"),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def data_uri(indices: NDArray[np.uint8]) -> str:
    """The picture as a ``data:`` address."""
    return "data:image/png;base64," + b64encode(png(indices)).decode("ascii")
