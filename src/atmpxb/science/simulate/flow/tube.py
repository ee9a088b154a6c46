"""A stained tube of a CAR-T product, as an FCS file with known truth.

Each event gets a label, each label its stains; light spills into neighbouring detectors, is counted with
noise that grows with the square root of the signal, and is written as a cytometer would. Nothing is drawn
from the clock: equal arguments give equal bytes with one version of numpy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from atmpxb.science.instruments.fcs import write
from atmpxb.science.simulate.flow.panel import BRIGHT, CHANNELS, COLOURS, DIM, KINDS, SPILLOVER, STAINS, TOP

type Signals = NDArray[np.float32]

#: Events a second, and seconds per unit of Time.
FLOW_RATE, TIMESTEP = 4000, 0.01


@dataclass(frozen=True, slots=True)
class Composition:
    """What is in the tube; every number is a fraction, 0 to 1.

    ``debris`` and ``doublets`` of all events; ``dead`` of single cells; ``t_cells`` of living cells; ``cd4``
    and ``car`` of living T cells (the rest of T cells is CD8); ``b_cells`` of living cells (the rest is NK).
    """

    debris: float = 0.12
    doublets: float = 0.04
    dead: float = 0.06
    t_cells: float = 0.95
    cd4: float = 0.55
    car: float = 0.42
    b_cells: float = 0.002

    def fractions(self) -> dict[str, float]:
        """Expected fraction of all events, by kind of event; they sum to 1."""
        single = 1 - self.debris - self.doublets
        living = single * (1 - self.dead)
        t_cells = living * self.t_cells
        return {
            "debris": self.debris,
            "doublet": self.doublets,
            "dead": single * self.dead,
            "cd4_car": t_cells * self.cd4 * self.car,
            "cd4": t_cells * self.cd4 * (1 - self.car),
            "cd8_car": t_cells * (1 - self.cd4) * self.car,
            "cd8": t_cells * (1 - self.cd4) * (1 - self.car),
            "nk": living * (1 - self.t_cells - self.b_cells),
            "b": living * self.b_cells,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Tube:
    """An FCS file and its truth.

    ``labels``: shape (events,), index into `panel.KINDS`. ``counts``: events by kind.
    """

    data: bytes
    labels: NDArray[np.uint8]
    counts: Mapping[str, int]

    def percent(self, kinds: str, of: str) -> float:
        """True percentage of some kinds of event among others, both as words with blanks between.

        >>> tube = simulate_tube(1, events=1000)
        >>> tube.percent("dead", of="dead cd4_car cd4 cd8_car cd8 nk b") > 0
        True
        """
        return 100.0 * sum(self.counts[k] for k in kinds.split()) / sum(self.counts[k] for k in of.split())


def simulate_tube(
    seed: int,
    *,
    events: int = 200_000,
    composition: Composition | None = None,
    sample: str = "SIM-01",
    tube: str = "stained",
    serial: str = "SIM-0001",
    started: str = "2026-03-03T09:15:00",
    keywords: Mapping[str, str] | None = None,
) -> Tube:
    """Simulate a tube of 12 channels.

    Args:
        seed: of numpy's PCG64. events: how many. started: local time without zone, as FCS holds it.
        keywords: further keywords, or others instead of the usual ones.
    Raises:
        ValueError: fractions that don't leave room for each other.
    """
    composition = composition or Composition()
    rng = np.random.Generator(np.random.PCG64(seed))
    counts = _counts(composition.fractions(), events)
    labels = rng.permutation(np.repeat(np.arange(len(KINDS), dtype=np.uint8), [counts[kind] for kind in KINDS]))
    table = np.empty((len(CHANNELS), events), np.float32)
    duration = events / FLOW_RATE
    table[0] = np.sort(rng.random(events, np.float32)) * np.float32(duration / TIMESTEP)
    table[1], table[2], table[3] = _scatter(rng, labels)
    _detect(rng, _light(rng, labels), table[4:])
    np.clip(table, -TOP / 2, TOP - 1, out=table)  # the range of the converter
    begin = datetime.fromisoformat(started)
    stamp = {
        "$CYT": "Simulated cytometer",
        "$CYTSN": serial,
        "$DATE": begin.strftime("%d-%b-%Y").upper(),
        "$BTIM": begin.strftime("%H:%M:%S"),
        "$ETIM": (begin + timedelta(seconds=duration)).strftime("%H:%M:%S"),
        "$SMNO": sample,
        "SAMPLE ID": sample,
        "TUBE NAME": tube,
        "$TIMESTEP": str(TIMESTEP),
        "$COM": "Simulated data",
    }
    return Tube(write(table.T, CHANNELS, stamp | dict(keywords or {}), SPILLOVER), labels, counts)


def _counts(fractions: Mapping[str, float], events: int) -> dict[str, int]:
    """Whole events by largest remainder, so that the truth is exact and not itself a draw."""
    if min(fractions.values()) < -1e-12:
        kind = min(fractions, key=lambda k: fractions[k])
        raise ValueError(f"the fractions leave {fractions[kind]:g} for {kind}; lower the others")
    shares = {kind: max(fraction, 0.0) * events for kind, fraction in fractions.items()}
    counts = {kind: int(share) for kind, share in shares.items()}
    rest = sorted(shares, key=lambda kind: counts[kind] - shares[kind])
    for kind in rest[: events - sum(counts.values())]:
        counts[kind] += 1
    return counts


def _scatter(rng: np.random.Generator, labels: NDArray[np.uint8]) -> tuple[Signals, Signals, Signals]:
    """FSC-A, FSC-H, SSC-A.

    A doublet takes twice the time through the beam: twice the area at the height of one cell.
    """
    size = {"debris": 9e3, "dead": 6.5e4}
    grain = {"debris": 8e3, "dead": 6e4}
    forward = np.array([size.get(kind, 9.5e4) for kind in KINDS], np.float32)[labels]
    side = np.array([grain.get(kind, 3.2e4) for kind in KINDS], np.float32)[labels]
    height = forward * np.exp(np.float32(0.11) * rng.standard_normal(len(labels), np.float32))
    side = side * np.exp(np.float32(0.16) * rng.standard_normal(len(labels), np.float32))
    area = height * (1 + np.float32(0.03) * rng.standard_normal(len(labels), np.float32))
    double = labels == KINDS.index("doublet")
    return np.where(double, np.float32(1.9) * area, area), height, np.where(double, 2 * side, side)


def _light(rng: np.random.Generator, labels: NDArray[np.uint8]) -> Signals:
    """Light of each dye, shape (colours, events), log-normal around its median."""
    light = np.empty((len(COLOURS), len(labels)), np.float32)
    ln10 = np.float32(np.log(10.0))
    for row, (_, stain) in enumerate(COLOURS):
        levels = [BRIGHT[stain] if stain in STAINS[kind] else DIM for kind in KINDS]
        median, spread = (np.array(part, np.float32)[labels] for part in zip(*levels, strict=True))
        light[row] = np.exp(ln10 * (median + spread * rng.standard_normal(len(labels), np.float32)))
    light[:, labels == KINDS.index("doublet")] *= 2
    light[:, labels == KINDS.index("debris")] *= np.float32(0.3)
    return light


def _detect(rng: np.random.Generator, light: Signals, out: Signals) -> None:
    """What the detectors see: spilled light with counting noise and the electronics' own."""
    for column in range(len(COLOURS)):
        out[column] = 0
        for row in range(len(COLOURS)):
            part = SPILLOVER.rows[row][column]
            if part:
                out[column] += np.float32(part) * light[row]
        out[column] += np.sqrt(np.float32(6.0) * out[column] + np.float32(40.0**2)) * rng.standard_normal(
            light.shape[1], np.float32
        )
