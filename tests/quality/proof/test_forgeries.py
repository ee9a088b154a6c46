"""The issuing laboratory itself, with its own keys and ledger, prints what its data don't say: refused by name.

Every forgery is a whole certificate of the project's own making with one thing changed, signed anew by everybody and sealed
with the right key.
"""

import io
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, StreamObject

from atmpxb.notes import note
from atmpxb.platform import voices
from atmpxb.quality.assays.seam import Exclusion, Interval, Plot, Repair
from atmpxb.quality.certificate import attachments, view
from atmpxb.quality.certificate.record import Certificate, RecordError, SignatureRecord, parse
from atmpxb.quality.proof import drawn
from atmpxb.quality.proof.verify import Report, examine
from atmpxb.quality.proof.verify import verify as verify_with
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.signatures import trust as trust_lists
from atmpxb.records.signatures.seal import check_seal
from atmpxb.records.signatures.signing import SigningClient
from quality.proof import laboratory
from quality.proof.laboratory import PEOPLE, Case

type Change = Callable[[Certificate], dict[str, Any]]


verify = partial(verify_with, voices=voices.voice)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningClient]:
    with laboratory.signing(tmp_path_factory.mktemp("home")) as client:
        yield client


@pytest.fixture(scope="module")
def honest() -> Case:
    return laboratory.case(batch="B1")


@pytest.fixture(scope="module")
def trusted(client: SigningClient) -> bytes:
    return laboratory.trust_list(client)


def refused(report: Report) -> dict[str, str]:
    assert not report.holds
    return {line.check: line.message for line in report.lines if line.ok is False}


def line(certificate: Certificate, code: str = "viability", **fields: Any) -> dict[str, Any]:
    return {"tests": tuple(replace(t, **fields) if t.code == code else t for t in certificate.tests)}


def result(certificate: Certificate, code: str = "viability", **fields: Any) -> dict[str, Any]:
    (one,) = (t for t in certificate.tests if t.code == code)
    return line(certificate, code, results=tuple(replace(each, **fields) for each in one.results))


def counted(certificate: Certificate, **fields: Any) -> dict[str, Any]:
    first, *others = certificate.analyses
    return {"analyses": (replace(first, **fields), *others)}


def limit(certificate: Certificate, **text: str) -> dict[str, Any]:
    (one,) = (t for t in certificate.tests if t.code == "viability")
    return line(certificate, limit=replace(one.limit, text=text))


SAID: dict[str, tuple[Change, str, str]] = {
    "a number printed as another one": (
        lambda c: result(c, shown={"en": "99.9", "nl": "99,9"}), "derived", "viability S1: what is shown says",
    ),
    "an observation printed as another one": (
        lambda c: result(c, "appearance", shown={"en": "Clear", "nl": "Helder"}), "derived", "appearance S1: what is shown",
    ),
    "a wider limit in print": (
        lambda c: limit(c, en="≥ 50.0 %", nl="≥ 50,0 %"), "derived", "viability: limit text says",
    ),
    "another unit": (lambda c: _unit(c, "‰"), "derived", "The value is in ‰ and the specification asks for %."),
    "another rounding": (
        lambda c: line(c, rounding={"rule": "none", "decimals": None, "significant": None}), "derived", "viability: rounding",
    ),
    "the title of another test": (
        lambda c: line(c, title={"en": "Sterility", "nl": "Steriliteit"}), "derived", "viability: title says",
    ),
    "another reference": (lambda c: line(c, reference="Ph. Eur. 2.6.1"), "derived", "viability: reference says"),
    "a failing test that only informs": (lambda c: line(c, informative=True), "derived", "viability: informative says"),
    "another specification's code": (
        lambda c: {"specification": replace(c.specification, code="SP-OTHER")}, "derived", "specification: code says",
    ),
    "another specification's version": (
        lambda c: {"specification": replace(c.specification, version="9")}, "derived", "specification: version says",
    ),
    "another product's specification": (
        lambda c: {"product": replace(c.product, code="OTHER-01")}, "derived", "specification: product says",
    ),
    "another method's version": (
        lambda c: counted(c, method=replace(c.analyses[0].method, version="99"))
        | {"tests": tuple(replace(t, method_version="99") if t.method == "CC-003" else t for t in c.tests)},
        "derived", "R-1: version says '99'",
    ),
    "another method's title": (
        lambda c: counted(c, method=replace(c.analyses[0].method, title={"en": "PCR", "nl": "PCR"})), "derived", "R-1: title",
    ),
    "an engine that nobody knows": (lambda c: counted(c, engine="magic 9"), "derived", "'magic 9' is no engine"),
    "a conclusion in other words": (
        lambda c: {"conclusion": replace(c.conclusion, text={"en": "Excellent.", "nl": "Uitstekend."})},
        "derived", "conclusion: text says",
    ),
    "a test left out": (lambda c: {"tests": c.tests[1:]}, "derived", "leaves out viability"),
    "the tests in another order": (lambda c: {"tests": c.tests[::-1]}, "derived", "order of the specification"),
    "no sample at all": (lambda c: {"samples": ()}, "derived", "'S1' is not among those that were received"),
    "a sample twice": (lambda c: {"samples": c.samples * 2}, "derived", "two samples have one label"),
    "another performer": (
        lambda c: line(c, performed_by="Famous institute"), "derived", "neither issuer nor subcontractor",
    ),
    "a subcontractor that nobody names": (
        lambda c: line(c, subcontracted=True), "derived", "not clear whether 'Laboratory of the test'",
    ),
    "a narrower interval in print": (
        lambda c: result(c, interval=Interval("92.9", "93.1")), "derived", "viability S1: interval says",
    ),
    "the laboratory next door": (
        lambda c: {"issued_by": replace(c.issued_by, name="University hospital")}, "issuer", "University hospital",
    ),
    "a better address": (
        lambda c: {"issued_by": replace(c.issued_by, address="Main square 1")}, "issuer", "Main square 1",
    ),
    "issued before the batch existed": (
        lambda c: {"issued_at": "2019-01-01T00:00:00Z"}, "times", "issued at 2019-01-01T00:00:00Z, but approved at",
    ),
    "issued in years to come": (
        lambda c: {"issued_at": "2035-01-01T00:00:00Z"}, "times", "issued at 2035-01-01T00:00:00Z, but approved at",
    ),
    "measured after its approval": (
        lambda c: line(c, measured=replace(c.tests[0].measured, last_at="2030-01-01T00:00:00Z")), "times", "viability was measured at 2030",
    ),
    "received after its approval": (
        lambda c: {"samples": (replace(c.samples[0], received_at="2026-11-20T13:00:00Z"),)}, "times", "sample S1 was received",
    ),
    "a value that no assay measures": (lambda c: _value(c, "1E999999999"), "derived", "why says"),
}  # fmt: skip


def _unit(certificate: Certificate, unit: str) -> dict[str, Any]:
    values = tuple(replace(v, unit=unit) if v.code == "viability" else v for v in certificate.analyses[0].values)
    return counted(certificate, values=values) | result(certificate, unit=unit)


def _value(certificate: Certificate, value: str) -> dict[str, Any]:
    values = tuple(replace(v, value=value) if v.code == "viability" else v for v in certificate.analyses[0].values)
    return counted(certificate, values=values) | result(certificate, value=value)


@pytest.mark.parametrize("lie", SAID)
def test_what_the_documents_do_not_say_is_refused(
    lie: str, honest: Case, client: SigningClient, trusted: bytes
) -> None:
    change, check, says = SAID[lie]
    forged = laboratory.changed(honest, **change(honest.certificate))
    found = refused(verify(laboratory.sealed(forged, client), None, trusted))
    assert check in found, found
    assert says in found[check]
    assert "can't be judged" not in " ".join(found.values())


def _values(certificate: Certificate, **fields: Any) -> dict[str, Any]:
    analysis = certificate.analyses[0]
    changed = counted(
        certificate, values=tuple(replace(v, **fields) if v.code == "viability" else v for v in analysis.values)
    )
    return changed | result(certificate, **fields)


CAME_OUT: dict[str, tuple[Change, str]] = {
    "a narrower interval": (lambda c: _values(c, interval=Interval("92.9", "93.1", method="x")), "values viability S1 interval"),
    "a check that observed something else": (
        lambda c: counted(c, checks=tuple(replace(k, observed="0") for k in c.analyses[0].checks)), "observed: recorded '0'",
    ),
    "a check that did not pass": (
        lambda c: counted(c, checks=tuple(replace(k, passed=False) for k in c.analyses[0].checks)), "passed: recorded False",
    ),
    "a check left out": (lambda c: counted(c, checks=c.analyses[0].checks[1:]), "checks come out"),
    "a warning": (lambda c: counted(c, warnings=(note("w.well", "all is well"),)), "warnings come out"),
    "an exclusion": (lambda c: counted(c, exclusions=(Exclusion("row 3", "outlier"),)), "exclusions come out"),
    "a repair": (lambda c: counted(c, repairs=(Repair("a", note("r.rule", "r"), "w", "b", "a"),)), "repairs come out"),
    "the picture of another batch": (lambda c: counted(c, figures=_other().certificate.analyses[0].figures), "picture"),
    "fewer pictures": (lambda c: counted(c, figures=c.analyses[0].figures[:-1]), "picture(s) come out"),
    "a file of another length": (
        lambda c: counted(c, files=(replace(c.analyses[0].files[0], bytes=7),)), "bytes of vicell_blu, not 7",
    ),
}  # fmt: skip


def _other() -> Case:
    return laboratory.case(batch="B1", viability=40.0)


@pytest.mark.parametrize("lie", CAME_OUT)
def test_what_the_raw_files_do_not_give_is_refused(
    lie: str, honest: Case, client: SigningClient, trusted: bytes
) -> None:
    change, says = CAME_OUT[lie]
    forged = laboratory.changed(honest, **change(honest.certificate))
    pictures = (*honest.plots["R-1"], *_other().plots["R-1"])
    drawn_as = {figure.sha256: figure for figure in forged.certificate.analyses[0].figures}
    plots = [figure.plot(next(p.svg for p in pictures if type(figure).of(p) == figure)) for figure in drawn_as.values()]
    forged = replace(forged, plots={"R-1": tuple(plots)})
    found = refused(verify(laboratory.sealed(forged, client), honest.raw, trusted))
    assert set(found) == {"analysis R-1"}
    assert says in found["analysis R-1"]


def test_a_value_entered_by_a_person_is_that_of_the_worksheet(
    honest: Case, client: SigningClient, trusted: bytes
) -> None:
    first, looked = honest.certificate.analyses
    forged = laboratory.changed(honest, analyses=(first, replace(looked, bench={"appearance": {"S1": "clear_free"}})))
    found = refused(verify(laboratory.sealed(forged, client), None, trusted))
    assert "recorded 'opaque_free'" in found["analysis R-2"] or "can't be done again" in found["analysis R-2"]


def test_pages_that_draw_another_picture_than_the_record_names_are_refused(
    honest: Case, client: SigningClient, trusted: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = view.figures
    proven = laboratory.proof(honest.certificate, client)

    def covered(plots: Sequence[Plot], *rest: Any) -> Any:
        white = '<rect x="0" y="0" width="90" height="90" fill="#fff"/></svg>'
        return real([replace(plot, svg=plot.svg.replace("</svg>", white)) for plot in plots], *rest)

    with monkeypatch.context() as drawing:
        drawing.setattr(view, "figures", covered)
        pages = laboratory.pages(honest, proven, client)
    found = refused(verify(laboratory.sealed_pages(pages, honest, client), honest.raw, trusted))
    assert set(found) == {"printed text"}
    assert "drawn otherwise" in found["printed text"]


def test_pages_that_print_another_result_than_the_record_are_refused(
    honest: Case, client: SigningClient, trusted: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    proven = laboratory.proof(honest.certificate, client)
    with monkeypatch.context() as printing:
        printing.setattr(view, "shown_limit", lambda *_: "≥ 10 %")
        pages = laboratory.pages(honest, proven, client)
    found = refused(verify(laboratory.sealed_pages(pages, honest, client), None, trusted))
    assert set(found) == {"printed text"}
    assert "page 1 of 3" in found["printed text"]
    assert "≥10%" in found["printed text"]


def _written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_page_put_before_the_others_is_named(honest: Case, client: SigningClient, trusted: bytes) -> None:
    proven = laboratory.proof(honest.certificate, client)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(laboratory.pages(honest, proven, client))))
    failing = laboratory.pages(laboratory.case(batch="B1", viability=60.0), proven, client)
    writer.insert_page(PdfReader(io.BytesIO(failing)).pages[0], 0)
    found = refused(verify(laboratory.sealed_pages(_written(writer), honest, client), honest.raw, trusted))
    assert "page 1 of 4 (the record prints 3)" in found["printed text"]


def test_a_page_taken_away_is_noticed(honest: Case, client: SigningClient, trusted: bytes) -> None:
    writer = PdfWriter(
        clone_from=PdfReader(io.BytesIO(laboratory.pages(honest, laboratory.proof(honest.certificate, client), client)))
    )
    writer.remove_page(2)
    found = refused(verify(laboratory.sealed_pages(_written(writer), honest, client), None, trusted))
    assert "printed text" in found


def test_an_attachment_that_the_record_does_not_name_is_named(
    honest: Case, client: SigningClient, trusted: bytes
) -> None:
    writer = PdfWriter(
        clone_from=PdfReader(io.BytesIO(laboratory.pages(honest, laboratory.proof(honest.certificate, client), client)))
    )
    writer.add_attachment("record2.json", b"{}")
    found = refused(verify(laboratory.sealed_pages(_written(writer), honest, client), None, trusted))
    assert "record2.json is attached, and the record names no such file" in found["documents"]


def test_something_laid_over_a_page_when_it_is_sealed_is_refused(
    honest: Case, client: SigningClient, trusted: bytes
) -> None:
    """An update between drawing and sealing leaves the drawn bytes as they are and shows something else."""
    pages = laboratory.pages(honest, laboratory.proof(honest.certificate, client), client)

    def cover(writer: PdfWriter) -> None:
        stream = StreamObject()
        stream.set_data(b"1 1 1 rg 0 0 600 900 re f")
        page = writer.pages[1]
        page[NameObject("/Contents")] = ArrayObject([page.raw_get("/Contents"), writer._add_object(stream)])

    def note(writer: PdfWriter) -> None:
        writer.add_annotation(
            0,
            DictionaryObject(
                {NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/Square")}
            ),
        )

    def title(writer: PdfWriter) -> None:
        writer.add_metadata({"/Title": "Certificate of another batch"})

    for forge in (cover, note, title):
        writer = PdfWriter(io.BytesIO(pages), incremental=True)
        forge(writer)
        found = refused(verify(laboratory.sealed_pages(_written(writer), honest, client), None, trusted))
        assert set(found) == {"printed text"}, forge.__name__
        assert "when it was sealed" in found["printed text"] or "added to the pages" in found["printed text"], found


def test_a_seal_dated_before_its_checkpoint_is_refused(honest: Case, client: SigningClient, trusted: bytes) -> None:
    pages = laboratory.pages(honest, laboratory.proof(honest.certificate, client), client)
    for at in (datetime(2026, 11, 20, 11, 30, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)):
        found = refused(verify(laboratory.sealed_pages(pages, honest, client, at), None, trusted))
        assert set(found) == {"times"}
        assert f"sealed at {at:%Y-%m-%d}" in found["times"]


def test_an_approval_entered_at_another_time_is_refused(
    honest: Case, client: SigningClient, trusted: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as entering:
        entering.setattr(laboratory, "canonical", lambda value: canonical(_at_six(value)))
        proven = laboratory.proof(honest.certificate, client)
    pages = laboratory.pages(honest, proven, client)
    found = refused(verify(laboratory.sealed_pages(pages, honest, client), None, trusted))
    assert set(found) == {"times"}
    assert "entered the approval at 2026-11-20T18:00:00Z" in found["times"]


def _at_six(value: Any) -> Any:
    return {**value, "at": "2026-11-20T18:00:00Z"} if "event" in value else value


def test_a_run_that_nobody_performed_or_reviewed_is_refused(
    honest: Case, client: SigningClient, trusted: bytes
) -> None:
    for absent in ("performed", "reviewed"):
        people = {meaning: who for meaning, who in PEOPLE.items() if meaning != absent}
        found = refused(verify(laboratory.sealed(laboratory.signed(honest, people), client), honest.raw, trusted))
        assert set(found) == {"four eyes"}
        assert f"nobody signed R-1 as {absent}" in found["four eyes"]


@pytest.mark.parametrize(
    ("one", "other"), [("performed", "reviewed"), ("performed", "approved"), ("reviewed", "approved")]
)
def test_two_eyes_are_not_four(one: str, other: str, honest: Case, client: SigningClient, trusted: bytes) -> None:
    person, name, function, _ = PEOPLE[one]
    for said in ((person, "Under another name"), ({"withheld": "ab" * 32}, name)):
        people = {**PEOPLE, other: (*said, function, PEOPLE[other][3])}
        found = refused(verify(laboratory.sealed(laboratory.signed(honest, people), client), None, trusted))  # type: ignore[arg-type]
        assert set(found) == {"four eyes"}
        assert f"{other} what the same person {one}" in found["four eyes"]


def test_a_signature_counts_only_for_what_it_binds(honest: Case, client: SigningClient, trusted: bytes) -> None:
    """Manifests of the honest run under a record with other files, worksheet, engine or method."""
    c = honest.certificate
    (file,) = c.analyses[0].files
    changes: dict[str, dict[str, Any]] = {
        "with other raw files": counted(c, files=(replace(file, sha256="ab" * 32),)),
        "with another worksheet": counted(c, bench={**c.analyses[0].bench, "volume_ml": {"S1": "60"}}),
        "with another method or engine": counted(c, engine="atmpxb 9.9.9"),
    }
    for says, change in changes.items():
        fields = replace(c, **change)
        mixed = laboratory.signed(replace(honest, certificate=fields))
        *_, approved = mixed.certificate.signatures
        signatures: tuple[SignatureRecord, ...] = (*c.signatures[:-1], approved)
        forged = replace(
            mixed,
            certificate=replace(mixed.certificate, signatures=signatures),
            manifests=(*honest.manifests[:-1], mixed.manifests[-1]),
        )
        found = refused(verify(laboratory.sealed(forged, client), None, trusted))
        assert f"signed R-1 {says}" in found["signatures"]
        assert "nobody signed R-1 as performed" in found["four eyes"]


def _mutated(fields: Any, dice: random.Random) -> Any:
    """A copy with one leaf, list or object exchanged for something hostile of a JSON kind."""
    copy = json.loads(json.dumps(fields))
    here = copy
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return copy
        key = dice.choice(keys)
        if isinstance(here[key], (dict, list)) and here[key] and dice.random() < 0.93:
            here = here[key]
            continue
        here[key] = dice.choice(
            [
                "1E999999999", "-1E-999999999", "NaN", "Infinity", "", "\u0000", "<x", ">1E400000", "9" * 5000, "sNaN",
                0, -1, 2**53 - 1, None, True, [], {}, [[[]]], {"en": "", "nl": ""}, "9999-12-31T23:59:59Z",
                "0001-01-01T00:00:00Z", "ab" * 32, "𝕏" * 50, "S1", "viability", "complies", [None], {"a": {"b": [1]}},
            ]
        )  # fmt: skip
        return copy


def test_a_well_formed_record_with_hostile_parts_gives_named_failures_only(
    honest: Case, client: SigningClient, trusted: bytes
) -> None:
    pdf = laboratory.sealed(honest, client)
    files = attachments.extract(pdf)
    report = check_seal(pdf, trust_lists.parse(trusted))
    assert report.seal is not None
    fields, dice = json.loads(files["record.json"]), random.Random(20261120)
    judged = 0
    for number in range(500):
        content = canonical(_mutated(fields, dice))
        if content == files["record.json"]:
            continue
        try:
            certificate = parse(content)
        except RecordError:
            continue
        judged += 1
        lines = list(examine(certificate, content, files, honest.raw, report.seal, report.issuer))
        lines += [drawn.judge(pdf, certificate, files, voices.voice)] if judged % 5 == 0 else []
        failed = {line.check: line.message for line in lines if line.ok is False}
        assert "approval" in failed
        assert not [said for said in failed.values() if "can't be judged" in said], (number, failed)
    assert judged > 100
