"""Exports of automated cell counters: one folder a format."""

from atmpxb.science.instruments.counters import nucleoview, vicell_blu
from atmpxb.science.instruments.counters.delimited import decode
from atmpxb.science.instruments.counters.export import RULES, CellCount, CounterError, CounterExport, Repair
from atmpxb.science.instruments.counters.personal import personal_places

__all__ = ["FORMATS", "RULES", "CellCount", "CounterError", "CounterExport", "Repair", "personal_places", "read"]

FORMATS = (vicell_blu.FORMAT, nucleoview.FORMAT)


def read(data: bytes) -> CounterExport:
    """Read the export of any known counter.

    Raises:
        CounterError: ``counter.unknown_format``, or what the reader of the format raises.
    """
    text, _ = decode(data, [])
    if vicell_blu.recognises(text):
        return vicell_blu.read(data)
    if nucleoview.recognises(text):
        return nucleoview.read(data)
    raise CounterError(
        "counter.unknown_format",
        "This is no CSV export of a Vi-CELL BLU or of NucleoView; export the results as CSV.",
    )
