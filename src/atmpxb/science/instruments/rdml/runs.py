"""Experiments, runs, wells and curves of an RDML file."""

import math

import numpy as np
from lxml import etree

from .model import Data, Experiment, Floats, PlateFormat, RdmlError, React, Run, Sample, Target
from .parsing import Parsing, name_of, text_of
from .wells import plate_of, well_name

MAXIMUM_CYCLE = 1000


class RunReader(Parsing):
    """Reads what hangs under ``experiment``; samples and targets are known by then."""

    def experiment(self, element: etree._Element, samples: dict[str, Sample], targets: dict[str, Target]) -> Experiment:
        identifier = self.identity(element, "/rdml/experiment")
        path = f"/rdml/experiment[{identifier}]"
        description, runs = "", []
        for name, child in self.children(element, path, ("id",)):
            if name == "description":
                description = text_of(child)
            elif name == "run":
                runs.append(self.run(child, path, samples, targets))
            else:
                self.keep(child, path)
        return Experiment(identifier, tuple(runs), description)

    def run(self, element: etree._Element, above: str, samples: dict[str, Sample], targets: dict[str, Target]) -> Run:
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
                            software[part] = text_of(value)
                        else:
                            self.keep(value, f"{path}/{name}")
                case _ if name in texts:
                    texts[name] = text_of(child)
                case _:
                    self.keep(child, path)
        wells: dict[str, str] = {}
        read_reacts = []
        for react in reacts:
            read_react = self.react(react, path, plate, samples, targets)
            if read_react.well in wells:
                raise RdmlError(
                    "rdml.same_well",
                    "{path}: well {well} occurs twice: export the file again.",
                    path=path,
                    well=read_react.well,
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
            return plate_of(text_of(element))
        texts = {"rows": "", "columns": "", "rowLabel": "ABC", "columnLabel": "123"}
        for name, child in self.children(element, path):
            if name in texts:
                texts[name] = text_of(child)
            else:
                self.keep(child, path)
        rows, columns = (self.number(texts[side] or "0", f"{path}/{side}") for side in ("rows", "columns"))
        if not (-1 <= rows <= 10000 and -1 <= columns <= 10000):
            raise RdmlError(
                "rdml.plate",
                "{path}: {rows} rows by {columns} columns is not a plate.",
                path=path,
                rows=f"{rows:g}",
                columns=f"{columns:g}",
            )
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
                    sample = child.get("id") or text_of(child)
                case "vol":
                    volume = self.number(text_of(child), f"{path}/vol")
                case "data":
                    data.append(self.data(child, path, targets))
                case _:
                    self.keep(child, path)
        if sample not in samples:
            raise RdmlError(
                "rdml.unknown_sample",
                "{path} names the sample '{sample}', which the file does not declare: export it again.",
                path=path,
                sample=sample[:40],
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
                    target = child.get("id") or text_of(child)
                case "cq":
                    value = self.number(text_of(child), f"{path}/cq")
                    cq = None if math.isnan(value) or value < 0 else value  # RDML: negative = not available
                case "excl":
                    excluded = text_of(child)
                case "note":
                    note = text_of(child)
                case _:
                    self.keep(child, path)
        if not target:
            raise RdmlError(
                "rdml.no_target", "{path} does not say which target it measured: export the file again.", path=path
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
                    self.keep(child, f"{path}/{name_of(point)}")
            xs.append(x)
            ys.append(y)
            temperatures.append(temperature)
        return tuple(self.floats(texts, path) for texts in (xs, temperatures, ys))  # type: ignore[return-value]

    def in_order(self, cycles: Floats, temperatures: Floats, fluorescence: Floats, path: str) -> tuple[Floats, ...]:
        """Cycles must be whole, distinct, and rise; a shuffled curve is sorted and listed."""
        if not ((cycles >= 0) & (cycles <= MAXIMUM_CYCLE) & (cycles == np.floor(cycles))).all():
            raise RdmlError(
                "rdml.cycle",
                "{path}: cycle numbers must be whole and at most {limit}.",
                path=path,
                limit=MAXIMUM_CYCLE,
            )
        order = np.argsort(cycles, kind="stable")
        if (np.diff(cycles[order]) == 0).any():
            raise RdmlError(
                "rdml.same_cycle",
                "{path}: a cycle occurs twice, so the curve is ambiguous: export it again.",
                path=path,
            )
        if (np.diff(order) != 1).any():
            self.mend("rdml.cycle_order", path, "", "")
        return cycles[order], temperatures[order], fluorescence[order]
