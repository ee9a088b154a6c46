"""The spillover matrix in an FCS file: ``$SPILLOVER`` (3.1), ``SPILL`` (common before), ``$COMP`` (3.0)."""

from collections.abc import Sequence

from atmpxb.notes import Fact, note
from atmpxb.science.instruments.fcs.structure import Channel, Repair, SpilloverMatrix
from atmpxb.science.instruments.fcs.text import Keywords, decimal_number, whole_number

KEYWORDS = ("$SPILLOVER", "SPILL", "SPILLOVER", "$SPILL")


def read_spillover(keywords: Keywords, channels: Sequence[Channel], repairs: list[Repair]) -> SpilloverMatrix | None:
    """The matrix of the file, or None.

    One that can't be read is listed as a repair and is None, never guessed.
    """
    for keyword in KEYWORDS:
        text = keywords.text(keyword)
        if text is None:
            continue
        matrix, why = _named(keyword, text, [channel.name for channel in channels])
        if matrix is not None:
            return matrix
        repairs.append(Repair("spillover.unreadable", keyword, text[:80], why))
    text = keywords.text("$COMP")
    if text is None:
        return None
    matrix, why = _positional(text, [channel.name for channel in channels])
    if matrix is None:
        repairs.append(Repair("spillover.unreadable", "$COMP", text[:80], why))
    return matrix


def _named(keyword: str, text: str, names: list[str]) -> tuple[SpilloverMatrix | None, Fact]:
    parts = [part.strip() for part in text.split(",")]
    size = whole_number(parts[0])
    if not size or len(parts) != 1 + size + size * size:
        return None, note("fcs.spillover_size", "the number of entries does not fit the size")
    detectors = tuple(parts[1 : 1 + size])
    if missing := [name for name in detectors if name not in names]:
        return None, note("fcs.spillover_channel", "{channel} is not a channel of the file", channel=missing[0])
    if len(set(detectors)) != size:
        return None, note("fcs.spillover_twice", "a channel is named twice")
    return _matrix(detectors, parts[1 + size :], keyword)


def _positional(text: str, names: list[str]) -> tuple[SpilloverMatrix | None, Fact]:
    parts = [part.strip() for part in text.split(",")]
    size = whole_number(parts[0])
    if not size or len(parts) != 1 + size * size:
        return None, note("fcs.spillover_size", "the number of entries does not fit the size")
    if size != len(names):
        return None, note(
            "fcs.spillover_unnamed",
            "it is {size} × {size} for {count} channels and does not name them",
            size=size,
            count=len(names),
        )
    return _matrix(tuple(names), parts[1:], "$COMP")


def _matrix(detectors: tuple[str, ...], entries: list[str], keyword: str) -> tuple[SpilloverMatrix | None, Fact]:
    numbers = [decimal_number(entry) for entry in entries]
    values = [number for number in numbers if number is not None]
    if len(values) != len(numbers):
        return None, note("fcs.spillover_number", "an entry is not a number")
    size = len(detectors)
    rows = tuple(tuple(values[at : at + size]) for at in range(0, size * size, size))
    return SpilloverMatrix(detectors, rows, source=keyword), ""
