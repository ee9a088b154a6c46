"""Curves of known shape give their efficiency and Cq back; odd wells are flagged, not guessed at."""

from pathlib import Path

import numpy as np
import pytest

from atmpxb.science.instruments.rdml import read
from atmpxb.science.pcr import RULES, AmplificationRules, amplify, quantification_cycles, threshold

CYCLES = np.arange(1.0, 46.0)


def logistic(
    start: float, efficiency: float = 1.95, plateau: float = 4.0, level: float = 1.0, drift: float = 0.0
) -> np.ndarray:
    """Logistic growth whose exponential phase is start × efficiency^cycle."""
    return level + drift * CYCLES + plateau / (1 + plateau / start * efficiency**-CYCLES)


def exact_cq(start: float, limit: float, efficiency: float = 1.95, plateau: float = 4.0) -> float:
    """The cycle at which the noiseless logistic reaches the limit, in closed form."""
    return float(np.log((plateau / limit - 1) ** -1 * plateau / start) / np.log(efficiency))


@pytest.mark.parametrize("drift", [0.0, 0.003])
def test_cq_is_the_crossing_of_the_known_curve(drift: float) -> None:
    starts = [1e-5, 1e-7, 1e-9]
    curves = amplify(CYCLES, np.array([logistic(s, drift=drift) for s in starts]))
    found = quantification_cycles(curves, 0.2)
    expected = [exact_cq(s, 0.2) for s in starts]
    # An early curve leaves too few cycles to see the drift; it says so.
    assert curves.short_baseline.tolist() == [True, False, False]
    error = np.abs(found - expected)
    assert error[~curves.short_baseline].max() < 0.03
    assert error.max() < (0.03 if drift == 0 else 0.25)
    # Growth slows before it ends, so the efficiency of a well reads low by up to 0.12 and never high.
    assert ((curves.efficiency > 1.83) & (curves.efficiency < 1.95))[~curves.short_baseline].all()


def test_ten_times_less_template_comes_later_by_what_the_efficiency_says() -> None:
    curves = amplify(CYCLES, np.array([logistic(s, 1.9) for s in (1e-6, 1e-7, 1e-8)]))
    steps = np.diff(quantification_cycles(curves, 0.1))
    assert steps == pytest.approx(np.log(10) / np.log(1.9), abs=0.01)


def test_the_answer_does_not_depend_on_scale_or_offset() -> None:
    wells = np.array([logistic(s) for s in (1e-5, 1e-7)])
    first = quantification_cycles(amplify(CYCLES, wells), 0.2)
    scaled = quantification_cycles(amplify(CYCLES, wells * 5000 - 300), 1000.0)
    assert scaled == pytest.approx(first, abs=1e-9)


def test_noise_and_drift_are_no_amplification() -> None:
    generator = np.random.Generator(np.random.PCG64(1))
    noise = generator.normal(1.0, 0.01, (200, CYCLES.size)) + 0.002 * CYCLES
    curves = amplify(CYCLES, np.vstack([noise, [logistic(1e-6)]]))
    assert curves.amplified.tolist() == [False] * 200 + [True]
    assert np.isnan(quantification_cycles(curves, 0.2)[:-1]).all()


def test_a_missing_reading_makes_a_well_unusable_and_leaves_the_others_alone() -> None:
    alone = quantification_cycles(amplify(CYCLES, np.array([logistic(1e-6)])), 0.2)
    broken = logistic(1e-6)
    broken[20] = np.nan
    curves = amplify(CYCLES, np.array([broken, logistic(1e-6)]))
    assert curves.unusable.tolist() == [True, False]
    found = quantification_cycles(curves, 0.2)
    assert np.isnan(found[0])
    assert found[1] == alone[0]


def test_odd_wells_are_flagged() -> None:
    generator = np.random.Generator(np.random.PCG64(2))
    noisy = logistic(1e-7) + np.where(CYCLES < 18, generator.normal(0, 0.15, CYCLES.size), 0)
    wells = np.array([logistic(1e-7), noisy, logistic(2e-2), logistic(3e-12)])
    curves = amplify(CYCLES, wells, AmplificationRules(rise_over_plate=0.01))
    assert curves.noisy.tolist() == [False, True, False, False]
    assert curves.short_baseline.tolist() == [False, False, True, False]
    assert curves.no_plateau.tolist() == [False, False, False, True]


def test_thresholds_lie_in_the_exponential_phase() -> None:
    curves = amplify(CYCLES, np.array([logistic(s) for s in (1e-5, 1e-7)]))
    everything = np.array([True, True])
    level = threshold(curves, everything, "one_cycle_below_exponential_end")
    # A logistic bends most where it reaches (3 - √3)/6 of its plateau; half of that is the rule.
    assert level == pytest.approx(4.0 * (3 - 3**0.5) / 6 / 2, rel=0.25)
    assert threshold(curves, np.array([False, False]), RULES[1]) is None
    with pytest.raises(ValueError, match="not a rule"):
        threshold(curves, everything, "fixed")


@pytest.mark.parametrize(
    ("cycles", "shape"), [(np.arange(5.0), (2, 5)), (np.arange(0.0, 90, 2), (2, 45)), (CYCLES, (2, 44))]
)
def test_curves_that_are_none_are_refused(cycles: np.ndarray, shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cycles"):
        amplify(cycles, np.ones(shape))


ROOT = Path(__file__).parents[3]
PLACES = [ROOT.parent / "shared/reference/pcr", ROOT.parent.parent / "shared/reference/pcr"]
REFERENCE = next((place for place in PLACES if place.is_dir()), None)


def plate(name: str, target: str) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Wells, cycles, curves and the cycler's own Cq (NaN where none) of one target of a real file."""
    assert REFERENCE is not None
    file = read((REFERENCE / f"rdml/{name}.rdml").read_bytes())
    found = [(r.well, d) for _, run in file.runs() for r in run.reacts for d in r.data if d.target == target]
    cqs = np.array([np.nan if data.cq is None else data.cq for _, data in found])
    return [w for w, _ in found], found[0][1].cycles, np.array([data.fluorescence for _, data in found]), cqs


@pytest.mark.skipif(REFERENCE is None, reason="reference data are not there")
@pytest.mark.parametrize(
    ("name", "target", "negative"),
    [
        ("BioRad_qPCR_melt", "EvaGreen", set()),
        ("lc96_bACTXY", "FAM@bACT", set()),
        # These four curves are flat to the eye; the cycler still gives them a Cq, of 100 in some.
        ("lc96_bACTXY", "Hex@X", {"E7", "E8", "E9", "E10"}),
        ("lc96_bACTXY", "Texas Red@Y", {"E7", "E8", "E9", "E10"}),
    ],
)
def test_real_plates_agree_with_their_cyclers(name: str, target: str, negative: set[str]) -> None:
    wells, cycles, fluorescence, theirs = plate(name, target)
    curves = amplify(cycles, fluorescence)
    level = threshold(curves, np.ones(len(wells), bool), "one_cycle_below_exponential_end")
    assert level is not None
    ours = quantification_cycles(curves, level)
    expected = {w for w, cq in zip(wells, theirs, strict=True) if np.isfinite(cq)} - negative
    assert {w for w, cq in zip(wells, ours, strict=True) if np.isfinite(cq)} == expected
    both = np.isfinite(ours) & np.isfinite(theirs)
    assert np.corrcoef(ours[both], theirs[both])[0, 1] > 0.999
