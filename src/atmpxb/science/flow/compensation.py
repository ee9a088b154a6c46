"""Compensation: undo the spillover of dyes into each other's detectors.

Measured signals are ``m = s · S`` with one row of S a dye; hence ``s = m · S⁻¹`` (Bagwell & Adams 1993, Ann N
Y Acad Sci 677:167). Each compensated channel is summed term by term in file order, in float64 and without a
linear- algebra library, so that the same file gives the same bits on every machine.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from atmpxb.science.flow.errors import GateError
from atmpxb.science.instruments.fcs import SpilloverMatrix

type Column = NDArray[np.float64]


def invert(matrix: SpilloverMatrix) -> tuple[tuple[float, ...], ...]:
    """Inverse of the spillover matrix, rows of detectors, columns of dyes.

    Raises:
        GateError: the matrix is not square or is singular.

    >>> invert(SpilloverMatrix(("A", "B"), ((1.0, 0.5), (0.0, 1.0))))
    ((1.0, -0.5), (0.0, 1.0))
    """
    size = len(matrix.rows)
    if size != len(matrix.detectors) or any(len(row) != size for row in matrix.rows):
        raise GateError(
            "flow.spillover_shape",
            "The spillover matrix is not square: give one row and column per channel.",
        )
    inverse = inverse_of(matrix.rows)
    if inverse is None:
        raise GateError(
            "flow.spillover_singular",
            "The spillover matrix of {detectors} can't be inverted: check the single stains.",
            detectors=", ".join(matrix.detectors),
        )
    return inverse


def inverse_of(rows: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...] | None:
    """Inverse of a square matrix by Gauss–Jordan elimination with row pivoting; None if singular.

    >>> inverse_of([[2.0, 0.0], [0.0, 4.0]]), inverse_of([[1.0, 2.0], [2.0, 4.0]])
    (((0.5, 0.0), (0.0, 0.25)), None)
    """
    size = len(rows)
    smallest = 1e-12 * max(abs(value) for row in rows for value in row)
    work = [[*row, *(float(i == j) for j in range(size))] for i, row in enumerate(rows)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda r: abs(work[r][column]))
        if abs(work[pivot][column]) <= smallest:
            return None
        work[column], work[pivot] = work[pivot], work[column]
        lead = work[column][column]
        work[column] = [value / lead for value in work[column]]
        for row in range(size):
            factor = work[row][column]
            if row != column and factor != 0.0:
                work[row] = [v - factor * p for v, p in zip(work[row], work[column], strict=True)]
    return tuple(tuple(value + 0.0 for value in row[size:]) for row in work)  # + 0.0: no negative zero


def combine(coefficients: list[float], detectors: tuple[str, ...], column: Callable[[str], Column]) -> Column:
    """Sum of coefficient × detector in the order given, skipping zeros.

    The result is never the detector's own array.
    """
    total: Column | None = None
    for coefficient, detector in zip(coefficients, detectors, strict=True):
        if coefficient == 0.0:
            continue
        term = np.multiply(column(detector), coefficient)
        total = term if total is None else np.add(total, term, out=total)
    if total is None:
        return np.zeros_like(column(detectors[0]))
    return total
