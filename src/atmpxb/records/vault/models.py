"""Raw files as the organisation that received them knows them; the bytes lie in the vault, named by their hash."""

from typing import ClassVar

from django.db import models

from atmpxb.records.identifiers import new_id
from atmpxb.records.people.models import Organisation, Person


class StoredFile(models.Model):
    """A file received once, byte for byte. The same bytes are one row per organisation."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    bytes = models.BigIntegerField()
    name = models.CharField(max_length=255)
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "sha256"], name="file_once")]

    def __str__(self) -> str:
        return self.name
