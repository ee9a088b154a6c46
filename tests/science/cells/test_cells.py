"""The arithmetic of counting, against published tables and against its own definition."""

from decimal import Decimal
from math import exp, factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from atmpxb.science.cells.counts import diluted, inconsistencies, poisson_interval, viability
from atmpxb.science.cells.replicates import combine, dispersion_p, mean_interval, relative_range
from atmpxb.science.instruments.counters import CellCount


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # Garwood's 95 % limits as tabulated in epidemiology (e.g. Breslow and Day 1987, table 2.11)
    [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.390), (100, 81.364, 121.627)],
)
def test_poisson_limits_are_those_of_the_tables(count: int, low: float, high: float) -> None:
    assert poisson_interval(count) == pytest.approx((low, high), abs=6e-4)


def test_poisson_limits_leave_the_stated_tail() -> None:
    low, high = poisson_interval(7)

    assert sum(exp(-high) * high**k / factorial(k) for k in range(8)) == pytest.approx(0.025)
    assert 1 - sum(exp(-low) * low**k / factorial(k) for k in range(7)) == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("viable", "total", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3 (score)
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0.0, 16.11), (1, 29, 0.61, 17.18)],
)
def test_viability_has_the_published_score_limits(viable: int, total: int, low: float, high: float) -> None:
    estimate = viability(viable, total)

    assert estimate.value == pytest.approx(100 * viable / total)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.006)


@pytest.mark.parametrize(("viable", "total"), [(0, 0), (2, 1), (-1, 3)])
def test_no_viability_without_cells(viable: int, total: int) -> None:
    with pytest.raises(ValueError, match="not a proportion"):
        viability(viable, total)


def test_a_dilution_factor_below_one_is_a_mistake() -> None:
    assert diluted(5e5, 4) == 2e6
    for factor in (0.25, 0, -2, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="at least 1"):
            diluted(5e5, factor)


def test_student_interval_agrees_with_an_independent_program() -> None:
    values = [2.31e6, 2.05e6, 2.44e6, 2.2e6]
    low, high = stats.t.interval(0.95, 3, stats.tmean(values), stats.sem(values))

    estimate = mean_interval(values)

    assert (estimate.low, estimate.high) == pytest.approx((low, high))
    assert combine(values).cv_percent == pytest.approx(100 * stats.variation(values, ddof=1))


def test_one_value_has_no_spread() -> None:
    assert combine([5.0]).cv_percent is None
    assert mean_interval([5.0]).low is None
    assert relative_range([5.0]) is None
    assert combine([0.0, 0.0]).cv_percent is None
    with pytest.raises(ValueError, match="no replicate"):
        combine([])


def test_index_of_dispersion_agrees_with_a_chi_square_test() -> None:
    counts = [180, 221, 199]

    assert dispersion_p(counts) == pytest.approx(stats.chisquare(counts).pvalue)
    # twice the images, twice the cells: nothing to explain
    assert dispersion_p([200, 400], [50, 100]) == pytest.approx(1.0)
    assert dispersion_p([100]) is None
    assert dispersion_p([0, 0]) is None


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, ""),
        ({"viability": Decimal("99.00")}, "viability 99.00 %"),
        ({"viable_count": 2000}, "2000 of 2191"),
        ({"viable_count": 2200}, "2200 viable cells of 2191"),
        ({"viable_per_ml": Decimal("5.5E5")}, "550000 of 780000"),
        ({"viability": Decimal("101"), "total_count": None, "total_per_ml": None}, "viability 101 %"),
        ({"total_count": None, "viable_count": None}, ""),
        (
            {
                "total_per_ml": Decimal("0"),
                "viable_per_ml": Decimal("0"),
                "total_count": 0,
                "viable_count": 0,
            },
            "",
        ),
    ],
)
def test_an_edited_export_contradicts_itself(changed: dict[str, object], says: str) -> None:
    fields = {
        "total_count": 2191,
        "viable_count": 2123,
        "viability": Decimal("96.9"),
        "total_per_ml": Decimal("7.8E5"),
        "viable_per_ml": Decimal("7.5E5"),
    }
    found = inconsistencies(CellCount("CLB001", "line 2", **{**fields, **changed}))  # type: ignore[arg-type]

    assert bool(found) is bool(says)
    assert says in "; ".join(one.message for one in found)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_an_interval_holds_its_count_and_widens_with_confidence(count: int, confidence: float) -> None:
    low, high = poisson_interval(count, confidence)

    assert low <= count <= high
    wide_low, wide_high = poisson_interval(count, confidence + 0.005)
    assert wide_low <= low
    assert high < wide_high
