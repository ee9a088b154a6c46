"""A simulated 96-well duplex qPCR run for vector copy number, with known truth, as RDML bytes.

Each well measures a vector and a reference target. Fluorescence is logistic growth: copies multiply by the
efficiency each cycle until reagents run out, on a background that drifts, with reading noise. Template copies
vary by pipetting (log-normal) and by chance (Poisson), so replicates of few copies scatter as real ones do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from atmpxb.science.instruments.rdml import (
    Data,
    Dye,
    Experiment,
    Identifier,
    PlateFormat,
    Quantity,
    RdmlFile,
    React,
    Run,
    Sample,
    SampleType,
    Target,
    write,
)

#: Faults that can be planted, and what a reviewer should notice.
FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "contaminated_ntc": "the first no-template control carries about fifty copies of the vector",
        "dropped_replicate": "the second replicate of the first sample got a hundredth of its template",
        "inhibited_well": "the third replicate of the first sample amplifies slowly in both targets",
        "poor_efficiency": "the vector assay multiplies by 1.72 a cycle in every well",
        "excluded_well": "the first replicate of the last standard is excluded in the file, with a reason",
        "personal_data": "the description of the first sample looks like a patient's name and birth date",
    }
)


@dataclass(frozen=True, slots=True)
class PlateDesign:
    """What to simulate. Copies are per well; ``samples`` maps sample id → true vector copies per cell.

    Attributes:
        standards: copies per well of each dilution, both targets alike (a plasmid that carries both).
        cells: genomes (cells) per well of the samples and the positive control.
        efficiencies: fold per cycle of the vector and the reference assay.
        pipetting_sd: relative SD of the template volume; noise_sd: SD of a reading over the plateau height.
    """

    samples: Mapping[str, float] = field(default_factory=lambda: {"ATMP-S1": 1.8, "ATMP-S2": 3.4})
    vector: str = "WPRE"
    reference: str = "RPP30"
    standards: tuple[float, ...] = (1e6, 1e5, 1e4, 1e3, 1e2)
    replicates: int = 3
    cells: float = 5000.0
    reference_copies_per_cell: float = 2.0
    positive_copy_number: float = 2.0
    efficiencies: tuple[float, float] = (1.95, 1.97)
    cycles: int = 45
    pipetting_sd: float = 0.02
    noise_sd: float = 0.002
    drift: float = 0.0004
    run: str = "RUN-0001"
    instrument: str = "Simulated thermal cycler 96, SN SIM-TC-0042"
    serial: str = "SIM-TC-0042"
    date: str = "2026-03-02T09:15:00"


@dataclass(frozen=True, slots=True)
class PlateTruth:
    """What went into the wells: copies per cell by sample, and what was planted."""

    copies_per_cell: Mapping[str, float]
    efficiencies: Mapping[str, float]
    faults: tuple[str, ...]
    wells: Mapping[str, str]  # well → sample id


@dataclass(slots=True)
class _Well:
    sample: str
    copies: list[float]  # vector, reference
    efficiencies: list[float]
    excluded: str | None = None


def simulate_plate(
    seed: int, design: PlateDesign | None = None, faults: tuple[str, ...] = ()
) -> tuple[bytes, PlateTruth]:
    """An RDML file and its truth; equal arguments give equal bytes.

    Raises:
        ValueError: an unknown fault, or more wells than the plate has.
    """
    design = design or PlateDesign()
    unknown = sorted(set(faults) - set(FAULTS))
    if unknown:
        raise ValueError(f"unknown faults: {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    wells = _layout(design, faults)
    if len(wells) > 96:
        raise ValueError(f"{len(wells)} wells do not fit a 96-well plate: fewer samples or replicates")
    generator = np.random.Generator(np.random.PCG64(seed))
    names = [f"{'ABCDEFGH'[index // 12]}{index % 12 + 1}" for index in range(len(wells))]
    reacts = tuple(
        React(str(index + 1), names[index], well.sample, _curves(generator, design, well), 20.0)
        for index, well in enumerate(wells)
    )
    run = Run(
        id=design.run,
        reacts=reacts,
        description="Simulated data",
        instrument=design.instrument,
        software="atmpxb simulate",
        software_version="1",
        cq_method="other",
        format=PlateFormat(8, 12),
        date=design.date,
    )
    file = RdmlFile(
        version="1.3",
        samples=_samples(design, faults),
        targets=(Target(design.vector, "toi", "FAM"), Target(design.reference, "ref", "HEX")),
        experiments=(Experiment("VCN", (run,), "Vector copy number by duplex qPCR, simulated"),),
        dyes=(Dye("FAM"), Dye("HEX")),
        identifiers=(Identifier("atmpxb simulate", f"{design.run}/{seed}"),),
        made=design.date,
        updated=design.date,
        documentation=(("simulated", "Simulated data, not a measurement."),),
    )
    vector = 1.72 if "poor_efficiency" in faults else design.efficiencies[0]
    truth = PlateTruth(
        dict(design.samples),
        {design.vector: vector, design.reference: design.efficiencies[1]},
        tuple(faults),
        {name: well.sample for name, well in zip(names, wells, strict=True)},
    )
    return write(file), truth


def _standard(level: int) -> str:
    return f"STD-{level + 1}"


def _samples(design: PlateDesign, faults: tuple[str, ...]) -> tuple[Sample, ...]:
    standards = [
        Sample(_standard(level), (SampleType("std"),), "", (Quantity(copies, "cop"),))
        for level, copies in enumerate(design.standards)
    ]
    descriptions = dict.fromkeys(design.samples, "Genomic DNA of transduced cells")
    if "personal_data" in faults:
        descriptions[next(iter(design.samples))] = "patient Voorbeeld, Vera, born 01/02/1960"
    unknowns = [Sample(name, (SampleType("unkn"),), text) for name, text in descriptions.items()]
    controls = [
        Sample("POS", (SampleType("pos"),), f"Positive control, {design.positive_copy_number} copies per cell"),
        Sample("NTC", (SampleType("ntc"),), "No-template control"),
    ]
    return (*standards, *unknowns, *controls)


def _layout(design: PlateDesign, faults: tuple[str, ...]) -> list[_Well]:
    efficiencies = list(design.efficiencies)
    if "poor_efficiency" in faults:
        efficiencies[0] = 1.72
    genomes = design.cells * design.reference_copies_per_cell
    contents = [(_standard(level), copies, copies) for level, copies in enumerate(design.standards)]
    contents += [(name, design.cells * number, genomes) for name, number in design.samples.items()]
    contents += [("POS", design.cells * design.positive_copy_number, genomes), ("NTC", 0.0, 0.0)]
    wells = [
        _Well(name, [vector, reference], list(efficiencies))
        for name, vector, reference in contents
        for _ in range(design.replicates)
    ]
    first = next(iter(design.samples))
    of_first = [well for well in wells if well.sample == first]
    if "contaminated_ntc" in faults:
        next(well for well in wells if well.sample == "NTC").copies[0] = 50.0
    if "dropped_replicate" in faults:
        of_first[1].copies = [copies / 100 for copies in of_first[1].copies]
    if "inhibited_well" in faults:
        of_first[-1].efficiencies = [efficiency - 0.35 for efficiency in efficiencies]
    if "excluded_well" in faults:
        last = _standard(len(design.standards) - 1)
        next(well for well in wells if well.sample == last).excluded = "bubble in the well"
    return wells


def _curves(generator: np.random.Generator, design: PlateDesign, well: _Well) -> tuple[Data, ...]:
    """Both targets of a well; they share one pipetted volume."""
    cycles = np.arange(1.0, design.cycles + 1)
    pipetted = float(np.exp(generator.normal(0.0, design.pipetting_sd)))
    data = []
    for target, copies, efficiency in zip(
        (design.vector, design.reference), well.copies, well.efficiencies, strict=True
    ):
        template = float(generator.poisson(copies * pipetted))
        plateau = 4.0 * float(np.exp(generator.normal(0.0, 0.03)))
        background = 1.0 * float(np.exp(generator.normal(0.0, 0.05)))
        # 2e11 copies fill the plateau: one copy crosses a usual threshold at about cycle 36.
        growth = plateau / (1 + (2e11 / template) * efficiency**-cycles) if template else np.zeros_like(cycles)
        drift = design.drift * plateau * (cycles - 1)
        noise = generator.normal(0.0, design.noise_sd * plateau, cycles.size)
        fluorescence = np.round(background + drift + growth + noise, 6)
        data.append(
            Data(
                target,
                excluded=well.excluded,
                cycles=cycles,
                temperatures=np.full(cycles.size, 60.0),
                fluorescence=fluorescence,
            )
        )
    return tuple(data)
