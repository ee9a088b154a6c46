"""The runs of a laboratory, and everything on the page of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from atmpxb.quality.actions import reviews
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.seam import Method
from atmpxb.quality.models import Equipment, Run, Sample
from atmpxb.quality.queries import differences, news, run_files, worksheet
from atmpxb.quality.queries import outcome as outcomes
from atmpxb.quality.queries.documents import line_of, method_of
from atmpxb.quality.queries.history import Event, events_of
from atmpxb.quality.queries.ordering import ordered
from atmpxb.quality.states import RunState, TestState
from atmpxb.quality.symbols import Symbol, data_matrix
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.signatures.actions import digest_of


@dataclass(frozen=True, slots=True)
class Listed:
    """A run in the list."""

    id: UUID
    number: str
    method: str
    method_title: dict[str, str]
    samples: str
    state: str
    state_words: str
    opened_at: datetime
    opened_by: str
    results: int
    failing: int  # results that do not comply
    undetermined: int


@dataclass(frozen=True, slots=True)
class Step:
    """A named stage, as the stepper component shows it."""

    title: str
    state: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Signing:
    """What the analyst is about to sign, in words, or what is missing before that."""

    missing: tuple[tuple[str, str], ...]
    values: tuple[dict[str, object], ...]
    documents: tuple[dict[str, object], ...]
    files: tuple[dict[str, str], ...]
    head: str
    seen: str
    saw: str


@dataclass(frozen=True, slots=True)
class RunPage:
    """Everything on the page of a run."""

    id: UUID
    number: str
    state: str
    state_words: str
    method: Method
    method_id: UUID
    opened_at: datetime
    opened_by: str
    submitted_at: datetime | None
    submitted_by: str
    partner: str
    returned_reason: str
    samples: tuple[Sample, ...]
    tests: tuple[tuple[dict[str, str], str, str], ...]  # title, sample, state
    needed: tuple[run_files.Needed, ...]
    files: tuple[run_files.Attached, ...]
    instruments: tuple[Equipment, ...]  # that could have made them; none where a person is the source
    fields: tuple[worksheet.Field, ...]
    plate: worksheet.Plate | None
    outcome: outcomes.Outcome
    steps: tuple[Step, ...]
    events: tuple[Event, ...]
    signing: Signing | None
    standing: str  # changes whenever the run does
    editable: bool  # the actor may change it now
    releases: bool  # the actor may release files
    checks: bool  # the actor may check what another person wrote

    @property
    def open(self) -> bool:
        return self.state == RunState.OPEN

    @property
    def symbol(self) -> Symbol:
        """On paper: a scan of it leads back to this page."""
        return data_matrix(self.number)

    @property
    def formats(self) -> str:
        """The file formats that the method reads; a format is not always an extension."""
        return ", ".join(sorted({name for item in self.needed for name in item.formats}))

    @property
    def set_apart(self) -> tuple[run_files.Attached, ...]:
        return tuple(file for file in self.files if file.set_apart)

    @property
    def in_use(self) -> tuple[run_files.Attached, ...]:
        return tuple(file for file in self.files if not file.set_apart)

    @property
    def measures(self) -> bool:
        """Whether an instrument, not a person, is the source of the values."""
        return registry.kind(self.method.kind).source == "instrument"

    @property
    def has_plate(self) -> bool:
        """Whether wells mean anything to this kind of test."""
        return self.method.kind == "qpcr" or self.plate is not None


def counts(actor: Actor) -> dict[str, int]:
    """How many runs stand in each state."""
    rows = Run.objects.filter(organisation_id=actor.organisation_id).order_by()
    return dict(rows.values_list("state").annotate(number=Count("pk")))


#: By what the list can be sorted: key of the address → columns.
ORDERS: dict[str, tuple[str, ...]] = {
    "run": ("number",),
    "method": ("method__document__code", "number"),
    "opened": ("opened_at", "number"),
    "state": ("state", "number"),
    "failing": ("failing", "undetermined", "number"),
}


def runs(actor: Actor, state: str, first: int, count: int, sort: str = "-opened") -> tuple[Listed, ...]:
    """A stretch of the list.

    Args:
        state: a state of a run, or empty for all.
        sort: a key of ``ORDERS``, with ``-`` from the end.
    """
    rows = Run.objects.filter(organisation_id=actor.organisation_id)
    if state:
        rows = rows.filter(state=state)
    current = Q(tests__results__current=True)
    fails, open_ones = (current & Q(tests__results__verdict=verdict) for verdict in ("does_not_comply", "undetermined"))
    found = (
        rows.select_related("method__document", "opened_by")
        .prefetch_related("tests__sample")
        .annotate(
            found=Count("tests__results", filter=current, distinct=True),
            failing=Count("tests__results", filter=fails, distinct=True),
            undetermined=Count("tests__results", filter=open_ones, distinct=True),
        )
        .order_by(*ordered(ORDERS, sort))[first : first + count]
    )
    return tuple(
        Listed(
            id=run.pk,
            number=run.number,
            method=str(run.method),
            method_title=run.method.title,
            samples=", ".join(sorted({test.sample.label for test in run.tests.all()})),
            state=run.state,
            state_words=str(RunState(run.state).label),
            opened_at=run.opened_at,
            opened_by=run.opened_by.name,
            results=run.found,
            failing=run.failing,
            undetermined=run.undetermined,
        )
        for run in found
    )


def load(actor: Actor, run: UUID) -> Run:
    """A run of the actor's organisation. Raises Run.DoesNotExist for another's."""
    return Run.objects.select_related("method__document", "opened_by", "submitted_by", "performed_by").get(
        pk=run, organisation_id=actor.organisation_id
    )


def run_page(actor: Actor, run_id: UUID) -> RunPage:
    """Everything on the page of a run."""
    run = load(actor, run_id)
    method = method_of(run.method)
    tests = list(run.tests.select_related("sample", "order__request__specification").order_by("position", "id"))
    samples = tuple(sorted({test.sample for test in tests}, key=lambda sample: sample.label))
    files = run_files.attached(run, method)
    needed = run_files.needed(method, files)
    fields = worksheet.fields(actor, run, method, samples)
    found = outcomes.outcome(run, method)
    mine = run.state == RunState.OPEN and actor.holds(Role.ANALYST)
    return RunPage(
        id=run.pk,
        number=run.number,
        state=run.state,
        state_words=str(RunState(run.state).label),
        method=method,
        method_id=run.method_id,
        opened_at=run.opened_at,
        opened_by=run.opened_by.name,
        submitted_at=run.submitted_at,
        submitted_by=run.submitted_by.name if run.submitted_by else "",
        partner=run.partner,
        returned_reason=run.returned_reason,
        samples=samples,
        tests=tuple(
            (
                dict(line_of(test.order.request.specification, test.line).title),
                test.sample.label,
                str(TestState(test.state).label),
            )
            for test in tests
        ),
        needed=needed,
        files=files,
        instruments=tuple(Equipment.objects.filter(organisation_id=actor.organisation_id, kind=run.kind)),
        fields=fields,
        plate=worksheet.plate(run, found.details),
        outcome=found,
        steps=_steps(run, method, needed, files, fields, found),
        events=events_of(actor, [run.pk, *(file.id for file in files), *(f.written.id for f in fields if f.written)]),
        signing=_signing(actor, run, method, found, files) if mine else None,
        standing=news.standing(run),
        editable=mine,
        releases=actor.holds(Role.REVIEWER, Role.QP) and run.state == RunState.OPEN,
        checks=actor.holds(Role.ANALYST, Role.REVIEWER) and run.state == RunState.OPEN,
    )


def _steps(
    run: Run,
    method: Method,
    needed: Sequence[run_files.Needed],
    files: Sequence[run_files.Attached],
    fields: Sequence[worksheet.Field],
    found: outcomes.Outcome,
) -> tuple[Step, ...]:
    """Where the run stands: files, read, worksheet, analysed, checked. The first not done is current."""
    steps: list[Step] = []
    if method.inputs:
        kept = [file for file in files if not file.gone]
        usable = [file for file in kept if file.ready]
        met = all(item.met for item in needed)
        steps.append(Step(_("Files"), "done" if met else "waiting", _("%(count)d stored") % {"count": len(kept)}))
        broken = any(file.set_apart for file in kept)
        unsaid = any(file.unassigned for file in usable)
        read = "failed" if broken and not met else "done" if met and not unsaid else "waiting"
        note = _("%(usable)d of %(count)d usable") % {"usable": len(usable), "count": len(kept)} if kept else ""
        steps.append(Step(_("Read"), read, note))
    if fields:
        complete = sum(field.complete for field in fields)
        note = _("%(done)d of %(all)d complete") % {"done": complete, "all": len(fields)}
        steps.append(Step(_("Worksheet"), "done" if complete == len(fields) else "waiting", note))
    analysed = "failed" if found.failed else "done" if found.done else "waiting"
    steps.append(Step(_("Analysed"), analysed, found.state_words if not found.done else found.engine))
    if not found.done:
        steps.append(Step(_("Checked"), "waiting"))
    else:
        passed = sum(check.passed is True for check in found.checks)
        note = _("%(passed)d of %(all)d controls passed") % {"passed": passed, "all": len(found.checks)}
        failed = any(check.passed is False for check in found.checks)
        steps.append(
            Step(_("Checked"), "failed" if failed else "done", note if found.checks else _("no controls asked"))
        )
    first = next((number for number, step in enumerate(steps) if step.state == "waiting"), None)
    if first is not None:
        steps[first] = Step(steps[first].title, "current", steps[first].note)
    return tuple(steps)


def _signing(
    actor: Actor, run: Run, method: Method, found: outcomes.Outcome, files: Sequence[run_files.Attached]
) -> Signing:
    missing = tuple(reviews.missing_for_submission(run))
    if missing:
        return Signing(missing, (), (), (), "", "", "")
    head = LedgerEntry.objects.filter(organisation_id=actor.organisation_id).order_by("-seq").first()
    used = [file for file in files if file.ready and file.role]
    return Signing(
        missing=(),
        values=tuple(
            {"title": row.title, "sample": row.sample, "value": row.value, "words": row.words,
             "unit": row.unit,
             "limit": row.limit, "verdict": row.verdict}
            for row in found.results
        ),
        documents=({"words": dict(method.title), "code": method.code, "version": method.version,
                    "sha256": method.sha256},),
        files=tuple({"name": file.name, "sha256": file.sha256} for file in used),
        head=f"#{head.seq} · {bytes(head.hash).hex()[:10]}" if head else "",
        seen=digest_of(reviews.content(run)),
        saw=differences.kept(differences.of_run(run)),
    )  # fmt: skip
