"""Controlled documents: methods, specifications, procedures. A version is bytes with a hash; bytes never change."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from atmpxb.records.documents.states import VersionState
from atmpxb.records.identifiers import new_id
from atmpxb.records.people.models import Organisation, Person


class DocumentKind(models.TextChoices):
    METHOD = "method", _("Method")
    SPECIFICATION = "specification", _("Specification")


class Document(models.Model):
    """A document through all its versions."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=DocumentKind)
    code = models.CharField(max_length=60)

    class Meta:
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "kind", "code"], name="document_code")]

    def __str__(self) -> str:
        return self.code


class DocumentVersion(models.Model):
    """One version: the exact bytes that people approved, known by their SHA-256."""

    by_digest: ClassVar = frozenset({"source"})

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="versions")
    version = models.CharField(max_length=20)
    title = models.JSONField()
    source = models.TextField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=VersionState, default=VersionState.DRAFT)
    drafted_at = models.DateTimeField()
    drafted_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    effective_from = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawal_reason = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["document__code", "-drafted_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "version"], name="document_version"),
            models.UniqueConstraint(
                fields=["document"], condition=models.Q(state="effective"), name="one_effective_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document.code} {self.version}"


__all__ = ["Document", "DocumentKind", "DocumentVersion", "VersionState"]
