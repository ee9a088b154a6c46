"""A sample is counted: what the counter saw, before dilution, with the spread of its replicates."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from scipy import stats

from atmpxb.notes import say
from atmpxb.quality.assays.cell_count.kind import _refuse_impossible
from atmpxb.quality.assays.cell_count.samples import Row
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.registry import kind
from atmpxb.quality.assays.seam import Analysis, AssayError, Method, RawFile, Value
from atmpxb.science.instruments.counters import read
from atmpxb.science.simulate.counts import Suspension, vicell_blu

EXAMPLES = Path(__file__).parents[3] / "examples" / "counts"
COUNTING = kind("cell_count")
ONE = {"dilution": "1", "volume_ml": "50"}


def method(name: str = "cell-count-triplicate", **changed: str) -> Method:
    source = (EXAMPLES / f"{name}.toml").read_text()
    for pair in changed.values():
        before, after = pair.split(" -> ")
        assert before in source
        source = source.replace(before, after)
    return parse(source.encode())


def raw(data: bytes, sample: str = "", name: str = "export.csv") -> RawFile:
    return RawFile(name, "counts", data, sha256(data).hexdigest(), sample)


def analyse(data: bytes, bench: Mapping[str, Any] = ONE, sample: str = "") -> Analysis:
    return COUNTING.analyse(method(), [raw(data, sample)], bench)


def value(analysis: Analysis, code: str, sample: str = "S1") -> Value:
    (found,) = [item for item in analysis.values if (item.code, item.sample) == (code, sample)]
    return found


EXPORT = vicell_blu((Suspension("S1", 1.5e6, 93.0), Suspension("S2", 1.0e6, 70.0)), seed=3)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_method_can_be_used(path: Path) -> None:
    found = parse(path.read_bytes())

    assert kind(found.kind).problems(found) == ()


def test_values_are_those_of_the_rows_by_hand() -> None:
    rows = [count for count in read(EXPORT).counts if count.sample.startswith("S1-")]
    live = [float(row.viable_per_ml or 0) for row in rows]
    low, high = stats.t.interval(0.95, 2, stats.tmean(live), stats.sem(live))

    analysis = analyse(EXPORT, {"dilution": "2", "volume_ml": "50"})

    found = value(analysis, "viable_concentration")
    assert found.unit == "10^6 cells/mL"
    assert float(found.value or "nan") == pytest.approx(2 * sum(live) / 3 / 1e6)
    assert found.interval is not None
    assert float(found.interval.low) == pytest.approx(2 * low / 1e6)
    assert float(found.interval.high) == pytest.approx(2 * high / 1e6)
    pooled = sum(row.viable_count or 0 for row in rows) / sum(row.total_count or 0 for row in rows)
    assert float(value(analysis, "viability").value or "nan") == pytest.approx(100 * pooled)
    assert float(value(analysis, "viable_cells").value or "nan") == pytest.approx(2 * sum(live) / 3 * 50 / 1e6)
    spread = 100 * stats.variation(live, ddof=1)
    assert float(value(analysis, "replicate_cv").value or "nan") == pytest.approx(spread)
    assert all(check.passed for check in analysis.checks)


def test_the_truth_lies_near_the_result() -> None:
    analysis = analyse(EXPORT)

    assert float(value(analysis, "viability", "S2").value or "nan") == pytest.approx(70, abs=3)
    assert float(value(analysis, "viable_concentration").value or "nan") == pytest.approx(1.395, rel=0.1)


def test_equal_inputs_give_equal_outputs() -> None:
    assert analyse(EXPORT) == analyse(EXPORT)


def test_dilution_by_sample() -> None:
    analysis = analyse(EXPORT, {"dilution": {"S1": "1", "S2": "3"}, "volume_ml": {"S1": "5", "S2": "5"}})
    plain = analyse(EXPORT)

    for sample, factor in (("S1", 1), ("S2", 3)):
        found = float(value(analysis, "viable_concentration", sample).value or "nan")
        assert found == pytest.approx(factor * float(value(plain, "viable_concentration", sample).value or "nan"))


@pytest.mark.parametrize(
    ("bench", "code"),
    [
        ({}, "count.entry_missing"),
        ({"dilution": {"S1": "1"}}, "count.entry_missing"),
        ({"dilution": "0.5"}, "count.dilution"),
        ({"dilution": "two"}, "count.entry"),
        ({"dilution": "1,5"}, "count.entry"),
        ({"dilution": "NaN"}, "count.entry"),
    ],
)
def test_a_dilution_that_makes_no_sense_stops_the_analysis(bench: Mapping[str, Any], code: str) -> None:
    with pytest.raises(AssayError) as caught:
        analyse(EXPORT, bench)
    assert caught.value.code == code


def test_one_dilution_is_not_corrected_twice() -> None:
    typed = EXPORT.replace(b"SIMULATED,,1,", b"SIMULATED,,2,")

    assert analyse(typed).values == analyse(EXPORT).values  # the counter's numbers already hold its dilution
    with pytest.raises(AssayError) as caught:
        analyse(typed, {"dilution": "2", "volume_ml": "50"})
    assert caught.value.code == "count.dilution_twice"
    both = method(keep='dilution_entry = "dilution" -> dilution_entry = "dilution"\ninstrument_dilution = "keep"')
    found = COUNTING.analyse(both, [raw(typed)], {"dilution": "2", "volume_ml": "50"})
    assert float(value(found, "viability").value or "nan") > 0


def test_an_absent_volume_leaves_the_dose_undetermined_and_nothing_else() -> None:
    analysis = analyse(EXPORT, {"dilution": "1"})

    assert value(analysis, "viable_cells").value is None
    assert value(analysis, "viable_cells").why
    assert value(analysis, "viability").value is not None


def test_a_file_attached_for_one_sample_gives_only_that_sample() -> None:
    analysis = analyse(EXPORT, sample="S2")

    assert {found.sample for found in analysis.values} == {"S2"}
    assert [say(item.what) for item in analysis.exclusions] == [
        f"export.csv, line {line}: S1-{line - 1}" for line in (2, 3, 4)
    ]


def test_a_file_of_another_run_is_refused_by_its_samples() -> None:
    with pytest.raises(AssayError, match="holds S1, S2") as caught:
        analyse(EXPORT, sample="S9")
    assert caught.value.code == "count.sample_missing"


def test_a_failed_replicate_is_named_and_its_criterion_not_judged() -> None:
    analysis = analyse(vicell_blu((Suspension("S1", 1.5e6, 93.0, failed=(1,)),), seed=3))

    judged = {check.code: check.passed for check in analysis.checks}
    assert judged["cells_counted"] is None
    assert judged["replicates"] is True  # the concentration of that row is there
    assert "line 3: Cell count says 'ERROR'" in analysis.warnings[0].message


def test_no_cells_give_no_viability_and_no_zero() -> None:
    analysis = analyse(vicell_blu((Suspension("S1", 0.0, 50.0),), seed=1))

    found = value(analysis, "viability")
    assert (found.value, found.why["en"]) == (None, "no cell was counted")
    assert value(analysis, "viable_concentration").value == "0.0"
    assert value(analysis, "replicate_cv").value is None


def test_an_edited_number_fails_the_consistency_check() -> None:
    line = EXPORT.splitlines()[1].split(b",")
    edited = EXPORT.replace(b",".join(line[:6]), b",".join([*line[:5], b"99.90"]))

    (check,) = [item for item in analyse(edited).checks if item.code == "consistent" and item.sample == "S1"]

    assert check.passed is False
    assert "viability 99.90 %" in say(check.observed)


def test_more_viable_cells_than_cells_stop_the_analysis_with_a_cure() -> None:
    row = Row("export.csv", replace(read(EXPORT).counts[0], viable_count=120, total_count=100))
    with pytest.raises(AssayError, match=r"120 viable cells of 100 cells\. Export the measurement again") as refused:
        _refuse_impossible({"S1": [row]})
    assert refused.value.code == "count.more_viable_than_counted"


def test_replicates_that_scatter_too_far_fail() -> None:
    wild = vicell_blu((Suspension("S1", 1.5e6, 93.0, replicate_cv=60.0),), seed=4)

    analysis = analyse(wild)

    assert {check.code: check.passed for check in analysis.checks}["replicate_cv"] is False
    assert any("differ more than counting explains" in warning.message for warning in analysis.warnings)


def test_the_pictures_are_plain_svg_with_the_same_numbers_in_a_table() -> None:
    hostile = vicell_blu((Suspension("<S&1>", 1.5e6, 93.0),), seed=3)

    plots = analyse(hostile).plots

    assert [plot.code for plot in plots] == ["viability", "viable_concentration"]
    for plot in plots:
        root = ElementTree.fromstring(plot.svg)
        circles = [item for item in root.iter() if item.tag.endswith("circle")]
        assert len(circles) == len(plot.rows) == 3
        assert not [item for item in root.iter() if "style" in item.attrib or item.tag.endswith("script")]


def test_facts_tell_samples_and_warn_of_a_patient() -> None:
    facts = COUNTING.facts(raw(EXPORT.replace(b"S1-2", b"Jan Janssens 12/03/1961")))

    assert (facts.format, facts.instrument_model) == ("vicell_blu", "Vi-CELL BLU")
    assert facts.acquired_at == "3/21/2026 10:15"
    assert [(say(where), what) for where, what in facts.personal] == [("line 3, sample", "birth date")]
    assert COUNTING.facts(raw(EXPORT)).personal == ()


def test_an_unreadable_file_names_itself() -> None:
    with pytest.raises(AssayError, match=r"export\.csv: ") as caught:
        COUNTING.facts(raw(b"%PDF-1.7"))
    assert caught.value.code == "counter.unknown_format"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ('measure = "viability" -> measure = "vitality"', "needs a 'measure'"),
        ('unit = "10^6 cells/mL" -> unit = "cells per litre"', "has unit 'cells per litre'"),
        ('volume_entry = "volume_ml" -> volume_entry = "volume"', "'volume', which is no entry"),
        ('measure = "cells_counted" -> measure = "cells"', "judges 'cells'"),
        ('replicate_separator = "-" -> separator = "-"', "parameter 'separator' is unknown"),
        ('replicate_separator = "-" -> replicate_separator = 1', "must be a text"),
        ('dilution_entry = "dilution" -> dilution_entry = "factor"', "names 'factor'"),
    ],
)
def test_a_method_of_this_kind_is_judged(change: str, says: str) -> None:
    bad = method(change=change)

    assert any(says in sentence.message for sentence in COUNTING.problems(bad))
    with pytest.raises(AssayError) as caught:
        COUNTING.analyse(bad, [raw(EXPORT)], ONE)
    assert caught.value.code == "count.method"


def test_a_missing_file_is_named() -> None:
    with pytest.raises(AssayError) as caught:
        COUNTING.analyse(method(), [], ONE)
    assert caught.value.code == "inputs.missing"
    with pytest.raises(AssayError) as caught:
        COUNTING.analyse(method(), [replace(raw(EXPORT), role="tube")], ONE)
    assert caught.value.code == "inputs.missing"
