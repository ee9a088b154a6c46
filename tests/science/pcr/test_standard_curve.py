"""The line is scipy's line, the intervals cover what they promise, and the copy number is the ratio."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from atmpxb.science.pcr import fit, read_quantity, vector_copy_number

QUANTITIES = np.repeat([1e2, 1e3, 1e4, 1e5, 1e6], 3)


def noisy(seed: int, sd: float = 0.08, slope: float = -3.4) -> np.ndarray:
    generator = np.random.Generator(np.random.PCG64(seed))
    return 38 + slope * np.log10(QUANTITIES) + generator.normal(0, sd, QUANTITIES.size)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 0.5), st.floats(-4.5, -2.5))
def test_the_line_is_the_one_of_scipy(seed: int, sd: float, slope: float) -> None:
    cqs = noisy(seed, sd, slope)
    ours, theirs = fit(QUANTITIES, cqs), stats.linregress(np.log10(QUANTITIES), cqs)
    assert ours.slope == pytest.approx(theirs.slope, rel=1e-10)
    assert ours.intercept == pytest.approx(theirs.intercept, rel=1e-10)
    assert ours.slope_se == pytest.approx(theirs.stderr, rel=1e-9)
    assert ours.r_squared == pytest.approx(theirs.rvalue**2, rel=1e-10)
    assert ours.efficiency_low < ours.efficiency < ours.efficiency_high


def test_a_slope_of_one_over_log_two_is_doubling() -> None:
    quantities = np.array([1e1, 1e2, 1e3, 1e4])
    curve = fit(quantities, 36 - np.log2(quantities))
    assert curve.slope == pytest.approx(-3.321928094887362)
    assert curve.efficiency == pytest.approx(2.0)


def test_lack_of_fit_finds_a_bent_curve_and_is_quiet_about_a_straight_one() -> None:
    bent = noisy(3) + 0.4 * (np.log10(QUANTITIES) - 4) ** 2
    assert fit(QUANTITIES, bent).lack_of_fit_p < 0.001  # type: ignore[operator]
    alarms = sum(fit(QUANTITIES, noisy(seed)).lack_of_fit_p < 0.05 for seed in range(400))  # type: ignore[operator]
    assert 8 <= alarms <= 35, "about 5 % of straight curves"
    assert fit(QUANTITIES[::3], noisy(1)[::3]).lack_of_fit_p is None


def test_fieller_covers_the_truth_in_95_of_100() -> None:
    generator = np.random.Generator(np.random.PCG64(5))
    hits = 0
    for seed in range(1500):
        curve = fit(QUANTITIES, noisy(seed, 0.12))
        cqs = 38 - 3.4 * math.log10(2500) + generator.normal(0, 0.12, 3)
        reading = read_quantity(curve, cqs)
        assert reading.low is not None
        assert reading.high is not None
        hits += reading.low <= 2500 <= reading.high
    assert 0.935 <= hits / 1500 <= 0.965


def test_copy_number_covers_the_truth_in_95_of_100() -> None:
    generator = np.random.Generator(np.random.PCG64(6))
    hits = 0
    for seed in range(1500):
        vector, reference = fit(QUANTITIES, noisy(seed, 0.1)), fit(QUANTITIES, noisy(seed + 10**5, 0.1, -3.3))
        v = read_quantity(vector, 38 - 3.4 * math.log10(9000) + generator.normal(0, 0.1, 3))
        r = read_quantity(reference, 38 - 3.3 * math.log10(10000) + generator.normal(0, 0.1, 3))
        number = vector_copy_number(v, r)
        hits += number.low <= 1.8 <= number.high
    assert 0.935 <= hits / 1500 <= 0.97


def test_a_flat_scatter_has_no_bounds() -> None:
    generator = np.random.Generator(np.random.PCG64(7))
    curve = fit(QUANTITIES, 30 + generator.normal(0, 2, QUANTITIES.size))
    reading = read_quantity(curve, np.array([30.0, 30.1]))
    assert (reading.low, reading.high) == (None, None)


def test_outside_the_standards_is_said() -> None:
    curve = fit(QUANTITIES, noisy(1))
    assert read_quantity(curve, np.array([24.0])).in_range
    assert not read_quantity(curve, np.array([34.0])).in_range
    assert not read_quantity(curve, np.array([15.0])).in_range


@pytest.mark.parametrize(
    ("quantities", "cqs"),
    [
        ([1e3, 1e4], [30, 27]),
        ([1e3] * 3, [30, 30, 31]),
        ([0, 1e3, 1e4], [40, 30, 27]),
        ([1, 2, 3], [1, math.nan, 2]),
    ],
)
def test_what_is_no_curve_is_refused(quantities: list[float], cqs: list[float]) -> None:
    with pytest.raises(ValueError, match=r"standard curve|quantities"):
        fit(np.array(quantities, float), np.array(cqs, float))


def test_copies_of_the_reference_must_be_known() -> None:
    reading = read_quantity(fit(QUANTITIES, noisy(1)), np.array([24.0]))
    assert vector_copy_number(reading, reading, 2).copies_per_cell == pytest.approx(2)
    with pytest.raises(ValueError, match="more than zero"):
        vector_copy_number(reading, reading, 0)
