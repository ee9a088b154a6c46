"""A simulated export is read like a real one and holds the truth it was drawn from."""

import pytest

from atmpxb.science.cells.counts import inconsistencies, poisson_interval, viability
from atmpxb.science.instruments.counters import read
from atmpxb.science.simulate.counts import IMAGE_ML, Suspension, vicell_blu


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    truth = (Suspension("S1", 1e6, 90.0),)

    assert vicell_blu(truth, 5) == vicell_blu(truth, 5)
    assert vicell_blu(truth, 5) != vicell_blu(truth, 6)


def test_intervals_of_counts_cover_the_truth_as_often_as_they_say() -> None:
    truth = Suspension("S1", 5e5, 88.0, replicates=400, replicate_cv=0.0)
    counts = read(vicell_blu((truth,), 20)).counts

    seen = truth.total_per_ml * IMAGE_ML * 100
    cells = [count.total_count for count in counts if count.total_count is not None]
    assert len(cells) == 400
    covered = sum(low <= seen <= high for low, high in map(poisson_interval, cells))
    viable = [viability(count.viable_count or 0, count.total_count or 0) for count in counts]
    held = sum((v.low or 0) <= truth.viability <= (v.high or 100) for v in viable)
    # 95 % of 400 is 380; four standard deviations of a binomial are 17.
    assert 363 <= covered <= 397
    assert 363 <= held <= 397


def test_no_simulated_row_contradicts_itself() -> None:
    counts = read(vicell_blu((Suspension("A", 2e6, 70.0, 20), Suspension("B", 3e4, 99.0, 20)), 3)).counts

    assert [text for count in counts for text in inconsistencies(count)] == []


def test_an_empty_suspension_has_no_cells() -> None:
    (count,) = read(vicell_blu((Suspension("E", 0.0, 50.0, 1),), 1)).counts

    assert (count.total_count, count.viable_count, count.viability) == (0, 0, 0)


@pytest.mark.parametrize(("total", "share"), [(-1.0, 50.0), (1e6, 101.0), (float("nan"), 50.0)])
def test_an_impossible_suspension_is_refused(total: float, share: float) -> None:
    with pytest.raises(ValueError, match="is no suspension"):
        vicell_blu((Suspension("S", total, share),), 1)
