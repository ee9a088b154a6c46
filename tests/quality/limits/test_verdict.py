"""A value meets a limit: the published examples of the pharmacopoeias, and the cases that go wrong."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atmpxb.quality.assays.seam import Interval
from atmpxb.quality.limits import Limit, Outcome, Rounding, SpecificationLine, judge


@dataclass(frozen=True)
class Line:
    limit: Limit | None = None
    rounding: Rounding = field(default_factory=Rounding)
    informative: bool = False
    unit: str = "%"


YES, NO = Outcome.COMPLIES, Outcome.DOES_NOT_COMPLY


@pytest.mark.parametrize(
    ("value", "limit", "reported", "outcome"),
    [
        # United States Pharmacopeia, General Notices 7.20, table of rounding illustrations
        ("97.96", Limit(low="98.0"), "98.0", YES),
        ("97.92", Limit(low="98.0"), "97.9", NO),
        ("97.95", Limit(low="98.0"), "98.0", YES),
        ("101.55", Limit(high="101.5"), "101.6", NO),
        ("101.46", Limit(high="101.5"), "101.5", YES),
        ("101.45", Limit(high="101.5"), "101.5", YES),
        ("0.025", Limit(high="0.02"), "0.03", NO),
        ("0.015", Limit(high="0.02"), "0.02", YES),
        ("0.027", Limit(high="0.02"), "0.03", NO),
        ("3.5", Limit(high="3"), "4", NO),
        ("3.4", Limit(high="3"), "3", YES),
        ("2.5", Limit(high="3"), "3", YES),
        # the same rule at other places
        ("4.95", Limit(high="4.9"), "5.0", NO),
        ("4.949999999999999", Limit(high="4.9"), "4.9", YES),
        ("4.95", Limit(high="5.0"), "5.0", YES),
        ("79.95", Limit(low="80.0"), "80.0", YES),
        ("79.949", Limit(low="80.0"), "79.9", NO),
        ("79.95", Limit(low="80"), "80", YES),
        ("79.49", Limit(low="80"), "79", NO),
        ("80", Limit(low="80.0", low_inclusive=False), "80.0", NO),
        ("80.05", Limit(low="80.0", low_inclusive=False), "80.1", YES),
        ("94.95", Limit(low="95.0", high="105.0"), "95.0", YES),
        ("105.05", Limit(low="95.0", high="105.0"), "105.1", NO),
        # negative numbers round away from zero, and nothing is reported as minus zero
        ("-3.25", Limit(low="-3.2"), "-3.3", NO),
        ("-3.25", Limit(low="-3.3"), "-3.3", YES),
        ("-0.04", Limit(low="0.0"), "0.0", YES),
        # powers of ten: the last digit that the limit shows decides
        ("949999", Limit(low="1.0E6"), "9E5", NO),
        ("950000", Limit(low="1.0E6"), "1.0E6", YES),
        ("1234567.8", Limit(low="1.0E6"), "1.2E6", YES),
        ("9.5e5", Limit(low="1000000"), "950000", NO),
        ("2.5e-05", Limit(high="0.00002"), "0.00003", NO),
    ],
)
def test_a_value_is_rounded_once_and_then_compared(value: str, limit: Limit, reported: str, outcome: Outcome) -> None:
    verdict = judge(value, None, Line(limit))

    assert (verdict.reported, verdict.outcome) == (reported, outcome)


@pytest.mark.parametrize(
    ("value", "rounding", "reported", "outcome"),
    [
        ("80.5", Rounding("half_even"), "80", YES),
        ("81.5", Rounding("half_even"), "82", NO),
        ("80.5", Rounding(), "81", NO),
        ("80.000000001", Rounding("none"), "80.000000001", NO),
        ("80.04", Rounding(decimals=1), "80.0", YES),
        ("80.05", Rounding(decimals=1), "80.1", NO),
        ("79.96", Rounding(significant=3), "80.0", YES),
        ("99.96", Rounding(significant=3), "100", NO),
        ("0.099996", Rounding(significant=3), "0.100", YES),
        ("1234", Rounding(significant=3), "1.23E3", NO),
        ("0", Rounding(significant=3), "0.00", YES),
    ],
)
def test_other_rules_round_otherwise(value: str, rounding: Rounding, reported: str, outcome: Outcome) -> None:
    verdict = judge(value, None, Line(Limit(high="80"), rounding))

    assert (verdict.reported, verdict.outcome) == (reported, outcome)


@pytest.mark.parametrize("value", [None, "", " ", "nan", "inf", "1e999", "1e-999", "cloudy", "<", "12,5"])
def test_what_is_no_number_is_undetermined_and_says_why(value: str | None) -> None:
    verdict = judge(value, None, Line(Limit(low="80.0")))

    assert verdict.outcome is Outcome.UNDETERMINED
    assert set(verdict.why) == {"en", "nl"}


@pytest.mark.parametrize(
    ("value", "limit", "outcome"),
    [
        ("<0.05", Limit(high="0.05"), YES),
        ("< 0.05", Limit(high="0.05", high_inclusive=False), YES),
        ("<0.06", Limit(high="0.05"), Outcome.UNDETERMINED),
        ("<0.05", Limit(low="0.05"), NO),
        ("<0.05", Limit(low="0.04"), Outcome.UNDETERMINED),
        (">5", Limit(high="5"), NO),
        (">5", Limit(low="5"), YES),
        (">5", Limit(low="2", high="8"), Outcome.UNDETERMINED),
    ],
)
def test_a_value_outside_the_range_of_the_method(value: str, limit: Limit, outcome: Outcome) -> None:
    assert judge(value, None, Line(limit)).outcome is outcome


def test_words_comply_or_not() -> None:
    line = Line(Limit(words=("clear", "slightly_opalescent")), unit="")

    assert judge("clear", None, line).outcome is YES
    assert judge("Clear ", None, line).outcome is YES
    assert judge("turbid", None, line).outcome is NO
    assert judge(None, None, line).outcome is Outcome.UNDETERMINED


def test_an_informative_value_is_reported_whatever_the_limit_says() -> None:
    assert judge("12.34", None, Line(Limit(low="80.0"), informative=True)).outcome is Outcome.REPORTED
    assert judge("12.34", None, Line(None, Rounding(decimals=1), informative=True)).reported == "12.3"
    assert judge("0.1234567", None, Line(None, informative=True)).reported == "0.1234567"
    assert judge("pink", None, Line(None, informative=True)).reported == "pink"


def test_an_interval_over_the_limit_is_told_and_changes_no_verdict() -> None:
    line = Line(Limit(low="80.0"))

    over = judge("80.6", Interval("78.9", "82.2"), line)
    clear = judge("90.6", Interval("88.9", "92.2"), line)

    assert (over.outcome, over.near_limit) == (YES, True)
    assert (clear.outcome, clear.near_limit) == (YES, False)
    assert judge("79.0", Interval("77.0", "81.0"), line).near_limit


numbers = st.decimals(-(10**6), 10**6, allow_nan=False, places=5)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(numbers, st.decimals(-1000, 1000, allow_nan=False, places=2), st.integers(0, 2))
def test_judging_the_reported_text_again_gives_the_same_verdict(value: Decimal, bound: Decimal, digits: int) -> None:
    line = Line(Limit(low=f"{bound:.{digits}f}"))
    first = judge(str(value), None, line)

    again = judge(first.reported, None, line)

    assert (again.reported, again.outcome) == (first.reported, first.outcome)
    assert abs(Decimal(first.reported) - value) <= Decimal("0.5").scaleb(-digits)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.text(max_size=12), st.sampled_from([*map(Rounding, ("ph_eur_general", "half_even", "none"))]))
def test_no_text_makes_judging_crash(value: str, rounding: Rounding) -> None:
    assert judge(value, Interval(value, value), Line(Limit(low="1", high="2"), rounding)).outcome in Outcome


@pytest.mark.parametrize(
    ("value", "low", "high", "expected", "reported"),
    [
        ("< 0.12", None, "0.50", Outcome.COMPLIES, "< 0.12"),
        ("< 0.50", None, "0.50", Outcome.COMPLIES, "< 0.50"),
        ("< 0.51", None, "0.50", Outcome.UNDETERMINED, "< 0.51"),
        ("> 0.50", None, "0.50", Outcome.DOES_NOT_COMPLY, "> 0.50"),
        ("> 0.40", None, "0.50", Outcome.UNDETERMINED, "> 0.40"),
        ("> 12", "10", None, Outcome.COMPLIES, "> 12"),
        ("< 9", "10", None, Outcome.DOES_NOT_COMPLY, "< 9"),
        ("< 12", "10", None, Outcome.UNDETERMINED, "< 12"),
    ],
)
def test_a_censored_value_is_judged_by_its_bound_and_never_equals_it(
    value: str, low: str | None, high: str | None, expected: Outcome, reported: str
) -> None:
    found = judge(value, None, Line(Limit(low, high)))
    assert (found.outcome, found.reported) == (expected, reported)


def test_a_value_in_another_unit_is_never_compared() -> None:
    line = SpecificationLine("c", {"en": "C"}, "CC-001", "viable", unit="cells/mL", limit=Limit(low="0.5"))
    verdict = judge("1.2", None, line, "10^6 cells/mL")
    assert (verdict.outcome, verdict.reported) == (Outcome.UNDETERMINED, "1.2")
    assert "10^6 cells/mL" in verdict.why["en"]
    assert "cells/mL" in verdict.why["nl"]
    assert judge("1.2", None, line, "cells/mL").outcome is YES
