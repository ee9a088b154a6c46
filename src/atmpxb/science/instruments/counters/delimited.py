"""Text of a counter's export, whatever a spreadsheet or a regional setting made of it.

Exports come as UTF-8, UTF-16 or Windows-1252, with commas, semicolons or tabs, with a decimal point or comma.
Each deviation from UTF-8 with a decimal point is mended and listed as a repair; what can't be read for
certain is refused.
"""

import codecs
import csv
import io
import re
from decimal import Decimal

from atmpxb.notes import Fact
from atmpxb.science.instruments.counters.export import CounterError, Repair

#: A counter's export is a few kilobytes; far larger is another kind of file.
LARGEST_BYTES = 16 * 2**20
LARGEST_FIELD = 100_000

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d{1,3})?")


def decode(data: bytes, repairs: list[Repair]) -> tuple[str, str]:
    """Text and the name of its encoding.

    Raises:
        CounterError: empty, too large, or binary.
    """
    if not data.strip():
        raise CounterError("counter.empty", "The file is empty; export the measurement again.")
    if len(data) > LARGEST_BYTES:
        raise CounterError(
            "counter.too_large",
            "{size} bytes are no counter export (limit {limit}); choose the CSV export.",
            size=len(data),
            limit=LARGEST_BYTES,
        )
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise CounterError(
            "counter.not_text",
            "Byte {start} is no text in {encoding}; export the file again as CSV.",
            start=error.start,
            encoding=encoding,
        ) from error
    if "\x00" in text:
        raise CounterError("counter.not_text", "The file holds binary data; choose the CSV export.")
    if not encoding.startswith("utf-8"):
        repairs.append(Repair("encoding", "", encoding, "utf-8"))
    return text, encoding


def _encoding(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:400]
    # Without a byte order mark, western text in UTF-16 has a zero in every second byte.
    if len(head) > 8 and head[1::2].count(0) > len(head) // 4 and 0 not in head[0::2]:
        return "utf-16-le"
    if len(head) > 8 and head[0::2].count(0) > len(head) // 4 and 0 not in head[1::2]:
        return "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252" if _is_cp1252(data) else "latin-1"
    return "utf-8"


def _is_cp1252(data: bytes) -> bool:
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def rows(text: str, expected: str, repairs: list[Repair]) -> tuple[list[tuple[int, list[str]]], str]:
    """Rows with their line number, blank lines left out, and the separator that was found.

    Args:
        expected: the separator that the instrument writes; another one is a repair.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=lambda mark: (first.count(mark), mark == expected))
    if separator != expected:
        repairs.append(Repair("separator", "", separator, expected))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                found.append((reader.line_num, [cell.strip() for cell in row]))
            if any(len(cell) > LARGEST_FIELD for cell in row):
                raise csv.Error(f"a field is longer than {LARGEST_FIELD} characters")
    except csv.Error as error:
        raise CounterError(
            "counter.malformed",
            "Line {line} can't be read ({error}); the file was cut off or edited, export it again.",
            line=reader.line_num,
            error=error,
        ) from error
    return found, separator


def number(text: str, where: Fact, comma: bool, repairs: list[Repair]) -> Decimal | None:
    """The number with the digits of the file, or None when the text is none.

    Args:
        comma: whether a comma can be the decimal mark here (it can't where it separates columns, since a
            quoted ``"1,204"`` may be a count of over a thousand).

    >>> number("2.45E6", "row 1", False, [])
    Decimal('2.45E+6')
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    if comma and _COMMA_NUMBER.fullmatch(text):
        point = text.replace(",", ".")
        repairs.append(Repair("decimal_comma", where, text, point))
        return Decimal(point)
    return None


def whole(value: Decimal | None) -> int | None:
    """A count, or None where the number is negative, too large or not whole."""
    if value is None or value < 0 or value >= 10**12 or value != value.to_integral_value():
        return None
    return int(value)
