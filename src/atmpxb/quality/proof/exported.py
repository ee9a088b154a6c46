"""An exported ledger (``atmpxb.chain/1``), checked offline: one organisation's whole chain and its signed checkpoints.

One pass over the lines; of each entry only the hash is kept. What was cut off the end can only be noticed with a
checkpoint that somebody else kept: a witness file.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from atmpxb.quality.proof.line import Line
from atmpxb.records.ledger import checkpoint as checkpoints
from atmpxb.records.ledger.canonical import canonical, utc_text
from atmpxb.records.ledger.chain import Link, breaks
from atmpxb.records.ledger.checkpoint import Checkpoint, NotACheckpoint
from atmpxb.records.ledger.merkle import Frontier
from atmpxb.records.signatures import trust as trust_lists
from atmpxb.records.signatures.trust import Trusted

SCHEMA = "atmpxb.chain/1"
LONGEST_LINE = 64 << 20  # bytes


class NotAnExport(ValueError):
    """A line is not what an exported ledger or a file of checkpoints holds."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint with its signature, as somebody kept it."""

    point: Checkpoint
    payload: bytes
    key_id: str
    signature: bytes


@dataclass(slots=True)
class _Read:
    """What the lines of an export hold."""

    organisation: UUID
    hashes: list[bytes] = field(default_factory=list)
    foreign: int = 0  # first entry whose payload names another organisation
    signed: list[Signed] = field(default_factory=list)


def verify(
    lines: Iterable[bytes], trust: bytes | None = None, witness: Iterable[bytes] | None = None
) -> tuple[Line, ...]:
    """Check an exported ledger, one line a check.

    Args:
        trust: a trust list that the reader obtained separately; without one nothing is authenticated, which is no pass.
        witness: lines of checkpoints that somebody else kept, such as a partner's inbox or the file of checkpoints.
    """
    try:
        trusted = None if trust is None else trust_lists.parse(trust)
    except trust_lists.NotATrustList as error:
        return (Line("trust list", False, str(error)),)
    rows = _rows(lines)
    try:
        read = _Read(_organisation(next(rows, {})))
        broken = list(breaks(read.organisation, _links(rows, read)))
        for row in rows:  # what follows a break in the numbers
            _take(row, read)
    except NotAnExport as error:
        return (Line("export", False, str(error)),)
    issuer = trusted.organisation(read.organisation) if trusted else None
    name = issuer.name if issuer else str(read.organisation)
    found = [Line("export", True, f"the ledger of {name}, {len(read.hashes)} entries"), _chain(read, broken)]
    found.append(_issuer(read, trusted is not None, issuer))
    found += _own(read, issuer)
    found += _witness(read, issuer, witness)
    return tuple(found)


def _rows(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        content = line.rstrip(b"\n")
        try:
            row = json.loads(content)
            ours = isinstance(row, dict) and canonical(row) == content and line.endswith(b"\n")
        except (ValueError, RecursionError):
            ours = False
        if not ours:
            raise NotAnExport(f"line {number} is not one whole line of canonical JSON: export the ledger again")
        yield row


def _organisation(head: dict[str, Any]) -> UUID:
    try:
        if head["schema"] != SCHEMA:
            raise NotAnExport(f"the schema is {head['schema']!r}; this program reads {SCHEMA!r}")
        return UUID(head["organisation"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        if isinstance(error, NotAnExport):
            raise
        raise NotAnExport("the first line doesn't say whose ledger this is: export the ledger again") from None


def _links(rows: Iterator[dict[str, Any]], read: _Read) -> Iterator[Link]:
    """The entries in their order; the checkpoints among the lines are put aside."""
    for row in rows:
        link = _take(row, read)
        if link:
            yield link


def _take(row: dict[str, Any], read: _Read) -> Link | None:
    if "checkpoint" in row:
        read.signed.append(_signed(row, "checkpoint"))
        return None
    try:
        link = Link(row["seq"], row["payload"].encode(), bytes.fromhex(row["prev"]), bytes.fromhex(row["hash"]))
        said = json.loads(link.payload).get("organisation")
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        raise NotAnExport(f"after entry {len(read.hashes)} comes a line that is no entry") from None
    if type(link.seq) is not int or not 0 < link.seq < 1 << 62:
        raise NotAnExport(f"after entry {len(read.hashes)} comes an entry without a number")
    read.hashes.append(link.hash)
    if said != str(read.organisation):
        read.foreign = read.foreign or link.seq
    return link


def _signed(row: dict[str, Any], name: str) -> Signed:
    try:
        payload = base64.b64decode(row[name], validate=True)
        signature = base64.b64decode(row["signature"], validate=True)
        return Signed(checkpoints.parse(payload), payload, str(row["key_id"]), signature)
    except (KeyError, ValueError, TypeError, NotACheckpoint) as error:
        raise NotAnExport(f"a checkpoint can't be read: {error}") from None


def _chain(read: _Read, broken: list[Any]) -> Line:
    if broken:
        return Line("chain", False, f"entry {broken[0].seq}: {broken[0].reason} ({len(broken)} in all)")
    if read.foreign:
        return Line("chain", False, f"entry {read.foreign} was recorded for another organisation")
    if not read.hashes:
        return Line("chain", False, "there is no entry")
    return Line("chain", True, f"{len(read.hashes)} entries follow one another unaltered, without a gap")


def _issuer(read: _Read, given: bool, issuer: Trusted | None) -> Line:
    if issuer:
        return Line("issuer", True, f"{issuer.name} is in the trust list")
    if given:
        return Line("issuer", False, f"organisation {read.organisation} is not in the trust list")
    return Line("issuer", False, "not authenticated: anybody can compute a chain; give a trust list")


def _own(read: _Read, issuer: Trusted | None) -> Iterator[Line]:
    """The checkpoints in the export itself, and the entries that none of them covers."""
    if not read.signed:
        yield Line("checkpoints", False, "none is in the export: nothing signed vouches for this chain")
        return
    yield _agreement("checkpoints", read, issuer, read.signed)
    reached = max(one.point.seq for one in read.signed)
    if len(read.hashes) > reached:
        yield Line("newest", None, f"entries {reached + 1} to {len(read.hashes)} stand under no checkpoint yet")


def _witness(read: _Read, issuer: Trusted | None, lines: Iterable[bytes] | None) -> Iterator[Line]:
    if lines is None:
        yield Line("witness", None, "without checkpoints kept elsewhere, nobody knows whether the end was cut off")
        return
    try:
        kept = [_signed(row, "checkpoint" if "checkpoint" in row else "payload") for row in _rows(lines)]
    except NotAnExport as error:
        yield Line("witness", False, f"in the witness file, {error}")
        return
    about = [one for one in kept if one.point.organisation == read.organisation]
    if not about:
        yield Line("witness", False, f"none of its {len(kept)} checkpoints is of this organisation: give another file")
        return
    yield _agreement("witness", read, issuer, about)


def _agreement(check: str, read: _Read, issuer: Trusted | None, signed: list[Signed]) -> Line:
    roots = _roots(read.hashes, {one.point.seq for one in signed})
    problems = [problem for one in signed for problem in _against(read, issuer, one, roots.get)]
    if problems:
        return Line(check, False, f"{problems[0]} ({len(problems)} in all)")
    last = max(signed, key=lambda one: one.point.seq).point
    upto = f"the last over {last.count} entries at {utc_text(last.at)}"
    if issuer is None:
        return Line(check, None, f"{len(signed)} agree with the chain, {upto}; their signatures are not judged")
    return Line(check, True, f"{len(signed)} signed by {issuer.name} agree with the chain, {upto}")


def _roots(hashes: list[bytes], wanted: set[int]) -> dict[int, bytes]:
    """The root of the tree over the first n entries, for each n that is asked for, in one pass."""
    tree, roots = Frontier(), {}
    for number, leaf in enumerate(hashes, 1):
        tree.append(leaf)
        if number in wanted:
            roots[number] = tree.root()
    return roots


def _against(
    read: _Read, issuer: Trusted | None, signed: Signed, root: Callable[[int], bytes | None]
) -> Iterator[str]:
    point = signed.point
    if point.organisation != read.organisation:
        yield f"a checkpoint is of organisation {point.organisation}"
        return
    if issuer:
        key = issuer.checkpoint_key(signed.key_id, point.at)
        if key is None:
            yield f"{issuer.name} had no key {signed.key_id} at {utc_text(point.at)}"
            return
        if not checkpoints.signed_by(Ed25519PublicKey.from_public_bytes(key.public), signed.payload, signed.signature):
            yield f"the checkpoint over {point.count} entries is not signed by the key {key.id}"
            return
    if point.seq > len(read.hashes):
        yield (
            f"the chain ends at entry {len(read.hashes)}, but entry {point.seq} was there at {utc_text(point.at)}:"
            " entries were removed from the end"
        )
    elif read.hashes[point.seq - 1] != point.head or root(point.seq) != point.merkle_root:
        yield f"entries 1 to {point.seq} are not those that were signed at {utc_text(point.at)}"
