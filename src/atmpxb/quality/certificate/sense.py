"""Whether a record of the right form also makes sense: its texts, what names one another, results and verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from atmpxb.notes import Note, note, say
from atmpxb.quality.assays.seam import Value
from atmpxb.quality.certificate.form import LANGUAGES

if TYPE_CHECKING:
    from atmpxb.quality.certificate.record import AnalysisRecord, Certificate, Result, TestLine, Verdict

_SHA256 = re.compile(r"[0-9a-f]{64}")
#: Years that a certificate can speak of, in every time zone.
_YEARS = (1900, 9000)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


def problems(certificate: Certificate, fields: Mapping[str, Any]) -> Iterator[Note]:
    """What contradicts itself or can't be; ``fields`` are the JSON that the certificate was read from."""
    yield from _places(certificate)
    yield from _texts(fields, "record")
    yield from _sense(certificate)


def concluded(kind: str, tests: Sequence[TestLine]) -> Verdict:
    """What the results of the tests say about the batch; an untested line leaves it undetermined at best."""
    verdicts = {result.verdict for line in tests for result in line.results if not line.informative}
    untested = any(line.status != "approved" for line in tests if not line.informative)
    if kind == "interim":
        return "undetermined"
    if "does_not_comply" in verdicts:
        return "does_not_comply"
    if untested or not verdicts or "undetermined" in verdicts:
        return "undetermined"
    return "complies"


def value_of(result: Result, values: Sequence[Value]) -> Value | None:
    """The value that a result reports: of its sample, or of an analysis that tells no samples apart."""
    found = {value.sample: value for value in values if value.code == result.reportable}
    return found.get(result.sample, found.get(""))


def _texts(value: Any, place: str) -> Iterator[Note]:
    """Every digest, time and bilingual text, wherever it stands, by the name of its field."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{place}[{index}]")
        return
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        here = f"{place}.{name}"
        if name in ("bench", "data", "rounding"):
            continue  # shaped by the assay kind and the specification
        if name.endswith("sha256") and not _SHA256.fullmatch(item):
            yield note("record.sha256", "{place}: must be a SHA-256 in lower-case hexadecimal", place=here)
        if name.endswith("_at") and item is not None and not _is_time(item):
            yield note("record.time", "{place}: must be a time in UTC such as 2026-11-20T09:30:00Z", place=here)
        if name == "message" and item != say({**value, "message": ""}):
            yield note("record.message", "{place}: is not its text with its facts in it", place=here)
        if name in ("title", "text", "meaning") and isinstance(item, dict) and not all(map(item.get, LANGUAGES)):
            yield note(
                "record.languages",
                "{place}: must have a text in {languages}",
                place=here,
                languages=", ".join(LANGUAGES),
            )
        yield from _texts(item, here)


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        return _YEARS[0] <= datetime.fromisoformat(text).year <= _YEARS[1]
    except ValueError:
        return False


@cache
def _zones() -> set[str]:
    return available_timezones()


def _places(certificate: Certificate) -> Iterator[Note]:
    """Everything that must not be empty or out of range."""
    for place, text in (
        ("number", certificate.number),
        ("issued_by.id", certificate.issued_by.id),
        ("issued_by.name", certificate.issued_by.name),
        ("product.name", certificate.product.name),
        ("batch.number", certificate.batch.number),
        ("specification.code", certificate.specification.code),
        ("verification_url", certificate.verification_url),
    ):
        if not text.strip():
            yield note("record.empty", "record.{place}: must not be empty", place=place)
    parties = [certificate.issued_by, certificate.requested_by]
    parties += [part.organisation for part in certificate.subcontracted]
    for zone in (certificate.batch.zone, *(party.zone for party in parties)):
        if zone and zone not in _zones():
            yield note("record.zone", "record: '{zone}' is no time zone of the IANA list", zone=zone[:60])
    if certificate.version < 1:
        yield note("record.version", "record.version: must be 1 or more")
    if not certificate.tests:
        yield note("record.no_tests", "record.tests: a certificate reports at least one test")
    if not certificate.signatures:
        yield note("record.unsigned", "record.signatures: a certificate is signed")
    if certificate.deviations_on_file < 0:
        yield note("record.deviations_on_file", "record.deviations_on_file: must be 0 or more")
    for signature in certificate.signatures:
        if not _is_time(signature.at):
            yield note("record.signature_time", "record.signatures: a signature has a time in UTC")


def _sense(certificate: Certificate) -> Iterator[Note]:
    """Whether the parts agree with one another."""
    if (certificate.version > 1) != (certificate.replaces is not None):
        yield note(
            "record.replaces",
            "record.replaces: a version above 1, and only that, names what it replaces and why",
        )
    analyses = {analysis.id: analysis for analysis in certificate.analyses}
    if len(analyses) != len(certificate.analyses):
        yield note("record.same_analysis", "record.analyses: two analyses have one id")
    codes = [line.code for line in certificate.tests]
    if len(set(codes)) != len(codes):
        yield note("record.same_test", "record.tests: two tests have one code")
    for line in certificate.tests:
        yield from _line_sense(line, analyses)
    pending = [line.code for line in certificate.tests if line.status == "pending"]
    if certificate.kind == "final" and pending:
        yield note(
            "record.pending",
            "record.kind: a final certificate has no pending test ({pending})",
            pending=", ".join(pending),
        )
    said, due = certificate.conclusion.verdict, concluded(certificate.kind, certificate.tests)
    if said != due:
        yield note(
            "record.conclusion",
            "record.conclusion: it says {said}, though by its tests it is {due}",
            said=said,
            due=due,
        )


def _line_sense(line: TestLine, analyses: Mapping[str, AnalysisRecord]) -> Iterator[Note]:
    place = f"record.tests[{line.code}]"
    if line.status == "pending":
        if line.results or not line.due_at:
            yield note(
                "record.pending_line",
                "{place}: a pending test has no results and says by when they are due",
                place=place,
            )
        return
    if line.status == "not_tested":
        if line.results or not line.reason.strip():
            yield note(
                "record.not_tested_line",
                "{place}: a test that was not done has no results and says why",
                place=place,
            )
        return
    if not line.results:
        yield note("record.no_results", "{place}: an approved test has results", place=place)
    if line.measured is None or line.analysed_at is None:
        yield note(
            "record.not_measured", "{place}: an approved test says when it was measured and analysed", place=place
        )
    elif (line.measured.first_at is None) != (line.measured.last_at is None):
        yield note("record.half_measured", "{place}: a first time of measurement has a last one", place=place)
    analysis = analyses.get(line.analysis or "")
    if analysis is None:
        yield note(
            "record.no_analysis",
            "{place}: its analysis '{analysis}' is not in the record",
            place=place,
            analysis=line.analysis,
        )
        return
    named = (line.method, line.method_version, line.method_sha256)
    if (analysis.method.code, analysis.method.version, analysis.method.sha256) != named:
        yield note(
            "record.other_method",
            "{place}: method {method} {version} is not that of analysis {analysis}",
            place=place,
            method=line.method,
            version=line.method_version,
            analysis=analysis.id,
        )
    for result in line.results:
        value = value_of(result, analysis.values)
        if value is None or (value.value, value.unit) != (result.value, result.unit):
            yield note(
                "record.no_value",
                "{place}: result '{reportable}' of sample '{sample}' is not a value of its analysis",
                place=place,
                reportable=result.reportable,
                sample=result.sample,
            )
        if (result.value is None) != (result.reported is None) or (result.value is None and not result.why):
            yield note(
                "record.no_reason",
                "{place}: a result has both a value and its reported form, or neither and the reason",
                place=place,
            )
