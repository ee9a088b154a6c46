"""The replicates of each sample as dots with their mean: SVG with presentation attributes only."""

from html import escape

from atmpxb.quality.assays.cell_count.samples import Counted
from atmpxb.quality.assays.pictures import element
from atmpxb.quality.assays.seam import Plot, Words

SAMPLE = {"en": "sample", "nl": "monster"}
REPLICATE = {"en": "replicate", "nl": "replicaat"}
_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 640, 150, 30, 34, 40


def replicates(samples: dict[str, Counted]) -> tuple[Plot, ...]:
    """One picture for viability and one for the viable concentration; none where there is no number."""
    titles = (
        ("viability", {"en": "Viability (%)", "nl": "Viabiliteit (%)"}, "viability", 1.0),
        (
            "viable_concentration",
            {"en": "Viable cells (10⁶/mL)", "nl": "Levende cellen (10⁶/mL)"},
            "viable_concentration",
            1e6,
        ),
    )
    plots = []
    for code, title, measure, unit in titles:
        rows = {name: [value / unit for value in counted.numbers(measure)] for name, counted in samples.items()}
        if any(rows.values()):
            table = tuple(
                (name, str(number), f"{value:.2f}")
                for name, values in rows.items()
                for number, value in enumerate(values, start=1)
            )
            svg = _svg(title, rows, 100.0 if measure == "viability" else None)
            plots.append(Plot(code, title, svg, (SAMPLE, REPLICATE, title), table))
    return tuple(plots)


def _svg(title: Words, rows: dict[str, list[float]], top: float | None) -> str:
    largest = top or _ceiling(max(value for values in rows.values() for value in values))
    height = _TOP + _ROW * len(rows) + 34
    span = _WIDTH - _LEFT - _RIGHT

    def x(value: float) -> float:
        return round(_LEFT + span * min(value, largest) / largest, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' font-family="sans-serif" font-size="13">',
        element("title", "", title),
        element("text", f'x="{_LEFT}" y="20" fill="currentColor"', title),
    ]
    bottom = _TOP + _ROW * len(rows)
    for step in range(6):
        at = x(largest * step / 5)
        parts.append(
            f'<line x1="{at}" x2="{at}" y1="{_TOP - 8}" y2="{bottom}"'
            ' stroke="currentColor" stroke-opacity="0.15"/>'
            f'<text x="{at}" y="{bottom + 18}" text-anchor="middle" fill="currentColor">'
            f"{largest * step / 5:g}</text>"
        )
    for place, (name, values) in enumerate(rows.items()):
        y = _TOP + _ROW * place + _ROW / 2 - 4
        label = name if len(name) <= 18 else name[:17] + "…"
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end" fill="currentColor">{escape(label)}</text>')
        for value in values:
            parts.append(f'<circle cx="{x(value)}" cy="{y}" r="5" fill="#2a6f97" fill-opacity="0.7" stroke="#2a6f97"/>')
        if values:
            mean = x(sum(values) / len(values))
            parts.append(
                f'<line x1="{mean}" x2="{mean}" y1="{y - 11}" y2="{y + 11}" stroke="currentColor" stroke-width="2"/>'
            )
    return "".join(parts) + "</svg>"


def _ceiling(value: float) -> float:
    """A round end of the axis above the largest value."""
    if value <= 0:
        return 1.0
    power = 10.0 ** (len(str(int(value))) - 1 if value >= 1 else -2)
    return next(step * power for step in (1, 2, 2.5, 5, 10, 20, 50, 100, 200) if step * power >= value)
