"""The machine-readable record of a certificate of analysis, schema ``atmpxb.certificate/1``.

The record is the certificate: the printed pages are made from it, and ``atmpxb verify`` recomputes from it.
Numbers are decimal text, unrounded in ``value`` and rounded in ``reported``; times are RFC 3339 text in UTC;
a digest is lower-case hexadecimal SHA-256. ``record_sha256`` is the digest of the canonical bytes; the ledger
entry of the approval holds it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal

from atmpxb.notes import Note, Noted, note
from atmpxb.quality.assays.seam import Check, Exclusion, Interval, Plot, Repair, Value, Words
from atmpxb.quality.certificate import sense
from atmpxb.quality.certificate.form import Reader, plain
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
class Measured:
    """When a test was measured, and what says so.

    ``instrument``: the first and last time that its files state, null where none of them states one; ``zoneless``
    where a file named no zone, so that the issuer's was taken; ``unstated`` counts the files that state no time.
    ``bench``: when a person wrote the value down. ``report``: number and date of another laboratory's report, as a
    person read them there. ``attached_at``: when the last file arrived.
    """

    source: Literal["instrument", "bench", "report"]
    first_at: str | None
    last_at: str | None
    zoneless: bool
    unstated: int
    report: str
    report_date: str | None
    attached_at: str | None


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
    measured: Measured | None
    analysed_at: str | None
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
    """Something out of the ordinary that these tests went through: what happened to what, when, the reason as the
    laboratory wrote it, and what else a reader must know of it, such as a result that was invalidated.
    """

    kind: str
    concerns: Words
    what: Note
    reason: str | Note
    details: tuple[Note, ...]
    happened_at: str


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
    deviations_on_file: int
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
        raise RecordError([note("record.not_json", "not JSON that this program reads: {error}", error=error)]) from None
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
    if problems := tuple(sense.problems(found, fields)):
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
