"""The Merkle tree over one organisation's chain (RFC 9162 §2.1): small proofs that an entry is in it.

A leaf's data is the 32-byte hash of an entry (``chain.entry_hash``), in the order of the chain, so leaf index
0 is the entry with seq 1. Leaf hash = SHA-256(0x00 ‖ data), node hash = SHA-256(0x01 ‖ left ‖ right), and a
tree of n leaves splits at the largest power of two below n. An inclusion proof shows one entry without
showing the others; a consistency proof shows that a later tree only added to an earlier one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data): 32 bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right): 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """A tree that grows leaf by leaf, holding only the roots of its complete subtrees (at most one a level).

    Each checkpoint needs the root over all entries so far; from a stored frontier it costs only the new ones.

    >>> grown = Frontier()
    >>> for entry in (b"a", b"b", b"c"):
    ...     grown.append(entry)
    >>> grown.size, grown.root() == root([b"a", b"b", b"c"])
    (3, True)
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)  # largest subtree first

    def append(self, data: bytes) -> None:
        """Add one leaf."""
        carried, size = leaf_hash(data), self.size
        while size & 1:
            carried = node_hash(self.peaks.pop(), carried)
            size >>= 1
        self.peaks.append(carried)
        self.size += 1

    def root(self) -> bytes:
        """The tree hash, 32 bytes; of no leaves at all: SHA-256 of nothing."""
        if not self.peaks:
            return sha256(b"").digest()
        folded = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            folded = node_hash(peak, folded)
        return folded


def root(leaves: Iterable[bytes]) -> bytes:
    """The Merkle tree hash of leaf data (RFC 9162 §2.1.1), 32 bytes.

    >>> root([]).hex()[:16]
    'e3b0c44298fc1c14'
    """
    tree = Frontier()
    for data in leaves:
        tree.append(data)
    return tree.root()


def inclusion_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The proof that leaf ``index`` (from 0) is in the tree (RFC 9162 §2.1.3.1), sibling of the leaf first.

    Raises:
        IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of a tree of {len(leaves)}")
    path: list[bytes] = []
    start, end = 0, len(leaves)
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(root(leaves[middle:end]))
            end = middle
        else:
            path.append(root(leaves[start:middle]))
            start = middle
    return tuple(reversed(path))


def includes(data: bytes, index: int, size: int, path: Sequence[bytes], tree_root: bytes) -> bool:
    """Whether ``path`` proves that leaf ``index`` of the tree with ``size`` leaves is ``data`` (RFC 9162
    §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, folded = index, size - 1, leaf_hash(data)
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            folded = node_hash(sibling, folded)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            folded = node_hash(folded, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and folded == tree_root


def consistency_path(leaves: Sequence[bytes], earlier: int) -> tuple[bytes, ...]:
    """The proof that the tree over the first ``earlier`` leaves grew into this one (RFC 9162 §2.1.4.1).

    Raises:
        IndexError: ``earlier`` is not between 1 and the number of leaves.
    """
    if not 0 < earlier <= len(leaves):
        raise IndexError(f"a tree of {earlier} leaves never grew into one of {len(leaves)}")
    return tuple(_subproof(leaves, earlier, whole=True))


def _subproof(leaves: Sequence[bytes], earlier: int, *, whole: bool) -> list[bytes]:
    if earlier == len(leaves):
        return [] if whole else [root(leaves)]
    split = _split(len(leaves))
    if earlier <= split:
        return [*_subproof(leaves[:split], earlier, whole=whole), root(leaves[split:])]
    return [*_subproof(leaves[split:], earlier - split, whole=False), root(leaves[:split])]


def consistent(earlier: int, later: int, earlier_root: bytes, later_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether ``path`` proves that the later tree holds the earlier one unchanged (RFC 9162 §2.1.4.2)."""
    if not 0 < earlier <= later:
        return False
    if earlier == later:
        return not path and earlier_root == later_root
    steps = list(path)
    if earlier & (earlier - 1) == 0:  # a complete tree: its root is itself the first step
        steps.insert(0, earlier_root)
    if not steps:
        return False
    node, last = earlier - 1, later - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, step)
        node, last = node >> 1, last >> 1
    return last == 0 and old == earlier_root and new == later_root


def _split(size: int) -> int:
    """The largest power of two below ``size`` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)
