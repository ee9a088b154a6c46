"""Read RDML 1.0 to 1.4: Lefever et al. 2009, Nucleic Acids Res 37:2065; schemas of the RDML consortium.

An archive holds ``rdml_data.xml``; plain XML is read as well. What has no place in the model is kept in
``unread`` (path and text), other archive members are listed in ``parts``, every repair is in ``repairs``.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
from lxml import etree

from .container import PART, tree_of, xml_of
from .model import (
    SAMPLE_TYPES,
    Data,
    Dye,
    Experiment,
    Floats,
    Identifier,
    Mended,
    PlateFormat,
    Quantity,
    RdmlError,
    RdmlFile,
    React,
    Run,
    Sample,
    SampleType,
    Target,
    Unread,
)
from .wells import plate_of, well_name

VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")
NAMESPACE = "http://www.rdml.org"
MAXIMUM_CYCLE = 1000
MAXIMUM_NUMBER = 1e30


def read(data: bytes) -> RdmlFile:
    """Read an RDML file.

    Raises:
        RdmlError: with a code and the cure, for anything that can't be read; never another exception.
    """
    xml, member, parts = xml_of(data)
    reader = _Reader()
    if member and member != PART:
        reader.mend("rdml.part_name", "archive", member, PART)
    root = tree_of(xml)
    try:
        return reader.file(root, parts)
    except RecursionError as problem:
        raise RdmlError(
            "rdml.too_deep", "The XML is nested too deeply to be RDML: export the file again."
        ) from problem


def _name(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _attributes(element: etree._Element) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in element.attrib.items()]


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


class _Reader:
    """One reading: collects what was mended and what was not read."""

    def __init__(self) -> None:
        self.repairs: list[Mended] = []
        self.unread: list[Unread] = []

    def mend(self, rule: str, where: str, before: str, after: str) -> None:
        self.repairs.append(Mended(rule, where, before, after))

    def keep(self, element: etree._Element, path: str) -> None:
        """Keep an element that the model has no place for, with everything below it."""
        here = f"{path}/{_name(element)}"
        for name, value in _attributes(element):
            self.unread.append(Unread(f"{here}/@{name}", value))
        text = _text(element)
        if text or (not len(element) and not element.attrib):
            self.unread.append(Unread(here, text))
        for child in element:
            self.keep(child, here)

    def children(
        self, element: etree._Element, path: str, attributes: tuple[str, ...] = ()
    ) -> Iterator[tuple[str, etree._Element]]:
        """Children by name; attributes that nobody reads are kept."""
        for name, value in _attributes(element):
            if name not in attributes:
                self.unread.append(Unread(f"{path}/@{name}", value))
        for child in element:
            yield _name(child), child

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
                "rdml.number", f"{where}: {text[:40]!r} is not a usable number: export the file again."
            )
        return value

    def identity(self, element: etree._Element, path: str) -> str:
        identifier = element.get("id")
        if not identifier:
            raise RdmlError(
                "rdml.no_id", f"{path} has no id, so nothing can refer to it: export the file again."
            )
        return identifier

    def file(self, root: etree._Element, parts: tuple[tuple[str, int], ...]) -> RdmlFile:
        version = root.get("version", "")
        if version not in VERSIONS:
            raise RdmlError(
                "rdml.version",
                f"RDML version {version[:20]!r} is not one of {', '.join(VERSIONS)}: export as RDML 1.3.",
            )
        namespace = etree.QName(root).namespace or ""
        if namespace != NAMESPACE:
            self.mend("rdml.namespace", "/rdml", namespace, NAMESPACE)
        texts = {"dateMade": "", "dateUpdated": ""}
        samples: dict[str, Sample] = {}
        targets: dict[str, Target] = {}
        dyes: list[Dye] = []
        identifiers: list[Identifier] = []
        documentation: list[tuple[str, str]] = []
        experiments: list[etree._Element] = []
        for name, child in self.children(root, "/rdml", ("version",)):
            path = f"/rdml/{name}"
            match name:
                case "dateMade" | "dateUpdated":
                    texts[name] = _text(child)
                case "id":
                    identifiers.append(self.identifier(child, path))
                case "documentation":
                    documentation.append((self.identity(child, path), self.one_text(child, path, "text")))
                case "dye":
                    dyes.append(Dye(self.identity(child, path), self.one_text(child, path, "description")))
                case "sample":
                    self.unique(samples, (sample := self.sample(child)).id, sample, "sample")
                case "target":
                    self.unique(targets, (target := self.target(child)).id, target, "target")
                case "experiment":
                    experiments.append(child)
                case _:
                    self.keep(child, "/rdml")
        read_experiments = tuple(self.experiment(e, samples, targets) for e in experiments)
        return RdmlFile(
            version=version,
            samples=tuple(samples.values()),
            targets=tuple(targets.values()),
            experiments=read_experiments,
            dyes=tuple(dyes),
            identifiers=tuple(identifiers),
            made=texts["dateMade"],
            updated=texts["dateUpdated"],
            documentation=tuple(documentation),
            parts=parts,
            unread=tuple(self.unread),
            repairs=tuple(self.repairs),
        )

    def unique[T](self, known: dict[str, T], identifier: str, thing: T, noun: str) -> None:
        if identifier in known:
            raise RdmlError(
                "rdml.same_id",
                f"Two {noun}s are called {identifier!r}: give each its own id and export again.",
            )
        known[identifier] = thing

    def one_text(self, element: etree._Element, path: str, wanted: str) -> str:
        found = ""
        for name, child in self.children(element, path, ("id",)):
            if name == wanted and not found and not len(child):
                found = _text(child)
            else:
                self.keep(child, path)
        return found

    def identifier(self, element: etree._Element, path: str) -> Identifier:
        texts = {"publisher": "", "serialNumber": "", "MD5Hash": ""}
        for name, child in self.children(element, path):
            if name in texts:
                texts[name] = _text(child)
            else:
                self.keep(child, path)
        return Identifier(texts["publisher"], texts["serialNumber"], texts["MD5Hash"])

    def sample(self, element: etree._Element) -> Sample:
        identifier = self.identity(element, "/rdml/sample")
        path = f"/rdml/sample[{identifier}]"
        types: list[SampleType] = []
        quantities: list[Quantity] = []
        description = ""
        for name, child in self.children(element, path, ("id",)):
            match name:
                case "description":
                    description = _text(child)
                case "type":
                    code = _text(child)
                    if code not in SAMPLE_TYPES:
                        raise RdmlError(
                            "rdml.sample_type",
                            f"{path}: type {code[:20]!r} is not one of {', '.join(SAMPLE_TYPES)}.",
                        )
                    types.append(SampleType(code, child.get("targetId", "")))
                case "quantity":
                    quantity = self.quantity(child, path)
                    if quantity is not None:
                        quantities.append(quantity)
                case _:
                    self.keep(child, path)
        return Sample(identifier, tuple(types), description, tuple(quantities))

    def quantity(self, element: etree._Element, path: str) -> Quantity | None:
        value, unit = "", ""
        for name, child in self.children(element, f"{path}/quantity", ("targetId",)):
            if name == "value":
                value = _text(child)
            elif name == "unit":
                unit = _text(child)
            else:
                self.keep(child, f"{path}/quantity")
        number = self.number(value, f"{path}/quantity/value")
        if math.isnan(number):
            self.mend("rdml.quantity_not_a_number", f"{path}/quantity", value, "no quantity")
            return None
        return Quantity(number, unit, element.get("targetId", ""))

    def target(self, element: etree._Element) -> Target:
        identifier = self.identity(element, "/rdml/target")
        path = f"/rdml/target[{identifier}]"
        type_ = description = dye = ""
        for name, child in self.children(element, path, ("id",)):
            match name:
                case "type":
                    type_ = _text(child)
                case "description":
                    description = _text(child)
                case "dyeId":
                    dye = child.get("id") or _text(child)  # text in 1.0, attribute later
                case _:
                    self.keep(child, path)
        return Target(identifier, type_, dye, description)

    def experiment(
        self, element: etree._Element, samples: dict[str, Sample], targets: dict[str, Target]
    ) -> Experiment:
        identifier = self.identity(element, "/rdml/experiment")
        path = f"/rdml/experiment[{identifier}]"
        description, runs = "", []
        for name, child in self.children(element, path, ("id",)):
            if name == "description":
                description = _text(child)
            elif name == "run":
                runs.append(self.run(child, path, samples, targets))
            else:
                self.keep(child, path)
        return Experiment(identifier, tuple(runs), description)

    def run(
        self, element: etree._Element, above: str, samples: dict[str, Sample], targets: dict[str, Target]
    ) -> Run:
        identifier = self.identity(element, f"{above}/run")
        path = f"{above}/run[{identifier}]"
        names = ("description", "instrument", "backgroundDeterminationMethod", "cqDetectionMethod", "runDate")
        texts = dict.fromkeys(names, "")
        software = {"name": "", "version": ""}
        plate = PlateFormat()
        reacts: list[etree._Element] = []
        for name, child in self.children(element, path, ("id",)):
            match name:
                case "react":
                    reacts.append(child)
                case "pcrFormat":
                    plate = self.plate(child, path)
                case "dataCollectionSoftware":
                    for part, value in self.children(child, f"{path}/{name}"):
                        if part in software:
                            software[part] = _text(value)
                        else:
                            self.keep(value, f"{path}/{name}")
                case _ if name in texts:
                    texts[name] = _text(child)
                case _:
                    self.keep(child, path)
        wells: dict[str, str] = {}
        read_reacts = []
        for react in reacts:
            read_react = self.react(react, path, plate, samples, targets)
            if read_react.well in wells:
                raise RdmlError(
                    "rdml.same_well", f"{path}: well {read_react.well} occurs twice: export the file again."
                )
            wells[read_react.well] = read_react.id
            read_reacts.append(read_react)
        return Run(
            identifier,
            tuple(read_reacts),
            texts["description"],
            texts["instrument"],
            software["name"],
            software["version"],
            texts["backgroundDeterminationMethod"],
            texts["cqDetectionMethod"],
            plate,
            texts["runDate"],
        )

    def plate(self, element: etree._Element, above: str) -> PlateFormat:
        path = f"{above}/pcrFormat"
        if not len(element):
            return plate_of(_text(element))
        texts = {"rows": "", "columns": "", "rowLabel": "ABC", "columnLabel": "123"}
        for name, child in self.children(element, path):
            if name in texts:
                texts[name] = _text(child)
            else:
                self.keep(child, path)
        rows, columns = (self.number(texts[side] or "0", f"{path}/{side}") for side in ("rows", "columns"))
        if not (-1 <= rows <= 10000 and -1 <= columns <= 10000):
            raise RdmlError("rdml.plate", f"{path}: {rows:g} rows by {columns:g} columns is not a plate.")
        return PlateFormat(int(rows), int(columns), texts["rowLabel"], texts["columnLabel"])

    def react(
        self,
        element: etree._Element,
        above: str,
        plate: PlateFormat,
        samples: dict[str, Sample],
        targets: dict[str, Target],
    ) -> React:
        identifier = self.identity(element, f"{above}/react")
        path = f"{above}/react[{identifier}]"
        sample, volume, data = "", None, []
        for name, child in self.children(element, path, ("id",)):
            match name:
                case "sample":
                    sample = child.get("id") or _text(child)
                case "vol":
                    volume = self.number(_text(child), f"{path}/vol")
                case "data":
                    data.append(self.data(child, path, targets))
                case _:
                    self.keep(child, path)
        if sample not in samples:
            raise RdmlError(
                "rdml.unknown_sample",
                f"{path} names the sample {sample[:40]!r}, which the file does not declare: export it again.",
            )
        return React(identifier, well_name(identifier, plate), sample, tuple(data), volume)

    def data(self, element: etree._Element, above: str, targets: dict[str, Target]) -> Data:
        path = f"{above}/data"
        target, note, cq = "", "", None
        excluded: str | None = None
        amplification: list[etree._Element] = []
        melting: list[etree._Element] = []
        for name, child in self.children(element, path):
            match name:
                case "adp":
                    amplification.append(child)
                case "mdp":
                    melting.append(child)
                case "tar":
                    target = child.get("id") or _text(child)
                case "cq":
                    value = self.number(_text(child), f"{path}/cq")
                    cq = None if math.isnan(value) or value < 0 else value  # RDML: negative = not available
                case "excl":
                    excluded = _text(child)
                case "note":
                    note = _text(child)
                case _:
                    self.keep(child, path)
        if not target:
            raise RdmlError(
                "rdml.no_target", f"{path} does not say which target it measured: export the file again."
            )
        path = f"{path}[{target}]"
        if target not in targets:
            self.mend("rdml.undeclared_target", path, "", target)
            targets[target] = Target(target)
        cycles, temperatures, fluorescence = self.curve(amplification, path, "cyc")
        if cycles.size:
            cycles, temperatures, fluorescence = self.in_order(cycles, temperatures, fluorescence, path)
        melt_temperatures, _, melt_fluorescence = self.curve(melting, path, "tmp")
        arrays = [cycles, temperatures, fluorescence, melt_temperatures, melt_fluorescence]
        for array in arrays:
            array.flags.writeable = False
        return Data(target, cq, excluded, note, *arrays)

    def curve(self, points: list[etree._Element], path: str, axis: str) -> tuple[Floats, Floats, Floats]:
        """Axis, temperature and fluorescence of the points of a curve."""
        xs, temperatures, ys = [], [], []
        for point in points:
            x = y = ""
            temperature = "nan"
            for child in point:
                tag = child.tag
                if tag.endswith("fluor"):
                    y = child.text or ""
                elif tag.endswith(axis):
                    x = child.text or ""
                elif tag.endswith("tmp"):
                    temperature = child.text or ""
                else:
                    self.keep(child, f"{path}/{_name(point)}")
            xs.append(x)
            ys.append(y)
            temperatures.append(temperature)
        return tuple(self.floats(texts, path) for texts in (xs, temperatures, ys))  # type: ignore[return-value]

    def floats(self, texts: list[str], path: str) -> Floats:
        convert: Callable[[str], float] = float
        try:
            values = np.array([convert(text) for text in texts])
        except ValueError:
            values = np.array([self.number(text.strip(), path) for text in texts])
        if np.isinf(values).any() or (np.abs(values) > MAXIMUM_NUMBER).any():
            raise RdmlError(
                "rdml.number", f"{path} holds an infinite or absurd number: export the file again."
            )
        return values

    def in_order(
        self, cycles: Floats, temperatures: Floats, fluorescence: Floats, path: str
    ) -> tuple[Floats, ...]:
        """Cycles must be whole, distinct, and rise; a shuffled curve is sorted and listed."""
        if not ((cycles >= 0) & (cycles <= MAXIMUM_CYCLE) & (cycles == np.floor(cycles))).all():
            raise RdmlError("rdml.cycle", f"{path}: cycle numbers must be whole and at most {MAXIMUM_CYCLE}.")
        order = np.argsort(cycles, kind="stable")
        if (np.diff(cycles[order]) == 0).any():
            raise RdmlError(
                "rdml.same_cycle",
                f"{path}: a cycle occurs twice, so the curve is ambiguous: export it again.",
            )
        if (np.diff(order) != 1).any():
            self.mend("rdml.cycle_order", path, "shuffled cycles", "cycles in rising order")
        return cycles[order], temperatures[order], fluorescence[order]
