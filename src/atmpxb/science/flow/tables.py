"""A strategy from plain tables, as a method document (TOML) holds it.

::

    compensation = "file"                      # default of all dimensions
    [transforms.bright]
    type = "logicle"
    T = 262144
    W = 0.5
    M = 4.5
    [[gates]]
    name = "T cells"
    type = "rectangle"                         # polygon | ellipsoid | quadrants | boolean
    parent = "cells"
    dimensions = [{ channel = "CD3", transform = "bright", min = "0.5" }]

Bounds, vertices and dividers are on the scale of the transform (0 to 1), or in units of the file without one.
"""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from atmpxb.notes import Noted
from atmpxb.science.flow.compensation import inverse_of
from atmpxb.science.flow.errors import GateError
from atmpxb.science.flow.gates import (
    Boolean,
    Dimension,
    Ellipsoid,
    Gate,
    Operand,
    Polygon,
    Quadrant,
    Quadrants,
    Ratio,
    Rectangle,
)
from atmpxb.science.flow.strategy import Strategy
from atmpxb.science.flow.transforms import transform_of
from atmpxb.science.instruments.fcs import SpilloverMatrix

#: Keys of a gate that tell people something and decide nothing.
WORDS = {"title"}


class _Flaw(Noted, ValueError):
    """What is wrong within a gate; told with the name of the gate."""


def strategy_of(tables: Mapping[str, Any]) -> Strategy:
    """The strategy in ``tables`` (keys ``gates``, ``transforms``, ``matrices``, ``compensation``; "
    "others are ignored).

    Raises:
        GateError: says which gate and what is wrong with it.
    """
    default = str(tables.get("compensation", "none"))
    transforms = {}
    for name, table in _mapping(tables.get("transforms", {}), "transforms").items():
        parameters = dict(_mapping(table, f"transforms.{name}"))
        transforms[name] = transform_of(str(parameters.pop("type", "")), parameters)
    matrices = {n: _matrix(n, t) for n, t in _mapping(tables.get("matrices", {}), "matrices").items()}
    gates = tuple(_gate(table, default) for table in _sequence(tables.get("gates", ()), "gates"))
    if not gates:
        raise GateError("flow.no_gates", "The strategy has no gates: add at least one [[parameters.gates]].")
    return Strategy(gates, transforms, matrices)


def _gate(table: Any, compensation: str) -> Gate:
    fields = {key: value for key, value in _mapping(table, "gates").items() if key not in WORDS}
    name, kind, parent = (str(fields.pop(key, "")) for key in ("name", "type", "parent"))
    if not name:
        raise GateError("flow.gate", "A gate has no name: every gate needs one.")
    build = BUILDERS.get(kind)
    if build is None:
        raise GateError(
            "flow.gate",
            "Gate '{gate}' has type '{kind}': use one of {known}.",
            gate=name,
            kind=kind,
            known=", ".join(BUILDERS),
        )
    try:
        gate = build(name, parent, fields, compensation)
    except KeyError as missing:
        raise GateError("flow.gate", "Gate '{gate}' lacks '{key}'.", gate=name, key=missing.args[0]) from missing
    except _Flaw as wrong:
        raise GateError("flow.gate", "Gate '{gate}': {wrong}.", gate=name, wrong=wrong.note) from wrong
    except (TypeError, ValueError) as wrong:
        raise GateError(
            "flow.gate", "Gate '{gate}' holds a value of another form than its type has.", gate=name
        ) from wrong
    if fields:
        raise GateError("flow.gate", "Gate '{gate}' has an unknown key '{key}'.", gate=name, key=next(iter(fields)))
    return gate


def _rectangle(name: str, parent: str, fields: dict[str, Any], compensation: str) -> Gate:
    tables = [dict(_mapping(table, "dimensions")) for table in fields.pop("dimensions")]
    bounds = tuple((_bound(t.pop("min", None)), _bound(t.pop("max", None))) for t in tables)
    if not tables or any(low is None and high is None for low, high in bounds):
        raise _Flaw("flow.bounds", "each dimension needs min, max or both")
    if any(low is not None and high is not None and low >= high for low, high in bounds):
        raise _Flaw("flow.bounds_order", "min must be below max")
    return Rectangle(name, parent, tuple(_dimension(t, compensation) for t in tables), bounds)


def _polygon(name: str, parent: str, fields: dict[str, Any], compensation: str) -> Gate:
    vertices = tuple((_number(x), _number(y)) for x, y in fields.pop("vertices"))
    if len(vertices) < 3:
        raise _Flaw("flow.vertices", "a polygon needs three vertices or more")
    return Polygon(name, parent, _dimensions(fields, compensation, 2), vertices)


def _ellipsoid(name: str, parent: str, fields: dict[str, Any], compensation: str) -> Gate:
    dimensions = _dimensions(fields, compensation, None)
    mean = tuple(_number(value) for value in fields.pop("mean"))
    covariance = tuple(tuple(_number(v) for v in row) for row in fields.pop("covariance"))
    if not len(dimensions) == len(mean) == len(covariance) >= 2 or any(len(row) != len(mean) for row in covariance):
        raise _Flaw("flow.ellipsoid", "mean and covariance must fit two or more dimensions")
    if inverse_of(covariance) is None:
        raise _Flaw("flow.covariance", "the covariance matrix can't be inverted")
    return Ellipsoid(name, parent, dimensions, mean, covariance, _number(fields.pop("distance_square", 1)))


def _quadrants(name: str, parent: str, fields: dict[str, Any], compensation: str) -> Gate:
    tables = [dict(_mapping(table, "dimensions")) for table in fields.pop("dimensions")]
    dividers = tuple(tuple(_number(value) for value in table.pop("dividers")) for table in tables)
    if not dividers or any(not cuts or list(cuts) != sorted(set(cuts)) for cuts in dividers):
        raise _Flaw("flow.dividers", "each dimension needs dividers in ascending order")
    quadrants = tuple(Quadrant(str(n), tuple(int(i) for i in places)) for n, places in fields.pop("quadrants").items())
    for quadrant in quadrants:
        if len(quadrant.intervals) != len(dividers) or any(
            not 0 <= place <= len(cuts) for place, cuts in zip(quadrant.intervals, dividers, strict=True)
        ):
            raise _Flaw(
                "flow.quadrant", "quadrant '{quadrant}' names an interval that is not there", quadrant=quadrant.name
            )
    return Quadrants(name, parent, tuple(_dimension(t, compensation) for t in tables), dividers, quadrants)


def _boolean(name: str, parent: str, fields: dict[str, Any], compensation: str) -> Gate:
    operator, operands = str(fields.pop("operator")), []
    for operand in _sequence(fields.pop("operands"), "operands"):
        text = str(operand)  # "!name" is the complement
        operands.append(Operand(text.removeprefix("!"), text.startswith("!")))
    if operator not in {"and", "or", "not"} or not operands or (operator == "not" and len(operands) != 1):
        raise _Flaw("flow.operator", "operator is and, or (one operand or more) or not (one operand)")
    return Boolean(name, parent, operator, tuple(operands))


BUILDERS: Mapping[str, Callable[[str, str, dict[str, Any], str], Gate]] = {
    "rectangle": _rectangle,
    "polygon": _polygon,
    "ellipsoid": _ellipsoid,
    "quadrants": _quadrants,
    "boolean": _boolean,
}


def _dimensions(fields: dict[str, Any], compensation: str, count: int | None) -> tuple[Dimension, ...]:
    found = tuple(_dimension(table, compensation) for table in _sequence(fields.pop("dimensions"), "dimensions"))
    if count is not None and len(found) != count:
        raise _Flaw("flow.dimensions", "it needs {count} dimensions", count=count)
    return found


def _dimension(table: Any, compensation: str) -> Dimension:
    if isinstance(table, str):
        return Dimension(table, compensation=compensation)
    fields = dict(_mapping(table, "dimensions"))
    channel: str | Ratio = str(fields.pop("channel", ""))
    if "ratio" in fields:
        ratio = dict(_mapping(fields.pop("ratio"), "ratio"))
        channel = Ratio(
            str(ratio.pop("numerator")),
            str(ratio.pop("denominator")),
            **{k: _number(v) for k, v in ratio.items()},
        )
    if not channel:
        raise _Flaw("flow.dimension", "a dimension names no channel")
    found = Dimension(channel, str(fields.pop("transform", "")), str(fields.pop("compensation", compensation)))
    if fields:
        raise _Flaw("flow.dimension_key", "a dimension has an unknown key '{key}'", key=next(iter(fields)))
    return found


def _matrix(name: str, table: Any) -> SpilloverMatrix:
    fields = _mapping(table, f"matrices.{name}")
    try:
        detectors = tuple(str(d) for d in fields["detectors"])
        rows = tuple(tuple(_number(v) for v in row) for row in fields["rows"])
        dyes = tuple(str(d) for d in fields.get("dyes", ()))
    except (KeyError, TypeError, ValueError) as wrong:
        raise GateError("flow.matrix", "Matrix '{name}' needs detectors and rows of numbers.", name=name) from wrong
    if len(rows) != len(detectors) or any(len(r) != len(detectors) for r in rows) or len(dyes) not in (0, len(rows)):
        raise GateError("flow.matrix", "Matrix '{name}' must be square, one row and column per detector.", name=name)
    return SpilloverMatrix(detectors, rows, dyes, source=name)


def _bound(value: Any) -> float | None:
    return None if value is None else _number(value)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise _Flaw("flow.number", "{value} is not a number", value=repr(value))
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _Flaw("flow.number", "{value} is not a number", value=repr(value)) from None
    if not isfinite(number):
        raise _Flaw("flow.number", "{value} is not a finite number", value=repr(value))
    return number


def _mapping(value: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise GateError("flow.tables", "{key} must be a table.", key=key)
    return value


def _sequence(value: Any, key: str) -> Sequence[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise GateError("flow.tables", "{key} must be a list.", key=key)
    return value
