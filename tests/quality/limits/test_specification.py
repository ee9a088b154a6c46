"""A specification is read strictly, and scarce material goes where it decides most."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atmpxb.quality.limits import (
    Aliquot,
    Limit,
    Rounding,
    SamplingPlan,
    SpecificationError,
    allocate,
    parse_specification,
)

GOOD = """\
schema = "atmpxb.specification/1"
code = "SP-CART-01"
product = "CART-01"
version = "2"
title = { en = "CAR-T cells", nl = "CAR-T-cellen" }

[[tests]]
code = "viability"
title = { en = "Viability", nl = "Viabiliteit" }
method = "CC-001"
reportable = "viability"
unit = "%"
limit = { low = "80.0" }
reference = "Ph. Eur. 2.7.29"

[[tests]]
code = "vcn"
title = { en = "Vector copies", nl = "Vectorkopieën" }
method = "QP-001"
method_version = "1.2"
reportable = "vcn"
limit = { above = "0", below = "5.0" }
rounding = { rule = "half_even", decimals = 1 }

[[tests]]
code = "appearance"
title = { en = "Appearance", nl = "Uitzicht" }
method = "OB-001"
reportable = "appearance"
limit = { words = ["clear"] }

[[tests]]
code = "cd4"
title = { en = "CD4 share", nl = "Aandeel CD4" }
method = "FC-001"
reportable = "cd4"
informative = true
when = "monitoring"

[sampling]
biosafety_class = "2"
gmo_class = "2"
retention = { volume_ul = 500 }

[[sampling.aliquots]]
code = "A"
title = { en = "Cells", nl = "Cellen" }
volume_ul = "800"
minimum_ul = 300
hold_hours = 4
priority = 1
tests = ["viability", "cd4", "appearance"]

[[sampling.aliquots]]
code = "B"
title = { en = "DNA", nl = "DNA" }
volume_ul = 500
minimum_ul = 400
priority = 2
tests = ["vcn"]
"""


def test_a_good_specification_is_read_whole() -> None:
    found = parse_specification(GOOD.encode())

    assert (found.code, found.product, found.version) == ("SP-CART-01", "CART-01", "2")
    viability, vcn, appearance, cd4 = found.lines
    assert viability.limit == Limit(low="80.0")
    assert viability.rounding == Rounding("ph_eur_general")
    assert vcn.limit == Limit("0", "5.0", low_inclusive=False, high_inclusive=False)
    assert vcn.rounding == Rounding("half_even", decimals=1)
    assert vcn.method_version == "1.2"
    assert appearance.limit == Limit(words=("clear",))
    assert (cd4.informative, cd4.when, viability.when) == (True, "monitoring", "release")
    assert found.sampling is not None
    assert found.sampling.retention_ul == 500
    assert [(a.code, a.volume_ul, a.minimum_ul, a.hold_hours) for a in found.sampling.aliquots] == [
        ("A", 800, 300, 4),
        ("B", 500, 400, None),
    ]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('low = "80.0"', "low = 80.0", "must stand in quotes"),
        ('low = "80.0"', 'low = "80.0", high = "90"', "different last digits"),
        ('low = "80.0"', 'low = "80.0", high = "70.0"', "above the upper bound"),
        ('low = "80.0"', 'low = "80.0", above = "79.0"', "given twice"),
        ('low = "80.0"', 'low = "80.0", words = ["clear"]', "bounds or words, not both"),
        ('limit = { low = "80.0" }', "", "only informs"),
        ('limit = { low = "80.0" }', "limit = {}", "the limit is empty"),
        ("decimals = 1", "decimals = 1, significant = 2", "not both"),
        ('rule = "half_even"', 'rule = "none"', "does not round"),
        ('rule = "half_even"', 'rule = "truncate"', "must be one of"),
        ('code = "vcn"', 'code = "viability"', "defined twice"),
        ('tests = ["vcn"]', 'tests = ["vcm"]', "'vcm', which is no test"),
        ("minimum_ul = 400", "minimum_ul = 600", "minimum_ul not above volume_ul"),
        ("retention = { volume_ul = 500 }", "", "either 'retention'"),
        ("retention = { volume_ul = 500 }", 'retention = { volume_ul = 500 }\nwaiver = "x"', "either"),
        ("priority = 2", "priority = 2\nprioriteit = 1", "unknown key 'prioriteit'"),
    ],
)
def test_each_mistake_is_named_with_its_line(before: str, after: str, says: str) -> None:
    assert before in GOOD
    with pytest.raises(SpecificationError) as caught:
        parse_specification(GOOD.replace(before, after, 1).encode())
    (found,) = [problem for problem in caught.value.problems if says in problem.message]
    assert found.message.startswith("line ")


def plan() -> SamplingPlan:
    found = parse_specification(GOOD.encode()).sampling
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("available", "given", "untested", "retention", "remaining"),
    [
        (2000, {"A": 800, "B": 500}, (), 500, 200),
        (1500, {"A": 800, "B": 500}, (), 200, 0),
        (1000, {"A": 600, "B": 400}, (), 0, 0),  # both tests are done, none at its planned volume
        (699, {"A": 699}, ("vcn",), 0, 0),
        (299, {}, ("viability", "cd4", "appearance", "vcn"), 299, 0),
        (0, {}, ("viability", "cd4", "appearance", "vcn"), 0, 0),
    ],
)
def test_scarce_material_serves_as_many_tests_as_it_can(
    available: int, given: dict[str, int], untested: tuple[str, ...], retention: int, remaining: int
) -> None:
    found = allocate(plan(), available)

    assert {portion.aliquot: portion.volume_ul for portion in found.portions} == given
    assert found.untested == untested
    assert (found.retention_ul, found.remaining_ul) == (retention, remaining)


def test_a_shortage_says_what_is_missing_in_both_languages() -> None:
    (shortage,) = allocate(plan(), 699).shortages

    assert (shortage.aliquot, shortage.tests, shortage.missing_ul) == ("B", ("vcn",), 1)
    assert "400 µL; 399 µL is left" in shortage.why["en"]
    assert "minstens 400 µL" in shortage.why["nl"]


@pytest.mark.parametrize("volume", ["-1", "NaN", "Infinity"])
def test_what_is_no_volume_is_refused(volume: str) -> None:
    with pytest.raises(ValueError, match="is not a volume"):
        allocate(plan(), volume)


@st.composite
def plans(draw: st.DrawFn) -> SamplingPlan:
    aliquots = []
    for number in range(draw(st.integers(1, 6))):
        volume = draw(st.integers(1, 900))
        aliquots.append(
            Aliquot(
                code=str(number),
                title={},
                volume_ul=Decimal(volume),
                minimum_ul=Decimal(draw(st.integers(1, volume))),
                priority=draw(st.integers(1, 3)),
                tests=(str(number),),
            )
        )
    return SamplingPlan(tuple(aliquots), retention_ul=draw(st.none() | st.just(Decimal(100))))


@settings(max_examples=300, derandomize=True, deadline=None)
@given(plans(), st.integers(0, 4000))
def test_nothing_is_lost_and_priority_holds(plan: SamplingPlan, available: int) -> None:
    found = allocate(plan, available)
    given_ul = {portion.aliquot: portion.volume_ul for portion in found.portions}

    assert sum(given_ul.values()) + found.retention_ul + found.remaining_ul == available
    for aliquot in plan.aliquots:
        if aliquot.code in given_ul:
            assert aliquot.minimum_ul <= given_ul[aliquot.code] <= aliquot.volume_ul
        else:
            more_urgent = sum(a.minimum_ul for a in plan.aliquots if a.priority < aliquot.priority)
            beside = sum(a.minimum_ul for a in plan.aliquots if a.priority == aliquot.priority)
            assert more_urgent + beside > available
