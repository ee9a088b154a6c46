"""The story that the demo tells: a batch crosses the border, is tested, reviewed, approved and certified.

Every step is an action of the product, done by an account that holds the role for it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from django.utils import timezone

from atmpxb.platform.demo import files, network
from atmpxb.quality import engine
from atmpxb.quality.actions import (
    catalogue,
    certificates,
    findings,
    orders,
    raw_files,
    requests,
    reviews,
    runs,
    worksheets,
)
from atmpxb.quality.assays.method import parse
from atmpxb.quality.models import (
    Batch,
    Certificate,
    Equipment,
    Order,
    Product,
    Request,
    Run,
    RunFile,
    Sample,
    Test,
)
from atmpxb.quality.states import FileState
from atmpxb.records.documents import actions as documents
from atmpxb.records.documents.models import DocumentKind, DocumentVersion, VersionState
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation
from atmpxb.records.signatures.actions import Proof, digest_of, prove_identity
from atmpxb.records.vault.actions import vault

HERE = Path(__file__).parent
#: What arrives of each aliquot, in µL.
VOLUMES = {"flow": Decimal(500), "dna": Decimal(200), "micro": Decimal(300)}
LAB, COMPANY, PARTNER = "sure", "anicells", "atlas"
METHODS = (
    "flow/car-t-identity-viability.toml",
    "pcr/vcn.toml",
    "counts/cell-count.toml",
    "counts/appearance.toml",
    "counts/partner-certificate.toml",
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays."""

    analyst: Actor
    second: Actor
    reviewer: Actor
    head: Actor
    client: Actor
    client_qp: Actor
    password: str

    def proof(self, actor: Actor) -> Proof:
        """The actor types the password again."""
        return prove_identity(actor=actor, password=self.password)


def cast(password: str) -> Cast:
    """The accounts of the two organisations."""
    lab = [network.actor(account, LAB) for account in ("analyst", "analyst2", "reviewer", "qp")]
    company = [network.actor(account, COMPANY) for account in ("client", "qp")]
    return Cast(lab[0], lab[1], lab[2], lab[3], company[0], company[1], password)


def examples() -> Path:
    """Where the example methods are: in the checkout, or inside the installed package."""
    package = HERE.parents[1]
    for folder in (package / "examples", package.parents[1] / "examples"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError("the example methods are not installed")


def set_up(who: Cast) -> None:
    """Methods and instruments of the laboratory; product and specification of the company."""
    with acting_for(who.analyst.organisation_id, who.analyst.person_id):
        if Equipment.objects.filter(organisation_id=who.analyst.organisation_id).exists():
            return
    for method in METHODS:
        drafted = catalogue.draft_method(actor=who.analyst, source=(examples() / method).read_bytes())
        _approve(who, who.reviewer, drafted)
    until = timezone.now() + timedelta(days=200)
    for code, name, kind, serial in (
        ("FC-01", "Flow cytometer 1", "flow", files.CYTOMETER),
        ("TC-01", "Thermal cycler 1", "qpcr", files.CYCLER),
        ("CC-01", "Cell counter 1", "cell_count", files.COUNTER),
    ):
        catalogue.register_equipment(
            actor=who.analyst, code=code, name=name, kind=kind, serial=serial, qualified_until=until
        )
    catalogue.register_product(
        actor=who.client, code="CART-01", name="Illustrative CAR-T", dosage_form="Dispersion for infusion",
        origin=Product.Origin.AUTOLOGOUS, manufacturer="anicells (illustrative)",
    )  # fmt: skip
    specification = catalogue.draft_specification(actor=who.client, source=(HERE / "specification.toml").read_bytes())
    _approve(who, who.client_qp, specification)


def _approve(who: Cast, approver: Actor, drafted: DocumentVersion) -> None:
    with acting_for(approver.organisation_id, approver.person_id):
        seen = digest_of(documents.approval_content(drafted))
    documents.make_effective(actor=approver, version=drafted, proof=who.proof(approver), seen=seen)


def request_batch(who: Cast, number: str, pseudonym: str, hours_left: int = 60) -> Request:
    """The company registers a batch and asks the laboratory across the border to test it."""
    now = timezone.now().replace(second=0, microsecond=0)
    with acting_for(who.client.organisation_id, who.client.person_id):
        product = Product.objects.get(organisation_id=who.client.organisation_id, code="CART-01")
        specification = DocumentVersion.objects.get(
            organisation_id=who.client.organisation_id, document__kind=DocumentKind.SPECIFICATION,
            document__code="SP-CART-01", state=VersionState.EFFECTIVE,
        )  # fmt: skip
        laboratory = Organisation.objects.get(code=LAB)
    batch: Batch = requests.register_batch(
        actor=who.client, product=product, number=number, manufactured_at=now - timedelta(hours=12),
        expires_at=now + timedelta(hours=hours_left), zone="Europe/Brussels", pseudonym=pseudonym,
    )  # fmt: skip
    return requests.submit_request(
        actor=who.client, batch=batch, laboratory=laboratory, specification=specification,
        needed_by=now + timedelta(hours=min(30, hours_left)), note="Fresh cells, courier at ambient temperature.",
    )  # fmt: skip


def accept_and_receive(who: Cast, request: Request, labels: dict[str, str]) -> Order:
    """The laboratory accepts the request and takes the samples into custody."""
    with acting_for(who.analyst.organisation_id, who.analyst.person_id):
        seen = Request.objects.select_related("specification", "batch").get(pk=request.pk)
    order = orders.accept_request(actor=who.analyst, request=seen)
    with acting_for(who.analyst.organisation_id, who.analyst.person_id):
        samples = list(Sample.objects.filter(order=order).select_related("order__request__specification"))
    for sample in samples:
        orders.receive_sample(
            actor=who.analyst, sample=sample, label=labels.get(sample.aliquot, f"{seen.batch.number}.{sample.aliquot}"),
            volume_ul=VOLUMES[sample.aliquot], temperature_c=Decimal("18.5"),
            condition="Sealed, label readable", received_at=timezone.now(),
        )  # fmt: skip
    return order


def open_runs(who: Cast, order: Order) -> dict[str, Run]:
    """One run for each method of the order: kind → run."""
    with acting_for(who.analyst.organisation_id, who.analyst.person_id):
        tests = list(Test.objects.filter(order=order, state="ordered").select_related("method", "sample", "order"))
        partner = Organisation.objects.get(code=PARTNER)
    by_method: dict[str, list[Test]] = {}
    for test in tests:
        by_method.setdefault(str(test.method_id), []).append(test)
    opened = [
        runs.open_run(
            actor=who.analyst, tests=group,
            performed_by=partner if parse(group[0].method.source.encode()).kind == "transcription" else None,
        )
        for group in by_method.values()
    ]  # fmt: skip
    return {run.kind: run for run in opened}


def attach(who: Cast, run: Run, name: str, data: bytes) -> RunFile:
    """The analyst drops a file on a run, and names the instrument of a file that does not."""
    received = vault().keep(data)
    stored = engine.StoredInput(vault().path(received.sha256), name, "", received.sha256)
    read = engine.read_facts(run.kind, stored)
    attached = raw_files.attach_file(actor=who.analyst, run=run, received=received, name=name, facts=read)
    if attached.state != FileState.READY or not attached.role or (read.facts and read.facts.instrument_serial):
        return attached
    with acting_for(who.analyst.organisation_id, who.analyst.person_id):
        made_by = Equipment.objects.filter(organisation_id=who.analyst.organisation_id, kind=run.kind).first()
    if made_by is None:
        return attached
    return raw_files.assign_file(
        actor=who.analyst, file=attached, role=attached.role, sample=attached.sample, equipment=made_by
    )


def write_bench(who: Cast, opened: dict[str, Run], kinds: Collection[str] = (), report_on: str = "CART-0001.A") -> None:
    """What no instrument writes, checked by a second person: the dilution before counting, the look of the cells, and
    what the partner's report says.

    Args:
        kinds: only the worksheets of these; all by default.
        report_on: label of the sample that the partner reports on.
    """
    for kind, code, value in (
        ("transcription", "report_number", files.report_number(report_on)),
        ("transcription", "report_date", f"{files.clock():%Y-%m-%d}"),
        ("cell_count", "dilution", "1"),
        ("observation", "appearance", "opaque_free"),
        ("transcription", "sterility", "no_growth"),
        ("transcription", "endotoxin", files.ENDOTOXIN),
    ):
        if kind not in (kinds or opened):
            continue
        run = opened[kind]
        with acting_for(who.analyst.organisation_id, who.analyst.person_id):
            of_sample = kind != "transcription"
            sample = run.tests.select_related("sample").first().sample if of_sample else None  # type: ignore[union-attr]
        entry = worksheets.write_entry(actor=who.analyst, run=run, code=code, value=value, sample=sample)
        if code.startswith("report_"):
            continue  # names the report; the method asks no second person for it
        with acting_for(who.second.organisation_id, who.second.person_id):
            seen = digest_of(worksheets.entry_content(entry))
        worksheets.check_entry(actor=who.second, entry=entry, proof=who.proof(who.second), seen=seen)


def attach_all(who: Cast, opened: dict[str, Run], labels: dict[str, str], seed: int, events: int = 200_000) -> None:
    """All raw files of the batch."""
    labels = {"micro": labels["flow"], **labels}
    for file in files.of_batch(labels, seed, events=events):
        attach(who, opened[file.kind], file.name, file.data)


def submit(who: Cast, run: Run) -> None:
    """The analyst signs a run as performed."""
    current, seen = _look(who.analyst, run)
    reviews.submit_run(actor=who.analyst, run=current, proof=who.proof(who.analyst), seen=seen)


def review(who: Cast, run: Run, remark: str = "Looked at the data: no influence on the results.") -> None:
    """The reviewer answers every exception and signs."""
    with acting_for(who.reviewer.organisation_id, who.reviewer.person_id):
        current = Run.objects.get(pk=run.pk)
        found = findings.exceptions(current)
    for exception in found:
        reviews.dispose(actor=who.reviewer, run=current, exception=exception.key, text=remark)
    current, seen = _look(who.reviewer, run)
    reviews.review_run(actor=who.reviewer, run=current, proof=who.proof(who.reviewer), seen=seen)


def _look(actor: Actor, run: Run) -> tuple[Run, str]:
    with acting_for(actor.organisation_id, actor.person_id):
        current = Run.objects.select_related("method__document").get(pk=run.pk)
        return current, digest_of(reviews.content(current))


def approve(who: Cast, order: Order, kind: str = "final", language: str = "en", reason: str = "") -> Certificate:
    """The head of quality control approves; the worker renders, seals and publishes."""
    with acting_for(who.head.organisation_id, who.head.person_id):
        current = Order.objects.select_related("request__batch__product", "request__specification").get(pk=order.pk)
        seen = digest_of(certificates.content(current, kind, language, reason))
    return certificates.approve_certificate(
        actor=who.head, order=current, kind=Certificate.Kind(kind), language=language, proof=who.proof(who.head),
        seen=seen, reason=reason,
    )  # fmt: skip


def certify_batch(who: Cast, *, number: str, pseudonym: str, seed: int, work: Callable[[], None]) -> Certificate:
    """The whole path of one batch. ``work`` lets the jobs that are waiting be done."""
    labels = {"flow": f"{number}.A", "dna": f"{number}.B", "micro": f"{number}.C"}
    order = accept_and_receive(who, request_batch(who, number, pseudonym), labels)
    opened = open_runs(who, order)
    attach_all(who, opened, labels, seed)
    write_bench(who, opened, report_on=labels["micro"])
    work()
    for run in opened.values():
        submit(who, run)
        review(who, run)
    certificate = approve(who, order)
    work()
    return certificate
