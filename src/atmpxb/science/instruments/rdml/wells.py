"""Names of wells: where on the plate a reaction stands."""

import re

from .model import PlateFormat

#: Plate wordings of RDML 1.0, by their number of wells.
_PLATES = {"32": (4, 8), "48": (6, 8), "96": (8, 12), "384": (16, 24), "1536": (32, 48), "3072": (32, 96)}


def letters(index: int) -> str:
    """Row letters of a zero-based index, as plates print them.

    >>> letters(0), letters(15), letters(26)
    ('A', 'P', 'AA')
    """
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def plate_of(wording: str) -> PlateFormat:
    """Plate format of a wording of RDML 1.0; rows and columns are 0 for a free format.

    >>> plate_of("96-well plate; A1-H12").columns
    12
    """
    found = re.match(r"\s*(\d+)-well plate", wording)
    rows, columns = _PLATES.get(found[1], (0, 0)) if found else (0, 0)
    return PlateFormat(rows, columns, text=wording)


def well_name(identifier: str, plate: PlateFormat) -> str:
    """Name of a well from the id of its reaction: a number that counts along the rows, or a name already.

    A rotor or strip (one row, or no known format) has no rows to name, so the id stays.

    >>> well_name("13", PlateFormat(8, 12)), well_name("83", PlateFormat(16, 24))
    ('B1', 'D11')
    >>> well_name("a01", PlateFormat())
    'A1'
    """
    named = re.fullmatch(r"([A-Za-z]{1,2})0*([1-9]\d{0,2})", identifier)
    if named:
        return named[1].upper() + named[2]
    if not re.fullmatch(r"\d{1,6}", identifier) or plate.rows < 2 or plate.columns < 2:
        return identifier
    row, column = divmod(int(identifier) - 1, plate.columns)
    if not 0 <= row < plate.rows:
        return identifier
    first = letters(row) if plate.row_label == "ABC" else str(row + 1)
    second = letters(column) if plate.column_label == "ABC" else str(column + 1)
    return first + ("-" if first[-1].isdigit() == second[0].isdigit() else "") + second
