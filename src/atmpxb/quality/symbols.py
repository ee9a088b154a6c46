"""Two-dimensional codes as drawings: what a scanner reads off a label."""

from dataclasses import dataclass
from functools import lru_cache

import zxingcpp

#: Modules of white on each side. The standard (ISO/IEC 16022) asks for one; printers bleed, so we keep two.
QUIET = 2


@dataclass(frozen=True, slots=True)
class Symbol:
    """A Data Matrix: how many modules it measures with its quiet zone, and its black modules as an SVG path."""

    modules: int
    path: str

    def module_mm(self, size_mm: float) -> float:
        """The size of a module when the whole symbol, quiet zone included, is ``size_mm`` wide."""
        return size_mm / self.modules


@lru_cache(maxsize=512)
def data_matrix(text: str) -> Symbol:
    """The Data Matrix of a text, square, with its quiet zone.

    >>> data_matrix("CART-0001.A").modules
    20
    """
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, force_square=True)
    drawn = memoryview(made.to_image(add_quiet_zones=False))
    side = len(drawn)
    strokes = []
    for y in range(side):
        x = 0
        while x < side:
            start = x
            while x < side and drawn[y, x] == 0:
                x += 1
            if x > start:
                strokes.append(f"M{start + QUIET} {y + QUIET}h{x - start}v1h-{x - start}z")
            x += 1
    return Symbol(side + 2 * QUIET, "".join(strokes))
