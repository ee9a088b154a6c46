"""Handing a certificate out: the sealed file, the raw files it rests on, and the trust list to check it with."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.utils import timezone

from atmpxb.quality.certificate.package import raw_files
from atmpxb.quality.certificate.record import parse
from atmpxb.quality.models import Certificate
from atmpxb.records.ledger.canonical import utc_text
from atmpxb.records.people.models import Organisation
from atmpxb.records.signatures import trust
from atmpxb.records.signatures.keys import CheckpointKey, Identity
from atmpxb.records.signatures.models import SigningKey
from atmpxb.records.vault.actions import vault


@dataclass(frozen=True, slots=True)
class Package:
    """What somebody needs to verify a certificate without this program's database."""

    certificate: Path
    raw: Path
    trust: Path


def trust_list(using: str = "default") -> bytes:
    """The keys and seals of every organisation that has published some, as the platform gives it out."""
    known = {one.pk: one for one in Organisation.objects.using(using).all()}
    seats = {one.pk: trust.Seat(one.address, one.country) for one in known.values()}
    published: dict[UUID, list[SigningKey]] = {}
    for key in SigningKey.objects.using(using).order_by("organisation__code", "since"):
        published.setdefault(key.organisation_id, []).append(key)
    identities = [_identity(one, known[one].name, keys) for one, keys in published.items()]
    return trust.build(identities, seats, timezone.now())


def _identity(organisation: UUID, name: str, published: list[SigningKey]) -> Identity:
    """What is public of an organisation's keys, oldest first; each ledger key signed until the next one was made."""
    ledger = [key for key in published if key.use == "ledger"]
    since = [utc_text(key.since) for key in ledger]
    until = [*since[1:], None]
    return Identity(
        organisation,
        name,
        False,
        tuple(
            CheckpointKey(key.key_id, bytes.fromhex(key.public), start, end)
            for key, start, end in zip(ledger, since, until, strict=True)
        ),
        tuple(bytes.fromhex(key.public) for key in published if key.use == "seal"),
    )


def export(certificate_id: UUID, folder: Path) -> Package:
    """Write certificate, raw files and trust list below ``folder``."""
    certificate = Certificate.objects.get(pk=certificate_id)
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    store = vault()
    for name, digest in raw_files(parse(certificate.record.encode())).items():
        (raw / name).write_bytes(store.read(digest))
    document = folder / f"{certificate.number}-v{certificate.version}.pdf"
    document.write_bytes(store.read(certificate.pdf_sha256))
    listed = folder / "trust.json"
    listed.write_bytes(trust_list())
    return Package(document, raw, listed)
