"""Pictures of a gating strategy: one for each pair of dimensions that gates of one parent share.

A density plot is a 256 × 256 histogram as an indexed PNG inside an SVG that draws axes, gates and labels; a
range gate gets a histogram. SVG presentation attributes only, so a strict content security policy lets it
through. Texts are names and numbers, the same in every language.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, pi, sin, sqrt
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from atmpxb.science.flow.axes import Axis, Tick, axis_of
from atmpxb.science.flow.gates import Boolean, Dimension, Ellipsoid, Gate, Polygon, Quadrants, Rectangle
from atmpxb.science.flow.png import data_uri, levels
from atmpxb.science.flow.populations import Populations
from atmpxb.science.flow.strategy import ROOT, populations_of

type Array = NDArray[np.float64]
type Points = list[tuple[float, float]]

#: Cells of the histogram in each direction.
CELLS = 256
#: The frame inside the picture, in SVG units: left, top, width, height.
LEFT, TOP, WIDTH, HEIGHT = 58.0, 30.0, 270.0, 260.0
SIZE = (346, 340)
#: Okabe & Ito's vermilion: seen against every level of the density scale, also by colour-blind readers.
GATE = "#d55e00"
INK = "#1a1a1a"


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG and the table that says the same. ``populations`` are those whose gates it shows."""

    code: str
    parent: str
    populations: tuple[str, ...]
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Outline:
    """A gate on display scale: closed or open lines, and where its label goes."""

    lines: tuple[Points, ...]
    closed: bool
    label: str
    at: tuple[float, float]
    inside: bool = False  # the label stands under that point, within the gate


def pictures(populations: Populations) -> tuple[Picture, ...]:
    """One picture for each parent and pair of dimensions, in the order of the strategy.

    Boolean gates have none.
    """
    groups: dict[tuple[str, tuple[Dimension, ...]], list[Gate]] = {}
    for gate in populations.strategy.order:
        if not isinstance(gate, Boolean):
            groups.setdefault((gate.parent, gate.dimensions[:2]), []).append(gate)
    return tuple(
        _picture(f"gate{number}", populations, parent, dimensions, gates)
        for number, ((parent, dimensions), gates) in enumerate(groups.items(), start=1)
    )


def _picture(
    code: str, populations: Populations, parent: str, dimensions: tuple[Dimension, ...], gates: Sequence[Gate]
) -> Picture:
    shown = populations[parent]
    chosen = slice(None) if parent == ROOT else np.flatnonzero(shown.mask)
    values = [populations.columns.values(dimension)[chosen] for dimension in dimensions]
    axes = [
        axis_of(dimension, populations.columns, value, [m for gate in gates for m in _marks(gate, number)])
        for number, (dimension, value) in enumerate(zip(dimensions, values, strict=True))
    ]
    if len(axes) == 1:
        body, axes = _histogram(values[0], axes[0])
    else:
        body = _density(values, axes)
    names = tuple(name for gate in gates for name in populations_of(gate))
    outlines = [outline for gate in gates for outline in _outlines(gate, populations, axes)]
    beyond = sum(_beyond(value, axis) for value, axis in zip(values, axes, strict=False))
    title = f"{parent}  n = {_grouped(shown.count)}" if parent else f"n = {_grouped(shown.count)}"
    rows = [(name, str(populations.count(name)), _percent(populations, name)) for name in names]
    if beyond:
        rows.append(("↔", str(beyond), ""))  # drawn on the edge of the frame
    svg = _svg(title, body, axes, outlines)
    return Picture(code, parent, names, svg, ("population", "n", "%"), tuple(rows))


def _beyond(values: Array, axis: Axis) -> int:
    with np.errstate(invalid="ignore"):
        return int(np.count_nonzero(~((values >= axis.low) & (values <= axis.high))))


def _percent(populations: Populations, name: str) -> str:
    percent = populations.percent(name)
    return "–" if percent is None else f"{percent:.2f}"


def _density(values: Sequence[Array], axes: Sequence[Axis]) -> str:
    cells = []
    for value, axis in zip(values, axes, strict=True):
        place = np.nan_to_num(axis.place(value) * CELLS, nan=-1.0, posinf=CELLS, neginf=0.0)
        cells.append(np.clip(place, -1, CELLS - 1).astype(np.int32))
    known = (cells[0] >= 0) & (cells[1] >= 0)
    flat = (cells[1] * CELLS + cells[0])[known]
    counts = np.bincount(flat, minlength=CELLS * CELLS).reshape(CELLS, CELLS)[::-1]
    return (
        f'<image x="{LEFT:g}" y="{TOP:g}" width="{WIDTH:g}" height="{HEIGHT:g}" preserveAspectRatio="none" '
        f'image-rendering="optimizeSpeed" href="{data_uri(levels(counts))}"/>'
    )


def _histogram(values: Array, axis: Axis) -> tuple[str, list[Axis]]:
    place = np.nan_to_num(axis.place(values) * CELLS, nan=-1.0, posinf=CELLS, neginf=0.0)
    cells = np.clip(place, -1, CELLS - 1).astype(np.int32)
    counts = np.bincount(cells[cells >= 0], minlength=CELLS)
    top = max(int(counts.max(initial=0)), 1)
    points = [(LEFT, TOP + HEIGHT)]
    for number, count in enumerate(counts):
        height = TOP + HEIGHT * (1 - 0.95 * float(count) / top)
        points += [(LEFT + WIDTH * at / CELLS, height) for at in (number, number + 1)]
    points.append((LEFT + WIDTH, TOP + HEIGHT))
    path = (
        f'<polygon points="{_points(points)}" fill="#31688e" fill-opacity="0.6" stroke="#31688e" stroke-width="0.7"/>'
    )
    return path, [axis, Axis("n", 0.0, top / 0.95, (Tick(0.0, "0"), Tick(float(top), _grouped(top))))]


def _marks(gate: Gate, number: int) -> list[float]:
    match gate:
        case Rectangle():
            return [bound for bound in gate.bounds[number] if bound is not None]
        case Polygon():
            return [vertex[number] for vertex in gate.vertices]
        case Ellipsoid():
            reach = sqrt(max(gate.covariance[number][number] * gate.distance_square, 0.0))
            return [gate.mean[number] - reach, gate.mean[number] + reach]
        case Quadrants():
            return list(gate.dividers[number])
    return []


def _outlines(gate: Gate, populations: Populations, axes: Sequence[Axis]) -> list[_Outline]:
    x, y = axes
    match gate:
        case Rectangle():
            (left, right), (low, high) = (*gate.bounds[:2], (None, None))[:2]
            a, b = x.low if left is None else left, x.high if right is None else right
            c, d = y.low if low is None else low, y.high if high is None else high
            corners = [(a, c), (b, c), (b, d), (a, d)]
            return [_Outline((corners,), True, _caption(gate.name, populations), ((a + b) / 2, d), True)]
        case Polygon():
            top = max(point[1] for point in gate.vertices)
            middle = sum(point[0] for point in gate.vertices) / len(gate.vertices)
            return [_Outline((list(gate.vertices),), True, _caption(gate.name, populations), (middle, top))]
        case Ellipsoid():
            points = _ellipse(gate)
            if not points:
                return []
            return [
                _Outline(
                    (points,),
                    True,
                    _caption(gate.name, populations),
                    (gate.mean[0], max(p[1] for p in points)),
                )
            ]
        case Quadrants():
            return _cross(gate, populations, x, y)
    return []


def _ellipse(gate: Ellipsoid) -> Points:
    """The shadow of the ellipsoid on its first two dimensions; nothing where the matrix is no covariance."""
    (xx, xy), (_, yy) = gate.covariance[0][:2], gate.covariance[1][:2]
    if xx <= 0 or xx * yy - xy * xy <= 0:
        return []
    size = sqrt(gate.distance_square)
    a, b = sqrt(xx), xy / sqrt(xx)
    c = sqrt(yy - b * b)
    turns = [2 * pi * step / 72 for step in range(72)]
    return [(gate.mean[0] + size * a * cos(t), gate.mean[1] + size * (b * cos(t) + c * sin(t))) for t in turns]


def _cross(gate: Quadrants, populations: Populations, x: Axis, y: Axis) -> list[_Outline]:
    lines: list[Points] = [[(cut, y.low), (cut, y.high)] for cut in gate.dividers[0]]
    tall = len(gate.dividers) > 1
    lines += [[(x.low, cut), (x.high, cut)] for cut in (gate.dividers[1] if tall else ())]
    found = [_Outline(tuple(lines), False, "", (x.low, y.low))]
    for quadrant in gate.quadrants:
        columns = (x.low, *gate.dividers[0], x.high)
        at = (columns[quadrant.intervals[0]] + columns[quadrant.intervals[0] + 1]) / 2
        rows = (y.low, *(gate.dividers[1] if tall else ()), y.high)
        upper = rows[quadrant.intervals[1] + 1] if tall else y.high
        found.append(_Outline((), False, _caption(quadrant.name, populations), (at, upper), True))
    return found


def _caption(name: str, populations: Populations) -> str:
    percent = _percent(populations, name)
    return f"{name} {percent} %" if percent != "–" else f"{name} –"


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", "\u00a0")  # the narrower spaces have no glyph in the certificate's fonts


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _svg(title: str, body: str, axes: Sequence[Axis], outlines: Sequence[_Outline]) -> str:
    x, y = axes
    said = "; ".join([f"{x.label} × {y.label}", title, *(o.label for o in outlines if o.label)])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE[0]} {SIZE[1]}" width="{SIZE[0]}" '
        f'height="{SIZE[1]}" role="img" aria-label={quoteattr(said)} font-family="sans-serif" '
        f'font-size="11" fill="{INK}">',
        f'<rect width="{SIZE[0]}" height="{SIZE[1]}" fill="#ffffff"/>',
        f'<text x="{LEFT:g}" y="19" font-size="12" font-weight="bold">{escape(title)}</text>',
        body,
        f'<rect x="{LEFT:g}" y="{TOP:g}" width="{WIDTH:g}" height="{HEIGHT:g}" fill="none" '
        f'stroke="{INK}" stroke-width="0.8"/>',
        *(_tick_x(tick, x) for tick in x.ticks),
        *(_tick_y(tick, y) for tick in y.ticks),
        f'<text x="{LEFT + WIDTH / 2:g}" y="{SIZE[1] - 12}" text-anchor="middle">{escape(x.label)}</text>',
        f'<text x="14" y="{TOP + HEIGHT / 2:g}" text-anchor="middle" '
        f'transform="rotate(-90 14 {TOP + HEIGHT / 2:g})">{escape(y.label)}</text>',
        *(_drawn(outline, x, y) for outline in outlines),
        *(_captioned(outline, x, y) for outline in outlines if outline.label),
        "</svg>",
    ]
    return "".join(parts)


def _tick_x(tick: Tick, axis: Axis) -> str:
    at, foot = _screen((tick.at, 0.0), axis, axis)[0], TOP + HEIGHT
    return (
        f'<path d="M{at:.1f} {foot:g}v5" stroke="{INK}" stroke-width="0.8"/>'
        f'<text x="{at:.1f}" y="{foot + 17:g}" text-anchor="middle">{_number(tick)}</text>'
    )


def _tick_y(tick: Tick, axis: Axis) -> str:
    at = _screen((0.0, tick.at), axis, axis)[1]
    return (
        f'<path d="M{LEFT:g} {at:.1f}h-5" stroke="{INK}" stroke-width="0.8"/>'
        f'<text x="{LEFT - 8:g}" y="{at + 4:.1f}" text-anchor="end">{_number(tick)}</text>'
    )


def _number(tick: Tick) -> str:
    return tick.text + (f'<tspan dy="-4" font-size="8">{tick.exponent}</tspan>' if tick.exponent else "")


def _screen(point: tuple[float, float], x: Axis, y: Axis) -> tuple[float, float]:
    """A display value in SVG units, held within the frame."""
    across = min(max((point[0] - x.low) / (x.high - x.low), 0.0), 1.0)
    up = min(max((point[1] - y.low) / (y.high - y.low), 0.0), 1.0)
    return LEFT + WIDTH * across, TOP + HEIGHT * (1 - up)


def _drawn(outline: _Outline, x: Axis, y: Axis) -> str:
    drawn = []
    for line in outline.lines:
        points = _points(_screen(point, x, y) for point in line)
        tag = "polygon" if outline.closed else "polyline"
        drawn += [
            f'<{tag} points="{points}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>'
            for colour, width in (("#ffffff", "3.2"), (GATE, "1.6"))
        ]
    return "".join(drawn)


def _captioned(outline: _Outline, x: Axis, y: Axis) -> str:
    across, up = _screen(outline.at, x, y)
    half = 3.1 * len(outline.label)  # about half the width of the text: keep it inside the picture
    across = min(max(across, LEFT + half), LEFT + WIDTH - half) if 2 * half < WIDTH else LEFT + WIDTH / 2
    below = outline.inside or up < TOP + 16
    line = min(up + 14, TOP + HEIGHT - 4) if below else up - 5
    return (
        f'<text x="{across:.1f}" y="{line:.1f}" text-anchor="middle" '
        f'font-weight="bold" '
        f'stroke="#ffffff" stroke-width="3" stroke-linejoin="round" '
        f'paint-order="stroke">{escape(outline.label)}</text>'
    )
