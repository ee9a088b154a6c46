"""The nouns of the QA/QC Competence Centre. Only the actions write them; see ``states.py`` for how they move.

A client's organisation owns the product, the batch and the request. The laboratory owns the order that answers the
request, and with it samples, tests, runs, results and certificates. Each side reads the other's through grants.
"""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from atmpxb.quality.states import (
    AnalysisState,
    CertificateState,
    FileState,
    RequestState,
    RunState,
    SampleState,
    TestState,
)
from atmpxb.records.documents.models import DocumentVersion
from atmpxb.records.identifiers import new_id
from atmpxb.records.people.models import Organisation, Person
from atmpxb.records.signatures.models import Signature
from atmpxb.records.vault.models import StoredFile


class Owned(models.Model):
    """A row that belongs to one organisation."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Product(Owned):
    """An advanced therapy medicinal product as its developer describes it."""

    class Origin(models.TextChoices):
        AUTOLOGOUS = "autologous", _("Autologous")
        ALLOGENEIC = "allogeneic", _("Allogeneic")

    code = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    dosage_form = models.CharField(max_length=200)
    origin = models.CharField(max_length=12, choices=Origin)
    manufacturer = models.CharField(max_length=200)
    registered_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "code"], name="product_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Batch(Owned):
    """One batch. For an autologous product it is one patient's, known here by a pseudonym only."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="batches")
    number = models.CharField(max_length=60)
    pseudonym = models.CharField(max_length=60, blank=True)
    manufactured_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    zone = models.CharField(max_length=60)
    registered_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["expires_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "number"], name="batch_number")]

    def __str__(self) -> str:
        return self.number


class Request(Owned):
    """A client asks a laboratory to test a batch against a version of its specification."""

    number = models.CharField(max_length=40)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="requests")
    laboratory = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    specification = models.ForeignKey(DocumentVersion, on_delete=models.PROTECT, related_name="+")
    needed_by = models.DateTimeField()
    note = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=RequestState, default=RequestState.SUBMITTED)
    submitted_at = models.DateTimeField()
    submitted_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-submitted_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "number"], name="request_number")]

    def __str__(self) -> str:
        return self.number


class Order(Owned):
    """A laboratory's answer to a request: what it will test, on which material, by when."""

    number = models.CharField(max_length=40)
    client = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    request = models.OneToOneField(Request, on_delete=models.PROTECT, related_name="order")
    due_at = models.DateTimeField()
    accepted_at = models.DateTimeField()
    accepted_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    #: How many tests stand in each state: what the client sees while results are not approved. Computed.
    progress = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["due_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "number"], name="order_number")]

    def __str__(self) -> str:
        return self.number


class Sample(Owned):
    """A container of material taken into custody for an order, as the sampling plan foresaw it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="samples")
    aliquot = models.CharField(max_length=60)  # code in the sampling plan
    title = models.JSONField()
    label = models.CharField(max_length=60)
    state = models.CharField(max_length=12, choices=SampleState, default=SampleState.EXPECTED)
    volume_ul = models.DecimalField(null=True)
    minimum_ul = models.DecimalField(null=True)
    temperature_c = models.DecimalField(null=True)
    condition = models.TextField(blank=True)
    hold_reason = models.JSONField(default=str, blank=True)  # a person's words, or the note of a rule
    received_at = models.DateTimeField(null=True)
    use_by = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["label"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "label"], name="sample_label", condition=~models.Q(label="")
            )
        ]

    def __str__(self) -> str:
        return self.label or self.aliquot


class Equipment(Owned):
    """An instrument whose files the laboratory accepts, known by the serial number that it writes into them."""

    code = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)  # assay kind whose files it makes
    serial = models.CharField(max_length=120)
    qualified_until = models.DateTimeField(null=True)
    registered_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "code"], name="equipment_code"),
            models.UniqueConstraint(fields=["organisation", "serial"], name="equipment_serial"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Run(Owned):
    """One execution of a method: its worksheet, its raw files and its analyses."""

    number = models.CharField(max_length=40)
    method = models.ForeignKey(DocumentVersion, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=12, choices=RunState, default=RunState.OPEN)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    #: Another laboratory, when subcontracted: one of the network, or by name and address where it is none of it.
    performed_by = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", null=True)
    performed_by_name = models.CharField(max_length=200, blank=True)
    performed_by_address = models.TextField(blank=True)
    plate_map = models.JSONField(default=dict)
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", null=True)
    returned_reason = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-opened_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "number"], name="run_number")]

    def __str__(self) -> str:
        return self.number

    @property
    def partner(self) -> str:
        """The name of the laboratory that does the work in place of this one; empty where none does."""
        return self.performed_by.name if self.performed_by else self.performed_by_name


class Test(Owned):
    """One line of the specification, to be measured on one sample."""

    __test__ = False  # not a test case for pytest

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="tests")
    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="tests")
    line = models.CharField(max_length=60)  # code of the line in the specification
    position = models.IntegerField()
    method = models.ForeignKey(DocumentVersion, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="tests", null=True)
    retest_of = models.OneToOneField("self", on_delete=models.PROTECT, related_name="retest", null=True)
    state = models.CharField(max_length=12, choices=TestState, default=TestState.ORDERED)
    due_at = models.DateTimeField()
    invalid_reason = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["order", "position", "id"]
        indexes: ClassVar = [models.Index(fields=["organisation", "state", "due_at"])]

    def __str__(self) -> str:
        return self.line


class RunFile(Owned):
    """A raw file attached to a run, with what it says of itself."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="files")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=255)
    state = models.CharField(max_length=12, choices=FileState)
    role = models.CharField(max_length=60, blank=True)
    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="+", null=True)
    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="+", null=True)
    facts = models.JSONField(default=dict)
    problem = models.JSONField(default=dict)  # the note that says why it is not used; why it was released or withdrawn
    attached_at = models.DateTimeField()
    attached_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["attached_at", "id"]

    def __str__(self) -> str:
        return self.name


class WorksheetEntry(Owned):
    """A value that a person wrote at the bench. A correction is a new entry with a reason; the first one stays."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="entries")
    code = models.CharField(max_length=60)
    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="+", null=True)
    value = models.CharField(max_length=500)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    replaced_by = models.OneToOneField("self", on_delete=models.PROTECT, related_name="replaces", null=True)
    reason = models.TextField(blank=True)
    checked_at = models.DateTimeField(null=True)
    checked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        ordering: ClassVar = ["written_at", "id"]


class Analysis(Owned):
    """One calculation over the files and the worksheet of a run. Equal inputs are calculated once."""

    by_digest: ClassVar = frozenset({"outcome"})

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="analyses")
    input_digest = models.CharField(max_length=64)
    inputs = models.JSONField()
    engine = models.CharField(max_length=40)
    state = models.CharField(max_length=12, choices=AnalysisState, default=AnalysisState.QUEUED)
    stage = models.CharField(max_length=20, blank=True)
    outcome = models.JSONField(default=dict)
    problem = models.JSONField(default=dict)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "input_digest", "engine"], name="analysis_once")
        ]


class Plot(Owned):
    """A picture that an analysis drew; the SVG lies in the vault."""

    analysis = models.ForeignKey(Analysis, on_delete=models.PROTECT, related_name="plots")
    position = models.IntegerField()
    code = models.CharField(max_length=120)
    title = models.JSONField()
    sample = models.CharField(max_length=60, blank=True)
    series = models.CharField(max_length=255, blank=True, default="")
    sha256 = models.CharField(max_length=64)
    columns = models.JSONField(default=list)
    rows = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["position"]


class Result(Owned):
    """What a test measured, judged against its line. ``value`` is unrounded; ``reported`` is what is printed."""

    test = models.ForeignKey(Test, on_delete=models.PROTECT, related_name="results")
    analysis = models.ForeignKey(Analysis, on_delete=models.PROTECT, related_name="results")
    value = models.CharField(max_length=500, null=True)
    unit = models.CharField(max_length=40, blank=True)
    reported = models.CharField(max_length=500)
    interval = models.JSONField(default=dict)
    verdict = models.CharField(max_length=20)
    why = models.JSONField(default=dict)  # language → why there is no value or no verdict
    line = models.JSONField()  # the specification line as it was compared
    current = models.BooleanField(default=True)
    measured_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-measured_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["test"], condition=models.Q(current=True), name="one_current_result")
        ]


class Disposition(Owned):
    """What a reviewer says about one exception of a run, before signing."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="dispositions")
    exception = models.CharField(max_length=120)
    text = models.TextField()
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "exception"], name="disposition_once")]


class Certificate(Owned):
    """A certificate of analysis: the machine-readable record, and the sealed document made from it."""

    by_digest: ClassVar = frozenset({"record"})

    class Kind(models.TextChoices):
        FINAL = "final", _("Certificate of analysis")
        INTERIM = "interim", _("Interim report")

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="certificates")
    number = models.CharField(max_length=60)
    version = models.IntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    language = models.CharField(max_length=5)
    state = models.CharField(max_length=12, choices=CertificateState, default=CertificateState.APPROVED)
    record = models.TextField()
    record_sha256 = models.CharField(max_length=64)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="+")
    approved_seq = models.BigIntegerField(null=True)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, related_name="replaced_by", null=True)
    reason = models.TextField(blank=True)
    token = models.CharField(max_length=40, unique=True)
    approved_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawal_reason = models.TextField(blank=True)
    withdrawal = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        ordering: ClassVar = ["-approved_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "number", "version"], name="certificate_version")
        ]

    def __str__(self) -> str:
        return f"{self.number} v{self.version}"


class Publication(Owned):
    """What anybody may know of a certificate: that it is genuine, and whether it still stands. Nothing confidential."""

    certificate_id_public = models.CharField(max_length=60)  # number and version as printed
    token = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=10)
    issuer = models.CharField(max_length=200)
    pdf_sha256 = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    superseded_by = models.CharField(max_length=60, blank=True)
    superseded_token = models.CharField(max_length=40, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    illustrative = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["-issued_at"]


class FailedJob(Owned):
    """Work that the worker gave up, for a person to look at. ``subject`` is the record that it was to be done on."""

    kind = models.CharField(max_length=60)
    number = models.BigIntegerField()  # of the job in the queue
    subject = models.UUIDField()
    error = models.TextField()
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    failed_at = models.DateTimeField()
    repeated_at = models.DateTimeField(null=True)
    repeated_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        ordering: ClassVar = ["-failed_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "number"], name="failed_job_once")]


def words(value: Any, language: str) -> str:
    """A bilingual text of a document in one language, English where the other is missing."""
    return str(value.get(language) or value.get("en") or "")
