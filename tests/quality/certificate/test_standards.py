"""A sealed certificate keeps PDF/A-3a and PDF/UA-1: by an independent validator, and by reading the rules ourselves."""

import io
import re
from collections.abc import Iterator
from itertools import pairwise

import page as validator
import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from atmpxb.records.signatures.signing import SigningClient
from quality.proof import laboratory

STANDARDS = (validator.ValidationProfile.PDF_A_3A, validator.ValidationProfile.PDF_UA_1)
#: Takes a last byte of data that happens to be a carriage return for a part of the line end; we count for ourselves.
_MISTAKEN = "PDFA3A-STREAM-LENGTH-001"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningClient]:
    with laboratory.signing(tmp_path_factory.mktemp("home")) as client:
        yield client


@pytest.fixture(scope="module", params=[("final", "en"), ("final", "nl"), ("interim", "en")], ids="-".join)
def sealed(request: pytest.FixtureRequest, client: SigningClient) -> bytes:
    kind, language = request.param
    return laboratory.sealed(laboratory.case(kind=kind, language=language), client)


def objections(pdf: bytes) -> list[str]:
    return [
        f"{failure.rule_id} {failure.message}"
        for standard in STANDARDS
        for failure in validator.validate_pdf_bytes(pdf, profile=standard).failures
        if failure.rule_id != _MISTAKEN
    ]


def test_a_validator_of_both_standards_finds_nothing(sealed: bytes) -> None:
    assert objections(sealed) == []


def test_the_validator_does_find_what_is_wrong(sealed: bytes) -> None:
    lame = sealed.replace(b"<pdfaid:part>3<", b"<pdfaid:part>2<").replace(b"/Tabs/S", b"/Tabs/R")
    assert any("PDFA3A-ID-PART" in one for one in objections(lame))
    assert any(one.startswith("PDFUA1-") for one in objections(sealed.replace(b"/MarkInfo", b"/MarkWhat")))


def test_every_stream_is_as_long_as_it_says(sealed: bytes) -> None:
    streams = list(re.finditer(rb"/Length (\d+)[^\0]{0,400}?>>\s*stream\r?\n", sealed))
    assert len(streams) > 20
    for stream in streams:
        end = stream.end() + int(stream[1])
        assert re.match(rb"\r?\nendstream\b", sealed[end : end + 12]), sealed[stream.start() : stream.end()]


def test_objects_begin_on_a_line_of_their_own_behind_the_drawn_pages(sealed: bytes) -> None:
    """A program that mends a broken table of contents by reading lines finds the objects of the seal."""
    assert sealed.count(b"%%EOF") == 2
    assert all(sealed[one.end() : one.end() + 1] == b"\n" for one in re.finditer(rb"%%EOF", sealed))


def test_the_document_is_closed_in_itself(sealed: bytes) -> None:
    reader = PdfReader(io.BytesIO(sealed))
    root = reader.root_object
    assert not reader.is_encrypted
    assert sealed.startswith(b"%PDF-1.7")
    (intent,) = (one.get_object() for one in root["/OutputIntents"])
    assert intent["/S"] == "/GTS_PDFA1"
    profile = intent["/DestOutputProfile"].get_object()
    assert (profile["/N"], profile.get_data()[36:40]) == (3, b"acsp")
    fonts = [font for page in reader.pages for font in _fonts(page["/Resources"].get_object())]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor.keys()), font["/BaseFont"]
        assert "/ToUnicode" in font
    assert not {"/JavaScript", "/OpenAction", "/AA"} & {*root.keys(), *root["/Names"].keys()}


def _fonts(resources: DictionaryObject) -> Iterator[DictionaryObject]:
    for font in (resources.get("/Font") or {}).values():
        yield font.get_object()
    for drawn in (resources.get("/XObject") or {}).values():
        inner = drawn.get_object().get("/Resources")
        if inner is not None:
            yield from _fonts(inner.get_object())


def test_every_attachment_says_what_it_is_and_what_for(sealed: bytes) -> None:
    root = PdfReader(io.BytesIO(sealed)).root_object
    attached = {one.get_object()["/UF"]: one.get_object() for one in root["/AF"]}
    listed = root["/Names"]["/EmbeddedFiles"]["/Names"]
    assert list(listed[0::2]) == sorted(attached)
    kinds = {"json": "/application/json", "toml": "/application/toml", "svg": "/image/svg+xml"}
    for name, file in attached.items():
        content = file["/EF"]["/F"].get_object()
        assert content["/Subtype"] == kinds[name.rpartition(".")[2]], name
        assert file["/AFRelationship"] in {"/Data", "/Source", "/Supplement"}, name
        assert file["/F"] == name
        assert file["/Desc"]
        assert content["/Params"]["/ModDate"].startswith("D:2026")
        assert content["/Params"]["/Size"] == len(content.get_data())


def test_a_reader_who_does_not_see_gets_everything_in_order(sealed: bytes) -> None:
    reader = PdfReader(io.BytesIO(sealed))
    root = reader.root_object
    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/MarkInfo"]["/Suspects"].value is False
    assert root["/Lang"] in {"en", "nl"}
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert reader.xmp_metadata is not None
    assert reader.xmp_metadata.dc_title["x-default"] == (reader.metadata or {})["/Title"]
    assert all(page["/Tabs"] == "/S" for page in reader.pages)
    elements = list(_elements(root["/StructTreeRoot"]))
    kinds = [str(one["/S"]) for one in elements]
    assert kinds[0] == "/Document"
    figures = [one for one in elements if one["/S"] == "/Figure"]
    assert figures
    assert all(str(one["/Alt"]).strip() and any("/BBox" in shape for shape in _shapes(one)) for one in figures)
    heads = [one for one in elements if one["/S"] == "/TH"]
    assert heads
    assert all(any(shape.get("/Scope") in {"/Column", "/Row"} for shape in _shapes(one)) for one in heads)
    levels = [int(kind[2:]) for kind in kinds if re.fullmatch(r"/H\d", kind)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def _elements(node: DictionaryObject) -> Iterator[DictionaryObject]:
    """The tree of the document's structure, in reading order."""
    below = node.get("/K")
    for child in below if isinstance(below, ArrayObject) else [below]:
        if child is not None and isinstance(found := child.get_object(), DictionaryObject) and "/S" in found:
            yield found
            yield from _elements(found)


def _shapes(element: DictionaryObject) -> list[DictionaryObject]:
    shapes = element.get("/A", ArrayObject())
    return [one.get_object() for one in (shapes if isinstance(shapes, ArrayObject) else [shapes])]


def test_the_field_of_the_seal_is_printed_nowhere_and_hidden_from_nobody(sealed: bytes) -> None:
    pages = PdfReader(io.BytesIO(sealed)).pages
    (field,) = (one.get_object() for page in pages for one in page.get("/Annots", ()))
    left, bottom, right, top = (float(edge) for edge in field["/Rect"])
    assert left == right < 0
    assert bottom == top < 0
    printed, unseen = 4, 1 | 2 | 32 | 256  # invisible, hidden, no view, toggled
    assert field["/F"] & printed
    assert not field["/F"] & unseen
