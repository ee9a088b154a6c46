"""What an RDML file says, as frozen dataclasses. Curves are numpy arrays that can't be written to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from atmpxb.notes import Noted, template

type Floats = NDArray[np.float64]

#: The sample types of the RDML standard and what they mean.
SAMPLE_TYPES: Mapping[str, str] = {
    "unkn": "unknown sample",
    "ntc": "no-template control",
    "nac": "no-amplification control",
    "std": "standard",
    "ntp": "no target present",
    "nrt": "minus reverse-transcription control",
    "pos": "positive control",
    "opt": "optical calibrator",
    "nec": "negative extraction control",
}


#: What each repair does.
RULES: Mapping[str, str] = {
    "rdml.decimal_comma": template("A number was written with a decimal comma"),
    "rdml.part_name": template("The part with the data has another name than the standard gives it"),
    "rdml.namespace": template("The namespace is not that of the standard"),
    "rdml.quantity_not_a_number": template("The quantity is no number, so there is none"),
    "rdml.undeclared_target": template("A target was measured and not declared; it was added"),
    "rdml.cycle_order": template("The cycles of a curve were shuffled; they were put in rising order"),
}


class RdmlError(Noted):
    """Not a readable RDML file, e.g. ``rdml.not_xml``; the sentence names the cure."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """Template quantity in ``unit`` (``cop``, ``fold``, ``dil``, ``ng``, ``nMol``, ``other``) per reaction.

    ``target`` is empty when the quantity holds for every target of the sample.
    """

    value: float
    unit: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class SampleType:
    """A type of the standard (see ``SAMPLE_TYPES``), for one target or, with ``target`` empty, for all."""

    code: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    id: str
    types: tuple[SampleType, ...]
    description: str = ""
    quantities: tuple[Quantity, ...] = ()

    def type_for(self, target: str) -> str:
        """Type code for a target: its own if there is one, else the general one, else ``""``."""
        own = [t.code for t in self.types if t.target == target]
        return (own or [t.code for t in self.types if not t.target] or [""])[0]

    def quantity_for(self, target: str) -> Quantity | None:
        """Quantity for a target: its own if there is one, else the general one."""
        own = [q for q in self.quantities if q.target == target]
        general = [q for q in self.quantities if not q.target]
        return next(iter(own or general), None)


@dataclass(frozen=True, slots=True)
class Target:
    """``type`` is ``toi`` (target of interest) or ``ref`` (reference target)."""

    id: str
    type: str = ""
    dye: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Dye:
    id: str
    description: str = ""


def _nothing() -> Floats:
    array: Floats = np.zeros(0)
    array.flags.writeable = False
    return array


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """One target in one well. Arrays have one entry a reading; fluorescence in the instrument's own units.

    Attributes:
        cq: quantification cycle as the file says, None where absent or "not available" (negative in RDML).
        excluded: the reason, perhaps empty, when the file leaves this reading out; None when it counts.
        cycles, temperatures (°C, NaN where absent), fluorescence: the amplification curve.
        melt_temperatures (°C), melt_fluorescence: the melting curve.
    """

    target: str
    cq: float | None = None
    excluded: str | None = None
    note: str = ""
    cycles: Floats = field(default_factory=_nothing)
    temperatures: Floats = field(default_factory=_nothing)
    fluorescence: Floats = field(default_factory=_nothing)
    melt_temperatures: Floats = field(default_factory=_nothing)
    melt_fluorescence: Floats = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class React:
    """One well. ``well`` is its name on the plate (``A1``), ``volume`` in µL."""

    id: str
    well: str
    sample: str
    data: tuple[Data, ...]
    volume: float | None = None


@dataclass(frozen=True, slots=True)
class PlateFormat:
    """Rows and columns with their label style (``ABC``, ``123``); ``text`` is the wording of RDML 1.0."""

    rows: int = 0
    columns: int = 0
    row_label: str = "ABC"
    column_label: str = "123"
    text: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    id: str
    reacts: tuple[React, ...]
    description: str = ""
    instrument: str = ""
    software: str = ""
    software_version: str = ""
    baseline_method: str = ""
    cq_method: str = ""
    format: PlateFormat = PlateFormat()
    date: str = ""  # as the file says, untouched


@dataclass(frozen=True, slots=True)
class Experiment:
    id: str
    runs: tuple[Run, ...]
    description: str = ""


@dataclass(frozen=True, slots=True)
class Identifier:
    """Who issued the file and the serial number they gave it."""

    publisher: str
    serial: str
    md5: str = ""


@dataclass(frozen=True, slots=True)
class Mended:
    """A repair: the rule (see ``RULES``), the place in the file, and the text before and after."""

    rule: str
    where: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Unread:
    """Something the file holds that has no place in this model: element path and its text."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class RdmlFile:
    """A whole file. ``parts`` lists the other members of the archive as (name, size in bytes)."""

    version: str
    samples: tuple[Sample, ...]
    targets: tuple[Target, ...]
    experiments: tuple[Experiment, ...]
    dyes: tuple[Dye, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    made: str = ""
    updated: str = ""
    documentation: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[str, int], ...] = ()
    unread: tuple[Unread, ...] = ()
    repairs: tuple[Mended, ...] = ()

    def runs(self) -> Iterator[tuple[Experiment, Run]]:
        """Every run with its experiment, in file order."""
        for experiment in self.experiments:
            for run in experiment.runs:
                yield experiment, run

    def sample(self, identifier: str) -> Sample:
        """The sample with this id. Raises KeyError."""
        for sample in self.samples:
            if sample.id == identifier:
                return sample
        raise KeyError(identifier)
