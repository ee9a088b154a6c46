"""The Gating-ML 2.0 compliance suite (ISAC): every event of a real file falls where its authors say."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lxml import etree

from atmpxb.science.flow import evaluate, strategy_of
from atmpxb.science.instruments.fcs import read

ROOT = Path(__file__).resolve().parents[3]
PLACES = [folder / "shared/reference/flow" for folder in (ROOT.parent, ROOT.parent.parent)]
REFERENCE = next((place for place in PLACES if place.is_dir()), None)
pytestmark = pytest.mark.skipif(REFERENCE is None, reason="reference data are not on this machine")

CASES = json.loads((REFERENCE / "gatingml/manifest.json").read_text()) if REFERENCE else []
NAMESPACES = {
    "g": "http://www.isac-net.org/std/Gating-ML/v2.0/gating",
    "t": "http://www.isac-net.org/std/Gating-ML/v2.0/transformations",
    "d": "http://www.isac-net.org/std/Gating-ML/v2.0/datatypes",
}


def attribute(element: Any, prefix: str, name: str) -> str | None:
    return element.get(f"{{{NAMESPACES[prefix]}}}{name}")


def find(element: Any, path: str) -> list[Any]:
    return element.xpath(path, namespaces=NAMESPACES)


def values(element: Any, path: str) -> list[str]:
    return [attribute(found, "d", "value") for found in find(element, path)]


def tables_of(document: Path) -> Mapping[str, Any]:
    """The gates, transforms and matrices of a compliance document, as tables of our own."""
    root = etree.parse(document).getroot()
    ratios: dict[str, Any] = {}
    transforms: dict[str, Any] = {}
    for element in find(root, "t:transformation"):
        name, (kind,) = attribute(element, "t", "id"), list(element)
        tag = etree.QName(kind).localname
        parameters = {etree.QName(key).localname: value for key, value in kind.attrib.items()}
        if tag == "fratio":
            above, below = (attribute(channel, "d", "name") for channel in kind)
            ratios[name] = {"numerator": above, "denominator": below, **parameters}
        else:
            transforms[name] = {
                "type": {"fasinh": "asinh", "flog": "log", "flin": "linear"}.get(tag, tag),
                **parameters,
            }
    matrices = {
        attribute(element, "t", "id"): {
            "dyes": [attribute(dye, "d", "name") for dye in find(element, "t:fluorochromes/*")],
            "detectors": [attribute(dye, "d", "name") for dye in find(element, "t:detectors/*")],
            "rows": [
                [attribute(c, "t", "value") for c in find(spectrum, "t:coefficient")]
                for spectrum in find(element, "t:spectrum")
            ],
        }
        for element in find(root, "t:spectrumMatrix")
    }
    gates = [gate for element in root if (gate := gate_of(element, ratios))]
    return {"gates": gates, "transforms": transforms, "matrices": matrices}


def dimension_of(element: Any, ratios: Mapping[str, Any]) -> dict[str, Any]:
    source = attribute(element, "g", "compensation-ref") or "uncompensated"
    table: dict[str, Any] = {"compensation": {"uncompensated": "none", "FCS": "file_if_present"}.get(source, source)}
    if transform := attribute(element, "g", "transformation-ref"):
        table["transform"] = transform
    for new in find(element, "d:new-dimension"):
        table["ratio"] = ratios[attribute(new, "d", "transformation-ref")]
    for channel in find(element, "d:fcs-dimension"):
        table["channel"] = attribute(channel, "d", "name")
    return table


def gate_of(element: Any, ratios: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = etree.QName(element).localname
    gate: dict[str, Any] = {
        "name": attribute(element, "g", "id"),
        "parent": attribute(element, "g", "parent_id") or "",
    }
    dimensions = [dimension_of(found, ratios) for found in find(element, "g:dimension|g:divider")]
    match kind:
        case "RectangleGate":
            for table, found in zip(dimensions, find(element, "g:dimension"), strict=True):
                bounds = {end: attribute(found, "g", end) for end in ("min", "max")}
                table |= {end: value for end, value in bounds.items() if value is not None}
            gate |= {"type": "rectangle", "dimensions": dimensions}
        case "PolygonGate":
            vertices = [values(vertex, "g:coordinate") for vertex in find(element, "g:vertex")]
            gate |= {"type": "polygon", "dimensions": dimensions, "vertices": vertices}
        case "EllipsoidGate":
            gate |= {
                "type": "ellipsoid",
                "dimensions": dimensions,
                "mean": values(element, "g:mean/g:coordinate"),
            }
            gate["covariance"] = [values(row, "g:entry") for row in find(element, "g:covarianceMatrix/g:row")]
            gate["distance_square"] = values(element, "g:distanceSquare")[0]
        case "QuadrantGate":
            for table, divider in zip(dimensions, find(element, "g:divider"), strict=True):
                table["dividers"] = [value.text for value in find(divider, "g:value")]
            quadrants = {}
            for quadrant in find(element, "g:Quadrant"):
                locations = [float(attribute(p, "g", "location")) for p in find(quadrant, "g:position")]
                quadrants[attribute(quadrant, "g", "id")] = [
                    sum(float(cut) <= location for cut in table["dividers"])
                    for table, location in zip(dimensions, locations, strict=True)
                ]
            gate |= {"type": "quadrants", "dimensions": dimensions, "quadrants": quadrants}
        case "BooleanGate":
            (operation,) = [e for e in element if etree.QName(e).localname in {"and", "or", "not"}]
            operands = [
                ("!" if attribute(ref, "g", "use-as-complement") == "true" else "") + attribute(ref, "g", "ref")
                for ref in find(operation, "g:gateReference")
            ]
            gate |= {"type": "boolean", "operator": etree.QName(operation).localname, "operands": operands}
        case _:
            return None
    return gate


@pytest.fixture(scope="module")
def sample():
    return read((REFERENCE / "gatingml/data1.fcs").read_bytes())


@pytest.mark.parametrize("case", CASES, ids=[case["gate"] for case in CASES])
def test_no_event_falls_on_the_other_side(case, sample):
    truth_bytes = (REFERENCE / "gatingml/truth" / case["truth"]).read_bytes()
    assert hashlib.sha256(truth_bytes).hexdigest() == case["sha256"]
    truth = np.array(truth_bytes.split(), int).astype(bool)

    populations = evaluate(strategy_of(tables_of(REFERENCE / "gatingml/gml" / case["gml"])), sample)
    ours = populations[case["gate"]].mask

    differing = np.flatnonzero(ours != truth)
    assert differing.size == 0, f"{differing.size} events differ, the first is {differing[:5]}"
    assert populations.count(case["gate"]) == case["positives"]


def test_compensation_equals_the_published_values():
    """FlowKit's compensation example: an 18-colour tube, spillover from a table beside it."""
    folder = REFERENCE / "compensation"
    expected = json.loads((folder / "expected.json").read_text())
    header, *rows = (folder / "comp_complete_example.csv").read_text().split()
    names = header.split(",")
    raw = np.frombuffer((folder / "test_comp_example_raw_events.f64le").read_bytes(), "<f8").reshape(10703, 18)
    file = read((folder / "test_comp_example.fcs").read_bytes())
    assert np.allclose(file.events, raw, rtol=1e-6)

    gates = [
        {
            "type": "rectangle",
            "name": name,
            "dimensions": [{"channel": name, "min": "0", "compensation": "table"}],
        }
        for name in expected["channels"]
    ]
    matrix = {"detectors": names, "rows": [row.split(",") for row in rows]}
    populations = evaluate(strategy_of({"gates": gates, "matrices": {"table": matrix}}), file)

    for gate in populations.strategy.gates:
        (dimension,) = gate.dimensions
        ours, name = populations.columns.values(dimension), dimension.channel
        if name in expected["compensated_channels"]:
            at = expected["compensated_channels"].index(name)
            assert ours.sum() == pytest.approx(expected["compensated_sums"][at], rel=1e-8)
            assert ours[0] == pytest.approx(expected["first_event_compensated"][at], rel=1e-8)
        else:
            assert np.array_equal(ours, file.events[:, expected["channels"].index(name)])
