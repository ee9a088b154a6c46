"""Scale transforms against the published definitions, computed here independently with 50 digits."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atmpxb.science.flow import GateError
from atmpxb.science.flow.transforms import Asinh, Hyperlog, Linear, Log, Logicle, transform_of

SCALES = [
    Linear(T=10000, A=100),
    Asinh(T=10000, M=4, A=1),
    Logicle(T=10000, W=0.5, M=4.5, A=0),
    Logicle(T=262144, W=0.5, M=4.5, A=0.5),
    Logicle(T=262144, W=0, M=4.5, A=0),
    Logicle(T=1000, W=1, M=4, A=1),
    Hyperlog(T=10000, W=1, M=4.5, A=0),
    Hyperlog(T=1000, W=0.01, M=4, A=1),
]

#: Test values of Gating-ML 2.0, six decimals, T = 1000, W = 1, M = 4, A = 0 (FlowUtils publishes the same).
LOGICLE_TABLE = {-10.0: 0.067574, -5.0: 0.147986, -1.0: 0.228752, 0.0: 0.25, 1.0: 0.271248, 10.0: 0.432426}
LOGICLE_TABLE |= {100.0: 0.739548, 1000.0: 1.0}


def exact_logicle_inverse(scale: Logicle, display: float) -> Decimal:
    """Moore & Parks 2012, equations as printed, with 50 digits: x = a·e^{by} − c·e^{−dy} − f."""
    with localcontext() as context:
        context.prec = 50
        t, w, m, a = (Decimal(repr(float(v))) for v in (scale.T, scale.W, scale.M, scale.A))
        w, x2 = w / (m + a), a / (m + a)
        x1, x0, b = x2 + w, x2 + 2 * w, (m + a) * Decimal(10).ln()
        low, high = Decimal("1e-9"), b
        for _ in range(170 if w else 0):
            d = (low + high) / 2
            low, high = (low, d) if 2 * (d.ln() - b.ln()) + w * (d + b) > 0 else (d, high)
        d = high
        c_a = ((b + d) * x0).exp()
        f_a = (b * x1).exp() - c_a * (-d * x1).exp()
        factor = t / (b.exp() - f_a - c_a * (-d).exp())
        y = Decimal(repr(display))
        reflected = max(y, 2 * x1 - y)
        value = factor * ((b * reflected).exp() - c_a * (-d * reflected).exp() - f_a)
        return value if y >= x1 else -value


@pytest.mark.parametrize("scale", [s for s in SCALES if isinstance(s, Logicle)])
def test_logicle_is_the_published_function(scale):
    for display in (0.05, 0.2, 0.3, 0.5, 0.75, 1.0):
        exact = float(exact_logicle_inverse(scale, display))
        assert float(scale.inverse(np.array([display]))[0]) == pytest.approx(exact, rel=1e-12)
        assert float(scale.apply(np.array([exact]))[0]) == pytest.approx(display, abs=1e-13)


def test_logicle_gives_the_values_printed_in_the_standard():
    ours = Logicle(T=1000, W=1, M=4, A=0).apply(np.array(list(LOGICLE_TABLE)))
    np.testing.assert_allclose(ours, list(LOGICLE_TABLE.values()), atol=5e-7)


@pytest.mark.parametrize("scale", SCALES)
@settings(derandomize=True, max_examples=50)
@given(st.lists(st.floats(-1e5, 1e6), min_size=1, max_size=20))
def test_there_and_back_again(scale, values):
    x = np.array(values)
    y = scale.apply(x)
    np.testing.assert_allclose(scale.inverse(y), x, rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("scale", [*SCALES, Log(T=10000, M=4.5)])
def test_order_is_kept_and_the_top_of_scale_is_one(scale):
    x = np.sort(np.concatenate([np.linspace(1e-3, 2e5, 4001), np.geomspace(1e-3, 1e5, 500)]))
    y = scale.apply(x)
    assert (np.diff(y) >= 0).all()
    assert float(scale.apply(np.array([scale.T]))[0]) == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize("scale", [s for s in SCALES if isinstance(s, Logicle | Hyperlog)])
def test_one_absurd_value_does_not_blur_the_others(scale):
    """A corrupt float of 1e37 or 1e300 beside real signals: each keeps its place on the scale."""
    sane = np.concatenate([[0.0], np.geomspace(1e-9, 1e7, 400)])
    alone = scale.apply(np.concatenate([-sane, sane]))
    for absurd in (1e20, 1e37, 1e38, 1e300):
        together = scale.apply(np.concatenate([-sane, sane, [absurd]]))
        np.testing.assert_allclose(together[:-1], alone, rtol=0, atol=1e-14)
        assert float(scale.inverse(together[-1:])[0]) == pytest.approx(absurd, rel=1e-11)
    np.testing.assert_allclose(scale.inverse(alone[402:]), sane[1:], rtol=1e-9, atol=1e-10)


def test_values_beyond_all_numbers_do_not_spoil_their_neighbours():
    y = Logicle(T=10000, W=0.5, M=4.5).apply(np.array([np.nan, np.inf, -np.inf, 10000.0]))
    assert np.isnan(y[0])
    assert (y[1], y[2]) == (np.inf, -np.inf)
    assert y[3] == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("logicle", {"T": 0, "W": 0.5, "M": 4.5}),
        ("logicle", {"T": 10000, "W": 3, "M": 4.5}),
        ("hyperlog", {"T": 10000, "W": 0, "M": 4.5}),
        ("asinh", {"T": 10000, "M": 4, "A": 5}),
        ("linear", {"T": "many"}),
        ("logicle", {"top": 1}),
        ("biex", {}),
    ],
)
def test_parameters_out_of_bounds_are_refused(kind, parameters):
    with pytest.raises(GateError):
        transform_of(kind, parameters)
