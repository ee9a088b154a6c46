"""Frozen dataclasses to plain JSON and back, checked field by field.

The dataclasses of ``record`` are the schema: what they declare is what a record must hold, no more and no
less. So there is one description of the format, and every problem of a foreign record is named by its place.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeAliasType, Union, get_args, get_origin

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


class Reader:
    """Builds typed values out of JSON and collects what is wrong instead of stopping at the first problem."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def read(self, kind: Any, value: Any, place: str) -> Any:
        """``value`` as ``kind``; where it does not fit, a problem is noted and None returned."""
        if isinstance(kind, TypeAliasType):
            kind = kind.__value__
        if dataclasses.is_dataclass(kind):
            return self._object(typing.cast(type, kind), value, place)
        origin = get_origin(kind)
        if origin is Literal:
            return self._demand(
                value in get_args(kind), value, place, f"must be one of {', '.join(get_args(kind))}"
            )
        if origin in (Union, types.UnionType):
            (inner,) = (one for one in get_args(kind) if one is not types.NoneType)
            return None if value is None else self.read(inner, value, place)
        if origin is tuple:
            return self._list(get_args(kind)[0], value, place)
        if origin is Mapping:
            return self._mapping(get_args(kind)[1], value, place)
        return self._demand(type(value) is kind, value, place, f"must be {kind.__name__}")

    def _object(self, kind: type, value: Any, place: str) -> Any:
        if not isinstance(value, dict):
            return self._demand(False, value, place, "must be an object")
        hints = typing.get_type_hints(kind)
        names = [field.name for field in dataclasses.fields(kind)]
        for name in value.keys() - set(names):
            self.problems.append(f"{place}: {name!r} is not a field of it")
        for name in names:
            if name not in value:
                self.problems.append(f"{place}: {name!r} is missing")
        found = {
            name: self.read(hints[name], value.get(name), f"{place}.{name}")
            for name in names
            if name in value
        }
        return kind(**found) if len(found) == len(names) else None

    def _list(self, kind: Any, value: Any, place: str) -> Any:
        if not isinstance(value, list):
            return self._demand(False, value, place, "must be a list")
        return tuple(self.read(kind, item, f"{place}[{index}]") for index, item in enumerate(value))

    def _mapping(self, kind: Any, value: Any, place: str) -> Any:
        if not isinstance(value, dict):
            return self._demand(False, value, place, "must be an object")
        if kind is Any:
            return value
        return {key: self.read(kind, item, f"{place}.{key}") for key, item in value.items()}

    def _demand(self, fits: bool, value: Any, place: str, duty: str) -> Any:
        if fits:
            return value
        self.problems.append(f"{place}: {duty}, not {value!r:.60}")
        return None
