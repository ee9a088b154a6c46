"""From files and worksheet to results: asked for once, calculated apart, written once."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from atmpxb.quality import engine
from atmpxb.quality.actions.claims import claim
from atmpxb.quality.actions.progress import refresh
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import Analysis as Outcome
from atmpxb.quality.assays.seam import AssayError, Method, RawFile, Value
from atmpxb.quality.assays.suitability import require_inputs
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.limits import SpecificationLine, judge, parse_specification
from atmpxb.quality.measured import measured
from atmpxb.quality.models import Analysis, Plot, Result, Run, Test
from atmpxb.quality.states import AnalysisState, FileState, NotPossibleNow, RunState, TestState, move
from atmpxb.records import jobs
from atmpxb.records.ledger.canonical import digest
from atmpxb.records.ledger.writing import acting_for, action, change, create, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.vault.actions import vault

JOB = "quality.analyse"

#: Whose deed can complete a run, and so in whose name the worker writes what the analysis found: an analyst attaches
#: and enters, a reviewer checks an entry or releases a file, the head of quality control releases one.
_COMPLETING = {Role.ANALYST, Role.REVIEWER, Role.QP}

#: States from which the same inputs are calculated anew.
_UNDONE = (AnalysisState.FAILED, AnalysisState.SUPERSEDED)


@action("quality.ask_analysis", roles={Role.ANALYST})
def ask_analysis(*, actor: Actor, run: Run) -> Analysis:
    """Analyse a run with the files and entries that it has now; the same inputs are not calculated twice.

    Raises:
        AssayError: an input is missing.
        NotPossibleNow: the run is closed.
    """
    claim(run, "analysis.asked", RunState.OPEN)
    files = [RawFile(f["name"], f["role"], b"", f["sha256"], f["sample"]) for f in _inputs(run)]
    require_inputs(parse(run.method.source.encode()), files)
    present = Analysis.objects.filter(run=run, input_digest=digest(inputs(run)), engine=engine.ENGINE).first()
    if present and present.state not in _UNDONE:
        _reinstate(run, present)
        record("analysis.found", actor=actor, on=present)
        return present
    return _ask(actor, run, "analysis.asked")


def ask_if_complete(*, actor: Actor, run: Run, method: Method) -> None:
    """Inside an action: start the analysis when everything that the method needs is there."""
    files = _inputs(run)
    if any(not entry["sample"] and len({t.sample_id for t in run.tests.all()}) > 1 for entry in files):
        return
    try:
        require_inputs(method, [RawFile(f["name"], f["role"], b"", f["sha256"], f["sample"]) for f in files])
    except AssayError:
        return
    if missing_entries(run, method):
        return
    _ask(actor, run, "analysis.queued")


def missing_entries(run: Run, method: Method) -> list[tuple[str, str]]:
    """Required worksheet entries that are not written, or not checked by a second person: (code, sample)."""
    written = {(e.code, e.sample_id): e for e in run.entries.filter(replaced_by=None)}
    samples = {test.sample for test in run.tests.select_related("sample")}
    missing = []
    for entry in method.entries:
        for sample in sorted(samples, key=lambda s: s.label) if entry.per_sample else [None]:
            found = written.get((entry.code, sample.pk if sample else None))
            if (found is None and entry.required) or (found and entry.second_person and not found.checked_at):
                missing.append((entry.code, sample.label if sample else ""))
    return missing


def inputs(run: Run) -> dict[str, Any]:
    """Everything that goes into an analysis of the run as it stands: its digest identifies the analysis."""
    return {"method": run.method.sha256, "files": _inputs(run), "bench": bench(run)}


def _inputs(run: Run) -> list[dict[str, str]]:
    return [
        {
            "sha256": attached.file.sha256,
            "name": attached.name,
            "role": attached.role,
            "sample": attached.sample.label if attached.sample else "",
        }
        for attached in run.files.filter(state=FileState.READY)
        .exclude(role="")
        .select_related("file", "sample")
        .order_by("name", "file__sha256")
    ]


def bench(run: Run) -> dict[str, Any]:
    """The worksheet as an assay kind gets it: code → value, or code → {sample → value}."""
    values: dict[str, Any] = {}
    for entry in run.entries.filter(replaced_by=None).select_related("sample").order_by("code"):
        if entry.sample:
            values.setdefault(entry.code, {})[entry.sample.label] = entry.value
        else:
            values[entry.code] = entry.value
    if run.plate_map:
        values["plate_map"] = run.plate_map
    return values


def _ask(actor: Actor, run: Run, event: str) -> Analysis:
    """Put an analysis of the present inputs into the queue. ``event``: a person asked, or it follows by itself."""
    wanted = inputs(run)
    present = Analysis.objects.filter(run=run, input_digest=digest(wanted), engine=engine.ENGINE).first()
    if present and present.state not in _UNDONE:
        if _reinstate(run, present):
            record("analysis.found", actor=actor, on=present)
        return present
    if present:
        move(
            present, "analysis.repeated", problem={}, asked_at=timezone.now(), asked_by_id=actor.person_id,
            finished_at=None,
        )  # fmt: skip
        analysis = present
    else:
        analysis = create(
            Analysis, run=run, input_digest=digest(wanted), inputs=wanted, engine=engine.ENGINE,
            asked_at=timezone.now(), asked_by_id=actor.person_id,
        )  # fmt: skip
    record(event, actor=actor, on=analysis, files=[f["sha256"] for f in wanted["files"]])
    jobs.enqueue(JOB, organisation=str(actor.organisation_id), actor=str(actor.person_id), analysis=str(analysis.pk))
    return analysis


def _reinstate(run: Run, analysis: Analysis) -> bool:
    """Files and entries are again what they were: the results of that analysis are the current ones once more."""
    again = {result.test_id: result for result in analysis.results.filter(current=False)}
    for test in run.tests.filter(pk__in=again, state__in=[TestState.RUNNING, TestState.MEASURED]):
        for later in test.results.filter(current=True):
            change(later, current=False)
        change(again[test.pk], current=True)
    return bool(again)


def calculate(analysis: Analysis) -> Outcome:
    """Run the engine on the stored inputs of an analysis, outside any transaction.

    Raises:
        AssayError: it can't be done.
    """
    store = vault()
    files = [
        engine.StoredInput(store.path(f["sha256"]), f["name"], f["role"], f["sha256"], f["sample"])
        for f in analysis.inputs["files"]
    ]
    return engine.analyse(analysis.run.method.source.encode(), files, analysis.inputs["bench"])


@action("quality.finish_analysis", roles=_COMPLETING)
def finish_analysis(*, actor: Actor, analysis: Analysis, outcome: Outcome, plots: Mapping[str, str]) -> Analysis:
    """Write down what an analysis found, judge each test against its line, once.

    Args:
        plots: code of each plot → SHA-256 of its SVG, which lies in the vault.

    Raises:
        NotPossibleNow: another worker was faster.
    """
    now, run = timezone.now(), analysis.run
    claim(run, "analysis.finished", *RunState)
    kept = plain(outcome)
    move(analysis, "analysis.finished", finished_at=now, stage="", outcome={**kept, "plots": []}, problem={})
    for position, plot in enumerate(outcome.plots):
        create(
            Plot, analysis=analysis, position=position, code=plot.code, title=dict(plot.title), sample=plot.sample,
            series=plot.series, sha256=plots[f"{position}"], columns=plain(plot.columns),
            rows=plain(plot.rows),
        )  # fmt: skip
    if digest(inputs(run)) == analysis.input_digest:
        _write_results(run, analysis, outcome, now)
    record("analysis.finished", actor=actor, on=analysis, engine=analysis.engine)
    return analysis


def _write_results(run: Run, analysis: Analysis, outcome: Outcome, now: Any) -> None:
    tests = list(run.tests.select_related("sample", "order__request__specification"))
    for test in tests:
        if test.state not in (TestState.RUNNING, TestState.MEASURED):
            continue
        line = line_of(test)
        value = value_for(test, line, outcome, alone=len({t.sample_id for t in tests}) == 1)
        unit = value.unit or line.unit
        verdict = judge(value.value, value.interval, line, unit)
        for earlier in test.results.filter(current=True):
            change(earlier, current=False)
        create(
            Result, test=test, analysis=analysis, value=value.value, unit=unit,
            reported=verdict.reported, interval=plain(value.interval) or {}, verdict=str(verdict.outcome),
            why=dict(value.why or verdict.why), line=plain(line), analysed_at=now,
            measured=measured(test, analysis, line.reportable),
        )  # fmt: skip
        move(test, "test.measured")
    for order in {test.order for test in tests}:
        refresh(order)


def line_of(test: Test) -> SpecificationLine:
    """The line of the specification that a test answers."""
    specification = parse_specification(test.order.request.specification.source.encode())
    return next(line for line in specification.lines if line.code == test.line)


def value_for(test: Test, line: SpecificationLine, outcome: Outcome, *, alone: bool) -> Value:
    """The value of an analysis that belongs to a test: its reportable, for its sample."""
    for value in outcome.values:
        if value.code == line.reportable and (value.sample == test.sample.label or (alone and not value.sample)):
            return value
    return Value(
        line.reportable, None, line.unit, test.sample.label,
        why={
            "en": f"the analysis reports no {line.reportable} for sample {test.sample.label}",
            "nl": f"de analyse meldt geen {line.reportable} voor monster {test.sample.label}",
        },
    )  # fmt: skip


@action("quality.fail_analysis", roles=_COMPLETING)
def fail_analysis(*, actor: Actor, analysis: Analysis, error: AssayError) -> Analysis:
    """Write down why an analysis can't be done."""
    move(
        analysis, "analysis.failed", finished_at=timezone.now(), stage="",
        problem=plain(error.note),
    )  # fmt: skip
    record("analysis.failed", actor=actor, on=analysis, code=error.code, message=error.message)
    return analysis


@action("quality.supersede_analysis", roles=_COMPLETING)
def supersede_analysis(*, actor: Actor, analysis: Analysis) -> Analysis:
    """Leave an analysis undone because files or entries have changed since it was asked for."""
    move(analysis, "analysis.superseded", finished_at=timezone.now(), stage="")
    record("analysis.superseded", actor=actor, on=analysis)
    return analysis


def perform(*, actor: Actor, analysis_id: UUID) -> None:
    """The job: calculate, store the plots, write the results. Harmless when repeated."""
    with acting_for(actor.organisation_id, actor.person_id):
        analysis = Analysis.objects.select_related("run__method").get(pk=analysis_id)
        wanted = digest(inputs(analysis.run)) == analysis.input_digest
    if analysis.state not in (AnalysisState.QUEUED, AnalysisState.RUNNING):
        return
    try:
        if not wanted:
            supersede_analysis(actor=actor, analysis=analysis)
            return
        try:
            outcome = calculate(analysis)
        except AssayError as error:
            fail_analysis(actor=actor, analysis=analysis, error=error)
            return
        plots = {str(n): vault().keep(plot.svg.encode()).sha256 for n, plot in enumerate(outcome.plots)}
        finish_analysis(actor=actor, analysis=analysis, outcome=outcome, plots=plots)
    except NotPossibleNow:
        return
