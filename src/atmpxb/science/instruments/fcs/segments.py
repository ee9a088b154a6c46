"""HEADER and the places of the segments.

Where HEADER, TEXT and the data disagree, a named rule decides and is listed.
"""

from dataclasses import dataclass

from atmpxb.science.instruments.fcs.structure import FcsError, Repair
from atmpxb.science.instruments.fcs.text import Keywords, whole_number

VERSIONS = ("FCS2.0", "FCS3.0", "FCS3.1", "FCS3.2")
HEADER_LENGTH = 58
LARGEST_HEADER_OFFSET = 99_999_999


@dataclass(frozen=True, slots=True)
class Header:
    """Version and offsets (first, last byte) from the start of the data set; None where unreadable."""

    version: str
    text: tuple[int, int]
    data: tuple[int | None, int | None]


def read_header(data: memoryview, repairs: list[Repair]) -> Header:
    """Read the 58-byte HEADER of the data set at the start of ``data``.

    Raises:
        FcsError: not FCS, an unknown version, or TEXT can't be found.
    """
    raw = bytes(data[:HEADER_LENGTH])
    if raw[:3] != b"FCS":
        raise FcsError(
            "fcs.not_fcs",
            "The file does not start with 'FCS': choose the FCS file that the cytometer exported.",
        )
    version = raw[:6].decode("latin-1")
    if version not in VERSIONS:
        raise FcsError(
            "fcs.version",
            "Version '{version}' is not FCS 2.0, 3.0, 3.1 or 3.2: export the data again as FCS 3.1.",
            version=version,
        )
    # 42 bytes hold all that is needed here; a file shorter than that has no TEXT either
    fields = [raw[at : at + 8] for at in range(10, 42, 8)]
    numbers = [whole_number(field) for field in fields]
    begin, end = numbers[0], numbers[1]
    if begin is None or end is None or not HEADER_LENGTH - 16 <= begin < end or begin >= len(data):
        raise FcsError("fcs.text_missing", "HEADER does not say where TEXT is: the file is damaged; export it again.")
    if end >= len(data):
        raise FcsError(
            "fcs.truncated",
            "TEXT should end at byte {end}, but the file has {length} bytes: copy it again.",
            end=end,
            length=len(data),
        )
    for place, field, number in zip(("$BEGINDATA", "$ENDDATA"), fields[2:], numbers[2:], strict=True):
        if number is None:
            repairs.append(Repair("header.blank_offset", f"HEADER {place}", repr(field), ""))
    return Header(version, (begin, end), (numbers[2], numbers[3]))


def text_segment(data: memoryview, header: Header, repairs: list[Repair]) -> bytes:
    """The bytes of TEXT, its end moved by one where HEADER misses the last delimiter by one."""
    begin, end = header.text
    delimiter, segment = bytes(data[begin : begin + 1]), bytes(data[begin : end + 1])
    after = bytes(data[end + 1 : end + 2])
    if not segment.rstrip(b"\0 \t\r\n").endswith(delimiter) and after == delimiter:
        repairs.append(Repair("text.end_off_by_one", "HEADER TEXT", str(end), str(end + 1)))
        segment += after
    return segment


@dataclass(frozen=True, slots=True)
class Extent:
    """Where the events are: first byte, and how many."""

    begin: int
    events: int


def locate_data(data: memoryview, header: Header, keywords: Keywords, row_bits: int, repairs: list[Repair]) -> Extent:
    """Where DATA starts and how many events it holds.

    HEADER and TEXT each propose an extent; the one whose size agrees with ``$TOT`` × row is taken, TEXT first
    (it has no limit of eight digits). Bytes that the file does not hold are never made up.

    Raises:
        FcsError: no usable offsets, or the file ends before its data do.
    """
    total = keywords.integer("$TOT")
    if total is None and (keywords.text("$TOT") or header.version != "FCS2.0"):
        repairs.append(Repair("tot.unreadable", "$TOT", keywords.text("$TOT") or "", ""))
    text = keywords.integer("$BEGINDATA"), keywords.integer("$ENDDATA")
    candidates = _candidates(header, text, repairs)
    if not candidates:
        raise FcsError("fcs.data_missing", "Neither HEADER nor TEXT says where DATA is: export the file again.")
    expected = None if total is None else _size(total, row_bits)
    place, begin, end = max(candidates, key=lambda c: _agreement(c[2] - c[1] + 1, expected))
    if len({(b, e) for _, b, e in candidates}) > 1:
        other = next(c for c in candidates if c[0] != place)
        repairs.append(
            Repair(
                "data.offsets_disagree",
                f"{other[0]} DATA",
                f"{other[1]}–{other[2]}",
                f"{begin}–{end} ({place})",
            )
        )
    return _settle(len(data), begin, end, total, expected, row_bits, repairs)


def _candidates(
    header: Header, text: tuple[int | None, int | None], repairs: list[Repair]
) -> list[tuple[str, int, int]]:
    found = []
    if text[0] and text[1] is not None and text[1] + 1 >= text[0]:
        found.append(("TEXT", text[0], text[1]))
    begin, end = header.data
    if begin and end is not None and end + 1 >= begin:
        if end == LARGEST_HEADER_OFFSET and found:
            # eight digits can't say more: the writer put the largest number instead of the zero that is due
            repairs.append(Repair("header.largest_offset", "HEADER $ENDDATA", str(end), str(found[0][2])))
        else:
            found.append(("HEADER", begin, end))
    elif found and (begin or end) and begin is not None and end is not None:
        repairs.append(Repair("header.half_offset", "HEADER DATA", f"{begin}–{end}", ""))
    return found


def _size(events: int, row_bits: int) -> int:
    return -(-events * row_bits // 8)


def _agreement(size: int, expected: int | None) -> int:
    """2: exact; 1: off by one; 0: no. The first candidate (TEXT) wins a tie."""
    if expected is None:
        return 0
    return 2 if size == expected else int(abs(size - expected) == 1)


def _settle(
    length: int,
    begin: int,
    end: int,
    total: int | None,
    expected: int | None,
    row_bits: int,
    repairs: list[Repair],
) -> Extent:
    size = end - begin + 1
    if expected is not None and abs(size - expected) == 1 and begin + expected <= length:
        repairs.append(Repair("data.end_off_by_one", "DATA", str(end), str(begin + expected - 1)))
        size = expected
    if begin + size > length:
        whole = max(length - begin, 0) * 8 // row_bits
        raise FcsError(
            "fcs.truncated",
            "DATA should end at byte {end}, but the file has {length} bytes ({whole} whole events of "
            "{total}): copy or export it again.",
            end=begin + size - 1,
            length=length,
            whole=whole,
            total=total if total is not None else size * 8 // row_bits,
        )
    fitting = size * 8 // row_bits
    if total is None:
        if _size(fitting, row_bits) != size:
            repairs.append(Repair("data.partial_event", "DATA", str(size), str(fitting)))
        return Extent(begin, fitting)
    if size == expected:
        return Extent(begin, total)
    if fitting < total:
        repairs.append(Repair("tot.disagrees", "$TOT", str(total), str(fitting)))
        return Extent(begin, fitting)
    repairs.append(
        Repair(
            "data.longer_than_tot",
            "DATA",
            str(size),
            str(total),
        )
    )
    return Extent(begin, total)
