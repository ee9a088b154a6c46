"""Pictures of gates: safe under a strict policy, small, and the same in table and image."""

import base64
import gzip
import io

import numpy as np
import pytest
from lxml import etree
from PIL import Image

from atmpxb.science.flow import evaluate, strategy_of
from atmpxb.science.flow.plots import pictures
from atmpxb.science.flow.png import png
from atmpxb.science.instruments.fcs import Channel, read, write

LOGICLE = {"type": "logicle", "T": 262144, "W": 0.5, "M": 4.5}
GATES = [
    {"type": "polygon", "name": "cells <&>", "dimensions": ["FSC-A", "SSC-A"],
     "vertices": [[5e4, 2e4], [2e5, 2e4], [2e5, 2e5], [5e4, 2e5]]},
    {"type": "rectangle", "name": "live", "parent": "cells <&>",
     "dimensions": [{"channel": "7-AAD", "transform": "bright", "max": 0.6}]},
    {"type": "quadrants", "name": "q", "parent": "live",
     "dimensions": [{"channel": "CD4", "transform": "bright", "dividers": [0.6]},
                    {"channel": "CD8", "transform": "bright", "dividers": [0.6]}],
     "quadrants": {"CD4+": [1, 0], "CD8+": [0, 1]}},
    {"type": "ellipsoid", "name": "e", "parent": "live", "mean": [0.5, 0.5],
     "covariance": [[0.01, 0.002], [0.002, 0.01]],
     "dimensions": [{"channel": "CD4", "transform": "bright"}, {"channel": "CD8", "transform": "bright"}]},
    {"type": "boolean", "name": "both", "operator": "and", "operands": ["e", "live"]},
]  # fmt: skip


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(3)
    events = np.column_stack(
        [rng.normal(1e5, 2e4, 20000), rng.normal(8e4, 2e4, 20000), *rng.lognormal(7, 2, (3, 20000))]
    )
    names = ["FSC-A", "SSC-A", "7-AAD", "CD4", "CD8"]
    file = read(write(events.astype(np.float32), [Channel(name) for name in names]))
    populations = evaluate(strategy_of({"gates": GATES, "transforms": {"bright": LOGICLE}}), file)
    return populations, pictures(populations)


def test_each_parent_and_pair_of_dimensions_gets_one_picture(drawn):
    _, found = drawn
    assert [picture.populations for picture in found] == [("cells <&>",), ("live",), ("CD4+", "CD8+", "e")]


def test_the_table_says_what_the_picture_says(drawn):
    populations, found = drawn
    for picture in found:
        for name, count, percent in picture.rows:
            if name != "↔":
                assert int(count) == populations.count(name)
                assert float(percent) == pytest.approx(populations.percent(name), abs=0.005)
                label = f"{name} {percent} %"
                assert label in "".join(etree.fromstring(picture.svg.encode()).itertext())


def test_nothing_in_it_needs_a_style_a_script_or_the_network(drawn):
    for picture in drawn[1]:
        root = etree.fromstring(picture.svg.encode())
        for element in root.iter():
            assert etree.QName(element).localname in {
                "svg", "rect", "text", "tspan", "path", "image", "polygon", "polyline"
            }  # fmt: skip
            assert not {"style", "class", "onload"} & set(element.attrib)
            assert element.get("href", "data:image/png;base64,").startswith("data:image/png;base64,")
        assert len(gzip.compress(picture.svg.encode())) <= 25_000


def test_the_raster_shows_every_event_once(drawn):
    image = etree.fromstring(drawn[1][0].svg.encode()).find("{http://www.w3.org/2000/svg}image")
    raster = Image.open(io.BytesIO(base64.b64decode(image.get("href").partition(",")[2])))
    assert raster.size == (256, 256)
    filled = np.asarray(raster)
    assert 0 < np.count_nonzero(filled) <= 20000
    assert filled.max() == 31


def test_a_png_of_ours_is_read_by_others():
    pattern = (np.arange(12).reshape(3, 4) * 2).astype(np.uint8)
    image = Image.open(io.BytesIO(png(pattern)))
    assert np.array_equal(np.asarray(image), pattern)
    assert image.convert("RGBA").getpixel((0, 0))[3] == 0


def test_a_population_without_events_still_has_its_picture():
    file = read(write(np.zeros((0, 2), np.float32), [Channel("X"), Channel("Y")]))
    gate = {"type": "polygon", "name": "p", "dimensions": ["X", "Y"], "vertices": [[0, 0], [1, 0], [1, 1]]}
    (picture,) = pictures(evaluate(strategy_of({"gates": [gate]}), file))
    assert picture.rows == (("p", "0", "–"),)
