"""Strategies: where an event falls, what identifies them, what is said when they do not fit the file."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atmpxb.science.flow import GateError, evaluate, strategy_of
from atmpxb.science.flow.compensation import combine, invert
from atmpxb.science.flow.gates import Dimension, Polygon
from atmpxb.science.instruments.fcs import Channel, SpilloverMatrix, read, write


def sample(columns: dict[str, list[float]], spillover: SpilloverMatrix | None = None, stains: dict | None = None):
    events = np.array(list(columns.values()), np.float32).T
    channels = [Channel(name, (stains or {}).get(name, "")) for name in columns]
    return read(write(events, channels, {}, spillover))


def rectangle(name: str, parent: str = "", **bounds: tuple):
    dimensions = [
        {"channel": c} | ({} if low is None else {"min": low}) | ({} if high is None else {"max": high})
        for c, (low, high) in bounds.items()
    ]
    return {"type": "rectangle", "name": name, "parent": parent, "dimensions": dimensions}


def winding_inside(x: float, y: float, vertices) -> bool:
    """Even-odd by ray casting in exact integers: the reference for polygons with integer corners."""
    crossings, count = 0, len(vertices)
    for (x1, y1), (x2, y2) in ((vertices[i], vertices[(i + 1) % count]) for i in range(count)):
        side = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        if side == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return True
        if (y1 > y) != (y2 > y) and (side > 0) == (y2 > y1):
            crossings += 1
    return crossings % 2 == 1


corner = st.tuples(st.integers(0, 12), st.integers(0, 12))


@settings(derandomize=True, max_examples=200)
@given(st.lists(corner, min_size=3, max_size=9))
def test_polygons_of_any_shape_follow_even_odd_with_their_edges(vertices):
    grid = [(x, y) for x in range(13) for y in range(13)]
    gate = Polygon("p", "", (Dimension("X"), Dimension("Y")), tuple((float(x), float(y)) for x, y in vertices))
    x, y = (np.array(part, float) for part in zip(*grid, strict=True))
    assert gate.inside([x, y]).tolist() == [winding_inside(a, b, vertices) for a, b in grid]


def test_a_pentagram_has_a_hole():
    """The self-overlapping case that tells even-odd from winding; the compliance suite does not."""
    star = [[50, 0], [80, 95], [2, 36], [98, 36], [20, 95]]
    file = sample({"X": [50, 50, 0], "Y": [50, 10, 0]})
    gate = {"type": "polygon", "name": "star", "dimensions": ["X", "Y"], "vertices": star}
    assert evaluate(strategy_of({"gates": [gate]}), file)["star"].mask.tolist() == [False, True, False]


def test_bounds_hold_their_lower_end_and_not_their_upper():
    populations = evaluate(strategy_of({"gates": [rectangle("r", X=(10, 20))]}), sample({"X": [9, 10, 19, 20, np.nan]}))
    assert populations["r"].mask.tolist() == [False, True, True, False, False]


def test_a_tree_counts_and_gives_percentages_of_any_ancestor():
    file = sample({"X": list(range(100)), "Y": [x % 2 for x in range(100)]})
    gates = [
        rectangle("odd half", "half", Y=(1, None)),  # written before its parent: order has no meaning
        rectangle("half", X=(50, None)),
        {"type": "boolean", "name": "rest", "operator": "or", "operands": ["!half", "odd half"]},
        {"type": "boolean", "name": "not odd", "parent": "half", "operator": "not", "operands": ["odd half"]},
    ]
    populations = evaluate(strategy_of({"gates": gates}), file)
    assert (populations.count("half"), populations.count("odd half")) == (50, 25)
    assert populations.percent("odd half") == 50.0
    assert populations.percent("odd half", "") == 25.0
    assert (populations.count("rest"), populations.count("not odd")) == (75, 25)
    with pytest.raises(GateError) as refused:
        populations.percent("half", "odd half")
    assert refused.value.code == "flow.not_an_ancestor"


def test_an_empty_parent_leaves_the_percentage_undetermined():
    gates = [rectangle("none", X=(1000, None)), rectangle("child", "none", X=(None, 5))]
    populations = evaluate(strategy_of({"gates": gates}), sample({"X": [1, 2, 3]}))
    assert populations.percent("child") is None
    assert populations.percent("none") == 0.0


def test_a_missing_channel_is_named_with_the_nearest():
    file = sample({"FITC-A": [1.0], "BV421-A": [2.0]}, stains={"BV421-A": "CD3"})
    for name, nearest in (("FITC-H", "FITC-A"), ("cd3", "CD3"), ("BV-421-A", "BV421-A")):
        with pytest.raises(GateError) as refused:
            evaluate(strategy_of({"gates": [rectangle("g", **{name: (0, None)})]}), file)
        assert refused.value.code == "flow.channel_missing"
        assert name in refused.value.message
        assert nearest in refused.value.facts["nearest"].split(", ")
    by_stain = evaluate(strategy_of({"gates": [rectangle("g", CD3=(2, None))]}), file)
    assert by_stain.count("g") == 1


def test_two_channels_of_one_name_are_not_guessed():
    file = sample({"A": [1.0], "B": [2.0]}, stains={"A": "CD3", "B": "CD3"})
    with pytest.raises(GateError) as refused:
        evaluate(strategy_of({"gates": [rectangle("g", CD3=(2, None))]}), file)
    assert refused.value.code == "flow.channel_ambiguous"


def test_the_identity_is_the_geometry_and_nothing_else():
    gates = [rectangle("a", X=("0.10", 5)), rectangle("b", "a", Y=(None, 2))]
    original = strategy_of({"gates": gates})
    reworded = strategy_of({"gates": [gates[1], {**gates[0], "title": {"en": "A", "nl": "A"}}], "role": "stained"})
    moved = strategy_of({"gates": [gates[0], rectangle("b", "a", Y=(None, 2.0000000001))]})
    assert original.sha256 == reworded.sha256 == strategy_of({"gates": [rectangle("a", X=(0.1, 5.0)), gates[1]]}).sha256
    assert moved.sha256 != original.sha256
    text = original.canonical().decode()
    assert json.loads(text)["schema"] == "atmpxb.gating/1"
    assert '"0.1"' in text
    assert json.dumps(json.loads(text, parse_float=pytest.fail), sort_keys=True, separators=(",", ":")) == text


@pytest.mark.parametrize(
    ("gates", "code"),
    [
        ([rectangle("a", "b", X=(0, 1)), rectangle("b", "a", X=(0, 1))], "flow.cycle"),
        ([rectangle("a", "ghost", X=(0, 1))], "flow.gate_missing"),
        ([rectangle("a", X=(0, 1)), rectangle("a", Y=(0, 1))], "flow.name_twice"),
        ([rectangle("a", X=(1, 0))], "flow.gate"),
        ([rectangle("a", X=(None, None))], "flow.gate"),
        ([rectangle("a", X=("nan", 1))], "flow.gate"),
        ([{**rectangle("a", X=(0, 1)), "colour": "red"}], "flow.gate"),
        ([{"type": "polygon", "name": "p", "dimensions": ["X", "Y"], "vertices": [[0, 0]]}], "flow.gate"),
        ([{"type": "circle", "name": "p"}], "flow.gate"),
        ([{"type": "boolean", "name": "p", "operator": "xor", "operands": ["p"]}], "flow.gate"),
        ([{"type": "rectangle", "name": "t", "dimensions": [{"channel": "X", "min": 0, "transform": "q"}]}],
         "flow.transform_missing"),
        ([], "flow.no_gates"),
    ],
)  # fmt: skip
def test_a_strategy_that_makes_no_sense_is_refused_before_any_file(gates, code):
    with pytest.raises(GateError) as refused:
        strategy_of({"gates": gates})
    assert refused.value.code == code


def test_a_method_that_compensates_by_the_file_refuses_a_file_without_matrix():
    tables = {"compensation": "file", "gates": [rectangle("g", X=(0, None))]}
    with pytest.raises(GateError) as refused:
        evaluate(strategy_of(tables), sample({"X": [1.0]}))
    assert refused.value.code == "flow.spillover_missing"


matrix_entry = st.floats(0, 0.2)


@settings(derandomize=True, max_examples=60)
@given(st.lists(st.lists(matrix_entry, min_size=4, max_size=4), min_size=4, max_size=4))
def test_compensation_undoes_spillover(rows):
    spill = tuple(tuple(1.0 if i == j else rows[i][j] for j in range(4)) for i in range(4))
    names = ("A", "B", "C", "D")
    dyes = [np.array([100.0 * (i + 1), 0.0, 7.5]) for i in range(4)]
    seen = {names[j]: sum(dyes[i] * spill[i][j] for i in range(4)) for j in range(4)}
    inverse = invert(SpilloverMatrix(names, spill))
    for j in range(4):
        restored = combine([row[j] for row in inverse], names, lambda name: seen[name])
        np.testing.assert_allclose(restored, dyes[j], rtol=1e-9, atol=1e-9)


def test_a_matrix_without_inverse_is_refused():
    with pytest.raises(GateError) as refused:
        invert(SpilloverMatrix(("A", "B"), ((1.0, 0.5), (2.0, 1.0))))
    assert refused.value.code == "flow.spillover_singular"


def test_the_mask_hash_tells_which_events_not_just_how_many():
    tables = {"gates": [rectangle("g", X=(2, None))]}
    first, second = (evaluate(strategy_of(tables), sample({"X": x}))["g"] for x in ([1, 2, 3], [3, 2, 1]))
    assert first.count == second.count == 2
    assert first.mask_sha256 != second.mask_sha256
