"""Axes of a plot: reach, ticks and labels of a dimension on its display scale."""

from dataclasses import dataclass
from math import floor, isfinite, log10

import numpy as np
from numpy.typing import NDArray

from atmpxb.science.flow.gates import Dimension, Ratio
from atmpxb.science.flow.populations import Columns
from atmpxb.science.flow.transforms import Linear, Transform, decades

type Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark at a display value. ``exponent`` is set for powers of ten, written with a superscript."""

    at: float
    text: str
    exponent: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """Reach on display scale, what stands beside it, and its ticks."""

    label: str
    low: float
    high: float
    ticks: tuple[Tick, ...]

    def place(self, values: Array) -> Array:
        """0 at the low end, 1 at the high end."""
        return np.asarray((values - self.low) / (self.high - self.low))


def axis_of(dimension: Dimension, columns: Columns, values: Array, marks: list[float]) -> Axis:
    """The axis that holds the bulk of ``values`` (0.1 to 99.9 %) and all finite coordinates ``marks``."""
    finite = values[np.isfinite(values)]
    ends = [float(part) for part in np.quantile(finite, [0.001, 0.999])] if finite.size else [0.0, 1.0]
    known = [mark for mark in marks if isfinite(mark)]
    low, high = min([0.0, ends[0], *known]), max([ends[1], *known])
    transform = columns.strategy.transforms.get(dimension.transform)
    if transform is not None:
        low, high = max(low, -0.5), min(max(high, 1.0), 1.5)
    if not high > low:
        high = low + 1.0
    if transform is None or isinstance(transform, Linear):
        high += 0.03 * (high - low)
    return Axis(_label(dimension, columns), low, high, _ticks(transform, low, high))


def _label(dimension: Dimension, columns: Columns) -> str:
    if isinstance(dimension.channel, Ratio):
        return f"{dimension.channel.numerator} / {dimension.channel.denominator}"
    channels = columns.fcs.channels
    if any(dimension.channel in matrix.names for matrix in columns.strategy.matrices.values()) and all(
        dimension.channel not in (channel.name, channel.stain) for channel in channels
    ):
        return dimension.channel  # a dye of a matrix, no channel of the file
    return channels[columns.index(dimension.channel)].label


def _ticks(transform: Transform | None, low: float, high: float) -> tuple[Tick, ...]:
    if transform is None:
        return tuple(Tick(value, _plain(value)) for value in round_steps(low, high))
    if isinstance(transform, Linear):
        ends = transform.inverse(np.array([low, high]))
        steps = np.array(round_steps(float(ends[0]), float(ends[1])))
        places = transform.apply(steps)
        return tuple(Tick(float(at), _plain(float(value))) for at, value in zip(places, steps, strict=True))
    chosen: list[Tick] = []
    # zero first, then the large powers: the small ones crowd around zero and give way
    for value in sorted(decades(transform, low, high), key=lambda v: (v != 0, -abs(v), v < 0)):
        at = float(transform.apply(np.array([value]))[0])
        if low <= at <= high and all(abs(at - tick.at) > 0.075 * (high - low) for tick in chosen):
            sign = "−" if value < 0 else ""
            chosen.append(Tick(at, "0") if value == 0 else Tick(at, sign + "10", f"{log10(abs(value)):.0f}"))
    return tuple(sorted(chosen, key=lambda tick: tick.at))


def round_steps(low: float, high: float, about: int = 5) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten between two values.

    >>> round_steps(0.0, 262144.0)
    [0.0, 50000.0, 100000.0, 150000.0, 200000.0, 250000.0]
    """
    rough = (high - low) / about
    power = 10.0 ** floor(log10(rough)) if rough > 0 else 1.0
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= 0.95 * rough)
    first = -floor(-low / step)
    return [step * k for k in range(first, first + 4 * about) if low <= step * k <= high]


def _plain(value: float) -> str:
    """A number as cytometrists write it on an axis.

    >>> _plain(50000.0), _plain(-2.5), _plain(2e6)
    ('50k', '−2.5', '2M')
    """
    size = abs(value)
    text = f"{size / 1e6:g}M" if size >= 1e6 else f"{size / 1e3:g}k" if size >= 1e4 else f"{size:g}"
    return ("−" if value < 0 else "") + text
