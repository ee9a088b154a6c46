"""The pictures of an analysis, laid out small: what an analysis draws once, and what it draws for every file.

Pictures of a series are numbered alike for every file. Those of one file, the first with enough data to judge by,
are printed larger, and all others as small multiples beside one another, so that files compare at a glance. One table
says in numbers what the pictures of all files show.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from atmpxb.quality.assays.pictures import in_language
from atmpxb.quality.assays.seam import Plot, Words
from atmpxb.quality.certificate.wording import decimal, localised

#: Files side by side in one table.
ABREAST = 5


def figures(plots: Sequence[Plot], language: str, words: Mapping[str, str]) -> dict[str, Any]:
    """What the annex shows of the pictures of one analysis, as JSON-ready data.

    Returns:
        ``single``: pictures that stand alone, each with its table; ``groups``: per sample the ``large`` pictures of one
        file, the ``small`` ones of the others, the ``legend`` of the files and ``tables`` with the numbers of all.
    """
    single = [plot for plot in plots if not plot.series]
    samples = dict.fromkeys(plot.sample for plot in plots if plot.series)
    return {
        "heading": words["figures"],
        "single": [
            {
                **_picture(f"{number}", plot, language),
                "columns": [_cell(column, language) for column in plot.columns],
                "rows": [[_cell(cell, language) for cell in row] for row in plot.rows],
            }
            for number, plot in enumerate(single, 1)
        ],
        "groups": [
            _group([plot for plot in plots if plot.series and plot.sample == sample], sample, language, words)
            for sample in samples
        ],
    }


def _group(plots: Sequence[Plot], sample: str, language: str, words: Mapping[str, str]) -> dict[str, Any]:
    files = list(dict.fromkeys(plot.series for plot in plots))
    kinds = list(dict.fromkeys(_kind(plot) for plot in plots))
    drawn = {(_kind(plot), plot.series): plot for plot in plots}
    chosen = largest_enough(plots)
    legend = [f"{words['file']} {number}: {name}" for number, name in enumerate(files, 1)]
    small = [
        _picture(
            f"{number} · {words['file'].lower()} {files.index(name) + 1}",
            drawn[kind, name],
            language,
            titled=False,
        )
        for number, kind in enumerate(kinds, 1)
        for name in files
        if name != chosen and (kind, name) in drawn
    ]
    large = [
        _picture(f"{number}", drawn[kind, chosen], language)
        for number, kind in enumerate(kinds, 1)
        if (kind, chosen) in drawn
    ]
    return {
        "title": " · ".join(part for part in (sample, f"{words['file'].lower()} {files.index(chosen) + 1}") if part),
        "legend": " · ".join(legend),
        "large": large,
        "small": small,
        "tables": [
            _table(kinds, files[start : start + ABREAST], start, drawn, language, words)
            for start in range(0, len(files), ABREAST)
        ],
    }


def largest_enough(plots: Sequence[Plot]) -> str:
    """The first file whose pictures show at least half as much as those of the fullest file."""
    shown: dict[str, float] = {}
    for plot in plots:
        shown[plot.series] = shown.get(plot.series, 0.0) + sum(
            float(str(row[1])) for row in plot.rows if len(row) > 1 and _is_number(row[1])
        )
    most = max(shown.values())
    return next(name for name, size in shown.items() if 2 * size >= most)


def _table(
    kinds: Sequence[str],
    files: Sequence[str],
    start: int,
    drawn: Mapping[tuple[str, str], Plot],
    language: str,
    words: Mapping[str, str],
) -> dict[str, Any]:
    """Rows of equal name side by side, one column a file; the other cells of a row stand in one."""
    rows = []
    for number, kind in enumerate(kinds, 1):
        told = [
            {_cell(row[0], language): row[1:] for row in drawn[kind, name].rows if row} if (kind, name) in drawn else {}
            for name in files
        ]
        for what in dict.fromkeys(name for table in told for name in table):
            cells = [" · ".join(_cell(cell, language) for cell in table.get(what, ()) if cell) or "—" for table in told]
            rows.append([f"{number}", what, *cells])
    one = next(iter(drawn.values()))
    columns = [_cell(column, language) for column in one.columns]
    named = " · ".join(columns[1:])
    heads = [f"{words['file']} {start + number}: {named}" for number in range(1, len(files) + 1)]
    return {"columns": [words["figure"], columns[0] if columns else "", *heads], "rows": rows}


def _kind(plot: Plot) -> str:
    """Which of the pictures that an analysis draws for every file this one is."""
    return plot.code.rpartition(".")[0] or plot.code


def _picture(number: str, plot: Plot, language: str, *, titled: bool = True) -> dict[str, Any]:
    title = localised(plot.title[language].removesuffix(f" ({plot.series})"), language)
    where = [part for part in (plot.sample, plot.series) if part and part not in title]
    facts = [
        "; ".join(
            f"{_cell(column, language)} {_cell(cell, language)}"
            for column, cell in zip(plot.columns, row, strict=False)
        )
        for row in plot.rows[:12]
    ]
    return {
        "number": number,
        "title": title if titled else "",
        "svg": in_language(plot.svg, language),
        "alt": ". ".join([" · ".join([title, *where]), *facts]),
    }


def _is_number(cell: str | Words) -> bool:
    return isinstance(cell, str) and cell.replace(".", "", 1).isdecimal()


def _cell(cell: str | Words, language: str) -> str:
    return decimal(cell, language) if isinstance(cell, str) else cell.get(language) or cell["en"]
