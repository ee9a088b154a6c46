"""Names, birth dates and numbers of patients are noticed; codes, staff and the words of laboratories are not."""

import io
import zipfile
from pathlib import Path

import pytest

from atmpxb.notes import say
from atmpxb.science.instruments.counters import read as read_counter
from atmpxb.science.instruments.counters.personal import personal_places as in_counter
from atmpxb.science.instruments.fcs import FcsError, read
from atmpxb.science.instruments.fcs import personal_places as in_fcs
from atmpxb.science.instruments.rdml import RdmlError
from atmpxb.science.instruments.rdml import personal_places as in_rdml
from atmpxb.science.instruments.rdml import read as read_rdml
from atmpxb.science.personal import PERHAPS, Holds, holds_of, looks_personal
from atmpxb.science.simulate.counts import Suspension, vicell_blu
from atmpxb.science.simulate.pcr import simulate_plate


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("Jan Janssens", "name"), ("CART Marie van den Berg", "name"), ("Janssens, Jan", "name"),
        ("Janssens^Jan", "name"), ("JANSSENS^MARIA^^", "name"), ("T0_Jan_Janssens", "name"), ("JANSSENS JAN", "name"),
        ("J. Vermeulen", "name"), ("Vermeulen M.", "name"), ("O'Brien, Sean", "name"), ("Zoë Çelik", "name"),
        ("Mevr. Peeters", "name"), ("dhr De Smet", "name"), ("naam: Peeters", "name"),
        ("born 1961", "birth date"), ("12/03/1961", "birth date"), ("1961-03-12", "birth date"),
        ("geb. 01/02/60", "birth date"), ("12 maart 1980", "birth date"),
        ("85.07.30-033.28", "national number"), ("85073003328", PERHAPS), ("Lot 111222333", PERHAPS), ("BSN 111222333", "national number"),
        ("00.01.01-001.05", "national number"), ("jan.janssens@example.org", "e-mail address"),
        ("NL91 ABNA 0417 1643 00", "bank account"), ("BE71096123456769", "bank account"),
        ("CART-0012", ""), ("Normal Wash", ""), ("Donor Sample 3", ""), ("Patient 12", ""), ("20260321-0004", ""),
        ("12/03/2026", ""), ("111222334", ""), ("85073003329", ""), ("", ""), ("Alm12", ""), ("5ng gDNA", ""),
        ("STD_RNase P_10000.0", ""), ("Standard Curve Example", ""), ("Positive control, 2 copies", ""),
        ("9c93d5da-1797-44c1-b46c-05d501af4e22", ""), ("CD3 BV421", ""), ("Compensation Controls_APC Stained Control", ""),
        ("life-dead-comp", ""), ("LYMPH SUBSET ACQ", ""), ("Default Patient Name", ""), ("Peripheral Blood", ""),
    ],
)  # fmt: skip
def test_a_field_for_a_code_holds_no_person(text: str, looks: str) -> None:
    assert looks_personal(text) == looks


@pytest.mark.parametrize(
    ("text", "holds", "looks"),
    [
        ("Manoshi Datta", Holds.STAFF, ""),
        ("jan@example.org", Holds.STAFF, ""),
        ("85.07.30-033.28", Holds.STAFF, "national number"),
        ("made by Applied Biosystems in Foster City for the laboratory", Holds.TEXT, ""),
        ("Maria Vermeulen", Holds.TEXT, "name"),
        ("sample of patient Vermeulen", Holds.TEXT, "name"),
        ("thawed at once, Maria Vermeulen asked for it", Holds.NOTE, "name"),
        ("Tube broken on arrival; second aliquot used", Holds.NOTE, ""),
        ("Keep frozen. Deliver at the cold room", Holds.NOTE, ""),
        ("Janssens", Holds.PERSON, "name"),
        ("19800312", Holds.PERSON, "birth date"),
        ("A12", Holds.PERSON, ""),
        ("SUBJ-0042", Holds.PERSON, ""),
        ("2015-06-30T15:20:47+02:00", holds_of("CYTOMETER CONFIG CREATE DATE"), ""),
        ("05/21/2014 12:43:42 PM", holds_of("CST SETUP DATE"), ""),
    ],
)
def test_what_a_field_is_for_decides(text: str, holds: Holds, looks: str) -> None:
    assert looks_personal(text, holds) == looks


def test_a_day_long_before_the_measurement_could_be_of_birth_and_one_beside_it_is_not() -> None:
    assert looks_personal("PBS 2013-02-27", measured=2013) == ""
    assert looks_personal("PBS 2013-02-27", measured=2026) == "birth date"


def test_columns_of_a_counter_are_looked_at_by_their_name() -> None:
    header, row, *_ = vicell_blu((Suspension("S1", 1e6, 95.0, 1),), 7).decode().splitlines()
    export = f"{header},Patient,Sex,Age,Ward\r\n{row},Janssens,F,61,B4\r\n"
    found = in_counter(read_counter(export.encode()))
    assert [(say(where), *rest) for where, *rest in found] == [
        ("line 2", "Patient", "name"),
        ("line 2", "Sex, Age", "sex and age"),
    ]


def test_the_person_who_measured_is_no_patient() -> None:
    data = simulate_plate(1)[0]
    staff = (
        b'<experimenter id="an"><firstName>An</firstName><lastName>Peeters</lastName>'
        b"<email>an.peeters@example.org</email><labName>QC</labName></experimenter>"
    )
    note = b'<sample id="Jan Janssens"><annotation><property>donor</property><value>Peeters</value></annotation>'
    xml = plain(data)
    assert in_rdml(read_rdml(xml.replace(b"<sample ", staff + b"<sample ", 1))) == ()
    named = note + b"<type>unkn</type></sample>"
    places = in_rdml(read_rdml(xml.replace(b"<sample ", named + b"<sample ", 1)))
    assert ("sample[1]/id", "name") in places
    assert [what for where, what in places if where.endswith("annotation/value")] == ["name"]
    assert "Janssens" not in repr(places), "the finding does not spread what it found"


ROOT = Path(__file__).resolve().parents[3]
PLACES = [one for up in (ROOT.parent, ROOT.parent.parent) if (one := up / "shared/reference").is_dir()]
COUNTERS = ("beckman_vi_cell_blu", "chemometec_nucleoview")
SCREENS = {
    ".rdml": lambda data: in_rdml(read_rdml(data)),
    ".csv": lambda data: in_counter(read_counter(data)),
    **dict.fromkeys((".fcs", ".lmd", ".001", ".b08"), lambda data: in_fcs(read(data))),
}

#: Hits in real files of others: keyword or place, and what it looks like. What is not listed has none.
JUSTIFIED = {
    # an operator's name in a field for the experiment's code
    "FCS_3.0_Fortessa_PBS_Specimen_001_A1_A01.fcs": {("EXPERIMENT NAME", "name")},
}


@pytest.mark.skipif(not PLACES, reason="reference data are not on this machine")
def test_real_files_are_set_apart_only_where_a_name_stands_in_them() -> None:
    seen = 0
    for path in sorted(PLACES[0].rglob("*")):
        screen = SCREENS.get(path.suffix.lower()) if path.parent.name != "scheduling" else None
        if screen is None or (path.suffix == ".csv" and path.parent.name not in COUNTERS):
            continue
        try:
            places = screen(path.read_bytes())
        except (FcsError, RdmlError):
            continue
        seen += 1
        assert set(places) == JUSTIFIED.get(path.name, set()), path.name
    assert seen > 25


def plain(data: bytes) -> bytes:
    """The XML of an RDML archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read("rdml_data.xml")
