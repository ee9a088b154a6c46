"""Simulated exports of a Vi-CELL BLU, with the truth they were drawn from.

The instrument looks at a fixed volume an image. The number of cells in all images is Poisson, the viable
among them binomial; pipetting adds a log-normal factor between replicates. Printed digits are those of the
instrument.
"""

import csv
import io
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np

#: Volume seen in one image (mL), from cells per image and concentration in published exports.
IMAGE_ML = 2.8e-5

_HEADER = [
    "Sample ID",
    "Cell count",
    "Viable cells",
    "Total (x10^6) cells/mL",
    "Viable (x10^6) cells/mL",
    "Viability (%)",
    "Average diameter (μm)",
    "Average viable diameter (μm)",
    "Average circularity",
    "Average viable circularity",
    "Average cells per image",
    "Average background intensity",
    "Bubble count",
    "Cluster count",
    "Images for analysis",
    "Cell type",
    "Minimum Diameter (μm)",
    "Maximum Diameter (μm)",
    "Images",
    "Cell sharpness",
    "Minimum circularity",
    "Decluster degree",
    "Aspiration cycles",
    "Viable spot brightness (%)",
    "Viable spot area (%)",
    "Mixing cycles",
    "Analysis date/time",
    "Reanalysis date/time",
    "Analysis by",
    "Reanalysis by",
    "Dilution",
    "Wash",
    "Tag",
]


@dataclass(frozen=True, slots=True)
class Suspension:
    """The truth of one sample: concentration as it enters the counter (cells/mL), viability in percent.

    ``replicate_cv`` is the spread of pipetting between replicates, in percent. ``failed`` replicates (0 is
    the first) print ERROR where a count belongs, as the instrument does.
    """

    sample: str
    total_per_ml: float
    viability: float
    replicates: int = 3
    replicate_cv: float = 3.0
    diameter_um: float = 10.5
    failed: tuple[int, ...] = ()


def vicell_blu(
    suspensions: tuple[Suspension, ...],
    seed: int,
    *,
    separator: str = "-",
    images: int = 100,
    analysed_at: str = "3/21/2026 10:15",
) -> bytes:
    """A CSV export: one row a replicate, sample identifiers ``<sample><separator><number>``.

    Same arguments, same bytes.

    Raises:
        ValueError: a concentration, viability or spread that no suspension has.

    >>> vicell_blu((Suspension("S1", 1e6, 95.0, 1),), 7).decode().splitlines()[1].split(",")[0]
    'S1-1'
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEADER)
    for truth in suspensions:
        if not (truth.total_per_ml >= 0 and 0 <= truth.viability <= 100 and truth.replicate_cv >= 0):
            raise ValueError(f"{truth} is no suspension")
        for replicate in range(truth.replicates):
            row = _row(truth, rng, images)
            if replicate in truth.failed:
                row[0:2] = ["ERROR", "ERROR"]
            writer.writerow([f"{truth.sample}{separator}{replicate + 1}", *row, *_settings(images, analysed_at)])
    return out.getvalue().encode()


def _row(truth: Suspension, rng: np.random.Generator, images: int) -> list[str]:
    sigma = sqrt(log(1 + (truth.replicate_cv / 100) ** 2))
    # exp(N(-sigma²/2, sigma)) has mean 1, so pipetting adds spread and no bias.
    pipetted = truth.total_per_ml * exp(rng.normal(-sigma * sigma / 2, sigma) if sigma else 0.0)
    total = int(rng.poisson(pipetted * IMAGE_ML * images))
    viable = int(rng.binomial(total, truth.viability / 100))
    diameter = truth.diameter_um + float(rng.normal(0, 0.1))
    per_million = 1 / (IMAGE_ML * images * 1e6)
    share = f"{100 * viable / total:.2f}" if total else "0"
    return [
        str(total),
        str(viable),
        f"{total * per_million:.2f}",
        f"{viable * per_million:.2f}",
        share,
        f"{diameter:.2f}",
        f"{diameter + 0.2:.2f}",
        "0.88",
        "0.89",
        str(round(total / images)),
        "134",
        "0",
        str(int(rng.poisson(total / 2000))),
    ]


def _settings(images: int, analysed_at: str) -> list[str]:
    method = ("Mammalian", "6", "30", str(images), "7", "0.1", "Medium", "3", "50", "5", "3")
    return [str(images), *method, analysed_at, "", "SIMULATED", "", "1", "Normal Wash", ""]
