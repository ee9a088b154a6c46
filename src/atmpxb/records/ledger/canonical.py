"""One byte string for one value: JSON in the canonical form of RFC 8785, without floating point.

A record is serialised once and hashed as stored. Floats are refused because their text differs between
programs; a measured value enters a record as a decimal string.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

type Json = bool | int | str | Sequence["Json"] | Mapping[str, "Json"] | None

#: RFC 8785 numbers are IEEE doubles: an integer beyond this bound would not survive another reader.
LARGEST_INTEGER = 2**53 - 1


class NotCanonical(ValueError):
    """The value has no canonical form (a float, a naive time, a key that is not text)."""


def plain(value: Any) -> Json:
    """The JSON value of a record value: times as UTC ``…Z`` text, decimals and identifiers as text.

    >>> plain({"at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "volume": Decimal("1.50")})
    {'at': '2026-01-02T03:04:05Z', 'volume': '1.50'}
    """
    match value:
        case None | bool() | str():
            return value
        case int():
            if abs(value) > LARGEST_INTEGER:
                raise NotCanonical(f"integer {value} does not fit a double; write it as text")
            return value
        case Decimal() | UUID():
            return str(value)
        case datetime():
            return utc_text(value)
        case Mapping():
            if wrong := [key for key in value if not isinstance(key, str)]:
                raise NotCanonical(f"key {wrong[0]!r} is not text")
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    raise NotCanonical(f"{type(value).__name__} {value!r} has no canonical form")


def utc_text(at: datetime) -> str:
    """RFC 3339 text in UTC, seconds or microseconds, whatever zone the value came in.

    >>> from datetime import timezone, timedelta
    >>> utc_text(datetime(2026, 7, 1, 14, 0, tzinfo=timezone(timedelta(hours=2))))
    '2026-07-01T12:00:00Z'
    """
    if at.tzinfo is None:
        raise NotCanonical(f"time {at.isoformat()} has no zone")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def canonical(value: Any) -> bytes:
    """Canonical JSON bytes: keys sorted by UTF-16 code units, no blanks, UTF-8 without escapes of letters.

    >>> canonical({"b": 1, "a": ["é", None, True]})
    b'{"a":["\\xc3\\xa9",null,true],"b":1}'
    >>> canonical(0.5)
    Traceback (most recent call last):
    ...
    atmpxb.records.ledger.canonical.NotCanonical: float 0.5 has no canonical form
    """
    return json.dumps(_sorted(plain(value)), ensure_ascii=False, separators=(",", ":")).encode()


def _sorted(value: Json) -> Json:
    match value:
        case Mapping():
            return {key: _sorted(value[key]) for key in sorted(value, key=lambda k: k.encode("utf-16-be"))}
        case list():
            return [_sorted(item) for item in value]
    return value


def digest(value: Any) -> str:
    """Hexadecimal SHA-256 of the canonical bytes."""
    return sha256(canonical(value)).hexdigest()
