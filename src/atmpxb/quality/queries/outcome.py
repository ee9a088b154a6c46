"""What the analysis of a run found: state, controls before results, plots, and what a reviewer will ask."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from atmpxb.quality import engine
from atmpxb.quality.actions import findings
from atmpxb.quality.actions.analyses import inputs
from atmpxb.quality.assays.seam import Method
from atmpxb.quality.models import Analysis, Result, Run
from atmpxb.quality.queries.documents import choices_of, limit_words
from atmpxb.quality.saying import problem_of, said
from atmpxb.quality.states import AnalysisState
from atmpxb.records.ledger.canonical import digest


@dataclass(frozen=True, slots=True)
class Checked:
    """A control, as judged. ``passed`` None: it could not be judged."""

    title: dict[str, str]
    passed: bool | None
    observed: str
    criterion: str
    sample: str

    @property
    def verdict(self) -> str:
        """The form that shows it."""
        return {True: "complies", False: "does_not_comply"}.get(self.passed, "undetermined")  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Judged:
    """A result as the page shows it."""

    id: UUID
    title: dict[str, str]
    sample: str
    value: str | None
    words: dict[str, str]
    unit: str
    limit: dict[str, str]
    verdict: str
    why: dict[str, str]
    informative: bool
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot, with the table that says the same; its title leaves out the file, for plots stand together by file."""

    key: UUID | int  # of the row; in a trial, which has none, the place among its plots
    title: dict[str, str]
    sample: str
    file: str  # empty where the plot is of all files together
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that the reviewer will have to answer."""

    kind: str
    text: str
    blocking: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """The analysis of a run, as far as it is."""

    state: str  # of the analysis of the present inputs; empty when nobody asked for it
    state_words: str
    asked_at: datetime | None
    finished_at: datetime | None
    engine: str
    input_digest: str
    problem: str
    stale: bool  # the results shown are of earlier inputs
    checks: tuple[Checked, ...]
    results: tuple[Judged, ...]
    pictures: tuple[Picture, ...]
    exceptions: tuple[Remark, ...]
    details: dict[str, Any]

    @property
    def running(self) -> bool:
        return self.state in (AnalysisState.QUEUED, AnalysisState.RUNNING)

    @property
    def done(self) -> bool:
        return self.state == AnalysisState.DONE

    @property
    def failed(self) -> bool:
        return self.state == AnalysisState.FAILED

    @property
    def failed_checks(self) -> tuple[Checked, ...]:
        return tuple(check for check in self.checks if check.passed is not True)


def outcome(run: Run, method: Method) -> Outcome:
    """Where the analysis of the run's present files and entries stands, and what it found."""
    wanted = digest(inputs(run))
    known = list(run.analyses.exclude(state=AnalysisState.SUPERSEDED).order_by("-asked_at"))
    present = [one for one in known if one.input_digest == wanted]
    latest = next((one for one in present if one.engine == engine.ENGINE), next(iter(present), None))
    done = next((one for one in present if one.state == AnalysisState.DONE), None)
    shown = done or next((one for one in known if one.state == AnalysisState.DONE), None)
    found = shown.outcome if shown else {}
    return Outcome(
        state=latest.state if latest else "",
        state_words=str(AnalysisState(latest.state).label) if latest else "",
        asked_at=latest.asked_at if latest else None,
        finished_at=shown.finished_at if shown else None,
        engine=shown.engine if shown else "",
        input_digest=shown.input_digest if shown else "",
        problem=problem_of(latest.problem) if latest else "",
        stale=shown is not None and done is None,
        checks=tuple(checked(check) for check in found.get("checks", ())),
        results=results(run, method) if shown else (),
        pictures=pictures(shown) if shown else (),
        exceptions=_exceptions(run) if done else (),
        details=dict(found.get("details") or {}),
    )


def results(run: Run, method: Method) -> tuple[Judged, ...]:
    """The results of the run, in the order of the specification."""
    known = choices_of(method)
    rows = (
        Result.objects.filter(test__run=run, current=True)
        .select_related("test__sample")
        .order_by("test__order", "test__position", "test__sample__label")
    )
    return tuple(judged(row, method, known) for row in rows)


def judged(row: Result, method: Method, known: dict[str, dict[str, str]]) -> Judged:
    """A result row as the page shows it."""
    return Judged(
        id=row.pk,
        title=dict(row.line["title"]),
        sample=row.test.sample.label,
        value=row.reported or None,
        words=known.get(row.reported, {}),
        unit=row.unit,
        limit=limit_words(row.line, method),
        verdict=row.verdict,
        why=dict(row.why),
        informative=bool(row.line.get("informative")),
        low=str(row.interval.get("low") or ""),
        high=str(row.interval.get("high") or ""),
    )


def checked(check: dict[str, Any]) -> Checked:
    """A check as an analysis keeps it, told to the reader."""
    return Checked(check["title"], check["passed"], said(check["observed"]), said(check["criterion"]), check["sample"])


def pictures(analysis: Analysis) -> tuple[Picture, ...]:
    return tuple(
        picture_of(plot.pk, plot.title, plot.sample, plot.series, plot.columns, plot.rows)
        for plot in analysis.plots.order_by("position")
    )


def picture_of(
    key: UUID | int, title: Mapping[str, str], sample: str, file: str, columns: Iterable[Any],
    rows: Iterable[Iterable[Any]],
) -> Picture:  # fmt: skip
    """A plot as it is stored, told in the reader's language."""
    return Picture(
        key,
        {language: text.removesuffix(f" ({file})") for language, text in title.items()},
        sample,
        file,
        tuple(said(column) for column in columns),
        tuple(tuple(said(cell) for cell in row) for row in rows),
    )


def _exceptions(run: Run) -> tuple[Remark, ...]:
    found: Sequence[findings.Finding] = findings.exceptions(run)
    return tuple(Remark(one.kind, one.text, one.blocking) for one in sorted(found, key=lambda one: not one.blocking))
