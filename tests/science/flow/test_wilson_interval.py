"""The interval on a percentage of events, against scipy's and Newcombe's published examples."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from atmpxb.science.statistics.proportion import wilson_interval


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_newcombe_1998_table_one(part, whole, low, high):
    assert wilson_interval(part, whole) == pytest.approx((low, high), abs=5e-5)


@settings(derandomize=True, max_examples=200)
@given(st.integers(1, 10**6), st.floats(0, 1), st.sampled_from([0.9, 0.95, 0.99]))
def test_the_same_as_scipy(whole, share, confidence):
    part = round(share * whole)
    theirs = binomtest(part, whole).proportion_ci(confidence, method="wilson")
    assert wilson_interval(part, whole, confidence) == pytest.approx((theirs.low, theirs.high), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("part", "whole", "confidence"), [(1, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0)])
def test_what_is_no_proportion_is_refused(part, whole, confidence):
    with pytest.raises(ValueError, match="not"):
        wilson_interval(part, whole, confidence)
