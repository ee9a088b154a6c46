"""The kind of test that counts cells: exports of a counter in, viability and concentration out."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from atmpxb.notes import Fact, Note, note, say
from atmpxb.quality.assays.cell_count import figure
from atmpxb.quality.assays.cell_count.parameters import Parameters, parameters, plain, problems, scale
from atmpxb.quality.assays.cell_count.samples import Counted, Row, grouped, place_of
from atmpxb.quality.assays.seam import (
    Analysis,
    AssayError,
    Check,
    FileFacts,
    Interval,
    Method,
    Origin,
    RawFile,
    Repair,
    Reportable,
    Value,
    told_of,
)
from atmpxb.quality.assays.suitability import judge, require_inputs
from atmpxb.science.cells.counts import DilutionError, Estimate, diluted, inconsistencies
from atmpxb.science.instruments.counters import RULES, CounterError, CounterExport, personal_places, read

_CONSISTENT = {
    "en": "Counts, concentrations and viability agree with one another",
    "nl": "Aantallen, concentraties en viabiliteit kloppen met elkaar",
}
#: Replicates that differ this improbably by counting alone deserve a look at mixing and pipetting.
_UNLIKELY = 0.001

NO_CELL = {"en": "no cell was counted", "nl": "er is geen cel geteld"}
NO_NUMBER = {"en": "the counter gave no number", "nl": "de teller gaf geen getal"}
NO_VOLUME = {"en": "the volume was not entered", "nl": "het volume is niet ingevuld"}
FEW = {
    "en": "fewer than two replicates with a number above zero",
    "nl": "minder dan twee replicaten met een getal boven nul",
}


class CellCounting:
    """Cell count and viability."""

    code = "cell_count"
    title = {"en": "Cell count and viability", "nl": "Celtelling en viabiliteit"}
    source: Origin = "instrument"
    recomputable = True

    def problems(self, method: Method) -> tuple[Note, ...]:
        """What is wrong with a method document, one sentence each."""
        return problems(method)

    def facts(self, file: RawFile) -> FileFacts:
        """What an export says of itself."""
        export = _read(file)
        return FileFacts(
            format=export.format,
            instrument_serial=export.instrument_serial,
            instrument_model=export.instrument_model,
            acquired_at=export.counts[0].acquired_at,
            samples=tuple(dict.fromkeys(count.sample for count in export.counts)),
            run=export.run,
            personal=tuple((_place(where, column), what) for where, column, what in personal_places(export)),
            summary={
                "measurements": str(len(export.counts)),
                "encoding": export.encoding,
                "operators": ", ".join(dict.fromkeys(count.operator for count in export.counts)),
                **{key: text for key, text in export.header.items() if text},
            },
        )

    def analyse(self, method: Method, files: Sequence[RawFile], bench: Mapping[str, Any]) -> Analysis:
        """Values by sample. Raises AssayError where files or entries do not allow an analysis."""
        if found := problems(method):
            raise AssayError("count.method", "Method {method}: {problems}", method=method.code, problems=found)
        require_inputs(method, files)
        chosen = parameters(method)
        exports = [(file, _read(file)) for file in files]
        rows, exclusions = grouped(exports, chosen)
        _refuse_impossible(rows)
        samples = {
            name: Counted(tuple(items), _factor(name, method, bench, chosen), float(chosen.confidence))
            for name, items in rows.items()
        }
        for name, counted in samples.items():
            _refuse_second_dilution(name, counted, chosen)
        values = tuple(
            _value(reportable, name, counted, bench, chosen)
            for name, counted in samples.items()
            for reportable in method.reportables
        )
        checks = tuple(
            check
            for name, counted in samples.items()
            for check in (_consistent(name, counted), *judge(method, counted.measures(), name))
        )
        return Analysis(
            values,
            checks,
            exclusions,
            tuple(_repairs(exports)),
            tuple(warning for name, counted in samples.items() for warning in _warnings(name, counted)),
            figure.replicates(samples),
            {"rows": [_detail(name, row) for name, items in rows.items() for row in items]},
        )


def _refuse_impossible(rows: Mapping[str, Sequence[Row]]) -> None:
    """No share can be calculated of more viable cells than cells: such an export was not written by a counter."""
    for items in rows.values():
        for row in items:
            count = row.count
            viable, total = count.viable_count, count.total_count
            if viable is not None and total is not None and viable > total:
                raise AssayError(
                    "count.more_viable_than_counted",
                    "{place}: {viable} viable cells of {total} cells. Export the measurement again from the counter, "
                    "and withdraw this file.",
                    place=place_of(row.file, count),
                    viable=viable,
                    total=total,
                )


def _place(where: Fact, column: str) -> Fact:
    return note("count.place", "{where}, {column}", where=where, column=column) if where else column


def _read(file: RawFile) -> CounterExport:
    try:
        return read(file.data)
    except CounterError as error:
        raise told_of(file, error) from error


def _repairs(exports: Sequence[tuple[RawFile, CounterExport]]) -> list[Repair]:
    return [
        Repair(
            file.name,
            note(f"counter.{repair.rule}", RULES[repair.rule]),
            repair.where,
            repair.before,
            repair.after,
        )
        for file, export in exports
        for repair in export.repairs
    ]


def _entry(code: str, sample: str, bench: Mapping[str, Any]) -> Decimal | None:
    """A number from the worksheet, for the run or for one sample."""
    entered = bench.get(code)
    if isinstance(entered, Mapping):
        entered = entered.get(sample)
    if entered is None or entered == "":
        return None
    try:
        number = Decimal(str(entered))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise AssayError(
            "count.entry",
            "Entry '{entry}' is '{value}'; write a number with a decimal point.",
            entry=code,
            value=entered,
            sample=sample,
        )
    return number


def _factor(sample: str, method: Method, bench: Mapping[str, Any], chosen: Parameters) -> float:
    code = chosen.dilution_entry
    entered = _entry(code, sample, bench)
    if entered is None and any(entry.code == code and entry.required for entry in method.entries):
        # Without it the concentration would silently be that of the diluted sample.
        raise AssayError(
            "count.entry_missing",
            "Sample {sample}: entry '{entry}' is required; write 1 where nothing was diluted.",
            sample=sample,
            entry=code,
        )
    factor = 1.0 if entered is None else float(entered)
    try:
        diluted(1.0, factor)
    except DilutionError as error:
        raise AssayError("count.dilution", "Sample {sample}: {problem}.", sample=sample, problem=error.note) from error
    return factor


def _refuse_second_dilution(sample: str, counted: Counted, chosen: Parameters) -> None:
    """A dilution typed into the counter and on the worksheet is mostly one dilution, corrected twice."""
    typed = [row.count.dilution for row in counted.rows if row.count.dilution not in (None, Decimal(1))]
    if typed and counted.factor != 1 and chosen.instrument_dilution == "refuse":
        raise AssayError(
            "count.dilution_twice",
            "Sample {sample}: dilution {dilution} was typed into the counter and {factor} on the worksheet, so "
            "it would be corrected twice. Clear one, or let the method keep both (instrument_dilution = "
            '"keep").',
            sample=sample,
            dilution=typed[0],
            factor=f"{counted.factor:g}",
        )


def _value(
    reportable: Reportable, sample: str, counted: Counted, bench: Mapping[str, Any], chosen: Parameters
) -> Value:
    measure = str(reportable.options["measure"])
    if measure.startswith("cv:"):
        spread = counted.measures()[measure]
        if spread is None:
            return Value(reportable.code, None, reportable.unit, sample, None, FEW)
        return Value(reportable.code, plain(spread), reportable.unit, sample)
    if measure == "viable_cells":
        volume = _entry(str(reportable.options["volume_entry"]), sample, bench)
        if volume is None or volume < 0:
            return Value(reportable.code, None, reportable.unit, sample, None, NO_VOLUME)
        estimate, factor = counted.estimate("viable_concentration"), float(volume)
    else:
        estimate, factor = counted.estimate(measure), 1.0
    if estimate is None:
        why = NO_CELL if counted.seen() else NO_NUMBER
        return Value(reportable.code, None, reportable.unit, sample, None, why)
    factor /= 10.0 ** scale(reportable)
    return Value(
        reportable.code,
        plain(estimate.value * factor),
        reportable.unit,
        sample,
        _interval(estimate, factor, chosen.confidence),
    )


def _interval(estimate: Estimate, factor: float, confidence: str) -> Interval | None:
    if estimate.low is None or estimate.high is None:
        return None
    return Interval(plain(estimate.low * factor), plain(estimate.high * factor), confidence, estimate.method)


def _consistent(sample: str, counted: Counted) -> Check:
    found = [text for row in counted.rows for text in inconsistencies(row.count)]
    return Check("consistent", _CONSISTENT, not found, tuple(found) or "0", "0", sample)


def _warnings(sample: str, counted: Counted) -> list[Note]:
    found = [
        note(
            "count.not_a_number",
            "{sample}: {place}: {column} says '{value}', which is no number",
            sample=sample,
            place=row.place,
            column=name,
            value=text,
        )
        for row in counted.rows
        for name, text in row.count.unreadable.items()
    ]
    chance = counted.measures()["dispersion_p"]
    if chance is not None and chance < _UNLIKELY:
        found.append(
            note(
                "count.spread",
                "{sample}: the replicates differ more than counting explains (p = {p}); look at mixing and pipetting",
                sample=sample,
                p=f"{chance:.2g}",
            )
        )
    return found


def _detail(sample: str, row: Row) -> dict[str, Any]:
    """A row for the table on the page: text and whole numbers only."""
    count = row.count
    exact = {
        "viability": count.viability,
        "total_per_ml": count.total_per_ml,
        "viable_per_ml": count.viable_per_ml,
        "diameter_um": count.diameter_um,
        "dilution": count.dilution,
    }
    return {
        "sample": sample,
        "row": say(row.place),
        "identifier": count.sample,
        "total_count": count.total_count,
        "viable_count": count.viable_count,
        **{name: None if value is None else f"{value:f}" for name, value in exact.items()},
    }


KIND = CellCounting()
