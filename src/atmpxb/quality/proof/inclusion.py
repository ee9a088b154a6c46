"""``proof.json``: the ledger entry of an approval, its place in the tree, and the signed checkpoint over the
tree.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from atmpxb.notes import Noted
from atmpxb.records.ledger import checkpoint, merkle
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.ledger.chain import Link
from atmpxb.records.ledger.checkpoint import Checkpoint


class NotAProof(Noted, ValueError):
    """The bytes are not a proof that can be judged."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof as read; nothing of it has been judged yet."""

    organisation: UUID
    entry: Link
    leaf_index: int
    tree_size: int
    path: tuple[bytes, ...]
    payload: bytes
    checkpoint: Checkpoint
    key_id: str
    signature: bytes


def build_proof(
    organisation: UUID,
    entry: Link,
    entry_hashes: Sequence[bytes],
    payload: bytes,
    key_id: str,
    signature: bytes,
) -> bytes:
    """Make ``proof.json``.

    Args:
        entry: the ledger entry of the approval.
        entry_hashes: hashes of all entries that the checkpoint covers, 1 to its ``seq``.
        payload: the checkpoint's payload; ``key_id`` and ``signature`` are the signing process's answer for
        it.

    Raises:
        NotAProof: the checkpoint is over other entries than these, or the entry is not among them.
    """
    point = checkpoint.parse(payload)
    leaf = entry.seq - 1
    if point.seq != len(entry_hashes) or point.merkle_root != merkle.root(entry_hashes):
        raise NotAProof("proof.other_entries", "the checkpoint is not over these entries")
    if leaf >= len(entry_hashes) or entry_hashes[leaf] != entry.hash:
        raise NotAProof("proof.not_covered", "the entry is not among those that the checkpoint covers")
    path = [step.hex() for step in merkle.inclusion_path(entry_hashes, leaf)]
    return canonical(
        {
            "entry": {
                "organisation": str(organisation),
                "seq": entry.seq,
                "payload": _text(entry.payload),
                "prev": entry.prev.hex(),
                "hash": entry.hash.hex(),
            },
            "inclusion": {"leaf_index": leaf, "tree_size": len(entry_hashes), "path": path},
            "checkpoint": {"payload": _text(payload), "key_id": key_id, "signature": _text(signature)},
        }
    )


def parse_proof(content: bytes) -> Proof:
    """Read ``proof.json``.

    Raises:
        NotAProof: not canonical JSON of this shape, or its checkpoint can't be read.
    """
    try:
        fields: Any = json.loads(content)
        if canonical(fields) != content:
            raise NotAProof("proof.not_canonical", "the proof is not in its one canonical form")
        entry, inclusion, signed = fields["entry"], fields["inclusion"], fields["checkpoint"]
        payload = base64.b64decode(signed["payload"], validate=True)
        link = Link(
            entry["seq"],
            base64.b64decode(entry["payload"], validate=True),
            bytes.fromhex(entry["prev"]),
            bytes.fromhex(entry["hash"]),
        )
        found = Proof(
            UUID(entry["organisation"]),
            link,
            inclusion["leaf_index"],
            inclusion["tree_size"],
            tuple(bytes.fromhex(step) for step in inclusion["path"]),
            payload,
            checkpoint.parse(payload),
            str(signed["key_id"]),
            base64.b64decode(signed["signature"], validate=True),
        )
    except NotAProof:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotAProof(
            "proof.unreadable",
            "the proof can't be read: {kind} {error}",
            kind=type(error).__name__,
            error=error.note if isinstance(error, checkpoint.NotACheckpoint) else error,
        ) from None
    if not all(type(number) is int and number >= 0 for number in (link.seq, found.leaf_index, found.tree_size)):
        raise NotAProof("proof.numbers", "the numbers of the proof are not whole numbers")
    return found


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
