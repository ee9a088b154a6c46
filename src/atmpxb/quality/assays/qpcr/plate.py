"""Which well holds what: wells of the file, joined with the plate map that was written at the bench."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from atmpxb.notes import Note, listed, note
from atmpxb.quality.assays.seam import AssayError, Check, Exclusion, RawFile, Repair, told_of
from atmpxb.science.instruments.rdml import RULES, SAMPLE_TYPES, Data, RdmlError, RdmlFile, read

from .parameters import Parameters, number


@dataclass(frozen=True, slots=True)
class Well:
    """One target in one well."""

    name: str
    sample: str
    type: str
    target: str
    quantity: float | None
    unit: str
    data: Data

    @property
    def label(self) -> str:
        return f"{self.name} {self.target}"


def read_file(file: RawFile) -> RdmlFile:
    """Read a raw file. Raises AssayError with the reader's code and the file's name."""
    try:
        return read(file.data)
    except RdmlError as problem:
        raise told_of(file, problem) from problem


def repairs_of(file: RawFile, content: RdmlFile) -> tuple[Repair, ...]:
    """The reader's repairs in the words of the seam."""
    return tuple(Repair(file.name, note(r.rule, RULES[r.rule]), r.where, r.before, r.after) for r in content.repairs)


def wells_of(contents: Sequence[RdmlFile], parameters: Parameters) -> tuple[Well, ...]:
    """Wells that measured a target of the method, over all files and runs.

    Raises:
        AssayError: a run or target of the method is missing, or a target stands in more than one run.
    """
    wells: list[Well] = []
    places: dict[str, str] = {}
    runs = [(file, run) for file in contents for _, run in file.runs() if parameters.run in ("", run.id)]
    if not runs:
        known = listed(run.id for file in contents for _, run in file.runs())
        raise AssayError(
            "qpcr.run_missing",
            "The file has no run '{run}' (runs: {known}): add the file of this run.",
            run=parameters.run,
            known=known,
        )
    for position, (file, run) in enumerate(runs):
        samples = {sample.id: sample for sample in file.samples}
        for react in run.reacts:
            sample = samples[react.sample]
            for data in react.data:
                if data.target not in parameters.ids:
                    continue
                if places.setdefault(data.target, f"{position} {run.id}") != f"{position} {run.id}":
                    raise AssayError(
                        "qpcr.several_runs",
                        "{target} was measured in more than one run: name one with parameters.run, or attach one file.",
                        target=data.target,
                    )
                quantity = sample.quantity_for(data.target)
                amount = quantity.value if quantity else parameters.standards.get(sample.id)
                unit = quantity.unit if quantity else ""
                wells.append(Well(react.well, sample.id, sample.type_for(data.target), data.target, amount, unit, data))
    missing = [identifier for identifier in parameters.ids if identifier not in places]
    if missing:
        present = ", ".join(sorted({target.id for file in contents for target in file.targets}))
        raise AssayError(
            "qpcr.target_missing",
            "The file has no data for {missing} (targets: {present}): use the method of this run, or "
            "correct the target names at the cycler and export again.",
            missing=", ".join(missing),
            present=present,
        )
    return tuple(wells)


def apply_plate_map(wells: tuple[Well, ...], plate_map: object) -> tuple[tuple[Well, ...], tuple[Check, ...]]:
    """Wells as the worksheet says, and whether the file agrees.

    The worksheet decides, because a person wrote it while pipetting; every disagreement fails the check.

    Raises:
        AssayError: a plate map that is no table of wells, or has an unknown sample type or a quantity that is
            none.
    """
    if plate_map in (None, "", {}):
        return wells, ()
    if not isinstance(plate_map, Mapping):
        raise AssayError("qpcr.plate_map", "The plate map must be a table: well → sample, type, quantity.")
    lines = {str(name).upper(): _line(str(name), line) for name, line in plate_map.items()}
    joined: list[Well] = []
    differences: list[Note] = []
    for well in wells:
        line = lines.get(well.name)
        if line is None:
            differences.append(
                note("qpcr.well_not_on_worksheet", "{well}: in the file, not on the worksheet", well=well.name)
            )
            joined.append(well)
            continue
        sample, type_, quantity = line
        pairs = (
            (note("qpcr.sample", "sample"), well.sample, sample),
            (note("qpcr.type", "type"), well.type, type_),
            (note("qpcr.quantity", "quantity"), well.quantity, quantity),
        )
        differences += [
            note(
                "qpcr.well_differs",
                "{well}: {what} {in_file} in the file, {on_sheet} on the worksheet",
                well=well.name,
                what=what,
                in_file=in_file,
                on_sheet=on_sheet,
            )
            for what, in_file, on_sheet in pairs
            if in_file not in (None, "") and on_sheet not in (None, "") and in_file != on_sheet
        ]
        joined.append(
            replace(
                well,
                sample=sample or well.sample,
                type=type_ or well.type,
                quantity=well.quantity if quantity is None else quantity,
            )
        )
    measured = {well.name for well in wells}
    differences += [
        note("qpcr.well_not_in_file", "{well}: on the worksheet, not in the file", well=name)
        for name in lines
        if name not in measured
    ]
    differences = list(dict.fromkeys(differences))  # a duplex well would say the same twice
    check = Check(
        "plate_map",
        {
            "en": "Worksheet and file agree on the plate",
            "nl": "Werkblad en bestand zijn het eens over de plaat",
        },
        not differences,
        tuple(differences) or note("qpcr.wells_agree", "{count} wells agree", count=len(lines)),
        note("qpcr.no_difference", "no difference"),
    )
    return tuple(joined), (check,)


def _line(name: str, line: Any) -> tuple[str, str, float | None]:
    if not isinstance(line, Mapping):
        raise AssayError(
            "qpcr.plate_map", "Well {name} of the plate map must have a sample, type and quantity.", name=name
        )
    type_ = str(line.get("type") or "")
    if type_ and type_ not in SAMPLE_TYPES:
        raise AssayError(
            "qpcr.plate_map",
            "Well {name}: type '{type}' is not one of {known}.",
            name=name,
            type=type_,
            known=", ".join(SAMPLE_TYPES),
        )
    given = line.get("quantity")
    quantity = number(given)
    if given not in (None, "") and (quantity is None or quantity <= 0):
        raise AssayError(
            "qpcr.plate_map",
            "Well {name}: the quantity '{given}' is not a number above zero.",
            name=name,
            given=given,
        )
    return str(line.get("sample") or ""), type_, quantity


def leave_out(wells: tuple[Well, ...]) -> tuple[tuple[Well, ...], tuple[Exclusion, ...]]:
    """Wells that count, and those that the file excludes with their reason."""
    kept = tuple(well for well in wells if well.data.excluded is None)
    exclusions = tuple(
        Exclusion(
            f"{well.label} ({well.sample})",
            note("qpcr.excluded", "excluded in the file: {reason}", reason=well.data.excluded)
            if well.data.excluded
            else note("qpcr.excluded_unsaid", "excluded in the file, which gives no reason"),
        )
        for well in wells
        if well.data.excluded is not None
    )
    return kept, exclusions
