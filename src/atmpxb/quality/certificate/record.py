"""The machine-readable record of a certificate of analysis, schema ``atmpxb.certificate/1``.

The record is the certificate: the printed pages are made from it, and ``atmpxb verify`` recomputes from it.
Numbers are decimal text, unrounded in ``value`` and rounded in ``reported``; times are RFC 3339 text in UTC;
a digest is lower-case hexadecimal SHA-256. ``record_sha256`` is the digest of the canonical bytes; the ledger
entry of the approval holds it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Literal
from zoneinfo import available_timezones

from atmpxb.notes import Note, Noted, note, say
from atmpxb.quality.assays.seam import Check, Exclusion, Interval, Plot, Repair, Value, Words
from atmpxb.quality.certificate.form import LANGUAGES, Reader, plain
from atmpxb.records.ledger.canonical import NotCanonical, canonical

SCHEMA = "atmpxb.certificate/1"
LARGEST = 64 << 20

type Verdict = Literal["complies", "does_not_comply", "undetermined", "reported"]


class RecordError(Noted, ValueError):
    """A record does not hold. ``problems`` names each place and duty."""

    def __init__(self, problems: Sequence[Note]) -> None:
        super().__init__(
            "record.invalid", "the certificate record does not hold: {problems}", problems=tuple(problems[:8])
        )
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Organisation:
    """A laboratory, client or manufacturer; ``zone`` is its IANA time zone."""

    id: str
    name: str
    address: str
    country: str
    zone: str


@dataclass(frozen=True, slots=True)
class Product:
    """What was tested."""

    code: str
    name: str
    dosage_form: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The batch. ``zone`` is the IANA zone in which its times are printed beside UTC."""

    number: str
    manufacturer: str
    manufactured_at: str
    expires_at: str | None
    zone: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A container that was received; temperature in °C and volume in µL as decimal text."""

    label: str
    title: Words
    received_at: str
    condition: str
    temperature_c: str | None
    volume_ul: str | None


@dataclass(frozen=True, slots=True)
class SpecificationReference:
    """The specification that the verdicts follow; its bytes are attached."""

    code: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class MethodReference:
    """The method document that an analysis followed; its bytes are attached."""

    code: str
    version: str
    kind: str
    sha256: str
    title: Words
    reference: str


@dataclass(frozen=True, slots=True)
class FileReference:
    """A raw file by content; ``bytes`` is its length."""

    sha256: str
    name: str
    role: str
    sample: str
    bytes: int
    format: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture of the annex with the numbers under it; the SVG with this digest is attached."""

    code: str
    title: Words
    sample: str
    series: str
    columns: tuple[str | Words, ...]
    rows: tuple[tuple[str | Words, ...], ...]
    sha256: str

    @classmethod
    def of(cls, plot: Plot) -> "Figure":
        """What a record keeps of a plot."""
        digest = sha256(plot.svg.encode()).hexdigest()
        return cls(plot.code, plot.title, plot.sample, plot.series, plot.columns, plot.rows, digest)

    def plot(self, svg: str) -> Plot:
        """The plot again, with its picture."""
        return Plot(self.code, self.title, svg, self.columns, self.rows, self.sample, self.series)


@dataclass(frozen=True, slots=True)
class AnalysisRecord:
    """One analysis: what went in, what came out. ``recomputable`` False: a person, not a file, is
    the source.
    """

    id: str
    method: MethodReference
    recomputable: bool
    files: tuple[FileReference, ...]
    bench: Mapping[str, Any]
    engine: str
    values: tuple[Value, ...]
    checks: tuple[Check, ...]
    exclusions: tuple[Exclusion, ...]
    repairs: tuple[Repair, ...]
    warnings: tuple[Note, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """The acceptance limit as printed, and as data (the fields of the specification line)."""

    text: Words
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """One reported result: which value of the analysis it is, unrounded and as reported, and the verdict.

    ``value`` and ``reported`` are None when the data allowed none; ``why`` then says the reason. ``shown`` is
    an observation in words of each language, and empty for a number.
    """

    sample: str
    reportable: str
    value: str | None
    reported: str | None
    unit: str
    interval: Interval | None
    verdict: Verdict
    why: Words
    shown: Words


@dataclass(frozen=True, slots=True)
class TestLine:
    """One line of the specification: approved with results, pending with the time by which they are due,
    or not tested with the ``reason``.
    """

    __test__ = False  # a laboratory's test, not pytest's

    code: str
    title: Words
    method: str
    method_version: str
    method_sha256: str
    reference: str
    analysis: str | None
    performed_by: str
    subcontracted: bool
    measured_at: str | None
    limit: Limit
    rounding: Mapping[str, Any]
    informative: bool
    status: Literal["approved", "pending", "not_tested"]
    due_at: str | None
    reason: str
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Whether the batch, as tested, complies with the specification."""

    verdict: Verdict
    text: Words


@dataclass(frozen=True, slots=True)
class Deviation:
    """A deviation that touched these tests."""

    number: str
    title: str
    status: str


@dataclass(frozen=True, slots=True)
class Subcontract:
    """A laboratory that did some of the tests, and the certificate that it gave, if any. Its organisation has no
    ``id`` where it is not registered with the issuer.
    """

    organisation: Organisation
    tests: tuple[str, ...]
    certificate: str


@dataclass(frozen=True, slots=True)
class SignatureRecord:
    """Who signed, in which function, what it means, for which analysis (empty: for all of it), when (UTC), over which
    manifest."""

    name: str
    function: str
    organisation: str
    meaning: Words
    about: str
    at: str
    manifest_sha256: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """The earlier certificate that this one takes the place of, and why."""

    number: str
    version: int
    reason: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """The whole record. ``language`` is that of the printed pages; the record itself holds both."""

    schema: Literal["atmpxb.certificate/1"]
    kind: Literal["final", "interim"]
    language: Literal["en", "nl"]
    number: str
    version: int
    replaces: Replaced | None
    illustrative: bool
    issued_at: str
    issued_by: Organisation
    requested_by: Organisation
    product: Product
    batch: Batch
    samples: tuple[Sample, ...]
    specification: SpecificationReference
    analyses: tuple[AnalysisRecord, ...]
    tests: tuple[TestLine, ...]
    conclusion: Conclusion
    deviations: tuple[Deviation, ...]
    subcontracted: tuple[Subcontract, ...]
    signatures: tuple[SignatureRecord, ...]
    verification_url: str

    def bytes(self) -> bytes:
        """The canonical bytes: what is attached, hashed and approved.

        Raises:
            RecordError: it would not be read back as it stands.
        """
        try:
            content = canonical(plain(self))
        except NotCanonical as error:
            raise RecordError([note("record.not_canonical", "{error}", error=error)]) from None
        parse(content)
        return content


def record_sha256(content: bytes) -> str:
    """Hexadecimal SHA-256 of a record's canonical bytes."""
    return sha256(content).hexdigest()


def parse(content: bytes) -> Certificate:
    """Read a record, checking form and sense.

    Raises:
        RecordError: not canonical JSON of this schema, or it contradicts itself; every problem is named.
    """
    if len(content) > LARGEST:
        raise RecordError(
            [
                note(
                    "record.too_large",
                    "the record has {count} bytes; at most {limit} are read",
                    count=len(content),
                    limit=LARGEST,
                )
            ]
        )
    try:
        fields = json.loads(content)
        ours = canonical(fields) == content
    except (ValueError, RecursionError) as error:
        raise RecordError(
            [note("record.not_json", "not JSON that this program reads: {error}", error=error)]
        ) from None
    if not ours:
        raise RecordError([note("record.not_canonical", "the record is not in its one canonical form")])
    reader = Reader()
    try:
        found = reader.read(Certificate, fields, "record")
    except RecursionError:
        raise RecordError([note("record.too_deep", "the record is nested too deeply")]) from None
    if reader.problems:
        raise RecordError(reader.problems)
    assert isinstance(found, Certificate)
    if problems := [*_places(found), *_texts(fields, "record"), *_sense(found)]:
        raise RecordError(problems)
    return found


#: Stand in a draft where number, version and time of the finished certificate will stand.
UNNUMBERED, UNISSUED = "-", "0001-01-01T00:00:00Z"


def draft_of(certificate: Certificate) -> Certificate:
    """The certificate as its approver saw it: without what only the approval gives it."""
    return replace(
        certificate,
        number=UNNUMBERED,
        version=1,
        replaces=None,
        issued_at=UNISSUED,
        signatures=(),
        verification_url="",
    )


def draft_sha256(certificate: Certificate) -> str:
    """Hexadecimal SHA-256 of the draft of a certificate: the approving signature binds it."""
    return sha256(canonical(plain(draft_of(certificate)))).hexdigest()


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


_SHA256 = re.compile(r"[0-9a-f]{64}")
#: Years that a certificate can speak of, in every time zone.
_YEARS = (1900, 9000)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


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
            yield note(
                "record.time", "{place}: must be a time in UTC such as 2026-11-20T09:30:00Z", place=here
            )
        if name == "message" and item != say({**value, "message": ""}):
            yield note("record.message", "{place}: is not its text with its facts in it", place=here)
        if (
            name in ("title", "text", "meaning")
            and isinstance(item, dict)
            and not all(map(item.get, LANGUAGES))
        ):
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
    if line.measured_at is None:
        yield note("record.not_measured", "{place}: an approved test says when it was measured", place=place)
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
