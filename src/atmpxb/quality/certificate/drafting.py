"""From the laboratory's rows to the record of a certificate. Nothing is typed: every value comes from a result."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from atmpxb.quality.actions.reviews import current_analysis
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import Check, Exclusion, Interval, Repair, Value
from atmpxb.quality.certificate import record as records
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.limits import Outcome, SpecificationLine, parse_specification
from atmpxb.quality.models import Certificate, Order, Result, Run, Test
from atmpxb.quality.states import TestState
from atmpxb.records.ledger.canonical import canonical, utc_text
from atmpxb.records.people.models import Organisation
from atmpxb.records.signatures.models import Meaning, Signature

#: Stands where the number, version and times of the finished certificate will stand.
UNNUMBERED = "-"

MEANINGS = {
    Meaning.PERFORMED: {"en": "Performed the test", "nl": "Heeft de test uitgevoerd"},
    Meaning.CHECKED: {"en": "Checked the entry", "nl": "Heeft de invoer gecontroleerd"},
    Meaning.REVIEWED: {"en": "Reviewed", "nl": "Heeft beoordeeld"},
    Meaning.APPROVED: {"en": "Approved", "nl": "Heeft goedgekeurd"},
}

CONCLUSIONS: dict[str, dict[str, str]] = {
    "complies": {
        "en": "The batch, as tested, complies with the specification.",
        "nl": "De batch voldoet, zoals getest, aan de specificatie.",
    },
    "does_not_comply": {
        "en": "The batch, as tested, does not comply with the specification.",
        "nl": "De batch voldoet, zoals getest, niet aan de specificatie.",
    },
    "undetermined": {
        "en": "Compliance with the specification is undetermined.",
        "nl": "Of de batch aan de specificatie voldoet, is niet te bepalen.",
    },
    "interim": {
        "en": "Interim report: tests are pending. No conclusion on the batch can be drawn from it.",
        "nl": "Tussentijds rapport: er lopen nog tests. Over de batch kan hieruit niets worden besloten.",
    },
}


def draft(order: Order, *, kind: str, language: str) -> records.Certificate:
    """The record as it would be approved now, without number, time and signatures."""
    request = order.request
    specification = parse_specification(request.specification.source.encode())
    tests = list(
        order.tests.exclude(state__in=[TestState.INVALID, TestState.CANCELLED])
        .select_related("sample", "method__document", "run__method__document")
        .order_by("position")
    )
    runs = sorted({test.run for test in tests if test.run and _approved(test)}, key=lambda run: run.number)
    lines = {line.code: line for line in specification.lines}
    written = [_test_line(test, lines[test.line], order) for test in tests]
    batch = request.batch
    return records.Certificate(
        schema="atmpxb.certificate/1",
        kind=kind,  # type: ignore[arg-type]
        language=language,  # type: ignore[arg-type]
        number=UNNUMBERED,
        version=1,
        replaces=None,
        illustrative=order.organisation.illustrative,
        issued_at=utc_text(order.accepted_at),
        issued_by=_organisation(order.organisation),
        requested_by=_organisation(order.client),
        product=records.Product(batch.product.code, batch.product.name, batch.product.dosage_form),
        batch=records.Batch(
            batch.number, batch.product.manufacturer, utc_text(batch.manufactured_at), utc_text(batch.expires_at), batch.zone
        ),
        samples=tuple(_sample(sample) for sample in order.samples.exclude(received_at=None).order_by("label")),
        specification=records.SpecificationReference(
            specification.code, specification.version, request.specification.sha256
        ),
        analyses=tuple(_analysis(run) for run in runs),
        tests=tuple(written),
        conclusion=_conclusion(kind, written),
        deviations=(),
        subcontracted=_subcontracts(runs, tests),
        signatures=(),
        verification_url="",
    )


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
        replaces=records.Replaced(replaces.number, replaces.version, reason or "pending tests were completed")
        if replaces else None,
        signatures=tuple(_signature(one, order.organisation.name) for one in signatures),
        verification_url=url,
    )  # fmt: skip


def digest(drafted: records.Certificate) -> str:
    """What identifies a draft between looking at it and signing it."""
    return sha256(canonical(plain(drafted))).hexdigest()


def _approved(test: Test) -> bool:
    return test.state in (TestState.REVIEWED, TestState.APPROVED)


def _organisation(organisation: Organisation) -> records.Organisation:
    return records.Organisation(
        str(organisation.pk), organisation.name, organisation.address, organisation.country, organisation.zone
    )


def _sample(sample: Any) -> records.Sample:
    return records.Sample(
        sample.label, sample.title, utc_text(sample.received_at), sample.condition,
        str(sample.temperature_c) if sample.temperature_c is not None else None,
        str(sample.volume_ul) if sample.volume_ul is not None else None,
    )  # fmt: skip


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
        values=tuple(_value(value) for value in outcome["values"]),
        checks=tuple(Check(**check) for check in outcome["checks"]),
        exclusions=tuple(Exclusion(**item) for item in outcome["exclusions"]),
        repairs=tuple(Repair(**item) for item in outcome["repairs"]),
        warnings=tuple(outcome["warnings"]),
    )  # fmt: skip


def _value(value: dict[str, Any]) -> Value:
    interval = value.get("interval")
    return Value(**{**value, "interval": Interval(**interval) if interval else None})


def _test_line(test: Test, line: SpecificationLine, order: Order) -> records.TestLine:
    approved = _approved(test)
    result = test.results.filter(current=True).first() if approved else None
    limit = line.limit
    text = limit.text(line.unit) if limit else ""
    return records.TestLine(
        code=line.code,
        title=dict(line.title),
        method=test.method.document.code,
        method_version=test.method.version,
        reference=line.reference,
        analysis=test.run.number if approved and test.run else None,
        performed_by=(test.run.performed_by_name if test.run else "") or order.organisation.name,
        subcontracted=bool(test.run and test.run.performed_by_name),
        measured_at=utc_text(result.measured_at) if result else None,
        limit=records.Limit(_limit_words(line, text), plain(limit) if limit else {}),
        rounding=plain(line.rounding),
        informative=line.informative,
        status="approved" if approved else "pending",
        due_at=None if approved else utc_text(test.due_at),
        results=(_result(result, test, line),) if result else (),
    )


def _limit_words(line: SpecificationLine, text: str) -> dict[str, str]:
    if text:
        return {"en": text, "nl": text.replace(".", ",")} if not line.limit or not line.limit.words else {"en": text, "nl": text}
    return {"en": "for information", "nl": "ter informatie"}


def _result(result: Result, test: Test, line: SpecificationLine) -> records.Result:
    interval = result.interval
    return records.Result(
        sample=test.sample.label,
        reportable=line.reportable,
        value=result.value,
        reported=result.reported or None,
        unit=result.unit,
        interval=Interval(**interval) if interval else None,
        verdict=result.verdict,  # type: ignore[arg-type]
        why={"en": result.why, "nl": result.why} if result.why else {},
        shown={},
    )


def _conclusion(kind: str, tests: Sequence[records.TestLine]) -> records.Conclusion:
    if kind == "interim":
        return records.Conclusion("undetermined", CONCLUSIONS["interim"])
    verdicts = {result.verdict for test in tests for result in test.results}
    if Outcome.DOES_NOT_COMPLY in verdicts:
        reached = "does_not_comply"
    elif Outcome.UNDETERMINED in verdicts or not verdicts:
        reached = "undetermined"
    else:
        reached = "complies"
    return records.Conclusion(reached, CONCLUSIONS[reached])  # type: ignore[arg-type]


def _subcontracts(runs: Sequence[Run], tests: Sequence[Test]) -> tuple[records.Subcontract, ...]:
    return tuple(
        records.Subcontract(
            records.Organisation("", run.performed_by_name, "", "", ""),
            tuple(test.line for test in tests if test.run_id == run.pk),
            ", ".join(run.files.filter(state="ready").values_list("name", flat=True)),
        )
        for run in runs
        if run.performed_by_name
    )


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
    return records.SignatureRecord(
        signature.name, signature.function, organisation, MEANINGS[Meaning(signature.meaning)],
        utc_text(signature.signed_at), signature.manifest_sha256,
    )  # fmt: skip
