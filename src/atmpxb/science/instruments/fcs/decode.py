"""DATA: list-mode events in every width and byte order of FCS 2.0 to 3.2 (FCS 3.2, section 3.3)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atmpxb.science.instruments.fcs.structure import Channel, Events, FcsError

#: Rows transposed at once: a block of this size stays in the processor's cache.
BLOCK = 4096


def byte_order(text: str | None, widths: set[int]) -> tuple[int, ...]:
    """Significance of each stored byte, 1 = least: (1, 2, 3, 4) is little-endian.

    Raises:
        FcsError: ``$BYTEORD`` is absent where it matters, or is not a permutation.

    >>> byte_order("2,1,4,3", {32})
    (2, 1, 4, 3)
    """
    if text is None:
        if widths == {8}:
            return (1,)
        raise FcsError("fcs.byte_order", "$BYTEORD is missing: without it the values can't be read; export again.")
    parts = [part.strip() for part in text.split(",")]
    if not all(part in {"1", "2", "3", "4", "5", "6", "7", "8"} for part in parts):
        raise FcsError(
            "fcs.byte_order",
            "$BYTEORD '{text}' is not a list of byte numbers: export the file again.",
            text=text[:40],
        )
    order = tuple(int(part) for part in parts)
    if sorted(order) != list(range(1, len(order) + 1)):
        raise FcsError(
            "fcs.byte_order", "$BYTEORD '{text}' does not name each byte once: export the file again.", text=text
        )
    return order


def significance(order: tuple[int, ...], width: int) -> tuple[int, ...]:
    """Significance of the ``width`` bytes of one value. Uniform orders hold for any width; others for "
    "their own.

    >>> significance((4, 3, 2, 1), 3), significance((2, 1, 4, 3), 2)
    ((2, 1, 0), (1, 0))
    """
    if width == 1:
        return (0,)
    ascending = tuple(range(1, len(order) + 1))
    if order == ascending:
        return tuple(range(width))
    if order == ascending[::-1]:
        return tuple(range(width - 1, -1, -1))
    if width <= len(order) and sorted(order[:width]) == list(range(1, width + 1)):
        return tuple(number - 1 for number in order[:width])
    raise FcsError(
        "fcs.byte_order",
        "$BYTEORD {order} has no meaning for values of {bits} bits: export the file again.",
        order=",".join(map(str, order)),
        bits=8 * width,
    )


def bit_mask(channel: Channel) -> int:
    """The bits of an integer that carry the signal: the smallest 2^k − 1 that holds ``$PnR`` − 1.

    >>> bit_mask(Channel("FL1", bits=16, range=1024.0, datatype="I"))
    1023
    """
    full = (1 << channel.bits) - 1
    if channel.range is None or channel.range <= 0 or channel.range >= full:
        return full
    steps = int(channel.range) + (channel.range != int(channel.range))
    return full if steps < 1 else (1 << max(steps - 1, 0).bit_length()) - 1


def decode(raw: memoryview, channels: Sequence[Channel], order: tuple[int, ...], events: int) -> Events:
    """Events of shape (events, channels), each column contiguous, from exactly the bytes that hold them.

    float32 where it represents every possible value (32-bit floats, integers up to 24 bits), else float64,
    which rounds integers above 2^53.
    """
    narrow = all(c.datatype == "F" or (c.datatype == "I" and c.bits <= 24) for c in channels)
    columns = np.empty((len(channels), events), np.float32 if narrow else np.float64)
    if any(channel.bits % 8 for channel in channels):
        _decode_bits(raw, channels, order, columns)
    elif len({(c.datatype, c.bits) for c in channels}) == 1:
        _decode_uniform(raw, channels, order, columns)
    else:
        _decode_mixed(raw, channels, order, columns)
    return columns.T


def _decode_uniform(
    raw: memoryview, channels: Sequence[Channel], order: tuple[int, ...], columns: NDArray[np.floating]
) -> None:
    count, events = columns.shape
    width = channels[0].bits // 8
    kind = _stored_type(channels[0], significance(order, width))
    if kind is None:
        _decode_mixed(raw, channels, order, columns)
        return
    table = np.frombuffer(raw, kind, count * events).reshape(events, count)
    for start in range(0, events, BLOCK):
        columns[:, start : start + BLOCK] = _masked(table[start : start + BLOCK], channels).T


def _masked(block: NDArray[Any], channels: Sequence[Channel]) -> NDArray[Any]:
    if channels[0].datatype != "I":
        return block
    masks = [bit_mask(channel) for channel in channels]
    if all(mask == (1 << channel.bits) - 1 for mask, channel in zip(masks, channels, strict=True)):
        return block
    return np.asarray(block & np.array(masks, block.dtype))


def _stored_type(channel: Channel, places: tuple[int, ...]) -> np.dtype[Any] | None:
    """The numpy type of a stored value; None where numpy has none (24 bits, mixed orders)."""
    width = len(places)
    letter = "u" if channel.datatype == "I" else "f"
    if width not in (1, 2, 4, 8):
        return None
    if places == tuple(range(width)):
        return np.dtype(f"<{letter}{width}")
    if places == tuple(range(width - 1, -1, -1)):
        return np.dtype(f">{letter}{width}")
    return None


def _decode_mixed(
    raw: memoryview, channels: Sequence[Channel], order: tuple[int, ...], columns: NDArray[np.floating]
) -> None:
    """Rows of whole bytes in any widths: gather each value's bytes by significance, then view as number."""
    row = sum(channel.bits for channel in channels) // 8
    table = np.frombuffer(raw, np.uint8, columns.shape[1] * row).reshape(-1, row)
    at = 0
    for index, channel in enumerate(channels):
        width = channel.bits // 8
        places = significance(order, width)
        room = next((size for size in (1, 2, 4, 8) if size >= width), 0)
        if room == 0:
            raise FcsError(
                "fcs.bits",
                "{name} has {bits} bits: at most 64 can be read; export as FCS 3.1.",
                name=channel.name,
                bits=channel.bits,
            )
        for start in range(0, len(table), 16 * BLOCK):
            block = table[start : start + 16 * BLOCK]
            little = np.zeros((len(block), room), np.uint8)
            for position, place in enumerate(places):
                little[:, place] = block[:, at + position]
            letter = "u" if channel.datatype == "I" else "f"
            values = little.view(f"<{letter}{room}")[:, 0]
            if channel.datatype == "I":
                values = values & values.dtype.type(bit_mask(channel))
            columns[index, start : start + len(block)] = values
        at += width


def _decode_bits(
    raw: memoryview, channels: Sequence[Channel], order: tuple[int, ...], columns: NDArray[np.floating]
) -> None:
    """A stream of bits without padding (FCS 2.0, 3.0): most significant bit first in descending orders."""
    if any(channel.datatype != "I" or channel.bits > 64 for channel in channels):
        raise FcsError("fcs.bits", "Only integers of 1 to 64 bits can be packed in bits: export the file as FCS 3.1.")
    descending = order == tuple(range(len(order), 0, -1))
    if not descending and order != tuple(range(1, len(order) + 1)):
        raise FcsError(
            "fcs.byte_order", "$BYTEORD {order} has no meaning for packed bits: export as FCS 3.1.", order=order
        )
    row = sum(channel.bits for channel in channels)
    stream = np.frombuffer(raw, np.uint8)
    for start in range(0, columns.shape[1], BLOCK):  # BLOCK is a multiple of 8: blocks start on whole bytes
        count = min(BLOCK, columns.shape[1] - start)
        piece = stream[start * row // 8 : -(-(start + count) * row // 8)]
        bits = np.unpackbits(piece, bitorder="big" if descending else "little")[: count * row].reshape(count, row)
        at = 0
        for index, channel in enumerate(channels):
            value = np.zeros(count, np.uint64)
            for place in range(channel.bits):
                shift = channel.bits - 1 - place if descending else place
                value |= bits[:, at + place].astype(np.uint64) << np.uint64(shift)
            columns[index, start : start + count] = value & np.uint64(bit_mask(channel))
            at += channel.bits
