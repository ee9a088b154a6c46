"""The methods in examples/flow give published or independently computed numbers on real files."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from atmpxb.quality.assays.flow.kind import KIND
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import RawFile
from atmpxb.science.flow.transforms import Logicle
from atmpxb.science.instruments.fcs import read

ROOT = Path(__file__).resolve().parents[4]
PLACES = [folder / "shared/reference/flow" for folder in (ROOT.parent, ROOT.parent.parent)]
REFERENCE = next((place for place in PLACES if place.is_dir()), None)
needs_reference = pytest.mark.skipif(REFERENCE is None, reason="reference data are not on this machine")
METHODS = sorted((ROOT / "examples/flow").glob("*.toml"))


def analyse(method: str, place: str):
    data = (REFERENCE / place).read_bytes()
    file = RawFile(Path(place).name, "stained", data, sha256(data).hexdigest())
    return KIND.analyse(parse((ROOT / "examples/flow" / method).read_bytes()), [file], {}), read(data)


@pytest.mark.parametrize("path", METHODS, ids=[path.stem for path in METHODS])
def test_an_example_is_a_method_without_problems(path):
    assert KIND.problems(parse(path.read_bytes())) == ()


@needs_reference
def test_published_counts_come_out_of_the_facscalibur_method():
    analysis, _ = analyse("lymphocytes-facscalibur.toml", "gatingml/data1.fcs")
    found = {value.code: value.value for value in analysis.values}
    assert {code: int(found[code]) for code in ("fsc_high", "polygon", "early_polygon", "dim")} == {
        "fsc_high": 440, "polygon": 1582, "early_polygon": 561, "dim": 203
    }  # fmt: skip
    assert float(found["double_positive"]) == pytest.approx(100 * 620 / 13367, rel=1e-15)
    assert float(found["fl1_middle"]) == pytest.approx(100 * 2509 / 13367, rel=1e-15)
    assert all(check.passed for check in analysis.checks)


@needs_reference
def test_the_facscanto_method_agrees_with_linear_algebra_done_elsewhere():
    """The same gates by numpy's matrix inverse and by thresholds on the linear scale."""
    analysis, file = analyse("t-cells-facscanto.toml", "fcs/flowWorkspaceData/124500.fcs")
    names = [channel.name for channel in file.channels]
    raw = {name: file.events[:, i].astype(float) for i, name in enumerate(names)}
    detectors = file.spillover.detectors
    restored = np.column_stack([raw[name] for name in detectors]) @ np.linalg.inv(np.array(file.spillover.rows))
    clean = dict(zip(detectors, restored.T, strict=True))
    edge = {at: float(Logicle(262144, 0.5, 4.5).inverse(np.array([at]))[0]) for at in (0.5, 0.55, 0.62)}

    populations = {p["name"]: p["count"] for p in analysis.details["files"][0]["populations"]}
    single = (raw["FSC-W"] >= 60000) & (raw["FSC-W"] < 90000) & (raw["SSC-W"] >= 60000) & (raw["SSC-W"] < 95000)
    viable = clean["APC-Cy7-A"] < edge[0.55]
    t_cells, cd8 = clean["PE-A"] >= edge[0.5], clean["Pacific Orange-A"] >= edge[0.62]
    cells = in_convex(raw["FSC-A"], raw["SSC-A"])
    assert populations["singlets"] == np.count_nonzero(cells & single)
    assert populations["viable"] == np.count_nonzero(cells & single & viable)
    assert populations["CD3+"] == np.count_nonzero(cells & single & viable & t_cells)
    assert populations["CD8+"] == np.count_nonzero(cells & single & viable & t_cells & cd8)
    assert populations["CD8+"] > 100
    assert all(value.interval is not None for value in analysis.values)


def in_convex(x, y):
    """The convex polygon of the method, as the intersection of its half-planes."""
    corners = [(50000, 15000), (160000, 15000), (180000, 60000), (160000, 120000), (60000, 120000)]
    inside = np.ones(len(x), bool)
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        inside &= (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) >= 0
    return inside
