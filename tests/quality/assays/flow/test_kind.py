"""A flow method from files to values: a simulated CAR-T product of known truth, and what can be wrong."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from atmpxb.notes import say
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import AssayError, RawFile
from atmpxb.science.instruments.fcs import Channel, write
from atmpxb.science.simulate.flow import Composition, simulate_tube

ROOT = Path(__file__).resolve().parents[4]
SOURCE = (ROOT / "examples/flow/car-t-identity-viability.toml").read_bytes()
METHOD = parse(SOURCE)
KIND = registry.kind("flow")
LIVING = "cd4_car cd4 cd8_car cd8 nk b"
T_CELLS = "cd4_car cd4 cd8_car cd8"


def raw(data: bytes, name: str = "tube.fcs", sample: str = "S-1", role: str = "stained") -> RawFile:
    return RawFile(name, role, data, sha256(data).hexdigest(), sample)


def values(analysis, sample="S-1"):
    return {value.code: value for value in analysis.values if value.sample == sample}


@pytest.fixture(scope="module")
def tube():
    return simulate_tube(11, events=60_000)


@pytest.fixture(scope="module")
def analysis(tube):
    return KIND.analyse(METHOD, [raw(tube.data)], {})


def test_the_truth_of_the_tube_comes_back(tube, analysis):
    found = values(analysis)
    truth = {
        "viability": tube.percent(LIVING, of=LIVING + " dead"),
        "t_cells": tube.percent(T_CELLS, of=LIVING),
        "car_positive": tube.percent("cd4_car cd8_car", of=T_CELLS),
        "cd4": tube.percent("cd4_car cd4", of=T_CELLS),
        "cd8": tube.percent("cd8_car cd8", of=T_CELLS),
        "b_cells": tube.percent("b", of=LIVING),
    }
    for code, expected in truth.items():
        assert float(found[code].value) == pytest.approx(expected, abs=0.05)
        assert float(found[code].interval.low) < float(found[code].value) < float(found[code].interval.high)
        assert found[code].unit == "%"
    assert [check.passed for check in analysis.checks] == [True, True]
    assert (analysis.repairs, analysis.warnings, analysis.exclusions) == ((), (), ())


def test_equal_files_give_equal_analyses(tube, analysis):
    assert KIND.analyse(parse(SOURCE), [raw(tube.data)], {}) == analysis


def test_every_gate_has_its_picture_in_both_languages(analysis):
    titles = [plot.title for plot in analysis.plots]
    assert titles[0] == {"en": "Cells (tube.fcs)", "nl": "Cellen (tube.fcs)"}
    assert {"T cells · B cells (tube.fcs)", "CD34-positive cells (tube.fcs)"} <= {title["en"] for title in titles}
    assert len({plot.code for plot in analysis.plots}) == len(analysis.plots) == 8


def test_details_hold_the_identity_of_strategy_and_masks(analysis):
    (file,) = analysis.details["files"]
    assert len(analysis.details["strategy_sha256"]) == 64
    by_name = {population["name"]: population for population in file["populations"]}
    assert by_name["T cells"]["parent"] == "CD45+"
    assert all(len(population["mask_sha256"]) == 64 for population in by_name.values())

    def no_floats(value):
        assert not isinstance(value, float)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            no_floats(item)

    no_floats(analysis.details)


def test_replicate_tubes_are_pooled_by_counts_and_samples_stay_apart():
    poor, rich = Composition(dead=0.5), Composition(dead=0.0)
    a, b = simulate_tube(1, events=2_000, composition=poor), simulate_tube(2, events=8_000, composition=rich)
    other = simulate_tube(3, events=4_000, composition=poor)
    files = [raw(a.data, "a.fcs"), raw(b.data, "b.fcs"), raw(other.data, "c.fcs", "S-2")]
    method = replace(METHOD, suitability=(replace(METHOD.suitability[0], measure="difference:viable/singlets"),))
    analysis = KIND.analyse(method, files, {})

    dead, alive = a.counts["dead"], sum(sum(t.counts[k] for k in LIVING.split()) for t in (a, b))
    assert float(values(analysis)["viability"].value) == pytest.approx(100 * alive / (alive + dead), abs=0.2)
    assert float(values(analysis, "S-2")["viability"].value) == pytest.approx(50, abs=0.2)
    spread = next(check for check in analysis.checks if check.sample == "S-1")
    assert float(say(spread.observed)) == pytest.approx(50, abs=0.5)
    assert spread.passed is False


def test_no_events_in_the_parent_is_undetermined_not_zero():
    tube = simulate_tube(5, events=500, composition=Composition(debris=1.0, doublets=0.0))
    analysis = KIND.analyse(METHOD, [raw(tube.data)], {})
    found = values(analysis)
    assert (found["viability"].value, found["viability"].interval) == (None, None)
    assert found["viability"].why["en"] == "no events in singlets"
    assert [check.passed for check in analysis.checks] == [False, False]


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"%PDF-1.7 not a cytometer", "fcs.not_fcs", "bad.fcs"),
        (simulate_tube(1, events=100).data[:3000], "fcs.truncated", "100"),
        (
            write(np.ones((5, 2), np.float32), [Channel("FSC-A"), Channel("FSC-H")]),
            "flow.channel_missing",
            "SSC-A",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_why(data, code, said):
    with pytest.raises(AssayError, match=said) as refused:
        KIND.analyse(METHOD, [raw(data, "bad.fcs")], {})
    assert refused.value.code == code
    assert refused.value.facts["file"] == "bad.fcs"


def test_missing_files_are_named():
    with pytest.raises(AssayError) as refused:
        KIND.analyse(METHOD, [], {})
    assert refused.value.code == "inputs.missing"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"percent:viable/singlets", b"percent:viable/CD45+", "does not lie inside"),
        (b"percent:viable/singlets", b"percent:happy", "'happy'"),
        (b"percent:viable/singlets", b"mean:viable", "unknown"),
        (b'parent = "CD45+"', b'parent = "CD54+"', "'CD54+'"),
        (b"W = 0.5", b"W = 5", "logicle needs"),
        (b'transform = "logicle", max = "0.6"', b'transform = "logic", max = "0.6"', "'logic'"),
        (b'compensation = "file"', b'compensation = "mine"', "'mine'"),
        (b'compensation = "file"', b'compensation = "file"\ncolour = 1', "'colour'"),
        (b'title = { en = "Cells", nl = "Cellen" }', b'title = { en = "Cells" }', "needs en and nl"),
        (b'formats = ["fcs"]', b'formats = ["rdml"]', "must allow format fcs"),
        (b'measure = "count:T cells"', b'measure = "count:U cells"', "'U cells'"),
        (b"[parameters]\n", b'[parameters]\nrole = "isotype"\n', "'isotype'"),
    ],
)
def test_a_method_that_cannot_work_is_told_before_it_is_approved(old, new, said):
    assert KIND.problems(METHOD) == ()
    problems = KIND.problems(parse(SOURCE.replace(old, new)))
    assert any(said in problem.message for problem in problems)
    with pytest.raises(AssayError, match="can't be used"):
        KIND.analyse(parse(SOURCE.replace(old, new)), [raw(simulate_tube(1, events=100).data)], {})


def test_facts_say_instrument_sample_and_time(tube):
    facts = KIND.facts(raw(tube.data))
    assert (facts.format, facts.summary["version"]) == ("fcs", "FCS 3.1")
    assert (facts.instrument_serial, facts.instrument_model) == (
        "SIM-0001", "Simulated cytometer"
    )  # fmt: skip
    assert facts.samples == ("SIM-01", "stained")
    assert facts.acquired_at == "03-MAR-2026 09:15:00"
    assert facts.personal == ()


@pytest.mark.parametrize(
    ("keyword", "value", "looks_like"),
    [
        ("PATIENT NAME", "Peeters", "name"),
        ("$SRC", "An van den Broeck", "name"),
        ("PATIENT ID", "Dupont, Marie", "name"),
        ("SAMPLE ID", "De Smet, J.", "name"),
        ("$SMNO", "Mevr. Janssens", "name"),
        ("DOB", "12/03/1961", "birth date"),
        ("PATIENT BIRTH DATE", "1961-03-12", "birth date"),
        ("$COM", "CAR-T geb. 12-03-1961", "birth date"),
        ("ANY KEY", "93.05.18-223.61", "national number"),
        ("PATIENT ID", "Janssens^Jan", "name"),
        ("TUBE NAME", "Jan Janssens", "name"),
        ("$COM", "Maria Vermeulen 12.03.1980", "birth date"),
        ("$CELLS", "JANSSENS JAN", "name"),
        ("$FIL", "Jan_Janssens_T0.fcs", "name"),
        ("MAKER NOTE", "BSN 111222333", "national number"),
        ("MAKER NOTE", "111222333", "possible national number"),
        ("$OP", "Operator Example", ""),
        ("$EXP", "Investigator Example", ""),
        ("PATIENT ID", "A12", ""),
        ("$SRC", "Default Patient Name", ""),
        ("$SRC", "Peripheral Blood", ""),
        ("TUBE NAME", "Comp Control", ""),
        ("$SMNO", "BE-2026-0117", ""),
        ("SUBJECT", "SUBJ-0042", ""),
    ],
)
def test_what_looks_like_a_patient_is_pointed_at_and_not_repeated(keyword, value, looks_like):
    data = simulate_tube(1, events=10, keywords={keyword: value}).data
    personal = KIND.facts(raw(data)).personal
    assert personal == (((keyword, looks_like),) if looks_like else ())


def test_the_warning_names_instruments_that_differ():
    files = [raw(simulate_tube(n, events=3000, serial=f"SIM-{n}").data, f"{n}.fcs") for n in (1, 2)]
    (warning,) = KIND.analyse(METHOD, files, {}).warnings
    assert warning.message == "The files come from 2 instruments: SIM-1, SIM-2."
