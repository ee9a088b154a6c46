"""The stored chain as Django reads it. Nothing here writes: the database lets nobody write but ``ledger_append``."""

import json
from datetime import datetime
from typing import Any, ClassVar

from django.db import models

from atmpxb.records.ledger.chain import Link


class LedgerEntry(models.Model):
    """One entry of an organisation's chain: canonical bytes and their two hashes."""

    pk = models.CompositePrimaryKey("organisation_id", "seq")
    organisation_id = models.UUIDField()
    seq = models.BigIntegerField()
    payload = models.BinaryField()
    prev = models.BinaryField()
    hash = models.BinaryField()
    event = models.TextField()
    subject = models.UUIDField()

    class Meta:
        managed = False
        db_table = "ledger_entry"
        ordering: ClassVar = ["organisation_id", "seq"]

    @property
    def content(self) -> dict[str, Any]:
        """The entry as it was recorded."""
        return dict(json.loads(bytes(self.payload)))

    @property
    def at(self) -> datetime:
        """When it was recorded."""
        return datetime.fromisoformat(self.content["at"])

    @property
    def link(self) -> Link:
        return Link(self.seq, bytes(self.payload), bytes(self.prev), bytes(self.hash))


class StoredCheckpoint(models.Model):
    """A signed statement of how far a chain reached, as kept by the organisation or by a partner that witnesses it."""

    pk = models.CompositePrimaryKey("witness_id", "organisation_id", "seq")
    witness_id = models.UUIDField()
    organisation_id = models.UUIDField()
    seq = models.BigIntegerField()
    payload = models.BinaryField()
    key_id = models.TextField()
    signature = models.BinaryField()
    received_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_checkpoint"
        ordering: ClassVar = ["organisation_id", "seq"]
