"""A checkpoint: a signed sentence about a whole chain, kept where the owner of the database can't reach it.

The tree of a checkpoint covers **all** entries from 1 to ``seq`` (see ``merkle``), so two checkpoints of one
organisation are related by a consistency proof, and an entry by an inclusion proof. What is signed is
``TAG ‖ payload``, where the payload is canonical JSON that names its schema: a signature made for a
checkpoint can never pass for another kind of document.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from atmpxb.notes import Note, Noted, note
from atmpxb.records.ledger import merkle
from atmpxb.records.ledger.canonical import canonical, utc_text
from atmpxb.records.ledger.chain import Link, breaks

SCHEMA = "atmpxb.checkpoint/1"
TAG = b"atmpxb.checkpoint/1\x00"
#: Two checkpoints may be in the making at the same time, and the shorter one be signed last.
AT_ONCE = timedelta(minutes=1)


class NotACheckpoint(Noted, ValueError):
    """The bytes are not a checkpoint in its one canonical form."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where an organisation's chain stood: last entry, its hash, and the root of the tree over all entries.

    ``count`` is the number of leaves and equals ``seq``; it is written out so that a reader who knows Merkle
    trees and not this program sees the size of the tree. Hashes are 32 bytes; ``at`` carries a zone.
    """

    organisation: UUID
    seq: int
    head: bytes
    merkle_root: bytes
    count: int
    at: datetime

    def payload(self) -> bytes:
        """The canonical bytes that are stored, attached to certificates and signed (after ``TAG``)."""
        return canonical(
            {
                "schema": SCHEMA,
                "organisation": str(self.organisation),
                "seq": self.seq,
                "head": self.head.hex(),
                "merkle_root": self.merkle_root.hex(),
                "count": self.count,
                "at": utc_text(self.at),
            }
        )


def parse(payload: bytes) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        NotACheckpoint: not JSON, another schema, fields missing or left over, or not in canonical form.
    """
    try:
        fields = json.loads(payload)
        found = Checkpoint(
            UUID(fields["organisation"]),
            fields["seq"],
            bytes.fromhex(fields["head"]),
            bytes.fromhex(fields["merkle_root"]),
            fields["count"],
            datetime.fromisoformat(fields["at"]).astimezone(UTC),
        )
        canonical_form = found.payload()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotACheckpoint(
            "checkpoint.unreadable", "these bytes are not a checkpoint: {error}", error=error
        ) from None
    if canonical_form != payload:
        raise NotACheckpoint("checkpoint.not_canonical", "the checkpoint is not in its one canonical form")
    if type(found.seq) is not int or found.seq < 1 or found.count != found.seq:
        raise NotACheckpoint(
            "checkpoint.numbers",
            "seq {seq} and count {count} must be the same whole number from 1 up",
            seq=found.seq,
            count=found.count,
        )
    if len(found.head) != 32 or len(found.merkle_root) != 32:
        raise NotACheckpoint("checkpoint.hashes", "head and root must be SHA-256 hashes of 32 bytes")
    return found


def checkpoint(organisation: UUID, entry_hashes: Sequence[bytes], at: datetime) -> Checkpoint:
    """The checkpoint over the entries with these hashes, 1 to n in order (n at least 1)."""
    if not entry_hashes:
        raise ValueError("an empty chain has no checkpoint")
    size = len(entry_hashes)
    return Checkpoint(organisation, size, entry_hashes[-1], merkle.root(entry_hashes), size, at)


def message(payload: bytes) -> bytes:
    """The bytes that Ed25519 signs."""
    return TAG + payload


def signed_by(key: Ed25519PublicKey, payload: bytes, signature: bytes) -> bool:
    """Whether this key signed this checkpoint."""
    try:
        key.verify(signature, message(payload))
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Finding:
    """What a witnessed checkpoint reveals about a chain.

    ``truncation``: the newest entries are gone. ``rewrite``: entries that were witnessed have changed.
    ``fork``: two histories were shown to different witnesses. ``foreign``: another organisation's checkpoint.
    """

    kind: Literal["truncation", "rewrite", "fork", "foreign"]
    seq: int
    said: Note

    @property
    def message(self) -> str:
        """The sentence in English."""
        return self.said.message


def against_chain(witnessed: Checkpoint, organisation: UUID, links: Sequence[Link]) -> tuple[Finding, ...]:
    """Compare a checkpoint that a witness kept with the chain as it is read now (entries 1 to n).

    The checkpoint's signature and the chain's own arithmetic (``chain.breaks``) are separate questions, but a
    broken chain up to the checkpoint is a rewrite here too.
    """
    if witnessed.organisation != organisation:
        said = note(
            "witness.foreign", "the checkpoint is of organisation {organisation}", organisation=witnessed.organisation
        )
        return (Finding("foreign", witnessed.seq, said),)
    if len(links) < witnessed.seq:
        said = note(
            "witness.truncation",
            "the chain ends at entry {end}, but entry {seq} was witnessed at {at}",
            end=len(links),
            seq=witnessed.seq,
            at=utc_text(witnessed.at),
        )
        return (Finding("truncation", len(links), said),)
    covered = links[: witnessed.seq]
    findings = [
        Finding("rewrite", found.seq, note("witness.broken", "entry {seq}: {reason}", seq=found.seq, reason=found.why))
        for found in breaks(organisation, covered)
    ]
    if covered[-1].hash != witnessed.head:
        said = note("witness.head", "entry {seq} is not the one that was witnessed", seq=witnessed.seq)
        findings.append(Finding("rewrite", witnessed.seq, said))
    if merkle.root(link.hash for link in covered) != witnessed.merkle_root:
        said = note("witness.root", "entries 1 to {seq} are not those that were witnessed", seq=witnessed.seq)
        findings.append(Finding("rewrite", witnessed.seq, said))
    return tuple(findings)


def against_checkpoint(first: Checkpoint, second: Checkpoint, path: Sequence[bytes] = ()) -> tuple[Finding, ...]:
    """Compare two signed checkpoints of one organisation, without seeing a single entry.

    ``path`` is the consistency proof from the shorter tree to the longer one (empty when they are equally
    long).
    """
    if first.organisation != second.organisation:
        said = note("witness.organisations", "the checkpoints are of different organisations")
        return (Finding("foreign", second.seq, said),)
    shorter, longer = sorted((first, second), key=lambda point: point.seq)
    if shorter.seq == longer.seq:
        if (shorter.head, shorter.merkle_root) == (longer.head, longer.merkle_root):
            return ()
        said = note("witness.fork", "two different histories were signed that end at entry {seq}", seq=longer.seq)
        return (Finding("fork", longer.seq, said),)
    findings: list[Finding] = []
    if shorter.at - longer.at > AT_ONCE:
        said = note(
            "witness.shrunk",
            "at {at} the chain ended at entry {end}, though entry {seq} was already signed at {signed_at}",
            at=utc_text(shorter.at),
            end=shorter.seq,
            seq=longer.seq,
            signed_at=utc_text(longer.at),
        )
        findings.append(Finding("truncation", shorter.seq, said))
    if not merkle.consistent(shorter.count, longer.count, shorter.merkle_root, longer.merkle_root, path):
        said = note(
            "witness.not_continued",
            "the history that ends at entry {seq} is not shown to continue the one that ended at entry {end}",
            seq=longer.seq,
            end=shorter.seq,
        )
        findings.append(Finding("fork", shorter.seq, said))
    return tuple(findings)
