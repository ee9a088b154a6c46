"""The hash chain of one organisation, as arithmetic on bytes: no database, no clock.

``hash = SHA-256(0x01 ‖ prev ‖ seq (8 bytes, big endian) ‖ length of payload (8 bytes) ‖ payload)``; the
``prev`` of the first entry is SHA-256 of ``"atmpxb:"`` and the organisation's identifier. Length and sequence
are part of what is hashed, so no byte can move from one field or entry to the next unnoticed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from atmpxb.notes import Note, note


@dataclass(frozen=True, slots=True)
class Link:
    """One stored entry: its place in the chain, the bytes recorded, and the two hashes."""

    seq: int
    payload: bytes
    prev: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold, and why."""

    seq: int
    why: Note

    @property
    def reason(self) -> str:
        """The sentence in English."""
        return self.why.message


def genesis(organisation: UUID) -> bytes:
    """The hash that precedes an organisation's first entry."""
    return sha256(b"atmpxb:" + str(organisation).encode()).digest()


def entry_hash(prev: bytes, seq: int, payload: bytes) -> bytes:
    """The 32-byte hash of an entry."""
    return sha256(b"\x01" + prev + seq.to_bytes(8, "big") + len(payload).to_bytes(8, "big") + payload).digest()


def breaks(organisation: UUID, links: Iterable[Link], *, start: int = 1, prev: bytes | None = None) -> Iterator[Break]:
    """Everything that is wrong with a chain read from the store, in order.

    >>> who = UUID(int=7)
    >>> first = Link(1, b"{}", genesis(who), entry_hash(genesis(who), 1, b"{}"))
    >>> list(breaks(who, [first]))
    []
    >>> [(found.seq, found.reason) for found in breaks(who, [Link(1, b"[]", first.prev, first.hash)])]
    [(1, 'the entry is not what was recorded')]
    """
    prev = genesis(organisation) if prev is None else prev
    for seq, link in enumerate(links, start):
        if link.seq != seq:
            text = note(
                "chain.gap", "entry {seq} is missing; entry {found} stands in its place", seq=seq, found=link.seq
            )
            yield Break(seq, text)
            return
        if link.prev != prev:
            yield Break(seq, note("chain.unlinked", "the entry does not follow the one before it"))
        if entry_hash(link.prev, link.seq, link.payload) != link.hash:
            yield Break(seq, note("chain.altered", "the entry is not what was recorded"))
        prev = link.hash
