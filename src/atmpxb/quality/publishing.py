"""Handing a certificate out: the sealed file, the raw files it rests on, and the trust list to check it with."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.utils import timezone

from atmpxb.quality.certificate.record import parse
from atmpxb.quality.models import Certificate
from atmpxb.records.people.models import Organisation
from atmpxb.records.signatures import trust
from atmpxb.records.signatures.actions import signing_client
from atmpxb.records.signatures.models import SigningKey
from atmpxb.records.vault.actions import vault


@dataclass(frozen=True, slots=True)
class Package:
    """What somebody needs to verify a certificate without this program's database."""

    certificate: Path
    raw: Path
    trust: Path


def trust_list() -> bytes:
    """The keys and seals of every organisation that has published some."""
    signers = SigningKey.objects.values_list("organisation_id", flat=True).distinct()
    client = signing_client()
    identities = [client.identity(one.pk) for one in Organisation.objects.filter(pk__in=list(signers)).order_by("code")]
    return trust.build(identities, timezone.now())


def export(certificate_id: UUID, folder: Path) -> Package:
    """Write certificate, raw files and trust list below ``folder``."""
    certificate = Certificate.objects.get(pk=certificate_id)
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    store = vault()
    for analysis in parse(certificate.record.encode()).analyses:
        for file in analysis.files:
            (raw / Path(file.name).name).write_bytes(store.read(file.sha256))
    document = folder / f"{certificate.number}-v{certificate.version}.pdf"
    document.write_bytes(store.read(certificate.pdf_sha256))
    listed = folder / "trust.json"
    listed.write_bytes(trust_list())
    return Package(document, raw, listed)
