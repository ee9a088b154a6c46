"""Pictures of a plate: amplification curves with their threshold, and standard curves.

SVG presentation attributes only. Curves are relative paths on a whole-number grid, which keeps a full plate
small.
"""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from atmpxb.quality.assays.pictures import element
from atmpxb.quality.assays.seam import Plot, Words

from .quantities import FLAGS, TargetResult

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 52
#: Okabe-Ito colours and a dash pattern each, so that no meaning hangs on colour alone.
STYLES = {
    "std": ("#0072B2", ""),
    "unkn": ("#D55E00", ""),
    "pos": ("#009E73", "6 3"),
    "ntc": ("#CC79A7", "2 3"),
    "": ("#56606E", "4 2"),
}
NAMES: dict[str, Words] = {
    "std": {"en": "standard", "nl": "standaard"},
    "unkn": {"en": "sample", "nl": "monster"},
    "pos": {"en": "positive", "nl": "positief"},
    "ntc": {"en": "NTC", "nl": "NTC"},
    "": {"en": "other", "nl": "andere"},
}
WELL = {"en": "well", "nl": "well"}
SAMPLE = {"en": "sample", "nl": "monster"}
QUANTITY = {"en": "quantity", "nl": "hoeveelheid"}
CYCLE = {"en": "cycle", "nl": "cyclus"}
INK = "#14181F"


def amplification_plot(result: TargetResult, axis: str) -> Plot | None:
    """Baseline-corrected fluorescence against cycle; None when the Cq was taken from the file."""
    curves = result.amplification
    if curves is None:
        return None
    corrected = curves.corrected[~curves.unusable]
    top = float(corrected.max()) if corrected.size else 1.0
    top = top if top > 0 else 1.0
    logarithmic = axis == "log"
    floor = top * 1e-4 if logarithmic else min(0.0, float(corrected.min()) if corrected.size else 0.0)
    low, high = (math.log10(floor), math.log10(top * 1.3)) if logarithmic else (floor, top * 1.08)
    frame = _Frame(float(curves.cycles[0]), float(curves.cycles[-1]), low, high)
    paths: dict[str, list[str]] = {}
    for index, well in enumerate(result.wells):
        if curves.unusable[index]:
            continue
        y = curves.corrected[index]
        shown = np.log10(np.maximum(y, floor)) if logarithmic else y
        paths.setdefault(well.type if well.type in STYLES else "", []).append(frame.path(curves.cycles, shown))
    body = [frame.axes(_ticks(frame.x0, frame.x1), _y_ticks(low, high, logarithmic))]
    for type_, drawn in paths.items():
        colour, dash = STYLES[type_]
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        body.append(f'<path d="{"".join(drawn)}" fill="none" stroke="{colour}" stroke-width="1"{dashed}/>')
    if result.threshold is not None:
        level = math.log10(result.threshold) if logarithmic else result.threshold
        y_line = frame.y(level)
        body.append(
            f'<path d="M{LEFT} {y_line}H{WIDTH - RIGHT}" stroke="{INK}" stroke-dasharray="8 4"/>'
            + element(
                "text",
                f'x="{LEFT + 6}" y="{y_line - 5}" font-size="12" fill="{INK}"',
                {"en": f"threshold {result.threshold:.4g}", "nl": f"drempel {result.threshold:.4g}"},
            )
        )
    body.append(_legend([type_ for type_ in STYLES if type_ in paths]))
    body.append(_labels(result.target, CYCLE, "ΔF (log)" if logarithmic else "ΔF"))
    rows = tuple(
        (well.name, well.sample, well.type, "" if math.isnan(cq) else f"{cq:.2f}", _flagged(flags))
        for well, cq, flags in zip(result.wells, result.cqs, result.flags, strict=True)
    )
    title = {"en": f"Amplification curves, {result.target}", "nl": f"Amplificatiecurven, {result.target}"}
    columns = (WELL, SAMPLE, {"en": "type", "nl": "soort"}, "Cq", {"en": "flags", "nl": "opmerkingen"})
    return Plot(f"amplification:{result.target}", title, _svg(title, body), columns, rows)


def standard_curve_plot(result: TargetResult, samples: tuple[str, ...]) -> Plot | None:
    """Cq against log10 quantity: standards, the line, and the samples that were read from it."""
    curve = result.curve
    if curve is None:
        return None
    points = [
        (well, math.log10(well.quantity), float(cq))
        for well, cq in zip(result.wells, result.cqs, strict=True)
        if well.type == "std" and well.quantity and math.isfinite(cq)
    ]
    read = [(sample, result.readings[sample]) for sample in samples if sample in result.readings]
    xs = [x for _, x, _ in points] + [reading.log10 for _, reading in read]
    ys = [y for _, _, y in points] + [reading.cq_mean for _, reading in read]
    frame = _Frame(min(xs) - 0.3, max(xs) + 0.3, min(ys) - 1, max(ys) + 1)
    body = [frame.axes(_ticks(frame.x0, frame.x1), [(v, f"{v:g}") for v in _ticks(frame.y0, frame.y1)])]
    ends = [math.log10(curve.lowest), math.log10(curve.highest)]
    line = [(frame.x(x), frame.y(curve.intercept + curve.slope * x)) for x in ends]
    body.append(f'<path d="M{line[0][0]} {line[0][1]}L{line[1][0]} {line[1][1]}" stroke="{INK}" stroke-width="1.5"/>')
    colour = STYLES["std"][0]
    body.append(f'<g fill="none" stroke="{colour}" stroke-width="1.5">')
    body += [f'<circle cx="{frame.x(x)}" cy="{frame.y(y)}" r="4"/>' for _, x, y in points]
    body.append(f'</g><g fill="{STYLES["unkn"][0]}">')
    body += [f'<path d="M{frame.x(r.log10)} {frame.y(r.cq_mean) - 6}l6 6l-6 6l-6 -6z"/>' for _, r in read]
    body.append("</g>")
    percent = 100 * (curve.efficiency - 1)
    numbers = f"{curve.slope:.3f} · E {percent:.1f} % · R² {curve.r_squared:.4f} · n {curve.n}"
    place = f'x="{WIDTH - RIGHT}" y="32" font-size="12" text-anchor="end" fill="{INK}"'
    body.append(element("text", place, {"en": f"slope {numbers}", "nl": f"helling {numbers}"}))
    body.append(_labels(result.target, {"en": "log10 quantity", "nl": "log10 hoeveelheid"}, "Cq"))
    rows = tuple((well.name, well.sample, f"{10**x:.4g}", f"{y:.2f}") for well, x, y in points)
    rows += tuple(("", sample, f"{r.quantity:.4g}", f"{r.cq_mean:.2f}") for sample, r in read)
    title = {"en": f"Standard curve, {result.target}", "nl": f"Standaardcurve, {result.target}"}
    return Plot(f"standard_curve:{result.target}", title, _svg(title, body), (WELL, SAMPLE, QUANTITY, "Cq"), rows)


def _flagged(flags: tuple[str, ...]) -> str | Words:
    if not flags:
        return ""
    return {language: ", ".join(FLAGS[flag][language] for flag in flags) for language in ("en", "nl")}


class _Frame:
    """From data to picture units, rounded to a whole grid."""

    def __init__(self, x0: float, x1: float, y0: float, y1: float) -> None:
        self.x0, self.x1, self.y0, self.y1 = x0, x1, y0, y1 if y1 > y0 else y0 + 1

    def x(self, value: float) -> int:
        return round(LEFT + (value - self.x0) / (self.x1 - self.x0) * (WIDTH - LEFT - RIGHT))

    def y(self, value: float) -> int:
        return round(HEIGHT - BOTTOM - (value - self.y0) / (self.y1 - self.y0) * (HEIGHT - TOP - BOTTOM))

    def path(self, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> str:
        """A relative path; straight stretches (the flat baseline) are one step."""
        points = [(self.x(float(x)), self.y(float(y))) for x, y in zip(xs, ys, strict=True)]
        kept = [points[0]]
        for before, here, after in zip(points, points[1:], points[2:], strict=False):
            if before[1] == here[1] == after[1]:
                continue
            kept.append(here)
        kept.append(points[-1])
        steps = (f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in pairwise(kept))
        return f"M{kept[0][0]} {kept[0][1]}l" + " ".join(steps)

    def axes(self, x_ticks: list[float], y_ticks: list[tuple[float, str]]) -> str:
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        lines = [f"M{LEFT} {self.y(v)}H{right}" for v, _ in y_ticks]
        parts = [
            f'<path d="{"".join(lines)}" stroke="#DDE1E7" stroke-width="1"/>' if lines else "",
            f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#737B88"/>',
            f'<g font-size="12" fill="{INK}">',
        ]
        parts += [f'<text x="{self.x(v)}" y="{bottom + 18}" text-anchor="middle">{v:g}</text>' for v in x_ticks]
        parts += [f'<text x="{LEFT - 8}" y="{self.y(v) + 4}" text-anchor="end">{label}</text>' for v, label in y_ticks]
        return "".join(parts) + "</g>"


def _ticks(low: float, high: float) -> list[float]:
    """Round values between two bounds, about six of them."""
    step = 10.0 ** math.floor(math.log10((high - low) / 5))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 8)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def _y_ticks(low: float, high: float, logarithmic: bool) -> list[tuple[float, str]]:
    if logarithmic:
        return [(float(v), f"1e{v}") for v in range(math.ceil(low), math.floor(high) + 1)]
    return [(v, f"{v:g}") for v in _ticks(low, high)]


def _legend(types: list[str]) -> str:
    parts, x = [], WIDTH - RIGHT - 96 * len(types)
    for type_ in types:
        colour, dash = STYLES[type_]
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(
            f'<path d="M{x} 28h20" stroke="{colour}" stroke-width="2"{dashed}/>'
            + element("text", f'x="{x + 25}" y="32" font-size="12" fill="{INK}"', NAMES[type_])
        )
        x += 96
    return "".join(parts)


def _labels(title: str, x: str | Words, y: str) -> str:
    middle, below = (TOP + HEIGHT - BOTTOM) // 2, f'x="{(LEFT + WIDTH - RIGHT) // 2}" y="{HEIGHT - 12}"'
    turned = f'transform="rotate(-90 16 {middle})"'
    return (
        element("text", f'x="{LEFT}" y="18" font-size="14" font-weight="600" fill="{INK}"', title)
        + element("text", f'{below} font-size="12" text-anchor="middle" fill="{INK}"', x)
        + element("text", f'x="16" y="{middle}" font-size="12" text-anchor="middle" fill="{INK}" {turned}', y)
    )


def _svg(title: Words, body: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="sans-serif">{element("title", "", title)}'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#FFFFFF"/>{"".join(body)}</svg>'
    )
