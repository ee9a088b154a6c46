"""The raw files of a demo batch: simulated instruments with known truth, written in the formats of real ones."""

from collections.abc import Iterator

from atmpxb.science.simulate.counts import Suspension, vicell_blu
from atmpxb.science.simulate.flow.tube import Composition, simulate_tube
from atmpxb.science.simulate.pcr.plate import PlateDesign, simulate_plate

CYTOMETER, CYCLER, COUNTER = "SIM-FC-0107", "SIM-TC-0042", "SIM-VC-0311"


def tubes(label: str, seed: int, *, count: int = 4, events: int = 200_000) -> Iterator[tuple[str, bytes]]:
    """Stained tubes of one sample: name and FCS bytes."""
    for number in range(count):
        tube = simulate_tube(
            seed + number, events=events, composition=Composition(dead=0.07, car=0.43), sample=label,
            tube=f"stained {number + 1}", serial=CYTOMETER, started="2026-11-20T09:15:00",
        )  # fmt: skip
        yield f"{label}_stained_{number + 1}.fcs", tube.data


def plate(labels: dict[str, float], seed: int, faults: tuple[str, ...] = ()) -> tuple[str, bytes]:
    """A 96-well plate with these samples and their copies per cell: name and RDML bytes."""
    design = PlateDesign(
        samples=labels, serial=CYCLER, date="2026-11-20T11:30:00", instrument=f"Simulated cycler 96, SN {CYCLER}"
    )
    data, _ = simulate_plate(seed, design, faults)
    return f"vcn_{'_'.join(labels)}.rdml", data


def counts(label: str, seed: int) -> tuple[str, bytes]:
    """A counter's export for one sample: name and CSV bytes."""
    return f"{label}_counts.csv", vicell_blu((Suspension(label, 4.1e6, 92.5),), seed)
