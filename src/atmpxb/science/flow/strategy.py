"""A gating strategy: gates in a tree, the transforms and matrices they use, and an identity.

The identity is the SHA-256 of the canonical JSON (sorted keys, no blanks, numbers as shortest decimal
strings): two strategies that give every event the same place by the same geometry have one, and the slightest
move of a gate changes it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from atmpxb.science.flow.errors import GateError
from atmpxb.science.flow.gates import Boolean, Dimension, Gate, Quadrants
from atmpxb.science.flow.transforms import Transform
from atmpxb.science.instruments.fcs import SpilloverMatrix

SCHEMA = "atmpxb.gating/1"
#: The population of all events; the parent of gates without one.
ROOT = ""
COMPENSATIONS = ("none", "file", "file_if_present")


@dataclass(frozen=True)
class Strategy:
    """Gates in any order; ``transforms`` and ``matrices`` by the names that dimensions use.

    Raises:
        GateError: at construction, for a name used twice, an unknown reference or a cycle.
    """

    gates: tuple[Gate, ...]
    transforms: Mapping[str, Transform] = field(default_factory=dict)
    matrices: Mapping[str, SpilloverMatrix] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [name for gate in self.gates for name in populations_of(gate)]
        names += [gate.name for gate in self.gates if isinstance(gate, Quadrants)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise GateError("flow.name_twice", "Two gates are named '{gate}': rename one.", gate=twice[0])
        if reserved := sorted(set(self.matrices) & set(COMPENSATIONS)):
            raise GateError(
                "flow.matrix",
                "A matrix can't be named '{name}': that word has a meaning here.",
                name=reserved[0],
            )
        for gate in self.gates:
            self._check_references(gate)
        _ = self.order

    def _check_references(self, gate: Gate) -> None:
        known = self.parents
        for name in required(gate):
            if name not in known:
                raise GateError(
                    "flow.gate_missing",
                    "Gate '{gate}' refers to '{name}', which is no gate here.",
                    gate=gate.name,
                    name=name,
                )
        for dimension in () if isinstance(gate, Boolean) else gate.dimensions:
            if dimension.transform and dimension.transform not in self.transforms:
                raise GateError(
                    "flow.transform_missing",
                    "Gate '{gate}' uses transform '{transform}', which is not defined.",
                    gate=gate.name,
                    transform=dimension.transform,
                )
            if dimension.compensation not in (*COMPENSATIONS, *self.matrices):
                raise GateError(
                    "flow.matrix_missing",
                    "Gate '{gate}' uses compensation '{compensation}': name none, file, file_if_present or a matrix "
                    "of the strategy.",
                    gate=gate.name,
                    compensation=dimension.compensation,
                )

    @cached_property
    def parents(self) -> Mapping[str, str]:
        """Population → parent population."""
        return {name: gate.parent for gate in self.gates for name in populations_of(gate)}

    @cached_property
    def order(self) -> tuple[Gate, ...]:
        """Gates so that each comes after all it needs; ties keep the order given."""
        waiting, ordered, ready = list(self.gates), list[Gate](), {ROOT}
        while waiting:
            able = [gate for gate in waiting if all(name in ready for name in required(gate))]
            if not able:
                names = ", ".join(sorted(gate.name for gate in waiting))
                raise GateError("flow.cycle", "These gates refer to each other in a circle: {gates}.", gates=names)
            ordered += able
            ready |= {name for gate in able for name in populations_of(gate)}
            waiting = [gate for gate in waiting if gate not in able]
        return tuple(ordered)

    def ancestors(self, population: str) -> tuple[str, ...]:
        """Parent, its parent, … up to and including all events."""
        chain = []
        while population != ROOT:
            population = self.parents[population]
            chain.append(population)
        return tuple(chain)

    def canonical(self) -> bytes:
        """Canonical JSON of everything that decides where an event falls, and of nothing else."""
        document = {
            "schema": SCHEMA,
            "gates": sorted(
                ({"type": type(gate).__name__.lower(), **asdict(gate)} for gate in self.gates),
                key=lambda g: g["name"],
            ),
            "transforms": {n: {"type": t.kind, **t.parameters()} for n, t in self.transforms.items()},
            "matrices": {
                n: {"detectors": m.detectors, "dyes": m.names, "rows": m.rows} for n, m in self.matrices.items()
            },
        }
        return json.dumps(_exact(document), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

    @cached_property
    def sha256(self) -> str:
        """Identity of the strategy."""
        return sha256(self.canonical()).hexdigest()


def populations_of(gate: Gate) -> tuple[str, ...]:
    """Names of the populations that a gate makes: one, or one per quadrant."""
    return tuple(q.name for q in gate.quadrants) if isinstance(gate, Quadrants) else (gate.name,)


def required(gate: Gate) -> tuple[str, ...]:
    """Populations that must be known before the gate can be applied."""
    others = tuple(o.population for o in gate.operands) if isinstance(gate, Boolean) else ()
    return tuple(name for name in (gate.parent, *others) if name != ROOT)


def dimensions_of(gate: Gate) -> tuple[Dimension, ...]:
    """Dimensions of a gate; none for a Boolean one."""
    return () if isinstance(gate, Boolean) else gate.dimensions


def _exact(value: Any) -> Any:
    match value:
        case bool() | None | str() | int():
            return value
        case float():
            return repr(value + 0.0)
        case Mapping():
            return {str(key): _exact(item) for key, item in value.items()}
    return [_exact(item) for item in value]
