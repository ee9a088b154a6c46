"""Today: what must start now, what waits behind a gate, and what clients ask for."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from atmpxb.quality.actions.failures import GAVE_UP
from atmpxb.quality.limits import Specification
from atmpxb.quality.models import Request, Run, Test
from atmpxb.quality.queries.documents import line_of, specification_of
from atmpxb.quality.saying import problem_of, said
from atmpxb.quality.states import AnalysisState, RequestState, RunState, SampleState, TestState
from atmpxb.records.documents.models import DocumentKind, DocumentVersion, VersionState
from atmpxb.records.people.actor import Actor

#: What must start within this time is shown under Now.
NOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Task:
    """The tests of one method that wait on one sample: they start together."""

    tests: tuple[UUID, ...]
    titles: tuple[dict[str, str], ...]
    method: str
    method_id: UUID
    method_title: dict[str, str]
    sample: str
    sample_id: UUID
    sample_state: str
    material: dict[str, str]
    batch: str
    client: str
    latest_start: datetime
    repeat: bool
    gate: str = ""  # why it can't start; empty when it can
    cure: str = ""
    cure_view: str = ""

    @property
    def value(self) -> str:
        """What a selection of it posts."""
        return ",".join(str(test) for test in self.tests)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a specification that a client asks for, and whether there is a method for it."""

    title: dict[str, str]
    method: str
    found: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits for acceptance."""

    id: UUID
    number: str
    client: str
    client_id: UUID
    batch: str
    product: str
    specification: str
    needed_by: datetime
    expires_at: datetime
    note: str
    lines: tuple[Line, ...]
    plan: Specification

    @property
    def missing(self) -> int:
        """Lines without an effective method."""
        return sum(not line.found for line in self.lines)


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that is not yet handed to a reviewer."""

    id: UUID
    number: str
    method: str
    method_title: dict[str, str]
    samples: str
    opened_at: datetime
    tests: int
    measured: int
    returned_reason: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """An open run whose analysis failed: nothing goes on before somebody does something."""

    id: UUID
    number: str
    method: str
    method_title: dict[str, str]
    why: str
    cure: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Worklist:
    """Everything on the page *Today*."""

    asked: tuple[Asked, ...]
    stuck: tuple[Stuck, ...]
    blocked: tuple[Task, ...]
    now: tuple[Task, ...]
    later: tuple[Task, ...]
    open_runs: tuple[OpenRun, ...]
    methods: tuple[tuple[str, dict[str, str], int], ...]  # code, title, how many can start
    expected: int

    @property
    def blocked_count(self) -> int:
        """Tasks that can't start and runs that can't go on."""
        return len(self.blocked) + len(self.stuck)

    @property
    def empty(self) -> bool:
        return not (self.asked or self.stuck or self.blocked or self.now or self.later)


def worklist(actor: Actor, now: datetime, method: str = "") -> Worklist:
    """What waits at the laboratory of the actor, by the latest moment at which it can start.

    Args:
        method: code of a method; the list then holds its tasks only.
    """
    tasks = sorted(_tasks(actor, now), key=lambda task: task.latest_start)
    counts: dict[str, tuple[dict[str, str], int]] = {}
    for task in tasks:
        title, count = counts.get(task.method, (task.method_title, 0))
        counts[task.method] = (title, count + (not task.gate))
    shown = [task for task in tasks if method in ("", task.method)]
    free = [task for task in shown if not task.gate]
    expected = Test.objects.filter(
        organisation_id=actor.organisation_id, state=TestState.ORDERED, sample__state=SampleState.EXPECTED
    ).aggregate(samples=Count("sample", distinct=True))["samples"]
    return Worklist(
        asked=requests(actor),
        stuck=tuple(one for one in _stuck(actor) if method in ("", one.method.split()[0])),
        blocked=tuple(task for task in shown if task.gate),
        now=tuple(task for task in free if task.latest_start - now <= NOW),
        later=tuple(task for task in free if task.latest_start - now > NOW),
        open_runs=_open_runs(actor),
        methods=tuple((code, title, count) for code, (title, count) in sorted(counts.items())),
        expected=expected,
    )


def _tasks(actor: Actor, now: datetime) -> Iterable[Task]:
    waiting = (
        Test.objects.filter(organisation_id=actor.organisation_id, state=TestState.ORDERED)
        .select_related(
            "sample",
            "method__document",
            "order__client",
            "order__request__batch",
            "order__request__specification",
        )
        .order_by("due_at", "position")
    )
    groups: dict[tuple[UUID, UUID], list[Test]] = defaultdict(list)
    for test in waiting:
        groups[test.method_id, test.sample_id].append(test)
    for tests in groups.values():
        first = tests[0]
        sample = first.sample
        gate, cure, view = _gate(first, now)
        starts = [test.due_at for test in tests] + ([sample.use_by] if sample.use_by else [])
        yield Task(
            tests=tuple(test.pk for test in tests),
            titles=tuple(dict(line_of(test.order.request.specification, test.line).title) for test in tests),
            method=first.method.document.code,
            method_id=first.method_id,
            method_title=first.method.title,
            sample=sample.label,
            sample_id=sample.pk,
            sample_state=str(SampleState(sample.state).label),
            material=sample.title,
            batch=first.order.request.batch.number,
            client=first.order.client.name,
            latest_start=min(starts),
            repeat=any(test.retest_of_id for test in tests),
            gate=gate,
            cure=cure,
            cure_view=view,
        )


def _stuck(actor: Actor) -> Iterable[Stuck]:
    """Open runs whose latest analysis failed."""
    rows = (
        Run.objects.filter(organisation_id=actor.organisation_id, state=RunState.OPEN, analyses__isnull=False)
        .select_related("method__document")
        .prefetch_related("analyses", "tests")
        .distinct()
        .order_by("opened_at")
    )
    for run in rows:
        latest = max(run.analyses.all(), key=lambda one: one.asked_at)
        if latest.state == AnalysisState.FAILED:
            yield Stuck(
                id=run.pk,
                number=run.number,
                method=str(run.method),
                method_title=run.method.title,
                why=problem_of(latest.problem),
                cure=_("Analyse again") if latest.problem.get("code") == GAVE_UP else _("Open the run"),
                due_at=min(test.due_at for test in run.tests.all()),
            )


def _gate(test: Test, now: datetime) -> tuple[str, str, str]:
    """Why a test can't start, what opens the gate, and the page where that is done."""
    sample = test.sample
    match sample.state:
        case SampleState.EXPECTED:
            return _("Not received yet"), _("Receive the sample"), "receive"
        case SampleState.ON_HOLD:
            reason = _("On hold: %(reason)s") % {"reason": said(sample.hold_reason)}
            return reason, _("A reviewer lifts the hold, or the client sends new material"), "sample"
        case SampleState.MISSING:
            return _("Reported missing"), _("Receive it if it has turned up"), "receive"
    if sample.use_by and sample.use_by < now:
        return (
            _("The sample is past the time for which it holds"),
            _("Ask the client for a new sample"),
            "sample",
        )
    if test.method.state != VersionState.EFFECTIVE:
        return (
            _("The method version is no longer effective"),
            _("Have the order renewed with the effective version"),
            "method",
        )
    return "", "", ""


def requests(actor: Actor) -> tuple[Asked, ...]:
    """The requests to the laboratory of the actor that no order answers yet, most urgent first."""
    waiting = list(
        Request.objects.filter(
            laboratory_id=actor.organisation_id, state=RequestState.SUBMITTED, order__isnull=True
        )
        .select_related("organisation", "batch__product", "specification__document")
        .order_by("needed_by")
    )
    if not waiting:
        return ()
    effective = dict(
        DocumentVersion.objects.filter(
            organisation_id=actor.organisation_id,
            state=VersionState.EFFECTIVE,
            document__kind=DocumentKind.METHOD,
        ).values_list("document__code", "version")
    )
    return tuple(_asked(request, effective) for request in waiting)


def _asked(request: Request, effective: dict[str, str]) -> Asked:
    plan = specification_of(request.specification)
    return Asked(
        id=request.pk,
        number=request.number,
        client=request.organisation.name,
        client_id=request.organisation_id,
        batch=request.batch.number,
        product=request.batch.product.name,
        specification=str(request.specification),
        needed_by=request.needed_by,
        expires_at=request.batch.expires_at,
        note=request.note,
        lines=tuple(
            Line(
                dict(line.title),
                f"{line.method} {line.method_version}".strip(),
                line.method in effective and line.method_version in ("", effective[line.method]),
            )
            for line in plan.lines
        ),
        plan=plan,
    )


def _open_runs(actor: Actor) -> tuple[OpenRun, ...]:
    rows: Any = (
        Run.objects.filter(organisation_id=actor.organisation_id, state=RunState.OPEN)
        .select_related("method__document")
        .prefetch_related("tests__sample")
        .annotate(measured=Count("tests", filter=Q(tests__state=TestState.MEASURED)))
        .order_by("opened_at")
    )
    return tuple(
        OpenRun(
            id=run.pk,
            number=run.number,
            method=str(run.method),
            method_title=run.method.title,
            samples=", ".join(sorted({test.sample.label for test in run.tests.all()})),
            opened_at=run.opened_at,
            tests=len(run.tests.all()),
            measured=run.measured,
            returned_reason=run.returned_reason,
        )
        for run in rows
    )
