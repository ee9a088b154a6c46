"""Write FCS 3.1 with 32-bit floats, little-endian: what simulated tubes and exported populations need."""

from collections.abc import Mapping, Sequence

import numpy as np

from atmpxb.science.instruments.fcs.decode import BLOCK
from atmpxb.science.instruments.fcs.structure import Channel, Events, FcsError, SpilloverMatrix

#: Delimiters in order of preference; the first that no keyword or value holds needs no escapes.
DELIMITERS = "/|\\!\f"


def write(
    events: Events,
    channels: Sequence[Channel],
    keywords: Mapping[str, str] | None = None,
    spillover: SpilloverMatrix | None = None,
) -> bytes:
    """FCS 3.1 bytes, one data set, ``$DATATYPE`` F.

    Args:
        events: shape (events, channels), on linear scale. keywords: further ones; structural ones are set
    here. Raises:
        FcsError: a keyword or value is empty, or the shape does not fit the channels.
    """
    if events.ndim != 2 or events.shape[1] != len(channels) or not channels:
        raise FcsError(
            "fcs.shape",
            "Events of shape {shape} do not fit {count} channels.",
            shape=events.shape,
            count=len(channels),
        )
    pairs = {key: value for key, value in (keywords or {}).items() if not _structural(key)}
    pairs |= _structure(channels, len(events), spillover)
    if empty := [key for key, value in pairs.items() if not key or not value]:
        raise FcsError(
            "fcs.empty_value", "Keyword '{empty}' has no value, which FCS forbids: leave it out.", empty=empty[0]
        )
    size = 4 * events.size
    begin, text = _text(pairs, size)
    last = begin + size - 1
    head = f"FCS3.1    {58:8d}{58 + len(text) - 1:8d}"
    head += f"{begin:8d}{last:8d}" if last <= 99_999_999 else f"{0:8d}{0:8d}"
    table = np.empty(events.shape, "<f4")
    for start in range(0, len(events), BLOCK):
        table[start : start + BLOCK] = events[start : start + BLOCK]
    return (head + f"{0:8d}{0:8d}").encode() + text + table.tobytes() + b"0" * 8


def _structural(key: str) -> bool:
    upper = key.upper()
    return upper in {
        "$PAR",
        "$TOT",
        "$MODE",
        "$DATATYPE",
        "$BYTEORD",
        "$NEXTDATA",
        "$SPILLOVER",
    } or upper.startswith(("$BEGIN", "$END"))


def _structure(channels: Sequence[Channel], total: int, spillover: SpilloverMatrix | None) -> dict[str, str]:
    pairs = {
        "$PAR": str(len(channels)),
        "$TOT": str(total),
        "$MODE": "L",
        "$DATATYPE": "F",
        "$BYTEORD": "1,2,3,4",
    }
    pairs |= {
        "$NEXTDATA": "0",
        "$BEGINANALYSIS": "0",
        "$ENDANALYSIS": "0",
        "$BEGINSTEXT": "0",
        "$ENDSTEXT": "0",
    }
    for number, channel in enumerate(channels, start=1):
        pairs |= {f"$P{number}N": channel.name, f"$P{number}B": "32", f"$P{number}E": "0,0"}
        pairs[f"$P{number}R"] = f"{channel.range if channel.range is not None else 262144:g}"
        if channel.range is not None and float(pairs[f"$P{number}R"]) != channel.range:
            pairs[f"$P{number}R"] = repr(channel.range)
        if channel.stain:
            pairs[f"$P{number}S"] = channel.stain
        if channel.gain != 1.0:
            pairs[f"$P{number}G"] = repr(channel.gain)
    if spillover is not None:
        entries = [str(len(spillover.detectors)), *spillover.detectors]
        entries += [
            f"{value:g}" if float(f"{value:g}") == value else repr(value) for row in spillover.rows for value in row
        ]
        pairs["$SPILLOVER"] = ",".join(entries)
    return pairs


def _text(pairs: Mapping[str, str], size: int) -> tuple[int, bytes]:
    """TEXT with its own offsets inside, of fixed width so that they do not move what they point at."""
    content = "".join(key + value for key, value in pairs.items())
    delimiter = next((mark for mark in DELIMITERS if mark not in content), "/")
    if any(value.startswith(delimiter) or delimiter in key for key, value in pairs.items()):
        raise FcsError("fcs.delimiter", "A keyword holds every delimiter there is: rename it.")

    def render(begin: int) -> bytes:
        offsets = {"$BEGINDATA": f"{begin:020d}", "$ENDDATA": f"{begin + size - 1:020d}"}
        tokens = [text.replace(delimiter, 2 * delimiter) for pair in {**offsets, **pairs}.items() for text in pair]
        return (delimiter + delimiter.join(tokens) + delimiter).encode()

    begin = 58 + len(render(0))
    return begin, render(begin)
