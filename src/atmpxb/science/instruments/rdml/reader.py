"""Read RDML 1.0 to 1.4: Lefever et al. 2009, Nucleic Acids Res 37:2065; schemas of the RDML consortium.

An archive holds ``rdml_data.xml``; plain XML is read as well. What has no place in the model is kept in
``unread`` (path and text), other archive members are listed in ``parts``, every repair is in ``repairs``.
"""

import math

from lxml import etree

from .container import PART, tree_of, xml_of
from .model import (
    SAMPLE_TYPES,
    Dye,
    Identifier,
    Quantity,
    RdmlError,
    RdmlFile,
    Sample,
    SampleType,
    Target,
)
from .parsing import text_of
from .runs import RunReader

VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")
NAMESPACE = "http://www.rdml.org"


def read(data: bytes) -> RdmlFile:
    """Read an RDML file.

    Raises:
        RdmlError: with a code and the cure, for anything that can't be read; never another exception.
    """
    xml, member, parts = xml_of(data)
    reader = _Reader()
    if member and member != PART:
        reader.mend("rdml.part_name", "ZIP", member, PART)
    root = tree_of(xml)
    try:
        return reader.file(root, parts)
    except RecursionError as problem:
        raise RdmlError("rdml.too_deep", "The XML is nested too deeply to be RDML: export the file again.") from problem


class _Reader(RunReader):
    """Reads a whole file, the declarations first."""

    def file(self, root: etree._Element, parts: tuple[tuple[str, int], ...]) -> RdmlFile:
        version = root.get("version", "")
        if version not in VERSIONS:
            raise RdmlError(
                "rdml.version",
                "RDML version '{version}' is not one of {versions}: export as RDML 1.3.",
                version=version[:20],
                versions=", ".join(VERSIONS),
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
                    texts[name] = text_of(child)
                case "id":
                    identifiers.append(self.identifier(child, path))
                case "documentation":
                    documentation.append((self.identity(child, path), self.onetext_of(child, path, "text")))
                case "dye":
                    dyes.append(Dye(self.identity(child, path), self.onetext_of(child, path, "description")))
                case "sample":
                    self.unique(samples, (sample := self.sample(child)).id, sample)
                case "target":
                    self.unique(targets, (target := self.target(child)).id, target)
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

    def identifier(self, element: etree._Element, path: str) -> Identifier:
        texts = {"publisher": "", "serialNumber": "", "MD5Hash": ""}
        for name, child in self.children(element, path):
            if name in texts:
                texts[name] = text_of(child)
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
                    description = text_of(child)
                case "type":
                    code = text_of(child)
                    if code not in SAMPLE_TYPES:
                        raise RdmlError(
                            "rdml.sample_type",
                            "{path}: type '{code}' is not one of {known}.",
                            path=path,
                            code=code[:20],
                            known=", ".join(SAMPLE_TYPES),
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
                value = text_of(child)
            elif name == "unit":
                unit = text_of(child)
            else:
                self.keep(child, f"{path}/quantity")
        number = self.number(value, f"{path}/quantity/value")
        if math.isnan(number):
            self.mend("rdml.quantity_not_a_number", f"{path}/quantity", value, "")
            return None
        return Quantity(number, unit, element.get("targetId", ""))

    def target(self, element: etree._Element) -> Target:
        identifier = self.identity(element, "/rdml/target")
        path = f"/rdml/target[{identifier}]"
        type_ = description = dye = ""
        for name, child in self.children(element, path, ("id",)):
            match name:
                case "type":
                    type_ = text_of(child)
                case "description":
                    description = text_of(child)
                case "dyeId":
                    dye = child.get("id") or text_of(child)  # text in 1.0, attribute later
                case _:
                    self.keep(child, path)
        return Target(identifier, type_, dye, description)
