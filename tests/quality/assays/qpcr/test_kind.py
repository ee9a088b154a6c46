"""From an RDML file and a method to copies per cell: known truth, planted faults, real files, bad input."""

import gzip
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from atmpxb.notes import say
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.qpcr.kind import KIND
from atmpxb.quality.assays.seam import Analysis, AssayError, Check, Method, RawFile
from atmpxb.science.simulate.pcr import PlateDesign, simulate_plate

ROOT = Path(__file__).parents[4]
PLACES = [ROOT.parent / "shared/reference/pcr", ROOT.parent.parent / "shared/reference/pcr"]
REFERENCE = next((place for place in PLACES if place.is_dir()), None)
needs_reference = pytest.mark.skipif(REFERENCE is None, reason="reference data are not there")

VCN = parse((ROOT / "examples/pcr/vcn.toml").read_bytes())
RNASE_P = parse((ROOT / "examples/pcr/rnase_p.toml").read_bytes())


def raw(data: bytes, name: str = "run.rdml") -> RawFile:
    return RawFile(name, "plate", data, hashlib.sha256(data).hexdigest())


def analysed(*faults: str, method: Method = VCN, seed: int = 1, bench: dict[str, Any] | None = None) -> Analysis:
    return KIND.analyse(method, [raw(simulate_plate(seed, None, faults)[0])], bench or {})


def failed(analysis: Analysis) -> set[tuple[str, str]]:
    return {(check.code, check.sample) for check in analysis.checks if not check.passed}


def check(analysis: Analysis, code: str) -> Check:
    return next(found for found in analysis.checks if found.code == code)


def with_parameters(**changes: Any) -> Method:
    return replace(VCN, parameters={**VCN.parameters, **changes})


def test_the_example_methods_have_no_problems() -> None:
    assert KIND.problems(VCN) == KIND.problems(RNASE_P) == ()


def test_the_interval_of_the_copy_number_holds_the_truth() -> None:
    hits = 0
    for seed in range(40):
        data, truth = simulate_plate(seed)
        analysis = KIND.analyse(VCN, [raw(data)], {})
        values = {value.sample: value for value in analysis.values if value.code == "vcn"}
        assert values.keys() == truth.copies_per_cell.keys(), "unknown samples only"
        for sample, copies in truth.copies_per_cell.items():
            interval = values[sample].interval
            assert interval is not None
            assert float(values[sample].value or "nan") == pytest.approx(copies, rel=0.2)
            hits += float(interval.low) <= copies <= float(interval.high)
        assert failed(analysis) == set()
    assert hits >= 72, "at least nine of ten: 80 samples at 95 %"


def test_equal_input_gives_equal_output() -> None:
    assert analysed() == analysed()


@pytest.mark.parametrize(
    ("fault", "checks"),
    [
        ("contaminated_ntc", {("ntc_vector", "")}),
        ("dropped_replicate", {("replicate_sd", "ATMP-S1")}),
        ("inhibited_well", {("replicate_sd", "ATMP-S1")}),
        ("poor_efficiency", {("slope_vector", "")}),
        ("excluded_well", set()),
        ("personal_data", set()),
    ],
)
def test_each_planted_fault_is_found_and_nothing_else(fault: str, checks: set[tuple[str, str]]) -> None:
    assert failed(analysed(fault)) == checks


def test_an_inhibited_well_is_named() -> None:
    warnings = analysed("inhibited_well").warnings
    assert "WPRE, ATMP-S1: efficiency differs (B6)" in [warning.message for warning in warnings]


def test_a_clean_control_says_that_nothing_amplified() -> None:
    assert say(check(analysed(), "ntc_vector").observed) == "no amplification in 45 cycles"
    assert say(check(analysed("contaminated_ntc"), "ntc_vector").observed).endswith(" cycles")


def test_a_well_that_the_file_excludes_is_listed_with_its_reason() -> None:
    analysis = analysed("excluded_well")
    assert {(say(e.what), say(e.reason)) for e in analysis.exclusions} == {
        ("B1 WPRE (STD-5)", "excluded in the file: bubble in the well"),
        ("B1 RPP30 (STD-5)", "excluded in the file: bubble in the well"),
    }
    assert {row["points"] for row in analysis.details["targets"]} == {14}


def test_outside_the_standards_a_value_is_undetermined_or_carries_a_warning() -> None:
    data = raw(simulate_plate(1, PlateDesign(standards=(1e6, 1e5, 3e4), samples={"S": 1.8}))[0])
    value = KIND.analyse(VCN, [data], {}).values[0]
    assert value.value is None
    assert "outside the standard curve (3e+04 to 1e+06)" in value.why["en"]
    warned = KIND.analyse(with_parameters(out_of_range="warn"), [data], {})
    assert warned.values[0].value is not None
    assert any("outside the standard curve" in warning.message for warning in warned.warnings)


def test_too_few_replicates_are_undetermined_never_zero() -> None:
    value = KIND.analyse(with_parameters(minimum_replicates=4), [raw(simulate_plate(1)[0])], {}).values[0]
    assert value.value is None
    assert value.why["en"] == "WPRE: 3 replicates with a Cq, 4 needed"


def plate_map(**changes: dict[str, Any]) -> dict[str, Any]:
    """What the analyst wrote down: as the simulator pipetted, but for the changes."""
    types = {"S": "std", "A": "unkn", "P": "pos", "N": "ntc"}
    wells = simulate_plate(1)[1].wells
    written = {well: {"sample": sample, "type": types[sample[0]]} for well, sample in wells.items()}
    return {"plate_map": {**written, **changes}}


def test_a_plate_map_that_agrees_passes_and_changes_nothing() -> None:
    analysis = analysed(bench=plate_map())
    assert check(analysis, "plate_map").passed
    assert analysis.values == analysed().values


def test_a_plate_map_that_disagrees_fails_and_decides() -> None:
    swapped = plate_map(B4={"sample": "ATMP-S2", "type": "unkn"}, B7={"sample": "ATMP-S1", "type": "unkn"})
    analysis = analysed(bench=swapped)
    found = check(analysis, "plate_map")
    assert found.passed is False
    assert "B4: sample ATMP-S1 in the file, ATMP-S2 on the worksheet" in say(found.observed)
    assert analysis.values != analysed().values
    quantity = plate_map(A1={"sample": "STD-1", "type": "std", "quantity": "500000"})
    assert "quantity 1000000.0 in the file, 500000.0" in say(check(analysed(bench=quantity), "plate_map").observed)
    missing = plate_map(H12={"sample": "X", "type": "unkn"})
    assert "H12: on the worksheet, not in the file" in say(check(analysed(bench=missing), "plate_map").observed)


@pytest.mark.parametrize(
    "wrong",
    ["A1: x", {"A1": "x"}, {"A1": {"type": "magic"}}, {"A1": {"quantity": "many"}}, {"A1": {"quantity": -1}}],
)
def test_a_plate_map_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(AssayError) as refusal:
        analysed(bench={"plate_map": wrong})
    assert refusal.value.code == "qpcr.plate_map"


def test_plots_are_small_strict_and_say_the_same_in_a_table() -> None:
    full = PlateDesign(samples={f"S{i}": 1.5 for i in range(25)})
    analysis = KIND.analyse(VCN, [raw(simulate_plate(2, full)[0])], {})
    assert [plot.code for plot in analysis.plots] == [
        f"{picture}:{target}" for picture in ("amplification", "standard_curve") for target in ("WPRE", "RPP30")
    ]
    for plot in analysis.plots:
        root = etree.fromstring(plot.svg.encode())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert not re.search(r"style=|<style|<script|href|on\w+=", plot.svg)
        assert len(gzip.compress(plot.svg.encode())) < 25 * 1024
        assert plot.rows
        assert all(len(row) == len(plot.columns) for row in plot.rows)


def test_facts_are_read_before_anything_is_analysed() -> None:
    facts = KIND.facts(raw(simulate_plate(1)[0]))
    assert (facts.format, facts.instrument_serial, facts.run) == ("rdml", "SIM-TC-0042", "RUN-0001")
    assert facts.samples == ("ATMP-S1", "ATMP-S2")
    assert facts.acquired_at == "2026-03-02T09:15:00"
    assert facts.personal == ()
    personal = KIND.facts(raw(simulate_plate(1, None, ("personal_data",))[0])).personal
    assert personal == (("sample[6]/description", "birth date"),)
    assert "Voorbeeld" not in repr(personal), "the finding does not spread what it found"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"targets": []}, "at least one target"),
        ({"targets": [{"id": "WPRE", "threshold": "by eye"}]}, "give a number or one of"),
        ({"copy_number": {"vector": "WPRE", "reference": "X", "reference_copies_per_cell": 2}}, "'X'"),
        ({"copy_number": {"vector": "WPRE", "reference": "RPP30"}}, "must be given"),
        ({"cq": "guess"}, "computed, file"),
        ({"curves": {"gap": -1}}, "parameters.curves.gap"),
        ({"colour": "red"}, "parameters.colour is not known"),
    ],
)
def test_a_bad_method_is_explained_and_never_run(changes: dict[str, Any], words: str) -> None:
    method = with_parameters(**changes)
    assert any(words in problem.message for problem in KIND.problems(method))
    with pytest.raises(AssayError) as refusal:
        KIND.analyse(method, [raw(simulate_plate(1)[0])], {})
    assert refusal.value.code == "qpcr.method"


def test_criteria_and_reportables_are_checked_too() -> None:
    method = replace(VCN, suitability=(replace(VCN.suitability[0], measure="slope:ACTB"),))
    assert "slope:ACTB" in KIND.problems(method)[0].message
    reportable = replace(VCN.reportables[0], options={"measure": "mass"})
    assert "must be vcn" in KIND.problems(replace(VCN, reportables=(reportable,)))[0].message


def test_a_file_of_another_run_is_refused_with_its_targets() -> None:
    other = simulate_plate(1, PlateDesign(vector="psi"))[0]
    with pytest.raises(AssayError) as refusal:
        KIND.analyse(VCN, [raw(other)], {})
    assert refusal.value.code == "qpcr.target_missing"
    assert "RPP30, psi" in refusal.value.message


@pytest.mark.parametrize("data", [b"", b"not rdml", b"PK\x03\x04broken"])
def test_a_file_that_is_no_rdml_is_refused_by_name(data: bytes) -> None:
    for attempt in (lambda: KIND.facts(raw(data)), lambda: KIND.analyse(VCN, [raw(data)], {})):
        with pytest.raises(AssayError, match=r"run\.rdml: "):
            attempt()


@needs_reference
def test_the_step_one_plate_gives_what_its_software_showed() -> None:
    """The mean quantities in the file itself: 2484.3, 2697.1, 2473.1 and 4774.9, 4799.5, 4917.3."""
    assert REFERENCE is not None
    analysis = KIND.analyse(RNASE_P, [raw((REFERENCE / "rdml/stepone_std.rdml").read_bytes())], {})
    values = {value.sample: float(value.value or "nan") for value in analysis.values}
    assert values["pop1_RNase P"] == pytest.approx((2484.3098 * 2697.0542 * 2473.0637) ** (1 / 3), rel=0.02)
    assert values["pop2_RNase P"] == pytest.approx((4774.9272 * 4799.5015 * 4917.3267) ** (1 / 3), rel=0.02)
    assert all(found.passed for found in analysis.checks)
    # The cycler's standard curve has an efficiency of 93.91 %; ours is close to it.
    assert float(analysis.details["targets"][0]["efficiency"]) == pytest.approx(1.9391, abs=0.03)


@needs_reference
def test_the_cq_of_the_cycler_can_be_taken_over() -> None:
    """With the cycler's own Cq, our curve is the cycler's curve: slope from its 93.91181 %."""
    assert REFERENCE is not None
    method = replace(RNASE_P, parameters={**RNASE_P.parameters, "cq": "file"})
    analysis = KIND.analyse(method, [raw((REFERENCE / "rdml/stepone_std.rdml").read_bytes())], {})
    assert float(analysis.details["targets"][0]["efficiency"]) == pytest.approx(1.9391181, abs=5e-5)
    values = {value.sample: float(value.value or "nan") for value in analysis.values}
    assert values["pop1_RNase P"] == pytest.approx((2484.3098 * 2697.0542 * 2473.0637) ** (1 / 3), rel=1e-4)


@needs_reference
@pytest.mark.parametrize("name", ["lc96_bACTXY", "BioRad_qPCR_melt", "own_mix_a", "stepone_std"])
def test_facts_of_real_files(name: str) -> None:
    assert REFERENCE is not None
    facts = KIND.facts(raw((REFERENCE / f"rdml/{name}.rdml").read_bytes()))
    serials = {"lc96_bACTXY": "11301", "BioRad_qPCR_melt": "CC009466"}
    assert facts.instrument_serial == serials.get(name, "")
    assert facts.personal == ()
