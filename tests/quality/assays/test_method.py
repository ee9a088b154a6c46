"""A laboratory writes a method by hand: a good one is read whole, a bad one comes back with every mistake."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atmpxb.quality.assays.method import MethodError, parse

GOOD = """\
schema = "atmpxb.method/1"
code = "FC-010"
version = "1.0"
kind = "flow"
title = { en = "Identity", nl = "Identiteit" }
reference = "Ph. Eur. 2.7.24"

[[inputs]]
role = "stained"
title = { en = "Stained sample", nl = "Gekleurd staal" }
formats = ["fcs"]
maximum = 4

[[inputs]]
role = "control"
title = { en = "Control", nl = "Controle" }
formats = ["fcs"]
minimum = 0

[[entries]]
code = "appearance"
title = { en = "Appearance", nl = "Uitzicht" }
type = "choice"
second_person = true
[entries.choices]
clear = { en = "Clear", nl = "Helder" }

[parameters]
channels = { live = "FITC-A" }

[[reportables]]
code = "viability"
title = { en = "Viability", nl = "Viabiliteit" }
unit = "%"
measure = "percent:live"

[[suitability]]
code = "events"
title = { en = "Events", nl = "Gebeurtenissen" }
measure = "count:live"
minimum = "1000"
"""


def problems(source: str) -> tuple[str, ...]:
    with pytest.raises(MethodError) as caught:
        parse(source.encode())
    return tuple(problem.message for problem in caught.value.problems)


def test_a_good_method_is_read_whole() -> None:
    method = parse(GOOD.encode())

    assert (method.code, method.version, method.kind, method.reference) == (
        "FC-010",
        "1.0",
        "flow",
        "Ph. Eur. 2.7.24",
    )
    assert [(item.role, item.minimum, item.maximum) for item in method.inputs] == [
        ("stained", 1, 4),
        ("control", 0, None),
    ]
    assert method.entries[0].choices == {"clear": {"en": "Clear", "nl": "Helder"}}
    assert method.entries[0].second_person
    assert not method.entries[0].per_sample
    assert method.parameters == {"channels": {"live": "FITC-A"}}
    assert method.reportables[0].options == {"measure": "percent:live"}
    assert (method.suitability[0].minimum, method.suitability[0].maximum) == ("1000", None)
    assert method.source == GOOD.encode()
    assert method.sha256 == sha256(GOOD.encode()).hexdigest()


def test_every_mistake_comes_back_at_once_with_its_line() -> None:
    bad = (
        GOOD.replace('version = "1.0"\n', "")
        .replace('formats = ["fcs"]\nmaximum = 4', 'formats = []\ncolour = "red"')
        .replace('minimum = "1000"', "minimum = 1000.5")
    )

    found = problems(bad)

    assert "'version' is missing" in found[0]
    assert "line 10: [inputs 1] 'formats' must not be empty" in found
    assert "line 11: [inputs 1] unknown key 'colour'; remove it or correct its spelling" in found
    assert any('minimum = "1000.5"' in sentence and sentence.startswith("line 40:") for sentence in found)
    assert len(found) == 5  # without its minimum the criterion has no bound either


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("atmpxb.method/1", "atmpxb.method/9", "reads no other"),
        (', nl = "Identiteit"', "", "no text in language 'nl'"),
        ('nl = "Helder"', 'fr = "Clair", nl = "Helder"', "unknown language 'fr'"),
        ('type = "choice"', 'type = "colour"', "must be one of decimal"),
        ('type = "choice"', 'type = "text"', "only an entry of type 'choice'"),
        ('role = "control"', 'role = "stained"', "'stained' is defined twice"),
        ("minimum = 0", "minimum = 2\nmaximum = 1", "below minimum 2"),
        ('minimum = "1000"', 'minimum = "2"\nmaximum = "1"', "below minimum 2"),
        ('minimum = "1000"', 'minimum = "1,5"', "decimal with a point"),
        ('minimum = "1000"', "", "needs 'minimum', 'maximum' or both"),
        ("second_person = true", 'second_person = "yes"', "true or false"),
        ('code = "FC-010"', 'code = "FC 010"', "letters, digits"),
        ("[[reportables]]", "[[reportable]]", "reports nothing"),
    ],
)
def test_each_mistake_is_named(before: str, after: str, says: str) -> None:
    assert before in GOOD
    assert any(says in sentence for sentence in problems(GOOD.replace(before, after, 1)))


def test_a_syntax_error_names_its_line() -> None:
    assert "line 3" in problems(GOOD.replace('version = "1.0"', "version = "))[0]


def test_other_bytes_are_refused() -> None:
    with pytest.raises(MethodError, match="UTF-8"):
        parse(b"\xff\xfe\x00")


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.data())
def test_a_damaged_method_is_read_or_refused_but_never_crashes(data: st.DataObject) -> None:
    source = bytearray(GOOD.encode())
    at = data.draw(st.integers(0, len(source) - 1))
    width = data.draw(st.integers(0, 60))
    source[at : at + width] = data.draw(st.binary(max_size=8))
    try:
        parse(bytes(source))
    except MethodError as error:
        refused = error
    else:
        return
    assert refused.problems
