"""CSV export of ChemoMetec NucleoView (NC-200 and kin): one file a measurement, ``key;value`` a line."""

import re
from decimal import Decimal

from atmpxb.science.instruments.counters.delimited import decode, number
from atmpxb.science.instruments.counters.export import CellCount, CounterError, CounterExport, Repair, line_at

FORMAT = "nucleoview"

_NUMBERS = {
    "viability (%)": "viability",
    "live (cells/ml)": "viable_per_ml",
    "dead (cells/ml)": "dead_per_ml",
    "total (cells/ml)": "total_per_ml",
    "estimated cell diameter (um)": "diameter_um",
    "multiplication factor": "dilution",
}
_REQUIRED = ("viability", "viable_per_ml", "total_per_ml")
#: The program names an image by date, number of the day, a letter, and what the operator typed.
_IMAGE = re.compile(r"\d{8}-\d{4}-[a-z]-(.+)")


def recognises(text: str) -> bool:
    """Does the text look like this export?"""
    head = text[:2000].casefold()
    return "viability (%)" in head and "live (cells/ml)" in head


def read(data: bytes) -> CounterExport:
    """Read an export.

    Raises:
        CounterError: ``counter.key_missing``, ``counter.key_twice``, or what `delimited` raises.
    """
    repairs: list[Repair] = []
    text, encoding = decode(data, repairs)
    pairs = _pairs(text, repairs)
    values: dict[str, Decimal] = {}
    unreadable: dict[str, str] = {}
    for key, (line, value) in pairs.items():
        field = _NUMBERS.get(_folded(key))
        if field is None or not value:
            continue
        found = number(value, line_at(line, key), True, repairs)
        if found is None:
            unreadable[key] = value
        else:
            values[field] = found
    _require(pairs)
    image = pairs.pop("Image", (0, ""))[1]
    named = _IMAGE.fullmatch(image)
    rest = {key: value for key, (_, value) in pairs.items() if _folded(key) not in _NUMBERS}
    count = CellCount(
        sample=named[1] if named else image,
        where="",
        acquired_at=" ".join(filter(None, (rest.pop("Date time", ""), _zone(rest.get("Time zone offset", ""))))),
        operator=rest.pop("Operator", ""),
        viability=values.get("viability"),
        total_per_ml=values.get("total_per_ml"),
        viable_per_ml=values.get("viable_per_ml"),
        dead_per_ml=values.get("dead_per_ml"),
        diameter_um=values.get("diameter_um"),
        dilution=values.get("dilution"),
        unreadable=unreadable,
        unread=rest,
    )
    return CounterExport(
        FORMAT,
        rest.get("Instrument type", "NucleoView"),
        (count,),
        instrument_serial=re.sub(r"^s/n\s*", "", rest.get("Instrument s/n", "")),
        run=image,
        encoding=encoding,
        repairs=tuple(repairs),
        header={"assay": rest.get("assay", ""), "software": rest.get("Application SW version", "")},
    )


def _pairs(text: str, repairs: list[Repair]) -> dict[str, tuple[int, str]]:
    """Key → (line, value). The first line names the assay; the last is the program's checksum."""
    found: dict[str, tuple[int, str]] = {}
    lines = text.splitlines()
    trailing = [line for line in lines if line.endswith(",")]
    spreadsheet = bool(trailing) and len(trailing) == sum(1 for line in lines if line)
    if spreadsheet:
        repairs.append(Repair("trailing_comma", "", ",", ""))
    for line_number, line in enumerate(lines, start=1):
        line = line.rstrip(",") if spreadsheet else line
        cells = [cell.strip().strip('"') for cell in line.split(";")]
        if not any(cells):
            continue
        if cells[0].startswith("//["):
            key, value = "checksum of the program", cells[0].strip("/[]")
        elif not found and not any(cells[1:]):
            key, value = "assay", cells[0]
        else:
            key, value = cells[0], ";".join(cells[1:]).strip("; ")
        if key in found:
            raise CounterError(
                "counter.key_twice",
                "Line {line}: '{key}' stands twice; a file holds one measurement, export it again.",
                line=line_number,
                key=key,
            )
        found[key] = (line_number, value)
    return found


def _require(pairs: dict[str, tuple[int, str]]) -> None:
    present = {_NUMBERS.get(_folded(key)) for key in pairs}
    names = {field: name for name, field in _NUMBERS.items()}
    for field in _REQUIRED:
        if field not in present:
            raise CounterError(
                "counter.key_missing",
                "The line '{key}' is missing; the file was cut off or is another export.",
                key=names[field],
            )
    if not pairs.get("Image", (0, ""))[1]:
        raise CounterError(
            "counter.key_missing",
            "The line 'Image' is missing, so the sample is unknown; export the file again.",
            key="Image",
        )


def _folded(key: str) -> str:
    """Some versions write the unit in square brackets."""
    return key.replace("[", "(").replace("]", ")").casefold()


def _zone(offset: str) -> str:
    return f"UTC{int(offset):+d}" if re.fullmatch(r"[+-]?\d{1,2}", offset) else ""
