"""The TEXT segment: keyword–value pairs between delimiters (FCS 3.1, section 3.2)."""

from collections.abc import Mapping

from atmpxb.science.instruments.fcs.structure import FcsError, Repair

#: Keywords without which a data set can't be decoded.
REQUIRED = ("$PAR", "$DATATYPE", "$MODE")


def parse_text(segment: bytes, repairs: list[Repair], where: str = "TEXT") -> dict[str, str]:
    """Keyword–value pairs of a TEXT segment, in file order, values verbatim.

    A doubled delimiter stands for the delimiter itself; the standard forbids empty values. Files with empty
    values exist all the same, and then the two readings differ: where the escaped reading would put the
    delimiter *inside a keyword* (or leaves a keyword without value), the value is read as empty and listed as
    a repair.

    >>> parse_text(b"/$FIL/a//b/K/v/", [])
    {'$FIL': 'a/b', 'K': 'v'}
    """
    if len(segment) < 4:
        raise FcsError(
            "fcs.text_missing", "{where} is empty: this is not a complete FCS file; export it again.", where=where
        )
    delimiter = segment[:1]
    body = segment.rstrip(b"\0 \t\r\n") if delimiter not in b"\0 \t\r\n" else segment
    if not body.endswith(delimiter) or len(body) < 2:
        repairs.append(Repair("text.unterminated", where, repr(segment[-12:]), ""))
        body = (body if len(body) > 1 else segment) + delimiter
    tokens = _tokens(body[1:], delimiter)
    pairs = _pairs(tokens)
    if pairs is None or any(delimiter in key for key, _ in pairs):
        relaxed = _pairs(_tokens_with_empty_values(body[1:], delimiter))
        if relaxed is not None and _complete(relaxed) >= _complete(pairs or []):
            empty = [key for key, value in relaxed if not value]
            repairs.append(
                Repair(
                    "text.empty_value",
                    f"{where} {_decode(b', '.join(empty[:8]))}",
                    "",
                    "",
                )
            )
            pairs = relaxed
    if pairs is None:
        keep = len(tokens) // 2 * 2
        repairs.append(Repair("text.keyword_without_value", where, _decode(tokens[-1]) if tokens else "", ""))
        pairs = list(zip(tokens[0:keep:2], tokens[1:keep:2], strict=True))
    return _as_dict(pairs, repairs, where)


def _tokens(body: bytes, delimiter: bytes) -> list[bytes]:
    # An escaped pair becomes one byte of the value, left to right; NUL-safe, so no placeholder is used.
    tokens, current, position = [], bytearray(), 0
    while (found := body.find(delimiter, position)) >= 0:
        current += body[position:found]
        if body[found + 1 : found + 2] == delimiter:
            current += delimiter
            position = found + 2
            continue
        tokens.append(bytes(current))
        current.clear()
        position = found + 1
    if current or position < len(body):
        tokens.append(bytes(current + body[position:]))
    return tokens


def _tokens_with_empty_values(body: bytes, delimiter: bytes) -> list[bytes]:
    tokens, position = [], 0
    while (found := body.find(delimiter, position)) >= 0:
        tokens.append(body[position:found])
        position = found + 1
        if len(tokens) % 2:  # a value follows: inside it, a doubled delimiter still is an escape
            value = bytearray()
            while (found := body.find(delimiter, position)) >= 0:
                value += body[position:found]
                doubled = body[found + 1 : found + 2] == delimiter
                position = found + 1
                if not doubled or not value:
                    break
                value += delimiter
                position += 1
            tokens.append(bytes(value))
    return tokens


def _pairs(tokens: list[bytes]) -> list[tuple[bytes, bytes]] | None:
    if len(tokens) % 2:
        return None
    return list(zip(tokens[0::2], tokens[1::2], strict=True))


def _complete(pairs: list[tuple[bytes, bytes]]) -> int:
    keys = {key.strip().upper() for key, _ in pairs}
    return sum(name.encode() in keys for name in REQUIRED)


def _as_dict(pairs: list[tuple[bytes, bytes]], repairs: list[Repair], where: str) -> dict[str, str]:
    keywords: dict[str, str] = {}
    seen: set[str] = set()
    foreign = sum(not _is_utf8(key) or not _is_utf8(value) for key, value in pairs)
    if foreign:
        repairs.append(Repair("text.not_utf8", where, str(foreign), ""))
    for key_bytes, value_bytes in pairs:
        key, value = _decode(key_bytes), _decode(value_bytes)
        folded = key.strip().upper()
        if folded in seen:
            if keywords.get(key) != value:
                repairs.append(Repair("text.duplicate_keyword", f"{where} {key}", value, ""))
            continue
        seen.add(folded)
        keywords[key.strip()] = value
    return keywords


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8" if _is_utf8(raw) else "latin-1")


class Keywords:
    """Case-insensitive look-up with typed values; what can't be read is an FcsError or a listed repair."""

    def __init__(self, verbatim: Mapping[str, str]) -> None:
        self.verbatim = dict(verbatim)
        self._folded = {key.upper(): value for key, value in verbatim.items()}

    def text(self, name: str) -> str | None:
        """The value without surrounding blanks; None when absent or blank."""
        return (self._folded.get(name) or "").strip() or None

    def integer(self, name: str) -> int | None:
        """A non-negative integer below 10^18; None when absent or not one."""
        return whole_number(self.text(name))

    def number(self, name: str) -> float | None:
        """A finite decimal number; None when absent or not one."""
        return decimal_number(self.text(name))


def whole_number(text: str | bytes | None) -> int | None:
    """The non-negative integer that the text is, in ASCII digits (at most 18 of them), else None.

    >>> whole_number(" 0042 "), whole_number("4.0"), whole_number("1_0"), whole_number("-1")
    (42, None, None, None)
    """
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    digits = (text or "").strip()
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        return None
    return int(digits)


def decimal_number(text: str | None) -> float | None:
    """The finite number that the text is, else None. A decimal comma is not accepted: it could "
    "separate two numbers.

    >>> decimal_number("262144.0"), decimal_number("1e4"), decimal_number("nan"), decimal_number("1_000")
    (262144.0, 10000.0, None, None)
    """
    if text is None or len(text) > 64 or not text.isascii() or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
