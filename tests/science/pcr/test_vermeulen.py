"""The published benchmark (Ruijter et al. 2013, Methods 59:32): raw curves of 22 genes.

Judged against a published method. Resolution is the smallest fold difference that can be told apart (ideal:
1).
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from atmpxb.science.instruments.rdml import read
from atmpxb.science.pcr import amplify, fit, quantification_cycles, threshold

ROOT = Path(__file__).parents[3]
PLACES = [ROOT.parent / "shared/reference/pcr", ROOT.parent.parent / "shared/reference/pcr"]
REFERENCE = next((place for place in PLACES if place.is_dir()), None)
pytestmark = pytest.mark.skipif(REFERENCE is None, reason="reference data are not there")

Wells = tuple[np.ndarray, np.ndarray]  # template quantity and Cq of 15 wells


def ours() -> dict[str, Wells]:
    assert REFERENCE is not None
    found = {}
    for _, run in read((REFERENCE / "vermeulen/std_150000_15_third.rdml").read_bytes()).runs():
        quantities = np.array([float(react.sample.replace("STDA", "STD_").partition("_")[2]) for react in run.reacts])
        curves = amplify(run.reacts[0].data[0].cycles, np.array([react.data[0].fluorescence for react in run.reacts]))
        level = threshold(curves, np.ones(len(run.reacts), bool), "one_cycle_below_exponential_end")
        assert level is not None
        found[run.id.rpartition("_")[0]] = (quantities, quantification_cycles(curves, level))
    return found


def published() -> dict[str, Wells]:
    """Cq of the method Standard-Cq."""
    assert REFERENCE is not None
    with (REFERENCE / "vermeulen/data_vermeulen_methods_cq.tsv").open() as stream:
        rows = list(csv.reader(stream, delimiter=";"))
    start = next(i for i, row in enumerate(rows) if row[:2] == ["method", "Standard-Cq"]) + 1
    block = rows[start : start + 15]
    quantities = np.array([float(row[2].partition("_")[2]) for row in block])
    return {
        gene: (quantities, np.array([float(r[c]) for r in block])) for c, gene in enumerate(rows[0]) if c > 2 and gene
    }


def table(block: str) -> dict[str, float]:
    """A published score of Standard-Cq for each gene."""
    assert REFERENCE is not None
    with (REFERENCE / "vermeulen/data_vermeulen_methods_results.tsv").open() as stream:
        rows = list(csv.reader(stream, delimiter="\t"))
    start = next(i for i, row in enumerate(rows) if row and row[0].startswith(block))
    return {gene: float(v) for gene, v in zip(rows[start][1:], rows[start + 1][1:], strict=True) if gene and v}


def residual_ms(quantities: np.ndarray, measured: np.ndarray) -> float:
    """Residual mean square of log10 measured on log10 true, 13 degrees of freedom."""
    x = np.log10(quantities)
    slope, intercept = np.polyfit(x, measured, 1)
    return float(((measured - intercept - slope * x) ** 2).sum() / (x.size - 2))


def resolution(mean_square: float) -> float:
    return float(10 ** (3.939 * mean_square**0.5))


def fitted(wells: Wells) -> np.ndarray:
    curve = fit(*wells)
    return (wells[1] - curve.intercept) / curve.slope


def left_out(wells: Wells) -> np.ndarray:
    """log10 quantity of each well from a curve through the other two replicates."""
    quantities, cqs = wells
    replicate = np.array([int((quantities[:i] == q).sum()) for i, q in enumerate(quantities)])
    measured = np.empty_like(cqs)
    for k in range(3):
        curve = fit(quantities[replicate != k], cqs[replicate != k])
        measured[replicate == k] = (cqs[replicate == k] - curve.intercept) / curve.slope
    return measured


def test_our_score_is_the_published_score() -> None:
    """Before judging ourselves: the scoring reproduces the paper's table from the paper's own Cq values."""
    scores, wells = table("detectable difference"), published()
    shared = [gene for gene in wells if gene in scores]
    assert len(shared) > 55
    for gene in shared:
        quantities, cqs = wells[gene]
        found = resolution(residual_ms(quantities, fitted((quantities, cqs))))
        assert found == pytest.approx(scores[gene], rel=0.03), gene


def test_every_well_is_quantified_and_agrees_with_the_published_cq() -> None:
    theirs, mine = published(), ours()
    assert len(mine) == 22
    for gene in mine.keys() & theirs.keys():
        quantities, cqs = mine[gene]
        assert np.isfinite(cqs).all(), gene
        order, reference = np.lexsort((cqs, quantities)), theirs[gene]
        sorted_reference = reference[1][np.lexsort((reference[1], reference[0]))]
        assert np.corrcoef(cqs[order], sorted_reference)[0, 1] > 0.999, gene
        # Another threshold shifts every Cq of a gene alike; what is left must be small.
        assert (cqs[order] - sorted_reference).std() < 0.25, gene


def test_resolution_with_one_replicate_left_out_is_that_of_the_published_cq() -> None:
    theirs, mine = published(), ours()
    shared = sorted(mine.keys() & theirs.keys())
    assert len(shared) >= 20

    def median(source: dict[str, Wells]) -> float:
        return float(np.median([resolution(residual_ms(source[g][0], left_out(source[g]))) for g in shared]))

    assert median(mine) < 2.05
    assert median(mine) < 1.06 * median(theirs)


def test_slopes_are_those_of_working_assays() -> None:
    slopes = [fit(*wells).slope for wells in ours().values()]
    assert sum(-3.6 <= slope <= -3.1 for slope in slopes) >= 19
