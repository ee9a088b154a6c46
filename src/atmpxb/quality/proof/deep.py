"""Everything that can be checked of a whole installation: chains, witnesses, tables against the ledger, vault, results.

Reads as the role that sees every row and writes none. The ledger is replayed from its first entry: what the entries say
a row became must be what the table holds now, for every row of every recorded table, and no row may exist that no
entry speaks of.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.apps import apps
from django.conf import settings
from django.db import connections, models

from atmpxb.quality.models import Certificate
from atmpxb.quality.proof.line import Line
from atmpxb.quality.proof.verify import verify as verify_certificate
from atmpxb.quality.publishing import trust_list
from atmpxb.quality.states import CertificateState
from atmpxb.records.ledger import checkpoint, merkle
from atmpxb.records.ledger.chain import Link, breaks
from atmpxb.records.ledger.models import LedgerEntry, StoredCheckpoint
from atmpxb.records.ledger.writing import state
from atmpxb.records.people.models import Organisation
from atmpxb.records.signatures.models import Signature, SigningKey
from atmpxb.records.signatures.signing import manifest_signed_by
from atmpxb.records.vault.actions import vault
from atmpxb.records.vault.models import StoredFile
from atmpxb.records.vault.store import Damaged

READER = "backup"

type State = dict[str, Any]


def verify() -> Iterator[Line]:
    """Check everything, one line a check."""
    organisations = list(Organisation.objects.using(READER).order_by("code"))
    keys = _keys()
    chains: dict[UUID, list[Link]] = {}
    for organisation in organisations:
        entries = LedgerEntry.objects.using(READER).filter(organisation_id=organisation.pk).order_by("seq")
        chains[organisation.pk] = [entry.link for entry in entries]
        yield from _chain(organisation, chains[organisation.pk], keys)
    yield from _tables(chains)
    yield _signatures(keys)
    yield from _vault()
    yield from _certificates()


def _keys() -> Mapping[str, Ed25519PublicKey]:
    return {
        key.key_id: Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public))
        for key in SigningKey.objects.using(READER).filter(use="ledger")
    }


def _chain(organisation: Organisation, links: list[Link], keys: Mapping[str, Ed25519PublicKey]) -> Iterator[Line]:
    name = f"chain {organisation.code}"
    wrong = list(breaks(organisation.pk, links))
    if wrong:
        yield Line(name, False, f"entry {wrong[0].seq}: {wrong[0].reason} ({len(wrong)} in all)")
    else:
        yield Line(name, True, f"{len(links)} entries follow one another unaltered")
    head = _head(organisation.pk)
    if links and head != (links[-1].seq, links[-1].hash):
        yield Line(name, False, f"the head says entry {head[0] if head else 0}, the chain ends at {links[-1].seq}")
    kept = StoredCheckpoint.objects.using(READER).filter(organisation_id=organisation.pk).order_by("seq")
    found = [
        (f"witness {point.witness_id}", bytes(point.payload), point.key_id, bytes(point.signature)) for point in kept
    ]
    found += [("file of checkpoints", *rest) for rest in _written(organisation.pk)]
    told = [(one[1], list(_checkpoint(organisation.pk, links, keys, *one))) for one in found]
    problems = [problem for _, wrong in told for problem in wrong]
    problems += grown({payload for payload, wrong in told if not wrong}, links)
    if problems:
        yield Line(f"witnesses {organisation.code}", False, f"{problems[0]} ({len(problems)} in all)")
    elif found:
        yield Line(f"witnesses {organisation.code}", True, f"{len(found)} signed checkpoints agree with the chain")


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
    source: str,
    payload: bytes,
    key_id: str,
    signature: bytes,
) -> Iterator[str]:
    key = keys.get(key_id)
    if key is None or not checkpoint.signed_by(key, payload, signature):
        yield f"{source}: a checkpoint is not signed by a published key"
        return
    for finding in checkpoint.against_chain(checkpoint.parse(payload), organisation, links):
        yield f"{source}: {finding.kind}: {finding.message}"


def grown(payloads: Iterable[bytes], links: list[Link]) -> Iterator[str]:
    """Whether each checkpoint continues the one before it, in time too; all of them agree with the chain as it is now.

    One that was signed later over fewer entries tells that entries were gone for a while.
    """
    hashes = [link.hash for link in links]
    points = sorted((checkpoint.parse(payload) for payload in payloads), key=lambda point: (point.seq, point.at))
    for earlier, later in pairwise(points):
        same = earlier.seq == later.seq
        path = () if same else merkle.consistency_path(hashes[: later.seq], earlier.seq)
        for finding in checkpoint.against_checkpoint(earlier, later, path):
            yield f"checkpoints of entries {earlier.seq} and {later.seq}: {finding.kind}: {finding.message}"


def _tables(chains: Mapping[UUID, list[Link]]) -> Iterator[Line]:
    """Replay the entries and compare with the tables."""
    replayed: dict[str, dict[str, State]] = defaultdict(dict)
    for links in chains.values():
        for link in links:
            for row in json.loads(link.payload).get("rows", ()):
                replayed[row["table"]].setdefault(row["id"], {}).update(row["after"])
    recorded = {model._meta.db_table: model for model in apps.get_models() if _is_recorded(model)}
    for table in sorted(recorded):
        stored = {str(row.pk): state(row) for row in recorded[table]._base_manager.using(READER).iterator()}
        yield _table(table, stored, replayed.get(table, {}))


def _is_recorded(model: type[models.Model]) -> bool:
    module = model.__module__
    ours = module.startswith(("atmpxb.records.", "atmpxb.quality."))
    return ours and model._meta.managed and model._meta.db_table != "people_access"


def _table(table: str, stored: Mapping[str, State], replayed: Mapping[str, State]) -> Line:
    name = f"table {table}"
    if lost := sorted(replayed.keys() - stored.keys()):
        return Line(name, False, f"row {lost[0]} is recorded and gone ({len(lost)} in all)")
    if foreign := sorted(stored.keys() - replayed.keys()):
        return Line(name, False, f"row {foreign[0]} exists and no entry made it ({len(foreign)} in all)")
    for key, row in stored.items():
        told = replayed[key]
        if differs := sorted(column for column in row if row[column] != told.get(column)):
            return Line(name, False, f"row {key}: {', '.join(differs)} differ from what was recorded")
    return Line(name, True, f"{len(stored)} rows are as the ledger tells")


def _signatures(keys: Mapping[str, Ed25519PublicKey]) -> Line:
    signatures = list(Signature.objects.using(READER).all())
    for one in signatures:
        key = keys.get(one.key_id)
        if key is None or not manifest_signed_by(key.public_bytes_raw(), one.manifest.encode(), bytes(one.seal)):
            return Line("signatures", False, f"signature {one.pk} of {one.name} does not fit what it binds")
    return Line("signatures", True, f"{len(signatures)} signatures fit what they bind")


def _vault() -> Iterator[Line]:
    files = {stored.sha256: stored.name for stored in StoredFile.objects.using(READER).all()}
    for digest, name in files.items():
        try:
            vault().read(digest)
        except FileNotFoundError:
            yield Line("vault", False, f"{name} ({digest}) is missing")
        except Damaged as error:
            yield Line("vault", False, f"{name}: {error}")
    yield Line("vault", True, f"{len(files)} files were read and compared with their hashes")


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
    """Recompute every issued certificate from the vault, as a stranger would."""
    issued = Certificate.objects.using(READER).exclude(state=CertificateState.APPROVED).order_by("approved_at")
    if not issued.exists():
        return
    trusted = trust_list(READER)
    for certificate in issued:
        report = verify_certificate(vault().read(certificate.pdf_sha256), _FromVault(), trusted)
        failed = [line for line in report.lines if line.ok is False]
        text = "sealed, proven and recomputed from its raw files"
        if failed:
            text = f"{failed[0].check}: {failed[0].message}"
        yield Line(f"certificate {certificate}", report.holds, text)
