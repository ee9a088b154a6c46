"""Reading XML without losing anything: repairs are listed, unknown elements kept, numbers checked."""

import math
from collections.abc import Iterator

import numpy as np
from lxml import etree

from .model import Floats, Mended, RdmlError, Unread

MAXIMUM_NUMBER = 1e30


def name_of(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attributes_of(element: etree._Element) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in element.attrib.items()]


def text_of(element: etree._Element) -> str:
    return (element.text or "").strip()


class Parsing:
    """One reading of one file: collects what was mended and what was not read."""

    def __init__(self) -> None:
        self.repairs: list[Mended] = []
        self.unread: list[Unread] = []

    def mend(self, rule: str, where: str, before: str, after: str) -> None:
        self.repairs.append(Mended(rule, where, before, after))

    def keep(self, element: etree._Element, path: str) -> None:
        """Keep an element that the model has no place for, with everything below it."""
        here = f"{path}/{name_of(element)}"
        for name, value in attributes_of(element):
            self.unread.append(Unread(f"{here}/@{name}", value))
        text = text_of(element)
        if text or (not len(element) and not element.attrib):
            self.unread.append(Unread(here, text))
        for child in element:
            self.keep(child, here)

    def children(
        self, element: etree._Element, path: str, attributes: tuple[str, ...] = ()
    ) -> Iterator[tuple[str, etree._Element]]:
        """Children by name; attributes that nobody reads are kept."""
        for name, value in attributes_of(element):
            if name not in attributes:
                self.unread.append(Unread(f"{path}/@{name}", value))
        for child in element:
            yield name_of(child), child

    def number(self, text: str, where: str) -> float:
        """A finite or NaN number. A decimal comma is mended; anything else that is no number is an error."""
        try:
            value = float(text)
        except ValueError:
            if text.count(",") == 1 and "." not in text:
                mended = text.replace(",", ".")
                try:
                    value = float(mended)
                except ValueError:
                    value = math.inf
                else:
                    self.mend("rdml.decimal_comma", where, text, mended)
            else:
                value = math.inf
        if math.isinf(value) or abs(value) > MAXIMUM_NUMBER:
            raise RdmlError(
                "rdml.number",
                "{where}: '{text}' is not a usable number: export the file again.",
                where=where,
                text=text[:40],
            )
        return value

    def floats(self, texts: list[str], path: str) -> Floats:
        """Numbers of a whole curve, NaN allowed; with repairs where plain reading fails."""
        try:
            values = np.array([float(text) for text in texts])
        except ValueError:
            values = np.array([self.number(text.strip(), path) for text in texts])
        if np.isinf(values).any() or (np.abs(values) > MAXIMUM_NUMBER).any():
            raise RdmlError(
                "rdml.number", "{path} holds an infinite or absurd number: export the file again.", path=path
            )
        return values

    def identity(self, element: etree._Element, path: str) -> str:
        identifier = element.get("id")
        if not identifier:
            raise RdmlError(
                "rdml.no_id", "{path} has no id, so nothing can refer to it: export the file again.", path=path
            )
        return identifier

    def unique[T](self, known: dict[str, T], identifier: str, thing: T) -> None:
        if identifier in known:
            raise RdmlError(
                "rdml.same_id",
                "'{name}' is declared twice: give each sample and target its own id and export again.",
                name=identifier,
            )
        known[identifier] = thing

    def onetext_of(self, element: etree._Element, path: str, wanted: str) -> str:
        found = ""
        for name, child in self.children(element, path, ("id",)):
            if name == wanted and not found and not len(child):
                found = text_of(child)
            else:
                self.keep(child, path)
        return found
