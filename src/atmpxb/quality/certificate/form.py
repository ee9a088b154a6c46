"""Frozen dataclasses to plain JSON and back, checked field by field.

The dataclasses of ``record`` are the schema: what they declare is what a record must hold, no more and no
less. So there is one description of the format, and every problem of a foreign record is named by its place.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeAliasType, Union, get_args, get_origin

from atmpxb.notes import Note, note, say

LANGUAGES = ("en", "nl")


def plain(value: Any) -> Any:
    """The JSON form of a dataclass and everything in it; floats are left to be refused by ``canonical``."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def rebuilt(kind: Any, value: Any) -> Any:
    """What ``plain`` took apart, e.g. out of a table of ours, as ``kind`` again.

    Raises:
        ValueError: it was not made by ``plain`` of this kind.
    """
    reader = Reader()
    found = reader.read(kind, value, "it")
    if reader.problems:
        raise ValueError(say(tuple(reader.problems)))
    return found


class Reader:
    """Builds typed values out of JSON and collects what is wrong instead of stopping at the first problem."""

    def __init__(self) -> None:
        self.problems: list[Note] = []

    def read(self, kind: Any, value: Any, place: str) -> Any:
        """``value`` as ``kind``; where it does not fit, a problem is noted and None returned."""
        if isinstance(kind, TypeAliasType):
            kind = kind.__value__
        if dataclasses.is_dataclass(kind):
            return self._object(typing.cast(type, kind), value, place)
        origin = get_origin(kind)
        if origin is Literal:
            return self._demand(
                value in get_args(kind),
                value,
                place,
                note("form.one_of", "must be one of {known}", known=", ".join(get_args(kind))),
            )
        if origin in (Union, types.UnionType):
            inner = [one for one in get_args(kind) if one is not types.NoneType]
            if value is None and len(inner) < len(get_args(kind)):
                return None
            return self.read(next((one for one in inner if _suits(one, value)), inner[0]), value, place)
        if origin is tuple:
            return self._list(get_args(kind)[0], value, place)
        if origin is Mapping:
            return self._mapping(get_args(kind)[1], value, place)
        return self._demand(type(value) is kind, value, place, note("form.kind", "must be {kind}", kind=kind.__name__))

    def _object(self, kind: type, value: Any, place: str) -> Any:
        if not isinstance(value, dict):
            return self._demand(False, value, place, note("form.object", "must be an object"))
        hints = typing.get_type_hints(kind)
        names = [field.name for field in dataclasses.fields(kind)]
        for name in value.keys() - set(names):
            self.problems.append(note("form.unknown", "{place}: '{name}' is not a field of it", place=place, name=name))
        for name in names:
            if name not in value:
                self.problems.append(note("form.missing", "{place}: '{name}' is missing", place=place, name=name))
        found = {name: self.read(hints[name], value.get(name), f"{place}.{name}") for name in names if name in value}
        return kind(**found) if len(found) == len(names) else None

    def _list(self, kind: Any, value: Any, place: str) -> Any:
        if not isinstance(value, list):
            return self._demand(False, value, place, note("form.list", "must be a list"))
        return tuple(self.read(kind, item, f"{place}[{index}]") for index, item in enumerate(value))

    def _mapping(self, kind: Any, value: Any, place: str) -> Any:
        if not isinstance(value, dict):
            return self._demand(False, value, place, note("form.object", "must be an object"))
        if kind is Any:
            return value
        return {key: self.read(kind, item, f"{place}.{key}") for key, item in value.items()}

    def _demand(self, fits: bool, value: Any, place: str, duty: Note) -> Any:
        if fits:
            return value
        said = note("form.duty", "{place}: {duty}, not {found}", place=place, duty=duty, found=f"{value!r:.60}")
        self.problems.append(said)
        return None


def _suits(kind: Any, value: Any) -> bool:
    """Whether a value has the outer form of a kind, so that problems are told of what it means to be."""
    if isinstance(kind, TypeAliasType):
        kind = kind.__value__
    if dataclasses.is_dataclass(kind):
        return isinstance(value, dict) and {field.name for field in dataclasses.fields(kind)} <= value.keys()
    forms = {tuple: list, Mapping: dict}
    origin = get_origin(kind)
    return isinstance(value, forms[origin]) if origin in forms else type(value) is kind
