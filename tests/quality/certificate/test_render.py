"""What is printed is what is recorded, whatever the text, in both languages, and always the same bytes."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from pypdf import PageObject, PdfReader

from atmpxb.notes import note
from atmpxb.platform import voices
from atmpxb.quality.assays.seam import Exclusion, Repair
from atmpxb.quality.certificate import attachments, wording
from atmpxb.quality.certificate.labels import LABELS
from atmpxb.quality.certificate.record import Certificate, RecordError, parse
from atmpxb.quality.certificate.view import pages
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.signatures.printed import normalised, printed_text
from atmpxb.records.signatures.signing import SigningClient
from atmpxb.science.instruments.fcs import RULES
from quality.proof import laboratory


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningClient]:
    with laboratory.signing(tmp_path_factory.mktemp("home")) as client:
        yield client


@pytest.fixture(scope="module", params=["en", "nl"])
def printed(request: pytest.FixtureRequest, client: SigningClient) -> tuple[laboratory.Case, bytes]:
    made = laboratory.case(language=request.param)
    return made, laboratory.pages(made, laboratory.proof(made.certificate, client), client)


def test_everything_a_certificate_of_analysis_needs_is_on_paper(
    printed: tuple[laboratory.Case, bytes],
) -> None:
    made, pdf = printed
    certificate, text = made.certificate, printed_text(pdf)
    for item in (
        certificate.issued_by.name, certificate.issued_by.address, certificate.requested_by.name, certificate.number,
        certificate.product.dosage_form, certificate.batch.manufacturer, "2026-11-21 09:00 CET (08:00 UTC)", "S1",
        "2026-11-20 10:30 CET (09:30 UTC)", "2026-11-20 09:31 UTC", "CC-003 v1.0", "Ph. Eur. 2.7.29", "SP-CART-01 v2",
        "Qualified person", "2026-11-20 11:59:30 UTC", certificate.verification_url, *results_of(certificate),
        *[LABELS[certificate.language][name] for name in ("in_part", "relates", "illustrative", "subcontracted")],
    ):  # fmt: skip
        assert normalised(item) in text, item


def results_of(certificate: Certificate) -> list[str]:
    """The table of results as its record has it."""
    words, language = wording.VERDICTS[certificate.language], certificate.language
    said = [words[certificate.conclusion.verdict], *(one.name for one in certificate.signatures)]
    for line in certificate.tests:
        said += [line.title[language], f"{line.method} v{line.method_version}", wording.shown_limit(line, language)]
        for result in line.results:
            said += [wording.shown_result(result, language), wording.unit(result.unit), words[result.verdict]]
    return said


def test_no_word_runs_off_the_page_however_long(client: SigningClient) -> None:
    """Words of 150 letters in every free text: all of their letters lie between the margins."""
    long = {name: f"{name}{'W' * 150}" for name in ("product", "batch", "file", "reason", "condition")}
    made = laboratory.case()
    certificate = made.certificate
    first, *others = certificate.analyses
    (sample,) = certificate.samples
    made = laboratory.changed(
        made,
        product=replace(certificate.product, name=long["product"]),
        batch=replace(certificate.batch, number=long["batch"]),
        samples=(replace(sample, condition=long["condition"]),),
        analyses=(replace(first, files=tuple(replace(one, name=long["file"]) for one in first.files)), *others),
        deviations=tuple(replace(one, reason=long["reason"]) for one in certificate.deviations),
    )
    pdf = laboratory.pages(made, laboratory.proof(made.certificate, client), client)
    text = printed_text(pdf)
    # A row can go on on the next page, between whose letters stand the head and the foot; the foot shortens names.
    begun = re.findall(rf"({'|'.join(long)})W+(\.\.\.)?", text)
    assert {name for name, cut in begun if not cut} == set(long)
    letters = "".join(re.findall(r"WW+(?!W|\.\.\.)", text))
    assert len(letters) == 150 * sum(not cut for _name, cut in begun)
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for x, size in _placed(page):
            assert x <= float(page.mediabox.width) - 18 / 25.4 * 72 + size


def _placed(page: PageObject) -> list[tuple[float, float]]:
    """Where each piece of text begins (points from the left edge), with its width by the width of W."""
    found: list[tuple[float, float]] = []

    def visit(text: str, at: Any, within: Any, font: Any, size: float) -> None:
        if text.strip():
            x = within[0] * at[4] + within[2] * at[5] + within[4]
            found.append((x + abs(within[0] * at[0]) * size * len(text.strip()) * 0.95 * ("WWWW" in text), size))

    page.extract_text(visitor_text=visit)
    return found


def test_number_and_page_stand_on_every_page(printed: tuple[laboratory.Case, bytes]) -> None:
    made, pdf = printed
    pages = PdfReader(io.BytesIO(pdf)).pages
    words = LABELS[made.certificate.language]
    for number, page in enumerate(pages, 1):
        text = normalised(page.extract_text())
        assert (
            normalised(f"C-2026-0001 · {words['version']} 1 · {words['page']} {number} {words['of']} {len(pages)}")
            in text
        )


def test_decimals_follow_the_language(printed: tuple[laboratory.Case, bytes]) -> None:
    made, pdf = printed
    reported = next(line for line in made.certificate.tests if line.code == "viability").results[0].reported or ""
    shown = reported.replace(".", ",") if made.certificate.language == "nl" else reported
    assert shown in printed_text(pdf)


def test_hostile_text_is_printed_and_not_obeyed(printed: tuple[laboratory.Case, bytes]) -> None:
    text = printed_text(printed[1])
    assert normalised("B-7 *bold* #panic() $x$ `raw` <label> @ref \\ [U+4E2D][U+202E]") in text


def test_it_claims_both_standards_and_is_tagged_in_its_language(
    printed: tuple[laboratory.Case, bytes],
) -> None:
    made, pdf = printed
    reader = PdfReader(io.BytesIO(pdf))
    metadata = reader.root_object["/Metadata"].get_object().get_data()
    assert b"<pdfaid:part>3<" in metadata
    assert b"<pdfaid:conformance>A<" in metadata
    assert b"<pdfuaid:part>1<" in metadata
    assert reader.root_object["/Lang"] == made.certificate.language
    assert reader.root_object["/MarkInfo"]["/Marked"].value is True


def test_everything_that_verification_needs_is_attached(printed: tuple[laboratory.Case, bytes]) -> None:
    made, pdf = printed
    files = attachments.extract(pdf)
    assert files["record.json"] == made.certificate.bytes()
    assert files["specification.toml"] == laboratory.SPECIFICATION
    for source in (laboratory.COUNTING, laboratory.LOOKING):
        assert files[f"methods/{sha256(source).hexdigest()}.toml"] == source
    assert set(json.loads(files["proof.json"])) == {"entry", "inclusion", "checkpoint"}


def test_equal_input_gives_equal_bytes(printed: tuple[laboratory.Case, bytes], client: SigningClient) -> None:
    made, pdf = printed
    assert laboratory.pages(made, laboratory.proof(made.certificate, client), client) == pdf


def test_a_method_that_is_not_the_recorded_one_is_not_attached(client: SigningClient) -> None:
    made = laboratory.case()
    analysis = made.certificate.analyses[0]
    other = replace(analysis, method=replace(analysis.method, sha256="0" * 64))
    tests = tuple(
        replace(line, method_sha256="0" * 64) if line.method == "CC-003" else line for line in made.certificate.tests
    )
    wrong = laboratory.changed(made, analyses=(other, made.certificate.analyses[1]), tests=tests)
    with pytest.raises(attachments.AttachmentError, match="CC-003"):
        laboratory.pages(wrong, laboratory.proof(made.certificate, client), client)


def test_a_record_reads_back_as_it_was() -> None:
    made = laboratory.case().certificate
    assert parse(made.bytes()).bytes() == made.bytes()


def edited(change: Any) -> bytes:
    fields = json.loads(laboratory.case().certificate.bytes())
    change(fields)
    return canonical(fields)


def said(message: str) -> dict[str, Any]:
    """A warning of the record."""
    return {"code": "x", "text": "{file} was cut", "facts": {"file": "a.fcs"}, "message": message}


def test_a_warning_is_printed_in_the_language_of_the_pages(client: SigningClient) -> None:
    warning = note(
        "transcription.encrypted", "{file} is encrypted, so it was not searched for active content.", file="a"
    )
    exclusion = Exclusion("S2", note("count.other_sample", "another sample"))
    repair = Repair("b.fcs", note("fcs.gain.zero", RULES["gain.zero"]), "$P1G", "0", "1")
    for language, words in (
        ("en", ("so it was not searched", "another sample", "The gain is 0; 1 was taken: 0 → 1")),
        ("nl", ("is dus niet op actieve inhoud doorzocht", "een ander monster", "De versterkingsfactor is 0")),
    ):
        made = laboratory.case(language=language)
        first = replace(made.certificate.analyses[0], warnings=(warning,), exclusions=(exclusion,), repairs=(repair,))
        changed = replace(made.certificate, analyses=(first, *made.certificate.analyses[1:]))
        assert parse(changed.bytes()) == changed, "notes come back as they were"
        content = json.dumps(pages(changed, "0" * 64, {}, "", {}, voices.voice(changed.language)), ensure_ascii=False)
        assert all(word in content for word in words), language


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.pop("number"), "'number' is missing"),
        (lambda f: f.update(extra=1), "'extra' is not a field"),
        (lambda f: f.update(kind="draft"), "must be one of final, interim"),
        (lambda f: f.update(number=" "), "must not be empty"),
        (lambda f: f.update(version=2), "names what it replaces"),
        (lambda f: f.update(issued_at="yesterday"), "must be a time in UTC"),
        (lambda f: f["specification"].update(sha256="AB" * 32), "SHA-256"),
        (lambda f: f["tests"][0]["title"].pop("nl"), "must have a text in en, nl"),
        (lambda f: f["tests"][0].update(status="pending"), "no pending test"),
        (lambda f: f["tests"][0]["results"][0].update(value="99.9"), "is not a value of its analysis"),
        (lambda f: f["tests"][0]["results"][0].update(verdict="does_not_comply"), "it says complies"),
        (lambda f: f["tests"].append(f["tests"][0]), "two tests have one code"),
        (lambda f: f.update(signatures=[]), "a certificate is signed"),
        (lambda f: f["samples"][0].update(volume_ul=800), "must be str"),
        (lambda f: f["analyses"][0].update(warnings=["late"]), "must be an object"),
        (lambda f: f["analyses"][0].update(warnings=[said("It is fine")]), "is not its text with its facts in it"),
    ],
)
def test_a_record_that_does_not_hold_says_where(change: Any, says: str) -> None:
    with pytest.raises(RecordError, match=says):
        parse(edited(change))


@pytest.mark.parametrize("depth", [1, 100, *range(150, 500, 25), 5_000])
def test_a_warning_within_warnings_is_read_or_refused(depth: int) -> None:
    fields = json.loads(edited(lambda f: None))
    fields["analyses"][0]["warnings"] = ["WARNING"]
    told = '{"code":"x","facts":{"it":' * depth + '"a.fcs"' + '},"message":"a.fcs","text":"{it}"}' * depth
    content = canonical(fields).replace(b'"WARNING"', told.encode())
    if depth > 400:
        with pytest.raises(RecordError):
            parse(content)
        return
    try:
        found = parse(content)
    except RecordError as error:
        assert depth > 100, error  # noqa: PT017 - how deep is deep depends on the stack of the caller
    else:
        assert found.analyses[0].warnings[0].message == "a.fcs"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"a":1.5}', b"[" * 99_999, b'{"b":1, "a":2}'])
def test_what_is_no_record_is_refused(content: bytes) -> None:
    with pytest.raises(RecordError):
        parse(content)


def test_both_languages_have_every_label() -> None:
    assert LABELS["en"].keys() == LABELS["nl"].keys()
    assert all(text.strip() for words in LABELS.values() for text in words.values())
