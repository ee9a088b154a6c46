"""Apply a strategy to a file: counts, percentages and masks of every population."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from atmpxb.notes import listed
from atmpxb.science.flow.compensation import combine, invert
from atmpxb.science.flow.errors import GateError
from atmpxb.science.flow.gates import Boolean, Dimension, Gate, Mask, Quadrants, Ratio
from atmpxb.science.flow.strategy import ROOT, Strategy, dimensions_of, populations_of
from atmpxb.science.instruments.fcs import FcsFile, SpilloverMatrix, linearise_column

type Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Events of one population. ``mask`` has shape (events of the file,)."""

    name: str
    parent: str
    count: int
    mask: Mask

    @property
    def mask_sha256(self) -> str:
        """SHA-256 of the mask: which events, not just how many. Eight a byte, first in the highest bit."""
        return sha256(np.packbits(self.mask).tobytes()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Populations:
    """All populations of one file. ``""`` is the population of all events."""

    strategy: Strategy
    by_name: Mapping[str, Population]
    columns: "Columns"

    def __getitem__(self, name: str) -> Population:
        if name not in self.by_name:
            near = get_close_matches(name, self.by_name, 3, 0.4)
            raise GateError(
                "flow.population_missing",
                "The strategy has no population '{population}'; nearest: {nearest}.",
                population=name,
                nearest=listed(near),
            )
        return self.by_name[name]

    def count(self, name: str) -> int:
        """Number of events, dimensionless."""
        return self[name].count

    def percent(self, name: str, of: str | None = None) -> float | None:
        """Percentage of the parent, or of any ancestor; None where that holds no events (undetermined, "
        "not zero).

        Raises:
            GateError: ``of`` is not an ancestor, so the quotient would not be a proportion.
        """
        numerator, denominator = self.fraction(name, of)
        return 100.0 * numerator / denominator if denominator else None

    def fraction(self, name: str, of: str | None = None) -> tuple[int, int]:
        """Counts of a population and of its parent or a named ancestor."""
        population = self[name]
        base = self[population.parent if of is None else of]
        if base.name != name and base.name not in self.strategy.ancestors(name):
            raise GateError(
                "flow.not_an_ancestor",
                "'{population}' does not lie inside '{of}': a percentage needs one of its ancestors.",
                population=name,
                of=base.name,
            )
        return population.count, base.count


class Columns:
    """Values of channels on each scale, computed once, when a gate or a plot asks."""

    def __init__(self, strategy: Strategy, fcs: FcsFile) -> None:
        self.strategy, self.fcs = strategy, fcs
        self._names = [channel.name for channel in fcs.channels]
        self._stains = [channel.stain for channel in fcs.channels]
        self._linear: dict[int, Array] = {}
        self._values: dict[Dimension, Array] = {}
        self._inverses: dict[str, tuple[tuple[float, ...], ...]] = {}

    def index(self, channel: str) -> int:
        """Position of a channel by ``$PnN``, else by ``$PnS``.

        Raises:
            GateError: no channel, or more than one, carries that name; the nearest names are in the message.
        """
        for names in (self._names, self._stains):
            if names.count(channel) == 1:
                return names.index(channel)
            if names.count(channel) > 1:
                raise GateError(
                    "flow.channel_ambiguous",
                    "{count} channels are named '{channel}'.",
                    count=names.count(channel),
                    channel=channel,
                )
        folded = {name.casefold(): name for name in (*self._stains, *self._names) if name}
        near = [folded[name] for name in get_close_matches(channel.casefold(), folded, 3, 0.3)]
        nearest = ", ".join(near) or ", ".join(self._names[:12])
        raise GateError(
            "flow.channel_missing",
            "The file has no channel '{channel}'; nearest: {nearest}. Use the file of the right panel, or a "
            "method for it.",
            channel=channel,
            nearest=nearest,
        )

    def require(self, dimension: Dimension) -> None:
        """Raise GateError when the file lacks a channel of the dimension, before any event is touched."""
        channel = dimension.channel
        dyes = {name for matrix in self.strategy.matrices.values() for name in matrix.names}
        for name in (channel.numerator, channel.denominator) if isinstance(channel, Ratio) else (channel,):
            if name not in dyes:
                self.index(name)

    def linear(self, channel: str) -> Array:
        """Linear-scale values of a channel, shape (events,)."""
        index = self.index(channel)
        if index not in self._linear:
            self._linear[index] = linearise_column(self.fcs.events[:, index], self.fcs.channels[index])
        return self._linear[index]

    def values(self, dimension: Dimension) -> Array:
        """Values that gates compare, shape (events,)."""
        if dimension not in self._values:
            values = self._unscaled(dimension)
            if dimension.transform:
                values = self.strategy.transforms[dimension.transform].apply(values)
            self._values[dimension] = values
        return self._values[dimension]

    def _unscaled(self, dimension: Dimension) -> Array:
        if isinstance(dimension.channel, Ratio):
            ratio = dimension.channel
            above = self._compensated(ratio.numerator, dimension.compensation)
            below = self._compensated(ratio.denominator, dimension.compensation)
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.asarray(ratio.A * (above - ratio.B) / (below - ratio.C))
        return self._compensated(dimension.channel, dimension.compensation)

    def _compensated(self, channel: str, source: str) -> Array:
        matrix = self._matrix(source)
        if matrix is None:
            return self.linear(channel)
        name = channel if channel in matrix.names else self._names[self.index(channel)]
        if name not in matrix.names:  # scatter and time have no spillover
            return self.linear(channel)
        if source not in self._inverses:
            self._inverses[source] = invert(matrix)
        target = matrix.names.index(name)
        return combine([row[target] for row in self._inverses[source]], matrix.detectors, self.linear)

    def _matrix(self, source: str) -> SpilloverMatrix | None:
        if source == "none":
            return None
        if source in self.strategy.matrices:
            return self.strategy.matrices[source]
        if self.fcs.spillover is None and source == "file":
            raise GateError(
                "flow.spillover_missing",
                "The method compensates with the matrix in the file, but the file holds no readable one: "
                "export it with its spillover, or put the matrix in the method.",
            )
        return self.fcs.spillover


def evaluate(strategy: Strategy, fcs: FcsFile) -> Populations:
    """Place every event in the populations of the strategy. A child is only looked for among its "
    "parent's events.

    Raises:
        GateError: a channel or a spillover matrix that the strategy needs is not in the file.
    """
    total = len(fcs.events)
    columns = Columns(strategy, fcs)
    for gate in strategy.order:
        for dimension in dimensions_of(gate):
            columns.require(dimension)
    found = {ROOT: Population(ROOT, ROOT, total, np.ones(total, bool))}
    members: dict[str, NDArray[np.intp] | None] = {ROOT: None}
    for gate in strategy.order:
        for name, mask in _masks(gate, columns, found, members).items():
            found[name] = Population(name, gate.parent, int(np.count_nonzero(mask)), mask)
    return Populations(strategy, found, columns)


def _masks(
    gate: Gate, columns: Columns, found: Mapping[str, Population], members: dict[str, NDArray[np.intp] | None]
) -> dict[str, Mask]:
    parent = found[gate.parent].mask
    if isinstance(gate, Boolean):
        return {gate.name: gate.combine([found[o.population].mask for o in gate.operands]) & parent}
    if gate.parent not in members:
        members[gate.parent] = np.flatnonzero(parent)
    chosen = members[gate.parent]
    values = [columns.values(dimension) for dimension in gate.dimensions]
    if chosen is not None:
        values = [value[chosen] for value in values]
    with np.errstate(invalid="ignore", over="ignore"):
        if isinstance(gate, Quadrants):
            local = {quadrant.name: gate.inside(values, quadrant) for quadrant in gate.quadrants}
        else:
            local = {gate.name: gate.inside(values)}
    if chosen is None:
        return local
    spread = {}
    for name, part in local.items():
        spread[name] = np.zeros(len(parent), bool)
        spread[name][chosen] = part
    return spread


def population_names(strategy: Strategy) -> tuple[str, ...]:
    """Names of all populations, parents before children."""
    return tuple(name for gate in strategy.order for name in populations_of(gate))
