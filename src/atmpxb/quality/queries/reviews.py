"""What a reviewer must look at: the queue by deadline, and one run with its exceptions in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from atmpxb.quality.actions import findings, hands
from atmpxb.quality.models import (
    Analysis,
    Disposition,
    Result,
    Run,
    RunFile,
    Sample,
    Test,
    WorksheetEntry,
    words,
)
from atmpxb.quality.queries.outcome import Picture, pictures
from atmpxb.quality.states import RunState, SampleState
from atmpxb.records.people.actor import Actor


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run in the queue."""

    run: Run
    due_at: datetime | None
    batches: tuple[str, ...]
    tests: int
    mine: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """Runs to review by deadline, and samples whose hold somebody must decide on."""

    runs: tuple[Waiting, ...]
    held: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Exceptional:
    """One exception in the reader's words, with what was said about it."""

    key: str
    anchor: str
    kind: str
    text: str
    blocking: bool
    disposition: Disposition | None

    @property
    def measured(self) -> bool:
        """Whether the text is a criterion or a value, whose numbers are written as the reader's language does."""
        return self.key.startswith(("check:", "result:"))


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A run as the reviewer reads it."""

    run: Run
    mine: bool
    exceptions: tuple[Exceptional, ...]
    looked_at: int
    results: tuple[Result, ...]
    checks: tuple[dict[str, Any], ...]
    plots: tuple[Picture, ...]
    files: tuple[RunFile, ...]
    entries: tuple[WorksheetEntry, ...]
    analysis: Analysis | None
    due_at: datetime | None

    @property
    def open(self) -> int:
        """Exceptions that nobody has answered, or that nothing can answer."""
        return sum(1 for one in self.exceptions if one.blocking or one.disposition is None)

    @property
    def blocked(self) -> bool:
        """Whether a control failed, so that the run can only be declared invalid."""
        return any(one.blocking for one in self.exceptions)


def queue(actor: Actor) -> Queue:
    """Everything that waits for a reviewer of the actor's laboratory."""
    runs = list(
        Run.objects.filter(organisation_id=actor.organisation_id, state=RunState.SUBMITTED).select_related(
            "method__document", "submitted_by"
        )
    )
    tests: dict[UUID | None, list[Test]] = {}
    for test in Test.objects.filter(run__in=runs).select_related("order__request__batch"):
        tests.setdefault(test.run_id, []).append(test)
    performers = hands.by_run(runs)
    lines = [
        Waiting(
            run,
            min((test.due_at for test in tests.get(run.pk, ())), default=None),
            tuple(sorted({test.order.request.batch.number for test in tests.get(run.pk, ())})),
            len(tests.get(run.pk, ())),
            actor.person_id in performers[run.pk],
        )
        for run in runs
    ]
    held = Sample.objects.filter(organisation_id=actor.organisation_id, state=SampleState.ON_HOLD).select_related(
        "order__request__batch"
    )
    return Queue(
        tuple(sorted(lines, key=lambda line: (line.mine, line.due_at is None, line.due_at or line.run.opened_at))),
        tuple(held.order_by("use_by")),
    )


def review(actor: Actor, run_id: UUID) -> ReviewPage:
    """One run of the actor's laboratory.

    Raises:
        Run.DoesNotExist: it is not there, or another laboratory's.
    """
    run = Run.objects.select_related("method__document", "submitted_by", "opened_by", "performed_by").get(
        pk=run_id, organisation_id=actor.organisation_id
    )
    analysis = findings.current_analysis(run)
    outcome = analysis.outcome if analysis else {}
    results = tuple(
        Result.objects.filter(test__run=run, current=True)
        .select_related("test__sample", "test__order__request__batch")
        .order_by("test__order", "test__position")
    )
    checks = tuple(outcome.get("checks", ()))
    files = tuple(run.files.select_related("file", "sample", "equipment", "attached_by"))
    entries = tuple(run.entries.select_related("sample", "written_by", "checked_by", "replaced_by"))
    said = {one.exception: one for one in run.dispositions.select_related("written_by")}
    found = findings.exceptions(run)
    data_remarks = sum(len(outcome.get(kind, ())) for kind in ("exclusions", "repairs", "warnings"))
    return ReviewPage(
        run,
        actor.person_id in hands.performers(run),
        tuple(_exception(one, said.get(one.key), checks, results) for one in found),
        len(results) + len(checks) + len(files) + len(entries) + data_remarks,
        results,
        checks,
        pictures(analysis) if analysis else (),
        files,
        entries,
        analysis,
        min((result.test.due_at for result in results), default=None),
    )


def _exception(
    found: findings.Finding,
    said: Disposition | None,
    checks: tuple[dict[str, Any], ...],
    results: tuple[Result, ...],
) -> Exceptional:
    language = get_language() or "en"
    kind, _colon, place = found.key.partition(":")
    text = found.text
    if kind == "result":
        result = next((one for one in results if str(one.pk) == place), None)
        if result:
            text = f"{words(result.line['title'], language)}: {result.reported} {result.unit}".strip()
    return Exceptional(
        found.key, found.key.replace(":", "-").replace(".", "-"), _kinds()[found.kind], text, found.blocking, said
    )


def _kinds() -> dict[str, str]:
    return {
        "check": _("Failed check"),
        "result": _("Result out of limits"),
        "exclusions": _("Data left out"),
        "repairs": _("Repaired file"),
        "warnings": _("Warning"),
        "correction": _("Corrected entry"),
        "plate_map": _("Plate map changed after the analysis"),
        "assigned": _("File reassigned after the analysis"),
        "file": _("File set apart"),
        "override": _("Released file"),
        "early": _("Measured before receipt"),
        "late": _("Measured after the hold time"),
    }
