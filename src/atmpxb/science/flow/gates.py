"""Gates on one or more dimensions, with the semantics of Gating-ML 2.0: which events are inside.

Every ``inside`` takes one float64 array of shape (events,) per dimension and gives a boolean array of that
shape. NaN is never inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from atmpxb.science.flow.compensation import inverse_of
from atmpxb.science.flow.errors import GateError

type Array = NDArray[np.float64]
type Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A new dimension ``A · (x − B) / (y − C)`` of two channels (fratio of Gating-ML 2.0)."""

    numerator: str
    denominator: str
    A: float = 1.0
    B: float = 0.0
    C: float = 0.0


@dataclass(frozen=True, slots=True)
class Dimension:
    """What a gate looks at.

    Attributes:
        channel: ``$PnN``, or ``$PnS`` where only one channel carries it; or a ratio of two channels.
        transform: name of a transform of the strategy; "" = linear scale of the file.
        compensation: "none", "file" (its matrix; an error without one), "file_if_present", or a matrix of the
            strategy.
    """

    channel: str | Ratio
    transform: str = ""
    compensation: str = "none"


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Range, rectangle or box: ``low ≤ value < high`` in every dimension; None is unbounded."""

    name: str
    parent: str
    dimensions: tuple[Dimension, ...]
    bounds: tuple[tuple[float | None, float | None], ...]

    def inside(self, values: Sequence[Array]) -> Mask:
        mask: Mask | None = None
        for value, (low, high) in zip(values, self.bounds, strict=True):
            for part in (None if low is None else value >= low, None if high is None else value < high):
                if part is not None:
                    mask = part if mask is None else mask & part
        return np.asarray(~np.isnan(values[0]) if mask is None else mask)


@dataclass(frozen=True, slots=True)
class Polygon:
    """A polygon in two dimensions by the even-odd rule; an event exactly on an edge is inside."""

    name: str
    parent: str
    dimensions: tuple[Dimension, ...]
    vertices: tuple[tuple[float, float], ...]

    def inside(self, values: Sequence[Array]) -> Mask:
        x, y = values
        xs, ys = zip(*self.vertices, strict=True)
        near = (x >= min(xs)) & (x <= max(xs)) & (y >= min(ys)) & (y <= max(ys))
        chosen = np.flatnonzero(near)
        near[chosen] = _inside_polygon(x[chosen], y[chosen], self.vertices)
        return np.asarray(near)


def _inside_polygon(x: Array, y: Array, vertices: tuple[tuple[float, float], ...]) -> Mask:
    inside = np.zeros(len(x), bool)
    edge = np.zeros(len(x), bool)
    for (x1, y1), (x2, y2) in zip(vertices, vertices[1:] + vertices[:1], strict=True):
        # twice the signed area of (vertex 1, vertex 2, event): 0 on the line, its sign says the side
        side = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & ((side > 0) if y2 > y1 else (side < 0))
        touching = side == 0
        if touching.any():
            between = (x >= min(x1, x2)) & (x <= max(x1, x2)) & (y >= min(y1, y2)) & (y <= max(y1, y2))
            edge |= touching & between
    return np.asarray(inside | edge)


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """``(v − mean)ᵀ covariance⁻¹ (v − mean) ≤ distance_square`` in two or more dimensions."""

    name: str
    parent: str
    dimensions: tuple[Dimension, ...]
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    distance_square: float

    def inside(self, values: Sequence[Array]) -> Mask:
        inverse = inverse_of(self.covariance)
        if inverse is None:
            raise GateError("flow.gate", "Gate {gate}: the covariance can't be inverted.", gate=self.name)
        centred = [value - middle for value, middle in zip(values, self.mean, strict=True)]
        total = np.zeros(len(values[0]))
        for i, left in enumerate(centred):
            row = inverse[i][i] * left
            for j in range(i + 1, len(centred)):
                row += (inverse[i][j] + inverse[j][i]) * centred[j]
            total += row * left
        return np.asarray(total <= self.distance_square)


@dataclass(frozen=True, slots=True)
class Quadrant:
    """One quadrant: for each divider, the interval (counted from 0, left to right) that it takes."""

    name: str
    intervals: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Quadrants:
    """Dividers that split one or more dimensions; each value belongs to the interval right of it (``≥``)."""

    name: str
    parent: str
    dimensions: tuple[Dimension, ...]
    dividers: tuple[tuple[float, ...], ...]
    quadrants: tuple[Quadrant, ...] = field(default=())

    def inside(self, values: Sequence[Array], quadrant: Quadrant) -> Mask:
        mask = np.ones(len(values[0]), bool)
        for value, cuts, place in zip(values, self.dividers, quadrant.intervals, strict=True):
            if place > 0:
                mask &= value >= cuts[place - 1]
            if place < len(cuts):
                mask &= value < cuts[place]
            mask &= ~np.isnan(value)
        return mask


@dataclass(frozen=True, slots=True)
class Operand:
    """A population inside a Boolean gate, or its complement."""

    population: str
    complement: bool = False


@dataclass(frozen=True, slots=True)
class Boolean:
    """``and``, ``or`` or ``not`` of other populations (each with its own ancestors), within the parent."""

    name: str
    parent: str
    operator: str
    operands: tuple[Operand, ...]

    def combine(self, masks: Sequence[Mask]) -> Mask:
        parts = [~mask if operand.complement else mask for mask, operand in zip(masks, self.operands, strict=True)]
        match self.operator:
            case "and":
                return np.asarray(np.logical_and.reduce(parts))
            case "or":
                return np.asarray(np.logical_or.reduce(parts))
            case "not" if len(parts) == 1:
                return ~parts[0]
        raise GateError("flow.boolean", "Gate {gate}: use and, or, or not with one operand.", gate=self.name)


type Gate = Rectangle | Polygon | Ellipsoid | Quadrants | Boolean
