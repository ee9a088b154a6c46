"""Real RDML of four sources is read whole; broken or hostile files are refused, irregular ones mended
openly."""

import io
import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest

from atmpxb.science.instruments.rdml import RdmlError, read, write

ROOT = Path(__file__).parents[4]
PLACES = [ROOT.parent / "shared/reference/pcr", ROOT.parent.parent / "shared/reference/pcr"]
REFERENCE = next((place for place in PLACES if place.is_dir()), None)
needs_reference = pytest.mark.skipif(REFERENCE is None, reason="reference data are not there")

MINIMAL = """<rdml xmlns="http://www.rdml.org" version="1.3">
<sample id="S"><type>unkn</type></sample><target id="T"><type>toi</type></target>
<experiment id="E"><run id="R"><pcrFormat><rows>8</rows><columns>12</columns><rowLabel>ABC</rowLabel>
<columnLabel>123</columnLabel></pcrFormat>
<react id="13"><sample id="S"/><data><tar id="T"/>{data}</data></react>
</run></experiment></rdml>"""


def archive(xml: str | bytes, name: str = "rdml_data.xml", **others: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, xml)
        for other, content in others.items():
            file.writestr(other, content)
    return stream.getvalue()


def points(*pairs: tuple[str, str]) -> str:
    return "".join(f"<adp><cyc>{cycle}</cyc><fluor>{value}</fluor></adp>" for cycle, value in pairs)


def reference(name: str) -> bytes:
    assert REFERENCE is not None
    return (REFERENCE / name).read_bytes()


@needs_reference
@pytest.mark.parametrize(
    ("name", "version", "runs", "wells", "curves", "readings", "melting", "first_well"),
    # Counted in the XML with another parser (elements react, data, adp, mdp).
    [
        ("rdml/stepone_std.rdml", "1.0", 1, 24, 24, 960, 0, "A1"),
        ("rdml/lc96_bACTXY.rdml", "1.1", 1, 96, 384, 19200, 0, "A1"),
        ("rdml/BioRad_qPCR_melt.rdml", "1.1", 2, 60, 60, 2460, 3660, "A1"),
        ("rdml/own_mix_a.rdml", "1.4", 1, 22, 22, 880, 2926, "D11"),
        ("vermeulen/std_150000_15_third.rdml", "1.4", 22, 330, 330, 16500, 0, "N14"),
    ],
)
def test_a_real_file_is_read_whole(
    name: str, version: str, runs: int, wells: int, curves: int, readings: int, melting: int, first_well: str
) -> None:
    file = read(reference(name))
    reacts = [react for _, run in file.runs() for react in run.reacts]
    data = [data for react in reacts for data in react.data]
    assert file.version == version
    assert (len(list(file.runs())), len(reacts), len(data)) == (runs, wells, curves)
    assert sum(d.fluorescence.size for d in data) == readings
    assert sum(d.melt_fluorescence.size for d in data) == melting
    assert reacts[0].well == first_well
    assert read(write(file)).unread == (), "what is written is understood completely"


@needs_reference
def test_the_step_one_file_says_what_its_software_showed() -> None:
    file = read(reference("rdml/stepone_std.rdml"))
    _, run = next(file.runs())
    assert run.instrument == "Applied Biosystems StepOne™ Instrument"
    assert run.date == "2006-11-10T09:24:39.265"
    highest = file.sample("STD_RNase P_10000.0").quantity_for("RNase P")
    assert highest is not None
    assert (highest.value, highest.unit) == (10000.0, "other")
    assert file.targets[0].dye == "FAM", "RDML 1.0 writes the dye as text"
    assert run.reacts[3].data[0].cq == 28.96287
    assert run.reacts[0].data[0].fluorescence[0] == 0.689337
    quantities = [entry for entry in file.unread if entry.path.endswith("react[A4]/data/quantity/value")]
    assert [entry.text for entry in quantities] == ["2484.3098"], "the cycler's own result is kept, not lost"


@needs_reference
def test_the_vermeulen_runs_are_those_of_the_list() -> None:
    file = read(reference("vermeulen/std_150000_15_third.rdml"))
    listed = json.loads(reference("vermeulen/std_150000_15_third_runs.json"))
    assert [run.id for _, run in file.runs()] == listed


@needs_reference
def test_other_parts_of_the_archive_are_listed() -> None:
    file = read(reference("rdml/lc96_bACTXY.rdml"))
    assert ("calculated_data.xml", 2479163) in file.parts
    assert len(file.parts) == 5
    bio_rad = read(reference("rdml/BioRad_qPCR_melt.rdml"))
    assert [repair.rule for repair in bio_rad.repairs] == ["rdml.part_name"]


def test_plain_xml_and_an_archive_say_the_same() -> None:
    xml = MINIMAL.format(data=points(("1", "0.5"), ("2", "0.6")))
    plain, zipped = read(xml.encode()), read(archive(xml))
    for file in (plain, zipped):
        react = file.experiments[0].runs[0].reacts[0]
        assert react.well == "B1"
        assert react.data[0].fluorescence.tolist() == [0.5, 0.6]
        with pytest.raises(ValueError, match="read-only"):
            react.data[0].fluorescence[0] = 1.0


def test_what_the_model_has_no_place_for_is_kept() -> None:
    xml = MINIMAL.format(data="<N0>3.5</N0><endPt>2</endPt>").replace("<sample id", '<sample colour="red" id', 1)
    kept = {entry.path.rpartition("/")[2]: entry.text for entry in read(xml.encode()).unread}
    assert kept == {"@colour": "red", "N0": "3.5", "endPt": "2"}


def test_a_negative_cq_means_not_available_and_an_exclusion_keeps_its_reason() -> None:
    file = read(MINIMAL.format(data="<cq>-1.0</cq><excl>bubble</excl><note>seen by eye</note>").encode())
    data = file.experiments[0].runs[0].reacts[0].data[0]
    assert (data.cq, data.excluded, data.note) == (None, "bubble", "seen by eye")
    kept = read(MINIMAL.format(data="<cq>24.5</cq>").encode()).experiments[0].runs[0].reacts[0].data[0]
    assert (kept.cq, kept.excluded) == (24.5, None)


def test_repairs_are_listed_with_before_and_after() -> None:
    file = read(MINIMAL.format(data=points(("2", "0,6"), ("1", "0.5"))).encode())
    data = file.experiments[0].runs[0].reacts[0].data[0]
    assert data.cycles.tolist() == [1.0, 2.0]
    assert data.fluorescence.tolist() == [0.5, 0.6]
    assert [(r.rule, r.before, r.after) for r in file.repairs] == [
        ("rdml.decimal_comma", "0,6", "0.6"),
        ("rdml.cycle_order", "", ""),
    ]


def test_quantities_and_types_can_belong_to_one_target() -> None:
    sample = (
        '<sample id="S"><type targetId="T">std</type><type>unkn</type>'
        '<quantity targetId="T"><value>1e4</value><unit>cop</unit></quantity></sample>'
    )
    xml = MINIMAL.format(data="").replace('<sample id="S"><type>unkn</type></sample>', sample)
    found = read(xml.encode()).sample("S")
    quantity = found.quantity_for("T")
    assert (found.type_for("T"), found.type_for("U")) == ("std", "unkn")
    assert quantity is not None
    assert quantity.value == 1e4
    assert found.quantity_for("U") is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "rdml.not_rdml"),
        (b"hello", "rdml.not_rdml"),
        (b"PK\x03\x04 nothing more", "rdml.damaged_archive"),
        (archive("<other/>"), "rdml.not_rdml"),
        (archive("<rdml version='1.3'><open></rdml>"), "rdml.not_xml"),
        (archive("<rdml/>"), "rdml.version"),
        (archive("x", name="notes.txt"), "rdml.no_data_part"),
        (archive("<a/>", name="a.xml", **{"b.xml": b"<b/>"}), "rdml.no_data_part"),
        (MINIMAL.format(data="<cq>many</cq>").encode(), "rdml.number"),
        (MINIMAL.format(data="<cq>1e999</cq>").encode(), "rdml.number"),
        (MINIMAL.format(data=points(("1", "1e300"))).encode(), "rdml.number"),
        (MINIMAL.format(data=points(("1", "1"), ("1", "2"))).encode(), "rdml.same_cycle"),
        (MINIMAL.format(data=points(("1.5", "1"))).encode(), "rdml.cycle"),
        (
            MINIMAL.format(data="").replace('<sample id="S"/>', '<sample id="X"/>').encode(),
            "rdml.unknown_sample",
        ),
        (MINIMAL.format(data="").replace("unkn", "magic").encode(), "rdml.sample_type"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, code: str) -> None:
    with pytest.raises(RdmlError) as refusal:
        read(data)
    assert refusal.value.code == code
    assert len(refusal.value.message) > 20


def test_a_zip_bomb_is_refused_before_it_unfolds() -> None:
    with pytest.raises(RdmlError) as refusal:
        read(archive(b"<rdml>" + b" " * (40 * 2**20)))
    assert refusal.value.code == "rdml.bomb"
    assert "Export the run again as RDML" in str(refusal.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_and_document_types_are_refused(encoding: str) -> None:
    laughs = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE rdml [<!ENTITY a "ha">'
        '<!ENTITY b "&a;&a;&a;&a;&a;&a;">]><rdml version="1.3"><sample id="&b;"/></rdml>'
    )
    outside = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE rdml SYSTEM "file:///etc/passwd"><rdml version="1.3"/>'
    )
    for xml in (laughs, outside):
        with pytest.raises(RdmlError) as refusal:
            read(archive(xml.encode(encoding)))
        assert refusal.value.code == "rdml.document_type"


def test_writing_twice_gives_the_same_bytes_and_loses_no_number() -> None:
    values = [0.1, 1 / 3, 1e-12, 123456.789]
    file = read(MINIMAL.format(data=points(*((str(i + 1), repr(v)) for i, v in enumerate(values)))).encode())
    assert write(file) == write(file)
    data = read(write(file)).experiments[0].runs[0].reacts[0].data[0]
    assert data.fluorescence.tolist() == values
    assert all(math.isnan(t) for t in data.temperatures)
    assert np.array_equal(data.cycles, [1, 2, 3, 4])
