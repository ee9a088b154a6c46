"""Values that a person wrote: appearance by eye, and a partner's certificate taken over."""

import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.registry import kind
from atmpxb.quality.assays.seam import AssayError, Method, RawFile

EXAMPLES = Path(__file__).parents[3] / "examples" / "counts"
OBSERVATION, TRANSCRIPTION = kind("observation"), kind("transcription")
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20) + b"\x00\x00\x00\x00IEND\xaeB`\x82"
TYPED = {"sterility": "no_growth", "endotoxin": "< 0.5"}


def example(name: str, before: str = "", after: str = "") -> Method:
    source = (EXAMPLES / f"{name}.toml").read_text()
    assert before in source
    return parse((source.replace(before, after) if before else source).encode())


def certificate(data: bytes = PDF, name: str = "partner.pdf") -> RawFile:
    return RawFile(name, "certificate", data, sha256(data).hexdigest())


def test_an_observation_is_what_was_written_for_each_sample() -> None:
    analysis = OBSERVATION.analyse(
        example("appearance"), [], {"appearance": {"S1": "opaque_free", "S2": "clumps", "S3": ""}}
    )

    assert [(value.sample, value.value) for value in analysis.values] == [
        ("S1", "opaque_free"),
        ("S2", "clumps"),
        ("S3", None),
    ]
    assert not OBSERVATION.recomputable


def test_what_was_not_written_is_undetermined() -> None:
    (value,) = OBSERVATION.analyse(example("appearance"), [], {}).values

    assert value.value is None
    assert "not filled in" in value.why["en"]


def test_words_outside_the_choices_are_refused() -> None:
    with pytest.raises(AssayError, match="choose one of opaque_free, particles, clumps"):
        OBSERVATION.analyse(example("appearance"), [], {"appearance": "pretty"})


@pytest.mark.parametrize(
    ("type", "written", "accepted"),
    [
        ("decimal", "7.35", True),
        ("decimal", "< 0.05", False),
        ("decimal", "7,35", False),
        ("decimal", "about 7", False),
        ("integer", "12", True),
        ("integer", "12.0", False),
        ("date", "2026-03-21", True),
        ("date", "21/03/2026", False),
        ("time", "14:05", True),
        ("time", "25:00", False),
        ("text", "7,35", True),
    ],
)
def test_an_entry_has_the_form_of_its_type(type: str, written: str, accepted: bool) -> None:
    source = (EXAMPLES / "appearance.toml").read_text()
    start, end = source.index("[entries.choices]"), source.index("[[reportables]]")
    method = parse((source[:start] + source[end:]).replace('"choice"', f'"{type}"').encode())

    if accepted:
        assert OBSERVATION.analyse(method, [], {"appearance": written}).values[0].value == written
    else:
        with pytest.raises(AssayError) as caught:
            OBSERVATION.analyse(method, [], {"appearance": written})
        assert caught.value.code == "entry.invalid"


OTHER_CODE = 'code = "look"\ntitle = { en = "A", nl = "U" }\ntype'
FILE = '[[inputs]]\nrole = "a"\ntitle = { en = "A", nl = "A" }\nformats = ["pdf"]\n[[reportables]]'


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("second_person = true\n", "", "second_person = true"),
        (
            'code = "appearance"\ntitle = { en = "Appearance", nl = "Uitzicht" }\ntype',
            OTHER_CODE,
            "takes entry 'appearance'",
        ),
        ("[[reportables]]", FILE, "has no files"),
        ("[[reportables]]", "[parameters]\nx = 1\n[[reportables]]", "has no parameters"),
    ],
)
def test_an_observation_method_is_judged(before: str, after: str, says: str) -> None:
    bad = example("appearance", before, after)

    assert any(says in sentence.message for sentence in OBSERVATION.problems(bad))
    with pytest.raises(AssayError):
        OBSERVATION.analyse(bad, [], {"appearance": "clumps"})


def test_numbers_written_by_people_meet_criteria_too() -> None:
    source = (EXAMPLES / "partner-certificate.toml").read_text() + (
        '[[suitability]]\ncode = "e"\ntitle = { en = "E", nl = "E" }\nmeasure = "endotoxin"\nmaximum = "1"\n'
    )
    method = parse(source.encode())

    def passed(text: str) -> bool | None:
        bench = TYPED | {"endotoxin": text}
        return TRANSCRIPTION.analyse(method, [certificate()], bench).checks[0].passed

    assert [passed("0.4"), passed("1.1"), passed("< 0.5")] == [True, False, None]


def test_a_certificate_is_taken_over_with_its_evidence() -> None:
    analysis = TRANSCRIPTION.analyse(example("partner-certificate"), [certificate()], TYPED)

    assert [(value.code, value.value, value.unit) for value in analysis.values] == [
        ("sterility", "no_growth", ""),
        ("endotoxin", "< 0.5", "EU/mL"),
    ]
    assert analysis.details["evidence"][0]["sha256"] == sha256(PDF).hexdigest()
    assert analysis.warnings == ()
    assert not TRANSCRIPTION.recomputable


def test_a_scan_is_evidence_as_well() -> None:
    facts = TRANSCRIPTION.facts(certificate(PNG, "scan.png"))

    assert (facts.format, facts.summary) == ("image", {"type": "png"})
    assert TRANSCRIPTION.analyse(example("partner-certificate"), [certificate(PNG)], TYPED).values


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"sterile, says the partner", "transcription.format"),
        (b"", "transcription.format"),
        (b"\n" + PDF, "transcription.format"),
        (PDF[:-8], "transcription.truncated"),
        (PNG[:-12], "transcription.truncated"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "transcription.truncated"),
    ],
)
def test_what_is_no_certificate_is_refused(data: bytes, code: str) -> None:
    for act in (
        lambda: TRANSCRIPTION.facts(certificate(data)),
        lambda: TRANSCRIPTION.analyse(example("partner-certificate"), [certificate(data)], TYPED),
    ):
        with pytest.raises(AssayError) as caught:
            act()
        assert caught.value.code == code


def hidden(text: bytes) -> bytes:
    packed = zlib.compress(text)
    return PDF.replace(b"trailer", b"2 0 obj\n<< /Type /ObjStm >>\nstream\n" + packed + b"\nendstream\ntrailer")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript /JS (x) >>"), "JavaScript, JS"),
        (PDF.replace(b"/Catalog", b"/Catalog /AA << /S /J#61vaScript >>"), "JavaScript"),
        (PDF.replace(b"/Catalog", b"/Catalog /S /Launch"), "Launch"),
        (hidden(b"<< /Type /EmbeddedFile >>"), "EmbeddedFile"),
        (PDF.replace(b"/Root", b"/Encrypt 5 0 R /Root"), "encrypted"),
        (hidden(b"x").replace(zlib.compress(b"x"), b"broken"), "could not be searched fully"),
        (hidden(bytes(40 * 2**20)), "could not be searched fully"),
    ],
)
def test_active_content_is_warned_of(data: bytes, says: str) -> None:
    analysis = TRANSCRIPTION.analyse(example("partner-certificate"), [certificate(data)], TYPED)

    assert any(says in warning.message for warning in analysis.warnings)
    assert says in TRANSCRIPTION.facts(certificate(data)).summary["warning"]


def test_plain_words_are_no_active_content() -> None:
    assert TRANSCRIPTION.facts(certificate(hidden(b"<< /JSON 1 /LaunchPad 2 >>"))).summary == {"type": "pdf"}


def test_a_picture_where_only_pdf_is_allowed_is_refused() -> None:
    only: Any = example("partner-certificate", '["pdf", "image"]', '["pdf"]')

    with pytest.raises(AssayError, match="takes pdf"):
        TRANSCRIPTION.analyse(only, [certificate(PNG)], TYPED)
