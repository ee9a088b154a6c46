"""From the laboratory's rows to the record of a certificate. Nothing is typed: every value comes from a result."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from atmpxb.notes import Note
from atmpxb.quality.actions.findings import current_analysis
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import REPORT_NUMBER, Check, Exclusion, Interval, Repair, Value
from atmpxb.quality.certificate import derived, form
from atmpxb.quality.certificate import record as records
from atmpxb.quality.certificate.deviations import Occurred, occurred
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.certificate.wording import MEANINGS
from atmpxb.quality.limits import SpecificationLine, parse_specification
from atmpxb.quality.models import Certificate, Order, Plot, Result, Run, Test
from atmpxb.quality.states import TestState
from atmpxb.records.ledger.canonical import utc_text
from atmpxb.records.people.models import Organisation
from atmpxb.records.signatures.models import Meaning, Signature

#: The reason of a version that replaces an interim report.
COMPLETED = {"en": "the pending tests were completed", "nl": "de lopende tests zijn voltooid"}

NO_REASON = {"en": "no reason was recorded", "nl": "er is geen reden vastgelegd"}

#: What an analysis found that a record keeps.
_FOUND: dict[str, Any] = {
    "values": tuple[Value, ...],
    "checks": tuple[Check, ...],
    "exclusions": tuple[Exclusion, ...],
    "repairs": tuple[Repair, ...],
    "warnings": tuple[Note, ...],
}


@dataclass(frozen=True, slots=True)
class Drafted:
    """The record as it would be approved now, and every deviation, printed or not, with what it happened to."""

    record: records.Certificate
    deviations: tuple[Occurred, ...]


def draft(order: Order, *, kind: str, language: str) -> Drafted:
    """What an approver looks at: the record without number, time and signatures, and all deviations."""
    found = occurred(order)
    request = order.request
    specification = parse_specification(request.specification.source.encode())
    tests = list(
        order.tests.exclude(state=TestState.INVALID)
        .select_related("sample", "method__document", "run__method__document", "run__performed_by")
        .order_by("position")
    )
    runs = sorted({test.run for test in tests if test.run and _approved(test)}, key=lambda run: run.number)
    lines = {line.code: line for line in specification.lines}
    written = [_test_line(test, lines[test.line], order, language) for test in tests]
    batch = request.batch
    drafted = records.Certificate(
        schema="atmpxb.certificate/1",
        kind=kind,  # type: ignore[arg-type]
        language=language,  # type: ignore[arg-type]
        number=records.UNNUMBERED,
        version=1,
        replaces=None,
        illustrative=order.organisation.illustrative,
        issued_at=records.UNISSUED,
        issued_by=_organisation(order.organisation),
        requested_by=_organisation(order.client),
        product=records.Product(batch.product.code, batch.product.name, batch.product.dosage_form),
        batch=records.Batch(
            batch.number,
            batch.product.manufacturer,
            utc_text(batch.manufactured_at),
            utc_text(batch.expires_at),
            batch.zone,
        ),
        samples=tuple(_sample(sample) for sample in order.samples.exclude(received_at=None).order_by("label")),
        specification=records.SpecificationReference(
            specification.code, specification.version, request.specification.sha256
        ),
        analyses=tuple(_analysis(run) for run in runs),
        tests=tuple(written),
        conclusion=derived.conclusion(kind, written),
        deviations=tuple(one.record for one in found if one.printed),
        deviations_on_file=sum(not one.printed for one in found),
        subcontracted=_subcontracts(runs, tests),
        signatures=(),
        verification_url="",
    )
    return Drafted(drafted, found)


def complete(
    drafted: records.Certificate,
    *,
    order: Order,
    number: str,
    version: int,
    at: datetime,
    signature: Signature,
    replaces: Certificate | None,
    reason: str,
    url: str,
) -> records.Certificate:
    """The draft with what only the approval gives it: number, time, signatures and address."""
    signatures = [*_signatures(order), signature]
    return replace(
        drafted,
        number=number,
        version=version,
        issued_at=utc_text(at),
        replaces=records.Replaced(replaces.number, replaces.version, reason or COMPLETED[drafted.language])
        if replaces else None,
        signatures=tuple(_signature(one, order.organisation.name) for one in signatures),
        verification_url=url,
    )  # fmt: skip


def digest(drafted: records.Certificate) -> str:
    """What identifies a draft between looking at it and signing it."""
    return records.draft_sha256(drafted)


def _approved(test: Test) -> bool:
    return test.state in (TestState.REVIEWED, TestState.APPROVED)


def _organisation(organisation: Organisation) -> records.Organisation:
    return records.Organisation(
        str(organisation.pk), organisation.name, organisation.address, organisation.country, organisation.zone
    )


def _sample(sample: Any) -> records.Sample:
    return records.Sample(
        sample.label, sample.title, utc_text(sample.received_at), sample.condition,
        _digits(sample.temperature_c), _digits(sample.volume_ul),
    )  # fmt: skip


def _digits(number: Decimal | None) -> str | None:
    """A number of the laboratory without the zeros that its column adds."""
    return None if number is None else f"{number.normalize():f}"


def _analysis(run: Run) -> records.AnalysisRecord:
    analysis = current_analysis(run)
    if analysis is None:
        raise ValueError(f"run {run.number} has no analysis of its present inputs")
    method = parse(run.method.source.encode())
    attached = {one.file.sha256: one for one in run.files.select_related("file")}
    outcome = analysis.outcome
    return records.AnalysisRecord(
        id=run.number,
        method=records.MethodReference(
            method.code, method.version, method.kind, method.sha256, dict(method.title), method.reference
        ),
        recomputable=registry.kind(method.kind).recomputable,
        files=tuple(
            records.FileReference(
                f["sha256"], f["name"], f["role"], f["sample"], attached[f["sha256"]].file.bytes,
                str(attached[f["sha256"]].facts.get("format", "")),
            )
            for f in analysis.inputs["files"]
        ),
        bench=analysis.inputs["bench"],
        engine=analysis.engine,
        figures=tuple(_figure(plot) for plot in analysis.plots.all()),
        **{name: form.rebuilt(kind, outcome[name]) for name, kind in _FOUND.items()},
    )  # fmt: skip


def _figure(plot: Plot) -> records.Figure:
    return records.Figure(
        plot.code, plot.title, plot.sample, plot.series, tuple(plot.columns),
        tuple(tuple(row) for row in plot.rows), plot.sha256,
    )  # fmt: skip


def _test_line(test: Test, line: SpecificationLine, order: Order, language: str) -> records.TestLine:
    approved, cancelled = _approved(test), test.state == TestState.CANCELLED
    result = test.results.filter(current=True).select_related("analysis").first() if approved else None
    limit, choices = line.limit, derived.choices(parse(test.method.source.encode()), line)
    return records.TestLine(
        code=line.code,
        title=dict(line.title),
        method=test.method.document.code,
        method_version=test.method.version,
        method_sha256=test.method.sha256,
        reference=line.reference,
        analysis=test.run.number if approved and test.run else None,
        performed_by=(test.run.partner if test.run else "") or order.organisation.name,
        subcontracted=bool(test.run and test.run.partner),
        measured=measured_of(result) if result else None,
        analysed_at=utc_text(result.analysed_at) if result else None,
        limit=records.Limit(derived.limit_words(line, choices), plain(limit) if limit else {}),
        rounding=plain(line.rounding),
        informative=line.informative,
        status="approved" if approved else "not_tested" if cancelled else "pending",
        due_at=None if approved or cancelled else utc_text(test.due_at),
        reason=(test.invalid_reason.strip() or NO_REASON[language]) if cancelled else "",
        results=(_result(result, test, line, choices),) if result else (),
    )


def measured_of(result: Result) -> records.Measured:
    """When a result was measured, as its record says."""
    found = result.measured
    number = result.analysis.inputs["bench"].get(REPORT_NUMBER, "") if found["source"] == "report" else ""
    return records.Measured(
        found["source"], found["first_at"], found["last_at"], found["zoneless"], found["unstated"], number,
        found["date"], found["attached_at"],
    )  # fmt: skip


def _result(result: Result, test: Test, line: SpecificationLine, choices: derived.Choices) -> records.Result:
    interval = result.interval
    return records.Result(
        sample=test.sample.label,
        reportable=line.reportable,
        value=result.value,
        reported=result.reported or None,
        unit=result.unit,
        interval=Interval(**interval) if interval else None,
        verdict=result.verdict,  # type: ignore[arg-type]
        why=dict(result.why),
        shown=derived.shown(result.value, choices),
    )


def _subcontracts(runs: Sequence[Run], tests: Sequence[Test]) -> tuple[records.Subcontract, ...]:
    return tuple(
        records.Subcontract(
            _performer(run),
            tuple(test.line for test in tests if test.run_id == run.pk),
            ", ".join(run.files.filter(state="ready").values_list("name", flat=True)),
        )
        for run in runs
        if run.partner
    )


def _performer(run: Run) -> records.Organisation:
    """The laboratory that did the work: as the network knows it, or as it was written down."""
    if run.performed_by:
        return _organisation(run.performed_by)
    return records.Organisation("", run.performed_by_name, run.performed_by_address, "", "")


def _signatures(order: Order) -> list[Signature]:
    """Who performed and reviewed the tests on the certificate, the latest signature of each run and meaning."""
    runs = {test.run_id for test in order.tests.all() if test.run_id and _approved(test)}
    latest: dict[tuple[Any, str], Signature] = {}
    for signature in Signature.objects.filter(
        organisation_id=order.organisation_id, subject_id__in=runs, meaning__in=[Meaning.PERFORMED, Meaning.REVIEWED]
    ).order_by("signed_at"):
        latest[signature.subject_id, signature.meaning] = signature
    return sorted(latest.values(), key=lambda one: one.signed_at)


def _signature(signature: Signature, organisation: str) -> records.SignatureRecord:
    about = str(json.loads(signature.manifest)["content"].get("run", ""))
    return records.SignatureRecord(
        signature.name, signature.function, organisation, MEANINGS[signature.meaning], about,
        utc_text(signature.signed_at), signature.manifest_sha256,
    )  # fmt: skip
