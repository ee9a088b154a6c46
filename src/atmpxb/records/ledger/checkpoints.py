"""Making checkpoints: a signed statement of the chain goes to the table, to a file elsewhere and to every partner."""

import base64
import os
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from psycopg.errors import UniqueViolation

from atmpxb.records.ledger import checkpoint as checkpoints
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.ledger.models import LedgerEntry, StoredCheckpoint
from atmpxb.records.ledger.writing import acting_for, record, recording, set_context
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation
from atmpxb.records.signatures.models import SigningKey
from atmpxb.records.signatures.signing import SigningClient


def make_checkpoint(*, actor: Actor, sign: SigningClient) -> StoredCheckpoint:
    """Sign how far the organisation's chain reaches now and hand it to every witness.

    The chain is read and signed outside any lock; entries that arrive meanwhile belong to the next checkpoint. Where a
    forged one already takes the place, which can't be removed, that is recorded: the entry makes a new place.
    """
    with acting_for(actor.organisation_id, actor.person_id):
        hashes = [bytes(h) for h in LedgerEntry.objects.order_by("seq").values_list("hash", flat=True)]
    statement = checkpoints.checkpoint(actor.organisation_id, hashes, timezone.now())
    payload = statement.payload()
    sealed = sign.sign_checkpoint(actor.organisation_id, payload)
    try:
        with transaction.atomic(durable=True):
            set_context(actor.organisation_id, actor.person_id)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT ledger_checkpoint_append(%s, %s, %s, %s, %s)",
                    [actor.organisation_id, statement.seq, payload, sealed.key_id, sealed.signature],
                )
            stored = StoredCheckpoint.objects.get(
                witness_id=actor.organisation_id, organisation_id=actor.organisation_id, seq=statement.seq
            )
            genuine = _is_genuine(stored)
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        genuine = False
    if not genuine:
        _report_forgery(actor, statement.seq)
        return make_checkpoint(actor=actor, sign=sign)
    _append_to_file(actor.organisation_id, bytes(stored.payload), stored.key_id, bytes(stored.signature))
    return stored


def _is_genuine(stored: StoredCheckpoint) -> bool:
    """Whether a key that the organisation published signed it."""
    published = SigningKey.objects.filter(organisation_id=stored.organisation_id, use="ledger", key_id=stored.key_id)
    keys = [Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public)) for key in published]
    return any(checkpoints.signed_by(key, bytes(stored.payload), bytes(stored.signature)) for key in keys)


def _report_forgery(actor: Actor, seq: int) -> None:
    with recording(actor):
        record("checkpoint.found_forged", actor=actor, on=Organisation(pk=actor.organisation_id), seq=seq)


def _append_to_file(organisation: UUID, payload: bytes, key_id: str, signature: bytes) -> None:
    """One line a checkpoint, in a file that is only ever appended to, best kept on another volume."""
    folder = Path(settings.CHECKPOINT_LOG)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = canonical(
        {
            "payload": base64.b64encode(payload).decode(),
            "key_id": key_id,
            "signature": base64.b64encode(signature).decode(),
        }
    )
    descriptor = os.open(folder / f"{organisation}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
