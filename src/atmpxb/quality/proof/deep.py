"""Everything that can be checked of a whole installation: chains, witnesses, tables against the ledger, vault, results.

Reads as the role that sees every row and writes none. The ledger is replayed from its first entry: what the entries say
a row became must be what the table holds now, for every row of every recorded table, and no row may exist that no
entry speaks of.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import connections

from atmpxb.notes import Note, note
from atmpxb.quality import saying
from atmpxb.quality.models import Certificate, Publication
from atmpxb.quality.proof.guard import guarded
from atmpxb.quality.proof.line import Line
from atmpxb.quality.proof.replay import READER, compare_tables, entries_of
from atmpxb.quality.proof.verify import verify as verify_certificate
from atmpxb.quality.publishing import trust_list
from atmpxb.quality.states import CertificateState
from atmpxb.records.ledger import checkpoint, merkle
from atmpxb.records.ledger.canonical import utc_text
from atmpxb.records.ledger.chain import Link, breaks
from atmpxb.records.ledger.models import LedgerEntry, StoredCheckpoint
from atmpxb.records.people.models import Organisation
from atmpxb.records.signatures.actions import manifest_content
from atmpxb.records.signatures.models import Signature, SigningKey
from atmpxb.records.signatures.signing import manifest_signed_by
from atmpxb.records.signatures.withheld import unfitting
from atmpxb.records.vault.actions import vault
from atmpxb.records.vault.models import StoredFile
from atmpxb.records.vault.store import Damaged

#: What a checkpoint reveals about a chain.
_KINDS = {
    "truncation": note("finding.truncation", "truncation"),
    "rewrite": note("finding.rewrite", "rewrite"),
    "fork": note("finding.fork", "fork"),
    "foreign": note("finding.foreign", "foreign"),
}


def verify() -> Iterator[Line]:
    """Check everything, one line a check."""
    organisations = list(Organisation.objects.using(READER).order_by("code"))
    keys, unreadable = _keys()
    yield from unreadable
    chains: dict[UUID, list[Link]] = {}
    for organisation in organisations:
        entries = LedgerEntry.objects.using(READER).filter(organisation_id=organisation.pk).order_by("seq")
        links = chains[organisation.pk] = [entry.link for entry in entries]
        yield from guarded(f"chain {organisation.code}", partial(_chain, organisation, links))
        yield from guarded(f"witnesses {organisation.code}", partial(_witnesses, organisation, links, keys))
    yield from compare_tables(chains)
    yield from _signatures(keys)
    yield from _vault()
    yield from _certificates()


def _keys() -> tuple[Mapping[str, Ed25519PublicKey], list[Line]]:
    """The published keys by their ids, and what is wrong with those that can't be read."""
    keys: dict[str, Ed25519PublicKey] = {}

    def take(key: SigningKey) -> tuple[Line, ...]:
        keys[key.key_id] = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public))
        return ()

    found = SigningKey.objects.using(READER).filter(use="ledger")
    return keys, [line for key in found for line in guarded("signatures", partial(take, key))]


def _chain(organisation: Organisation, links: list[Link]) -> Iterator[Line]:
    name = f"chain {organisation.code}"
    wrong = list(breaks(organisation.pk, links))
    if wrong:
        yield Line(
            name,
            False,
            note(
                "deep.broken",
                "entry {seq}: {reason} ({count} in all)",
                seq=wrong[0].seq,
                reason=wrong[0].why,
                count=len(wrong),
            ),
        )
    elif unread := len(links) - len(list(entries_of(links))):
        yield Line(name, False, note("deep.unread", "{count} entries can't be read", count=unread))
    else:
        yield Line(name, True, note("deep.chain", "{count} entries follow one another unaltered", count=len(links)))
    head = _head(organisation.pk)
    if links and head != (links[-1].seq, links[-1].hash):
        yield Line(
            name,
            False,
            note(
                "deep.head",
                "the head says entry {head}, the chain ends at {seq}",
                head=head[0] if head else 0,
                seq=links[-1].seq,
            ),
        )


def _witnesses(organisation: Organisation, links: list[Link], keys: Mapping[str, Ed25519PublicKey]) -> Iterator[Line]:
    kept = StoredCheckpoint.objects.using(READER).filter(organisation_id=organisation.pk).order_by("seq")
    found = [(_inbox(point.witness_id), bytes(point.payload), point.key_id, bytes(point.signature)) for point in kept]
    found += [(note("deep.log", "file of checkpoints"), *rest) for rest in _written(organisation.pk)]
    told = [(one[1], list(_checkpoint(organisation.pk, links, keys, *one))) for one in found]
    problems = [problem for _, wrong in told for problem in wrong]
    problems += grown({payload for payload, wrong in told if not wrong}, links)
    if problems:
        yield Line(
            f"witnesses {organisation.code}",
            False,
            note(
                "deep.witnesses_differ",
                "{problem} ({count} in all)",
                problem=problems[0],
                count=len(problems),
            ),
        )
    elif found:
        yield Line(
            f"witnesses {organisation.code}",
            True,
            note("deep.witnesses", "{count} signed checkpoints agree with the chain", count=len(found)),
        )


def _inbox(witness: UUID) -> Note:
    return note("deep.inbox", "witness {id}", id=witness)


def _head(organisation: UUID) -> tuple[int, bytes] | None:
    with connections[READER].cursor() as cursor:
        cursor.execute("SELECT seq, hash FROM ledger_head WHERE organisation_id = %s", [organisation])
        row = cursor.fetchone()
    return (row[0], bytes(row[1])) if row else None


def _written(organisation: UUID) -> Iterator[tuple[bytes, str, bytes]]:
    from base64 import b64decode

    path = Path(settings.CHECKPOINT_LOG) / f"{organisation}.jsonl"
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        said = json.loads(line)
        yield b64decode(said["payload"]), said["key_id"], b64decode(said["signature"])


def _checkpoint(
    organisation: UUID,
    links: list[Link],
    keys: Mapping[str, Ed25519PublicKey],
    source: Note,
    payload: bytes,
    key_id: str,
    signature: bytes,
) -> Iterator[Note]:
    key = keys.get(key_id)
    if key is None or not checkpoint.signed_by(key, payload, signature):
        yield note("deep.witness_unsigned", "{source}: a checkpoint is not signed by a published key", source=source)
        return
    for finding in checkpoint.against_chain(checkpoint.parse(payload), organisation, links):
        yield note(
            "deep.witness",
            "{source}: {kind}: {message}",
            source=source,
            kind=_KINDS[finding.kind],
            message=finding.said,
        )


def grown(payloads: Iterable[bytes], links: list[Link]) -> Iterator[Note]:
    """Whether each checkpoint continues the one before it, in time too; all of them agree with the chain as it is now.

    One that was signed later over fewer entries tells that entries were gone for a while.
    """
    hashes = [link.hash for link in links]
    points = sorted((checkpoint.parse(payload) for payload in payloads), key=lambda point: (point.seq, point.at))
    for earlier, later in pairwise(points):
        same = earlier.seq == later.seq
        path = () if same else merkle.consistency_path(hashes[: later.seq], earlier.seq)
        for finding in checkpoint.against_checkpoint(earlier, later, path):
            yield note(
                "witness.grown",
                "checkpoints of entries {one} and {other}: {kind}: {what}",
                one=earlier.seq,
                other=later.seq,
                kind=_KINDS[finding.kind],
                what=finding.said,
            )


def _signatures(keys: Mapping[str, Ed25519PublicKey]) -> Iterator[Line]:
    signatures = list(Signature.objects.using(READER).all())
    wrong = [line for one in signatures for line in guarded("signatures", partial(_signature, one, keys))]
    yield from wrong
    if not wrong:
        said = note("deep.signatures", "{count} signatures fit what they bind", count=len(signatures))
        yield Line("signatures", True, said)


def _signature(one: Signature, keys: Mapping[str, Ed25519PublicKey]) -> Iterator[Line]:
    """What is wrong with a signature."""
    key = keys.get(one.key_id)
    if key is None or not manifest_signed_by(key.public_bytes_raw(), one.manifest.encode(), bytes(one.seal)):
        said = note("deep.signature", "signature {id} of {name} does not fit what it binds", id=one.pk, name=one.name)
        yield Line("signatures", False, said)
    elif places := list(unfitting(json.loads(one.manifest), one.withheld)):
        said = note(
            "deep.signature_words", "signature {id} of {name} bound other words at {place}",
            id=one.pk, name=one.name, place=places[0],
        )  # fmt: skip
        yield Line("signatures", False, said)


def _vault() -> Iterator[Line]:
    files = {stored.sha256: stored.name for stored in StoredFile.objects.using(READER).all()}
    wrong = [line for digest, name in files.items() for line in guarded("vault", partial(_file, digest, name))]
    yield from wrong
    if not wrong:
        said = note("deep.vault", "{count} files were read and compared with their hashes", count=len(files))
        yield Line("vault", True, said)


def _file(digest: str, name: str) -> Iterator[Line]:
    """What is wrong with a file of the vault."""
    try:
        vault().read(digest)
    except FileNotFoundError:
        said = note("deep.file_missing", "{name} ({digest}) is missing", name=name, digest=digest)
        yield Line("vault", False, said)
    except Damaged as error:
        yield Line("vault", False, note("deep.file_damaged", "{name}: {error}", name=name, error=error.note))


class _FromVault(Mapping[str, bytes]):
    """The vault as a folder of raw files."""

    def __getitem__(self, digest: str) -> bytes:
        try:
            return vault().read(digest)
        except (FileNotFoundError, Damaged):
            raise KeyError(digest) from None

    def __iter__(self) -> Iterator[str]:
        return iter(StoredFile.objects.using(READER).values_list("sha256", flat=True).distinct())

    def __len__(self) -> int:
        return StoredFile.objects.using(READER).values("sha256").distinct().count()


def _certificates() -> Iterator[Line]:
    """Recompute every issued certificate from the vault, as a stranger would, and ask its public page how it stands."""
    issued = Certificate.objects.using(READER).exclude(state=CertificateState.APPROVED).order_by("approved_at")
    if not issued.exists():
        return
    trusted: list[bytes] = []

    def trust() -> tuple[Line, ...]:
        trusted.append(trust_list(READER))
        return ()

    yield from guarded("trust list", trust)
    published = {one.token: one for one in Publication.objects.using(READER).all()}
    for certificate in issued.select_related("withdrawal"):
        judged = partial(_certificate, certificate, trusted[0] if trusted else None, published.get(certificate.token))
        yield from guarded(f"certificate {certificate}", judged)


def _certificate(certificate: Certificate, trusted: bytes | None, published: Publication | None) -> tuple[Line]:
    report = verify_certificate(vault().read(certificate.pdf_sha256), _FromVault(), trusted, voices=saying.voice)
    failed = [
        note("deep.certificate_fails", "{check}: {problem}", check=line.check, problem=line.said)
        for line in report.lines
        if line.ok is False
    ]
    failed += _standing(certificate, published)
    text = note("deep.certificate", "sealed, proven and recomputed from its raw files")
    if certificate.withdrawn_at:
        text = note(
            "deep.certificate_withdrawn", "sealed, proven and recomputed from its raw files; withdrawn at {at}",
            at=utc_text(certificate.withdrawn_at),
        )  # fmt: skip
    return (Line(f"certificate {certificate}", report.holds and not failed, failed[0] if failed else text),)


def _standing(certificate: Certificate, published: Publication | None) -> Iterator[Note]:
    """What the public page says against what was decided, and whether a person signed the withdrawal."""
    if published is None or published.pdf_sha256 != certificate.pdf_sha256:
        yield note("deep.not_published", "its public page is missing, or is of another document")
        return
    withdrawn = certificate.state == CertificateState.WITHDRAWN
    if (published.withdrawn_at, certificate.withdrawn_at is not None) != (certificate.withdrawn_at, withdrawn):
        yield note("deep.withdrawal_differs", "its public page and its state differ on whether it is withdrawn")
    if certificate.state == CertificateState.SUPERSEDED and not published.superseded_by:
        yield note("deep.superseded_by", "it is superseded, and its public page doesn't say by what")
    if withdrawn:
        bound = manifest_content(certificate.withdrawal) if certificate.withdrawal else {}
        if (bound.get("pdf_sha256"), bound.get("reason")) != (certificate.pdf_sha256, certificate.withdrawal_reason):
            yield note("deep.withdrawal_unsigned", "nobody signed this withdrawal of this document")
