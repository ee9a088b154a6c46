"""The assay kind ``flow``: populations of stained cells, counted by a gating strategy that the method holds.

Files of one sample and role are pooled by counts: events of the population in all files over events of the
denominator in all files. Every event then weighs the same, and a tube with few events can't outweigh one with
many. Intervals are Wilson's,
for the pooled counts: they hold the chance of counting, not the difference between tubes; for that, judge
    ``difference:P/Q``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from atmpxb.notes import Note, note
from atmpxb.quality.assays.flow.facts import facts_of
from atmpxb.quality.assays.flow.measures import observe, parse_measure, pooled
from atmpxb.quality.assays.seam import (
    Analysis,
    AssayError,
    Check,
    FileFacts,
    Interval,
    Method,
    Origin,
    Plot,
    RawFile,
    Repair,
    Reportable,
    Value,
    Words,
    told_of,
)
from atmpxb.quality.assays.suitability import judge, require_inputs
from atmpxb.science.flow import GateError, Populations, Strategy, evaluate, population_names, strategy_of
from atmpxb.science.flow.plots import pictures
from atmpxb.science.instruments.fcs import RULES, FcsError, FcsFile, read
from atmpxb.science.statistics.proportion import wilson_interval

PARAMETERS = {"compensation", "transforms", "matrices", "gates", "role", "dataset"}
POPULATION = {"en": "population", "nl": "populatie"}
POOLING = {
    "en": "Files of one sample are pooled by counts; intervals are Wilson's for the pooled counts.",
    "nl": "Bestanden van één monster worden samengevoegd per telling; de intervallen zijn die van Wilson voor de som.",
}


@dataclass(frozen=True, slots=True, eq=False)
class _Evaluated:
    """A raw file with what gating found in it."""

    file: RawFile
    fcs: FcsFile
    populations: Populations


class FlowCytometry:
    """Flow cytometry by a fixed gating strategy."""

    code = "flow"
    title: Words = {"en": "Flow cytometry", "nl": "Flowcytometrie"}
    source: Origin = "instrument"
    recomputable = True

    def problems(self, method: Method) -> tuple[Note, ...]:
        found = [
            note("flow.parameter", "parameters has an unknown key '{key}'.", key=key)
            for key in method.parameters
            if key not in PARAMETERS
        ]
        if not method.inputs:
            found.append(
                note(
                    "flow.no_inputs",
                    "The method has no [[inputs]]: name at least the role of the stained tubes.",
                )
            )
        found += [
            note("flow.input_format", "Input '{role}' must allow format fcs.", role=item.role)
            for item in method.inputs
            if "fcs" not in item.formats
        ]
        roles = {item.role for item in method.inputs}
        for role in [_main_role(method), *(str(r.options.get("role", "")) for r in method.reportables)]:
            if role and role not in roles:
                found.append(note("flow.role", "Role '{role}' is not among the inputs.", role=role))
        if not _dataset_is_sound(method):
            found.append(note("flow.dataset", "parameters.dataset must be a whole number from 0."))
        try:
            strategy = strategy_of(method.parameters)
        except GateError as error:
            return (*found, error.note)
        found += _titles(method, strategy)
        found += _measures(method, strategy)
        return tuple(found)

    def facts(self, file: RawFile) -> FileFacts:
        return facts_of(_read(file, 0))

    def analyse(self, method: Method, files: Sequence[RawFile], bench: Mapping[str, Any]) -> Analysis:
        if problems := self.problems(method):
            raise AssayError(
                "flow.method",
                "The method can't be used: {problems}",
                problems=problems,
            )
        require_inputs(method, files)
        strategy = strategy_of(method.parameters)
        dataset = int(method.parameters.get("dataset", 0))
        evaluated = [_evaluate(file, strategy, dataset) for file in files]
        samples = list(dict.fromkeys(item.file.sample for item in evaluated))
        return Analysis(
            values=tuple(
                _value(method, strategy, reportable, evaluated, sample)
                for sample in samples
                for reportable in method.reportables
            ),
            checks=tuple(check for sample in samples for check in _checks(method, strategy, evaluated, sample)),
            repairs=tuple(
                Repair(item.file.name, note(f"fcs.{r.rule}", RULES[r.rule]), r.where, r.before, r.after)
                for item in evaluated
                for r in item.fcs.repairs
            ),
            warnings=_warnings(method, evaluated),
            plots=tuple(plot for number, item in enumerate(evaluated, 1) for plot in _plots(method, item, number)),
            details=_details(strategy, evaluated),
        )


KIND = FlowCytometry()


def _main_role(method: Method) -> str:
    return str(method.parameters.get("role") or (method.inputs[0].role if method.inputs else ""))


def _dataset_is_sound(method: Method) -> bool:
    dataset = method.parameters.get("dataset", 0)
    return isinstance(dataset, int) and not isinstance(dataset, bool) and dataset >= 0


def _gate_titles(method: Method) -> dict[str, Words]:
    return {str(gate.get("name")): gate["title"] for gate in method.parameters["gates"] if "title" in gate}


def _titles(method: Method, strategy: Strategy) -> list[Note]:
    return [
        note("flow.title", "The title of gate '{name}' needs en and nl.", name=name)
        for name, title in _gate_titles(method).items()
        if not isinstance(title, Mapping) or not {"en", "nl"} <= set(title)
    ]


def _measures(method: Method, strategy: Strategy) -> list[Note]:
    found: list[Note] = []
    for reportable in method.reportables:
        text = str(reportable.options.get("measure", ""))
        if unknown := sorted(set(reportable.options) - {"measure", "role"}):
            found.append(
                note(
                    "flow.reportable_key",
                    "Reportable '{code}' has an unknown key '{key}'.",
                    code=reportable.code,
                    key=unknown[0],
                )
            )
        try:
            measure = parse_measure(text, strategy)
        except GateError as error:
            found.append(
                note("flow.reportable", "Reportable '{code}': {error}", code=reportable.code, error=error.note)
            )
            continue
        if measure.verb == "percent" and reportable.unit != "%":
            found.append(
                note(
                    "flow.percent_unit",
                    "Reportable '{code}' is a percentage: its unit must be %.",
                    code=reportable.code,
                )
            )
    for criterion in method.suitability:
        try:
            parse_measure(criterion.measure, strategy)
        except GateError as error:
            found.append(
                note(
                    "flow.criterion",
                    "Suitability criterion '{code}': {error}",
                    code=criterion.code,
                    error=error.note,
                )
            )
    return found


def _read(file: RawFile, dataset: int) -> FcsFile:
    try:
        return read(file.data, dataset, sha256=file.sha256)
    except FcsError as error:
        raise told_of(file, error) from error


def _evaluate(file: RawFile, strategy: Strategy, dataset: int) -> _Evaluated:
    fcs = _read(file, dataset)
    try:
        return _Evaluated(file, fcs, evaluate(strategy, fcs))
    except GateError as error:
        raise told_of(file, error) from error


def _chosen(evaluated: Sequence[_Evaluated], role: str, sample: str) -> list[Populations]:
    return [item.populations for item in evaluated if item.file.role == role and item.file.sample == sample]


def _value(
    method: Method, strategy: Strategy, reportable: Reportable, evaluated: Sequence[_Evaluated], sample: str
) -> Value:
    role = str(reportable.options.get("role") or _main_role(method))
    files = _chosen(evaluated, role, sample)
    measure = parse_measure(str(reportable.options["measure"]), strategy)
    observed = observe(measure, files)
    if observed is None:
        base = _base(measure.population, measure.of, strategy)
        why = (
            {"en": f"no events in {base or 'the file'}", "nl": f"geen events in {base or 'het bestand'}"}
            if files
            else {"en": f"no file of role {role}", "nl": f"geen bestand met rol {role}"}
        )
        return Value(reportable.code, None, reportable.unit, sample, why=why)
    interval = None
    if measure.verb == "percent":
        low, high = wilson_interval(*pooled(measure, files))
        interval = Interval(repr(100 * low), repr(100 * high), method="Wilson 1927")
    return Value(reportable.code, repr(observed), reportable.unit, sample, interval)


def _base(population: str, of: str | None, strategy: Strategy) -> str:
    return (strategy.parents[population] if of is None else of) or ""


def _checks(method: Method, strategy: Strategy, evaluated: Sequence[_Evaluated], sample: str) -> tuple[Check, ...]:
    files = _chosen(evaluated, _main_role(method), sample)
    measures = {c.measure: observe(parse_measure(c.measure, strategy), files) for c in method.suitability}
    return judge(method, measures, sample)


def _warnings(method: Method, evaluated: Sequence[_Evaluated]) -> tuple[Note, ...]:
    found: list[Note] = []
    for item in evaluated:
        if item.fcs.datasets > 1 and "dataset" not in method.parameters:
            found.append(
                note(
                    "flow.data_sets",
                    "{file} holds {count} data sets; the first was evaluated.",
                    file=item.file.name,
                    count=item.fcs.datasets,
                )
            )
        broken = sum(not bool(_finite(item, index)) for index in range(len(item.fcs.channels)))
        if broken:
            found.append(
                note(
                    "flow.no_numbers",
                    "{file}: {count} channels hold values that are no numbers; they fall in no gate.",
                    file=item.file.name,
                    count=broken,
                )
            )
    instruments = sorted({facts_of(item.fcs).instrument_serial for item in evaluated} - {""})
    if len(instruments) > 1:
        found.append(
            note(
                "flow.instruments",
                "The files come from {count} instruments: {instruments}.",
                count=len(instruments),
                instruments=", ".join(instruments),
            )
        )
    return tuple(found)


def _finite(item: _Evaluated, index: int) -> bool:
    # a sum is finite only if all terms are; float64, so that large float32 values don't overflow
    total = float(item.fcs.events[:, index].sum(dtype="float64"))
    return total - total == 0.0


def _plots(method: Method, item: _Evaluated, number: int) -> list[Plot]:
    titles = _gate_titles(method)
    found = []
    for picture in pictures(item.populations):
        words = {
            language: " · ".join(str(titles.get(name, {}).get(language, name)) for name in picture.populations)
            for language in ("en", "nl")
        }
        found.append(
            Plot(
                f"{picture.code}.{number}",
                {language: f"{text} ({item.file.name})" for language, text in words.items()},
                picture.svg,
                (POPULATION, *picture.columns[1:]),
                picture.rows,
                item.file.sample,
                item.file.name,
            )
        )
    return found


def _details(strategy: Strategy, evaluated: Sequence[_Evaluated]) -> dict[str, Any]:
    return {
        "strategy_sha256": strategy.sha256,
        "pooling": POOLING,
        "files": [
            {
                "name": item.file.name,
                "sha256": item.fcs.sha256,
                "role": item.file.role,
                "sample": item.file.sample,
                "events": len(item.fcs.events),
                "data_sets": item.fcs.datasets,
                "populations": [_population(item.populations, name) for name in population_names(strategy)],
            }
            for item in evaluated
        ],
    }


def _population(populations: Populations, name: str) -> dict[str, Any]:
    population, percent = populations[name], populations.percent(name)
    return {
        "name": name,
        "parent": population.parent,
        "count": population.count,
        "percent_of_parent": None if percent is None else repr(percent),
        "mask_sha256": population.mask_sha256,
    }
