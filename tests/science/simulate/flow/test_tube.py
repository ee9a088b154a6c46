"""A simulated tube holds what it promises, and nothing in it comes from the clock."""

import numpy as np
import pytest

from atmpxb.science.instruments.fcs import read
from atmpxb.science.simulate.flow import CHANNELS, KINDS, SPILLOVER, Composition, simulate_tube


def test_the_file_is_sound_and_its_truth_counts_every_event():
    tube = simulate_tube(1, events=20_000, sample="B-17", serial="SIM-7")
    file = read(tube.data)
    assert file.repairs == ()
    assert file.channels == CHANNELS
    assert file.spillover == SPILLOVER
    assert file.events.shape == (20_000, 12)
    assert sum(tube.counts.values()) == 20_000
    assert {kind: int((tube.labels == n).sum()) for n, kind in enumerate(KINDS)} == tube.counts
    assert (file.keyword("$CYTSN"), file.keyword("$SMNO"), file.keyword("$ETIM")) == (
        "SIM-7",
        "B-17",
        "09:15:05",
    )


def test_the_truth_is_what_was_asked_to_the_event():
    tube = simulate_tube(
        2, events=100_000, composition=Composition(debris=0.1, doublets=0, dead=0.2, t_cells=1, b_cells=0)
    )
    assert tube.counts["debris"] == 10_000
    assert tube.counts["dead"] == 18_000
    assert (tube.counts["nk"], tube.counts["b"], tube.counts["doublet"]) == (0, 0, 0)
    assert tube.percent("dead", of="dead cd4_car cd4 cd8_car cd8") == 20.0


def test_equal_seeds_give_equal_bytes_and_others_do_not():
    assert simulate_tube(3, events=500).data == simulate_tube(3, events=500).data
    assert simulate_tube(3, events=500).data != simulate_tube(4, events=500).data


def test_time_runs_forward_and_signals_stay_on_scale():
    file = read(simulate_tube(5, events=5000).data)
    assert (np.diff(file.events[:, 0]) >= 0).all()
    assert file.events.max() < 262144


def test_light_spills_as_the_matrix_says():
    """Seen without compensation, CD4 cells are brighter in PE than CD8 cells by the spilled part of FITC."""
    tube = simulate_tube(6, events=60_000)
    file = read(tube.data)
    names = [channel.name for channel in file.channels]
    pe, fitc = (file.events[:, names.index(name)].astype(float) for name in ("PE-A", "FITC-A"))
    cd4, cd8 = (tube.labels == KINDS.index(kind) for kind in ("cd4", "cd8"))
    slope = (pe[cd4].mean() - pe[cd8].mean()) / (fitc[cd4].mean() - fitc[cd8].mean())
    assert slope == pytest.approx(0.15, abs=0.005)


def test_fractions_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="nk"):
        simulate_tube(1, events=10, composition=Composition(t_cells=0.9, b_cells=0.2))
