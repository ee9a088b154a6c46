"""CSV export of the Beckman Coulter Vi-CELL BLU: one header row, one row a measurement."""

import re
import unicodedata
from decimal import Decimal

from atmpxb.science.instruments.counters.delimited import decode, number, rows, whole
from atmpxb.science.instruments.counters.export import CellCount, CounterError, CounterExport, Repair, line_at

FORMAT = "vicell_blu"

#: Field of `CellCount` → column, in the instrument's own words.
_NUMBERS = {
    "total_count": "Cell count",
    "viable_count": "Viable cells",
    "total_per_ml": "Total (x10^6) cells/mL",
    "viable_per_ml": "Viable (x10^6) cells/mL",
    "viability": "Viability (%)",
    "diameter_um": "Average diameter (μm)",
    "dilution": "Dilution",
    "images": "Images for analysis",
    "bubbles": "Bubble count",
    "clusters": "Cluster count",
}
_TEXTS = {
    "sample": "Sample ID",
    "cell_type": "Cell type",
    "acquired_at": "Analysis date/time",
    "operator": "Analysis by",
}
_REQUIRED = ("sample", "total_per_ml", "viable_per_ml", "viability")
_WHOLE = ("total_count", "viable_count", "images", "bubbles", "clusters")


def recognises(text: str) -> bool:
    """Does the text start like this export?"""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return "sample id" in first.casefold() and "viability (%)" in first.casefold()


def read(data: bytes) -> CounterExport:
    """Read an export.

    Raises:
        CounterError: ``counter.column_missing``, ``counter.column_twice``, ``counter.row_length``,
            ``counter.no_rows``, or what `delimited` raises.
    """
    repairs: list[Repair] = []
    text, encoding = decode(data, repairs)
    table, separator = rows(text, ",", repairs)
    if not table:
        raise CounterError("counter.empty", "The file holds no row; export the measurement again.")
    header, columns = table[0][1], _columns(table[0][1])
    counts = [
        _count(_fitted(cells, header, line, repairs), header, columns, line, separator, repairs)
        for line, cells in table[1:]
    ]
    if not counts:
        raise CounterError("counter.no_rows", "The file has a header and no measurement; export it again.")
    return CounterExport(FORMAT, "Vi-CELL BLU", tuple(counts), encoding=encoding, repairs=tuple(repairs))


def _columns(header: list[str]) -> dict[str, int]:
    """Field of `CellCount` → position of its column."""
    names = [_folded(name) for name in header]
    for name in names:
        if name and names.count(name) > 1:
            raise CounterError(
                "counter.column_twice",
                "The column '{column}' stands twice, so it is not clear which one counts; export it again.",
                column=name,
            )
    wanted = _NUMBERS | _TEXTS
    found = {key: names.index(_folded(name)) for key, name in wanted.items() if _folded(name) in names}
    for key in _REQUIRED:
        if key not in found:
            raise CounterError(
                "counter.column_missing",
                "The column '{column}' is missing; export with all result columns.",
                column=wanted[key],
            )
    return found


def _folded(name: str) -> str:
    """Micro sign and Greek mu are one letter; so are upper and lower case, and runs of blanks."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", name)).strip().casefold()


def _fitted(cells: list[str], header: list[str], line: int, repairs: list[Repair]) -> list[str]:
    if len(cells) < len(header):
        raise CounterError(
            "counter.row_length",
            "Line {line} has {found} of {wanted} columns; the file was cut off, export it again.",
            line=line,
            found=len(cells),
            wanted=len(header),
        )
    surplus = cells[len(header) :]
    if any(surplus):
        raise CounterError(
            "counter.row_length",
            "Line {line} has {found} columns under {wanted} headings; export the file again.",
            line=line,
            found=len(cells),
            wanted=len(header),
        )
    if surplus:
        repairs.append(Repair("surplus_empty_field", line_at(line), str(len(cells)), str(len(header))))
    return cells[: len(header)]


def _count(
    cells: list[str],
    header: list[str],
    columns: dict[str, int],
    line: int,
    separator: str,
    repairs: list[Repair],
) -> CellCount:
    values: dict[str, Decimal | int | None] = {}
    unreadable: dict[str, str] = {}
    for key in _NUMBERS:
        if key not in columns or not (text := cells[columns[key]]):
            continue
        place = line_at(line, header[columns[key]])
        exact = number(text, place, separator != ",", repairs)
        value = whole(exact) if key in _WHOLE else exact
        if value is None:
            unreadable[_NUMBERS[key]] = text
        values[key] = exact.scaleb(6) if exact is not None and key.endswith("_per_ml") else value
    texts = {key: cells[columns[key]] for key in _TEXTS if key in columns}
    read = {columns[key] for key in columns}
    unread = {name or f"column {place + 1}": cells[place] for place, name in enumerate(header) if place not in read}
    return CellCount(where=line_at(line), unreadable=unreadable, unread=unread, **texts, **values)  # type: ignore[arg-type]
