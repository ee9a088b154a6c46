"""What the export of a cell counter says, whichever counter wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from atmpxb.notes import Fact, Noted, note, template

#: What each repair does.
RULES: Mapping[str, str] = {
    "encoding": template("The text is not in UTF-8"),
    "separator": template("Another mark separates the columns than the instrument writes"),
    "decimal_comma": template("A number was written with a decimal comma"),
    "trailing_comma": template("A spreadsheet program left a comma at the end of every line"),
    "surplus_empty_field": template("A row has more fields than there are headings; the empty ones were left out"),
}


class CounterError(Noted):
    """An export can't be read, e.g. ``counter.column_missing``; the sentence has the cure."""


def line_at(number: int, column: str = "") -> Fact:
    """A line of the export, or a column of it, as a place."""
    if column:
        return note("counter.cell", "line {line}, {column}", line=number, column=column)
    return note("counter.line", "line {line}", line=number)


@dataclass(frozen=True, slots=True)
class Repair:
    """An irregularity that was mended while reading: rule (see ``RULES``), place, text before and after."""

    rule: str
    where: Fact
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CellCount:
    """One measurement of one sample, as the counter states it. None: the counter gives no such number.

    Counts are cells; concentrations cells per mL, with the instrument's own dilution already in them;
    viability is in percent, diameter in µm. Decimals keep the digits of the file, so their last digit is
    the resolution. ``unread`` holds every other column, untouched. ``unreadable`` names the fields whose
    text is no number.
    """

    sample: str
    where: Fact
    total_count: int | None = None
    viable_count: int | None = None
    viability: Decimal | None = None
    total_per_ml: Decimal | None = None
    viable_per_ml: Decimal | None = None
    dead_per_ml: Decimal | None = None
    diameter_um: Decimal | None = None
    dilution: Decimal | None = None
    images: int | None = None
    bubbles: int | None = None
    clusters: int | None = None
    cell_type: str = ""
    acquired_at: str = ""
    operator: str = ""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CounterExport:
    """An export: its measurements in file order, and what it says of the instrument."""

    format: str
    instrument_model: str
    counts: tuple[CellCount, ...]
    instrument_serial: str = ""
    run: str = ""
    encoding: str = "utf-8"
    repairs: tuple[Repair, ...] = ()
    header: Mapping[str, str] = field(default_factory=dict)
