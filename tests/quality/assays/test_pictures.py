"""A picture is drawn once and read in every language."""

from xml.etree import ElementTree

import pytest

from atmpxb.quality.assays.cell_count.figure import replicates
from atmpxb.quality.assays.cell_count.samples import Counted, Row
from atmpxb.quality.assays.pictures import element, in_language
from atmpxb.science.instruments.counters import CellCount

COUNTS = tuple(
    Row("a.csv", CellCount("S1", "", total_count=1000, viable_count=viable, viable_per_ml=None))
    for viable in (905, 912)
)


def test_the_words_of_a_plot_follow_the_reader() -> None:
    (plot,) = replicates({"S1.2": Counted(COUNTS, 1.0, 0.95)})
    english, dutch = in_language(plot.svg, "en"), in_language(plot.svg, "nl")
    assert ">Viability (%)<" in english
    assert ">Viabiliteit (%)<" in dutch
    assert "Viability" not in dutch
    assert "data-nl" not in english + dutch
    assert ">S1.2<" in dutch, "a label is no number"
    for svg in (english, dutch):
        ElementTree.fromstring(svg)


@pytest.mark.parametrize("text", ['a "quoted" < text & more', "&quot;"])
def test_a_hostile_name_stays_text(text: str) -> None:
    drawn = f"<svg>{element('text', '', {'en': text, 'nl': text})}</svg>"
    for language in ("en", "nl"):
        (shown,) = ElementTree.fromstring(in_language(drawn, language))
        assert shown.text == text
