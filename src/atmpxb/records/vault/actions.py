"""Taking raw files into custody."""

from uuid import UUID

from django.conf import settings
from django.utils import timezone

from atmpxb.records.ledger.writing import create
from atmpxb.records.people.actor import Actor
from atmpxb.records.vault.models import StoredFile
from atmpxb.records.vault.store import Received, Vault


def vault() -> Vault:
    """The vault of this installation."""
    return Vault(settings.VAULT)


def register_file(*, actor: Actor, received: Received, name: str) -> StoredFile:
    """Inside an action: put bytes that are in the vault on the organisation's books; once per content."""
    organisation: UUID = actor.organisation_id
    present = StoredFile.objects.filter(organisation_id=organisation, sha256=received.sha256).first()
    return present or create(
        StoredFile, sha256=received.sha256, bytes=received.bytes, name=name[:255], received_at=timezone.now(),
        received_by_id=actor.person_id,
    )  # fmt: skip
