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

from atmpxb.notes import Note, Noted, note
from atmpxb.quality.proof.line import Line
from atmpxb.records.ledger import checkpoint as checkpoints
from atmpxb.records.ledger.canonical import canonical, utc_text
from atmpxb.records.ledger.chain import Break, Link, breaks
from atmpxb.records.ledger.checkpoint import Checkpoint, NotACheckpoint
from atmpxb.records.ledger.merkle import Frontier
from atmpxb.records.signatures import trust as trust_lists
from atmpxb.records.signatures.trust import Trusted

SCHEMA = "atmpxb.chain/1"
LONGEST_LINE = 64 << 20  # bytes


class NotAnExport(Noted, ValueError):
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
        return (Line("trust list", False, error.note),)
    rows = _rows(lines)
    try:
        read = _Read(_organisation(next(rows, {})))
        broken = list(breaks(read.organisation, _links(rows, read)))
        for row in rows:  # what follows a break in the numbers
            _take(row, read)
    except NotAnExport as error:
        return (Line("export", False, error.note),)
    issuer = trusted.organisation(read.organisation) if trusted else None
    name = issuer.name if issuer else str(read.organisation)
    what = note("export.read", "the ledger of {name}, {count} entries", name=name, count=len(read.hashes))
    found = [Line("export", True, what), _chain(read, broken)]
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
            raise NotAnExport(
                "export.line",
                "line {number} is not one whole line of canonical JSON: export the ledger again",
                number=number,
            )
        yield row


def _organisation(head: dict[str, Any]) -> UUID:
    try:
        if head["schema"] != SCHEMA:
            raise NotAnExport(
                "export.schema",
                "the schema is {found}; this program reads '{schema}'",
                found=repr(head["schema"]),
                schema=SCHEMA,
            )
        return UUID(head["organisation"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        if isinstance(error, NotAnExport):
            raise
        raise NotAnExport(
            "export.whose", "the first line doesn't say whose ledger this is: export the ledger again"
        ) from None


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
        raise NotAnExport(
            "export.no_entry", "after entry {seq} comes a line that is no entry", seq=len(read.hashes)
        ) from None
    if type(link.seq) is not int or not 0 < link.seq < 1 << 62:
        raise NotAnExport("export.no_number", "after entry {seq} comes an entry without a number", seq=len(read.hashes))
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
        why = error.note if isinstance(error, NotACheckpoint) else error
        raise NotAnExport("export.checkpoint", "a checkpoint can't be read: {error}", error=why) from None


def _chain(read: _Read, broken: list[Break]) -> Line:
    if broken:
        first, count = broken[0], len(broken)
        said = note(
            "export.broken", "entry {seq}: {reason} ({count} in all)", seq=first.seq, reason=first.why, count=count
        )
    elif read.foreign:
        said = note("export.foreign", "entry {seq} was recorded for another organisation", seq=read.foreign)
    elif not read.hashes:
        said = note("export.empty", "there is no entry")
    else:
        count = len(read.hashes)
        said = note("export.chain", "{count} entries follow one another unaltered, without a gap", count=count)
        return Line("chain", True, said)
    return Line("chain", False, said)


def _issuer(read: _Read, given: bool, issuer: Trusted | None) -> Line:
    if issuer:
        return Line("issuer", True, note("export.trusted", "{name} is in the trust list", name=issuer.name))
    if given:
        said = note("export.not_trusted", "organisation {id} is not in the trust list", id=read.organisation)
    else:
        said = note("export.not_authenticated", "not authenticated: anybody can compute a chain; give a trust list")
    return Line("issuer", False, said)


def _own(read: _Read, issuer: Trusted | None) -> Iterator[Line]:
    """The checkpoints in the export itself, and the entries that none of them covers."""
    if not read.signed:
        said = note("export.unsigned", "none is in the export: nothing signed vouches for this chain")
        yield Line("checkpoints", False, said)
        return
    yield _agreement("checkpoints", read, issuer, read.signed)
    reached = max(one.point.seq for one in read.signed)
    if len(read.hashes) > reached:
        said = note(
            "export.newest",
            "entries {first} to {last} stand under no checkpoint yet",
            first=reached + 1,
            last=len(read.hashes),
        )
        yield Line("newest", None, said)


def _witness(read: _Read, issuer: Trusted | None, lines: Iterable[bytes] | None) -> Iterator[Line]:
    if lines is None:
        said = note("export.no_witness", "without checkpoints kept elsewhere, nobody knows whether the end was cut off")
        yield Line("witness", None, said)
        return
    try:
        kept = [_signed(row, "checkpoint" if "checkpoint" in row else "payload") for row in _rows(lines)]
    except NotAnExport as error:
        yield Line("witness", False, note("export.witness", "in the witness file, {problem}", problem=error.note))
        return
    about = [one for one in kept if one.point.organisation == read.organisation]
    if not about:
        said = note(
            "export.other_witness",
            "none of its {count} checkpoints is of this organisation: give another file",
            count=len(kept),
        )
        yield Line("witness", False, said)
        return
    yield _agreement("witness", read, issuer, about)


def _agreement(check: str, read: _Read, issuer: Trusted | None, signed: list[Signed]) -> Line:
    roots = _roots(read.hashes, {one.point.seq for one in signed})
    problems = [problem for one in signed for problem in _against(read, issuer, one, roots.get)]
    if problems:
        said = note("export.disagree", "{problem} ({count} in all)", problem=problems[0], count=len(problems))
        return Line(check, False, said)
    last = max(signed, key=lambda one: one.point.seq).point
    facts = {"count": len(signed), "entries": last.count, "at": utc_text(last.at)}
    if issuer is None:
        said = note(
            "export.agree_unjudged",
            "{count} agree with the chain, the last over {entries} entries at {at}; their signatures are not judged",
            **facts,
        )
        return Line(check, None, said)
    said = note(
        "export.agree",
        "{count} signed by {name} agree with the chain, the last over {entries} entries at {at}",
        name=issuer.name,
        **facts,
    )
    return Line(check, True, said)


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
) -> Iterator[Note]:
    point = signed.point
    if point.organisation != read.organisation:
        yield note(
            "export.foreign_checkpoint", "a checkpoint is of organisation {organisation}",
            organisation=point.organisation,
        )  # fmt: skip
        return
    if issuer:
        key = issuer.checkpoint_key(signed.key_id, point.at)
        if key is None:
            yield note(
                "export.no_key",
                "{name} had no key {key} at {at}",
                name=issuer.name,
                key=signed.key_id,
                at=utc_text(point.at),
            )
            return
        if not checkpoints.signed_by(Ed25519PublicKey.from_public_bytes(key.public), signed.payload, signed.signature):
            yield note(
                "export.not_signed",
                "the checkpoint over {count} entries is not signed by the key {key}",
                count=point.count,
                key=key.id,
            )
            return
    if point.seq > len(read.hashes):
        yield note(
            "export.shortened",
            "the chain ends at entry {end}, but entry {seq} was there at {at}: entries were removed from the end",
            end=len(read.hashes),
            seq=point.seq,
            at=utc_text(point.at),
        )
    elif read.hashes[point.seq - 1] != point.head or root(point.seq) != point.merkle_root:
        yield note(
            "export.rewritten",
            "entries 1 to {seq} are not those that were signed at {at}",
            seq=point.seq,
            at=utc_text(point.at),
        )
