"""Electronic signatures: a person, a meaning, a moment, and the exact content that was bound."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from atmpxb.records.identifiers import new_id
from atmpxb.records.people.models import Organisation, Person


class Meaning(models.TextChoices):
    PERFORMED = "performed", _("Performed the test")
    CHECKED = "checked", _("Checked the entry")
    REVIEWED = "reviewed", _("Reviewed")
    INVALIDATED = "invalidated", _("Invalidated, with assignable cause")
    APPROVED = "approved", _("Approved")
    WITHDRAWN = "withdrawn", _("Withdrew the certificate")
    EFFECTIVE = "effective", _("Approved the document")
    RETIRED = "retired", _("Withdrew the document")
    AUTHORISED = "authorised", _("Authorised the renewal of keys")


class Signature(models.Model):
    """A signature never changes. ``manifest`` holds the bytes that were bound; ``seal`` is Ed25519 over them.

    Of what stays in the house the manifest holds a salted digest only; ``withheld`` holds the salts and the words.
    """

    by_digest: ClassVar = frozenset({"manifest", "withheld"})

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    function = models.CharField(max_length=120)
    meaning = models.CharField(max_length=20, choices=Meaning)
    subject_table = models.CharField(max_length=63)
    subject_id = models.UUIDField()
    manifest = models.TextField()
    withheld = models.JSONField(default=dict)
    manifest_sha256 = models.CharField(max_length=64)
    key_id = models.CharField(max_length=80)
    seal = models.BinaryField()
    signed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["signed_at"]
        indexes: ClassVar = [models.Index(fields=["organisation", "subject_table", "subject_id"])]


class SigningKey(models.Model):
    """The public half of a key with which an organisation signs; the private half never enters the database.

    A key signs from ``since`` until the next one of the same use.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    use = models.CharField(max_length=20)  # "ledger" (Ed25519) or "seal" (X.509)
    key_id = models.CharField(max_length=80)
    public = models.TextField()
    since = models.DateTimeField()
    published_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "key_id"], name="key_once")]


class Refusal(models.Model):
    """An attempt to sign that failed. Several in a short time lock signing, unless an administrator forgives them."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    factor = models.CharField(max_length=20)
    refused_at = models.DateTimeField()
    forgiven_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organisation", "person", "refused_at"])]
