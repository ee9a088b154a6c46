"""Scale transforms of Gating-ML 2.0 (ISAC 2013, section 6), vectorised, each with its exact inverse.

All take and give float64 arrays of any shape; the display scale maps T (top of scale) to 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from math import exp, log, log10
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from atmpxb.science.flow.errors import GateError

type Array = NDArray[np.float64]
LN10 = log(10.0)


@dataclass(frozen=True)
class Transform:
    """A strictly increasing map of data values to the display scale.

    Parameters carry their Gating-ML names.
    """

    kind: ClassVar[str] = ""

    def apply(self, x: Array) -> Array:
        """Display values of data values."""
        raise NotImplementedError

    def inverse(self, y: Array) -> Array:
        """Data values of display values."""
        raise NotImplementedError

    def parameters(self) -> dict[str, float]:
        """Parameter name → value, all that the identity of the transform consists of."""
        return {field.name: float(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True)
class Linear(Transform):
    """``(x + A) / (T + A)`` (flin).

    >>> Linear(T=1000.0, A=0.0).apply(np.array([250.0]))
    array([0.25])
    """

    kind: ClassVar[str] = "linear"
    T: float
    A: float = 0.0

    def __post_init__(self) -> None:
        _demand(self.T > 0 and self.A >= 0 and self.A <= self.T, "linear", "T > 0, 0 ≤ A ≤ T")

    def apply(self, x: Array) -> Array:
        return np.asarray((x + self.A) / (self.T + self.A))

    def inverse(self, y: Array) -> Array:
        return np.asarray(y * (self.T + self.A) - self.A)


@dataclass(frozen=True)
class Log(Transform):
    """``log10(x / T) / M + 1`` (flog); values ≤ 0 map to −∞, so no gate edge ever holds them.

    >>> Log(T=10000.0, M=4.0).apply(np.array([100.0, 0.0]))
    array([ 0.5, -inf])
    """

    kind: ClassVar[str] = "log"
    T: float
    M: float

    def __post_init__(self) -> None:
        _demand(self.T > 0 and self.M > 0, "log", "T > 0, M > 0")

    def apply(self, x: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(x > 0, np.log10(x / self.T) / self.M + 1.0, -np.inf)

    def inverse(self, y: Array) -> Array:
        return np.asarray(self.T * np.power(10.0, self.M * (y - 1.0)))


@dataclass(frozen=True)
class Asinh(Transform):
    """``(asinh(x · sinh(M ln 10) / T) + A ln 10) / ((M + A) ln 10)`` (fasinh)."""

    kind: ClassVar[str] = "asinh"
    T: float
    M: float
    A: float = 0.0

    def __post_init__(self) -> None:
        _demand(
            self.T > 0 and 0 < self.M < 100 and 0 <= self.A <= self.M,
            "asinh",
            "T > 0, 0 < M < 100, 0 ≤ A ≤ M",
        )

    @property
    def _slope(self) -> float:
        return (exp(self.M * LN10) - exp(-self.M * LN10)) / 2 / self.T

    def apply(self, x: Array) -> Array:
        return np.asarray((np.arcsinh(x * self._slope) + self.A * LN10) / ((self.M + self.A) * LN10))

    def inverse(self, y: Array) -> Array:
        return np.asarray(np.sinh(y * ((self.M + self.A) * LN10) - self.A * LN10) / self._slope)


@dataclass(frozen=True)
class _Symmetric(Transform):
    """A scale given by its inverse, symmetric about data zero at display ``_middle``.

    With ``t = y − middle ≥ 0`` the data value is ``g(t) = P·expm1(b t) − C·expm1(−d t) + L·t``: all terms are
    positive, so there is no cancellation near zero and no series expansion is needed.
    """

    T: float
    W: float
    M: float
    A: float = 0.0

    @cached_property
    def _shape(self) -> tuple[float, float, float, float, float, float]:
        """middle, P, b, C, d, L."""
        raise NotImplementedError

    def _g(self, t: Array) -> Array:
        _, p, b, c, d, linear = self._shape
        value = p * np.expm1(b * t)
        if c:
            value -= c * np.expm1(-d * t)
        return np.asarray(value + linear * t if linear else value)

    def inverse(self, y: Array) -> Array:
        t = y - self._shape[0]
        return np.asarray(np.copysign(self._g(np.abs(t)), t))

    def apply(self, x: Array) -> Array:
        size = np.abs(x)
        finite = np.isfinite(size)
        target = size if finite.all() else np.where(finite, size, 0.0)
        # one step from the table is exact to float64: the error of the start is cubed
        t = self._refined(target, _start(self, target), 1)
        if target is not size:
            t = np.where(finite, t, size)
        return np.asarray(self._shape[0] + np.copysign(t, x))

    def _refined(self, target: Array, t: Array, steps: int) -> Array:
        """Halley's iteration for ``g(t) = target``, from ``t`` of the same shape."""
        _, p, b, c, d, linear = self._shape
        for _ in range(steps):
            grow = p * np.exp(b * t)
            value = grow - (p + target)
            first = b * grow
            second = b * first
            if linear:
                value += linear * t
                first += linear
            if c:
                fall = c * np.exp(-d * t)
                value += c - fall
                fall *= d
                first += fall
                fall *= d
                second -= fall
            value /= first
            t = np.maximum(t - value / (1.0 - 0.5 * value * second / first), 0.0)
        return np.asarray(t)


#: Cells of the table in each factor of two, as bits; the interpolated start is off by about 1e-5 of a decade.
CELL_BITS = 7
#: Factors of two from the first cell up to T; below it the scale is a straight line to many digits.
OCTAVES = 40
#: Greater values do not fit a float32 with room to spare; they are in the exponential part of every scale.
LARGEST_TABLE_VALUE = 1e37


def _start(scale: _Symmetric, target: Array) -> Array:
    """A first guess of t by linear interpolation in a table that the bits of a float32 index, unsearched."""
    largest = min(max(float(target.max(initial=scale.T)), scale.T), LARGEST_TABLE_VALUE)
    base, table = _table(scale, int(np.float32(largest).view(np.int32)) >> 23)
    bits = np.minimum(target, largest).astype(np.float32).view(np.int32)
    cell = np.maximum((bits >> (23 - CELL_BITS)) - base, 0)
    rest = (bits & ((1 << (23 - CELL_BITS)) - 1)) * (1.0 / (1 << (23 - CELL_BITS)))
    low = table[cell]
    t = low + rest * (table[cell + 1] - low)
    if float(target.max(initial=0.0)) > LARGEST_TABLE_VALUE:
        _, p, b, *_ = scale._shape
        t = np.where(target > LARGEST_TABLE_VALUE, (np.log(target + 1.0) - np.log(p)) / b, t)
    return np.asarray(t)


@lru_cache(maxsize=64)
def _table(scale: _Symmetric, exponent: int) -> tuple[int, Array]:
    """t at the lower edges of all cells up to a biased float32 exponent, and the number of the first cell."""
    top = min(scale.T, LARGEST_TABLE_VALUE)
    base = max((int(np.float32(top).view(np.int32)) >> 23) - OCTAVES, 1) << CELL_BITS
    cells = np.arange(base, ((exponent + 1) << CELL_BITS) + 2, dtype=np.int32)
    edges = (cells << (23 - CELL_BITS)).view(np.float32).astype(np.float64)
    _, p, b, c, d, linear = scale._shape
    # log of the growing part alone, or the slope at zero, whichever is less: Halley is safe from there
    start = np.minimum(np.log1p(edges / p) / b, edges / (p * b + c * d + linear))
    return base, scale._refined(edges, start, 12)


@dataclass(frozen=True)
class Logicle(_Symmetric):
    """Logicle (Parks, Roederer & Moore 2006; Moore & Parks 2012, Cytometry A 81A:273).

    Args: T top of scale, W linearised decades, M decades in all, A extra negative decades.

    >>> Logicle(T=10000.0, W=0.5, M=4.5).apply(np.array([0.0, 10000.0])).round(12)
    array([0.11111111, 1.        ])
    """

    kind: ClassVar[str] = "logicle"

    def __post_init__(self) -> None:
        _demand(
            self.T > 0 and self.M > 0 and 0 <= self.W <= self.M / 2 and -self.W <= self.A <= self.M - 2 * self.W,
            "logicle",
            "T > 0, M > 0, 0 ≤ W ≤ M/2, −W ≤ A ≤ M − 2W",
        )

    @cached_property
    def _shape(self) -> tuple[float, float, float, float, float, float]:
        w, x2 = self.W / (self.M + self.A), self.A / (self.M + self.A)
        x1, x0 = x2 + w, x2 + 2 * w
        b = (self.M + self.A) * LN10
        d = _linear_decay(b, w)
        ratio = exp(x0 * (b + d))
        # a·e^{b x1} − c·e^{−d x1} is f of the paper; with c = ratio·a and T at display 1
        scale = self.T / ((exp(b) - exp(b * x1)) - ratio * (exp(-d) - exp(-d * x1)))
        return x1, scale * exp(b * x1), b, ratio * scale * exp(-d * x1), d, 0.0


@dataclass(frozen=True)
class Hyperlog(_Symmetric):
    """Hyperlog of Gating-ML 2.0 (after Bagwell 2005, Cytometry A 64A:34); W > 0."""

    kind: ClassVar[str] = "hyperlog"

    def __post_init__(self) -> None:
        _demand(
            self.T > 0 and self.M > 0 and 0 < self.W <= self.M / 2 and -self.W <= self.A <= self.M - 2 * self.W,
            "hyperlog",
            "T > 0, M > 0, 0 < W ≤ M/2, −W ≤ A ≤ M − 2W",
        )

    @cached_property
    def _shape(self) -> tuple[float, float, float, float, float, float]:
        w, x2 = self.W / (self.M + self.A), self.A / (self.M + self.A)
        x1, x0 = x2 + w, x2 + 2 * w
        b = (self.M + self.A) * LN10
        slope = exp(b * x0) / w
        scale = self.T / (exp(b) - exp(b * x1) + slope * (1.0 - x1))
        return x1, scale * exp(b * x1), b, 0.0, 0.0, slope * scale


def _linear_decay(b: float, w: float) -> float:
    """Root d of ``2 (ln d − ln b) + w (d + b) = 0`` in (0, b] (Moore & Parks), bisected to the last bit."""
    if w == 0:
        return b
    low, high = 0.0, b
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if 2 * (log(middle) - log(b)) + w * (middle + b) > 0:
            high = middle
        else:
            low = middle


def _demand(holds: bool, kind: str, rule: str) -> None:
    if not holds:
        raise GateError("flow.transform", "A transform is out of bounds: {kind} needs {rule}.", kind=kind, rule=rule)


KINDS: Mapping[str, type[Transform]] = {t.kind: t for t in (Linear, Log, Asinh, Logicle, Hyperlog)}


def transform_of(kind: str, parameters: Mapping[str, Any]) -> Transform:
    """The transform with these parameters.

    Raises:
        GateError: unknown kind or parameters, or parameters out of bounds.
    """
    found = KINDS.get(kind)
    if found is None:
        raise GateError(
            "flow.transform", "Transform '{kind}' is unknown: use one of {known}.", kind=kind, known=", ".join(KINDS)
        )
    known = [field.name for field in fields(found)]
    if wrong := [name for name in parameters if name not in known]:
        raise GateError(
            "flow.transform",
            "Transform {kind} has no parameter '{name}': it has {known}.",
            kind=kind,
            name=wrong[0],
            known=", ".join(known),
        )
    try:
        return found(**{name: float(value) for name, value in parameters.items()})
    except (TypeError, ValueError) as error:
        raise GateError(
            "flow.transform", "Transform {kind} needs numbers for {known}.", kind=kind, known=", ".join(known)
        ) from error


def decades(transform: Transform, low: float, high: float) -> list[float]:
    """Data values worth a tick between two display values: 0 and ± powers of ten."""
    ends = transform.inverse(np.array([max(low, -1.0), min(high, 2.0)]))
    top = max(abs(float(ends[0])), abs(float(ends[1])), 10.0)
    powers = [10.0**k for k in range(int(log10(top)) + 1)]
    values = sorted([-p for p in powers] + [0.0] + powers)
    return [v for v in values if ends[0] <= v <= ends[1]]
