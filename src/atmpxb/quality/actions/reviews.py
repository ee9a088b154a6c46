"""From measured to reviewed: the analyst submits, another person looks at every exception and signs."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from atmpxb.notes import Refused
from atmpxb.quality.actions.analyses import inputs, missing_entries
from atmpxb.quality.actions.hands import performers
from atmpxb.quality.actions.orders import refresh
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import Repair
from atmpxb.quality.certificate.form import rebuilt
from atmpxb.quality.certificate.wording import VERDICTS, localised
from atmpxb.quality.models import Analysis, Disposition, Result, Run, Test, words
from atmpxb.quality.saying import problem_of, repair_texts, said
from atmpxb.quality.states import AnalysisState, FileState, NotPossibleNow, RunState, TestState, move
from atmpxb.records.ledger.canonical import digest
from atmpxb.records.ledger.writing import action, create, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.signatures.actions import Proof, sign
from atmpxb.records.signatures.models import Meaning


class NotReady(Exception):
    """Something is missing before this can be signed. ``missing`` lists (what, cure)."""

    def __init__(self, missing: list[tuple[str, str]]) -> None:
        self.missing = tuple(missing)
        super().__init__("; ".join(f"{what}: {cure}" for what, cure in missing))


class OwnWork(Refused):
    """Who did the work does not review it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a run that a reviewer must look at. ``blocking``: no word of a reviewer can cure it."""

    key: str
    kind: str
    text: str
    blocking: bool = False


def current_analysis(run: Run) -> Analysis | None:
    """The finished analysis of the run's present inputs."""
    wanted = digest(inputs(run))
    return run.analyses.filter(input_digest=wanted, state=AnalysisState.DONE).order_by("-finished_at").first()


def exceptions(run: Run) -> list[Finding]:
    """What needs a person: failed checks, results out of limits, exclusions, repairs, corrections, overrides."""
    found: list[Finding] = []
    language = "nl" if (get_language() or "").startswith("nl") else "en"
    analysis = current_analysis(run)
    outcome = analysis.outcome if analysis else {}
    for number, check in enumerate(outcome.get("checks", ())):
        if check["passed"] is not True:
            seen, asked = (localised(said(check[name]), language) for name in ("observed", "criterion"))
            text = f"{words(check['title'], language)}: {seen} ({asked})"
            found.append(Finding(f"check:{number}", "check", text, blocking=check["passed"] is False))
    for result in Result.objects.filter(test__run=run, current=True).exclude(verdict__in=["complies", "reported"]):
        text = f"{words(result.line['title'], language)}: {VERDICTS[language][result.verdict]}"
        found.append(Finding(f"result:{result.pk}", "result", text))
    for kind in ("exclusions", "repairs", "warnings"):
        for number, item in enumerate(outcome.get(kind, ())):
            found.append(Finding(f"{kind}:{number}", kind, _remark(kind, item)))
    for entry in run.entries.exclude(reason=""):
        found.append(Finding(f"entry:{entry.pk}", "correction", f"{entry.code}: {entry.value} ({entry.reason})"))
    for attached in run.files.exclude(state=FileState.READY):
        why = problem_of(attached.problem)
        named = why.startswith(f"{attached.name}:")
        found.append(Finding(f"file:{attached.pk}", "file", why if named else f"{attached.name}: {why}"))
    for attached in run.files.filter(state=FileState.READY, problem__has_key="released"):
        found.append(Finding(f"file:{attached.pk}", "override", f"{attached.name}: {attached.problem['released']}"))
    return found


def _remark(kind: str, item: Any) -> str:
    """An exclusion, a repair or a warning as the reader is told."""
    match kind:
        case "exclusions":
            return f"{said(item['what'])} · {said(item['reason'])}"
        case "repairs":
            return " · ".join(repair_texts(rebuilt(Repair, item)))
    return said(item)


def content(run: Run) -> dict[str, Any]:
    """Everything that a signature on a run binds."""
    analysis = current_analysis(run)
    return {
        "run": run.number,
        "method": {"code": run.method.document.code, "version": run.method.version, "sha256": run.method.sha256},
        "inputs": analysis.inputs if analysis else None,
        "engine": analysis.engine if analysis else "",
        "outcome_sha256": digest(analysis.outcome) if analysis else "",
        "results": [
            {
                "test": str(result.test_id),
                "line": result.line["code"],
                "sample": result.test.sample.label,
                "value": result.value,
                "reported": result.reported,
                "unit": result.unit,
                "verdict": result.verdict,
                "specification_sha256": result.test.order.request.specification.sha256,
            }
            for result in Result.objects.filter(test__run=run, current=True)
            .select_related("test__sample", "test__order__request__specification")
            .order_by("test__order", "test__position")
        ],
        "dispositions": [
            {"exception": d.exception, "text": d.text} for d in run.dispositions.order_by("exception")
        ],
    }


#: Of the content of a signature on a run: what reviewers remarked concerns the laboratory alone.
INTERNAL = ("dispositions",)


def missing_for_submission(run: Run) -> list[tuple[str, str]]:
    """What stands between a run and its submission: (what, cure); empty when it can be signed."""
    missing = []
    if current_analysis(run) is None:
        cure = _("Wait for the analysis, or complete them")
        missing.append((_("No results for the present files and entries"), cure))
    method = parse(run.method.source.encode())
    titles = {entry.code: words(entry.title, get_language() or "en") for entry in method.entries}
    for code, sample in missing_entries(run, method):
        what = _("Worksheet: %(entry)s") % {"entry": f"{titles[code]} {sample}".strip()}
        missing.append((what, _("Write it, or have it checked by a second person")))
    return missing


@action("quality.submit_run", roles={Role.ANALYST})
def submit_run(*, actor: Actor, run: Run, proof: Proof, seen: str) -> Run:
    """Sign as performed and hand the run to a reviewer.

    Raises:
        NotReady: no analysis of the present files and entries, or an unchecked entry.
    """
    if missing := missing_for_submission(run):
        raise NotReady(missing)
    sign(
        actor=actor, proof=proof, on=run, meaning=Meaning.PERFORMED, content=content(run), seen=seen, internal=INTERNAL
    )
    move(run, "run.submitted", submitted_at=timezone.now(), submitted_by_id=actor.person_id, returned_reason="")
    _move_tests(run, "test.submitted", {TestState.MEASURED})
    record("run.submitted", actor=actor, on=run)
    return run


@action("quality.dispose", roles={Role.REVIEWER})
def dispose(*, actor: Actor, run: Run, exception: str, text: str) -> Disposition:
    """Say what an exception means for the results. One word for each exception; it can't be taken back.

    Raises:
        OwnWork: the actor did some of the work.
        NotPossibleNow: the run does not wait for review.
        NotReady: the exception is gone, or has been answered.
    """
    _refuse_own(actor, run)
    state = Run.objects.select_for_update().values_list("state", flat=True).get(pk=run.pk)
    if state != RunState.SUBMITTED:
        raise NotPossibleNow("run", "exception.disposed", state, frozenset({RunState.SUBMITTED}))
    if run.dispositions.filter(exception=exception).exists():
        raise NotReady([(exception, _("Somebody has answered this exception: look at the run again"))])
    if exception not in {found.key for found in exceptions(run)}:
        raise NotReady([(exception, _("This exception is no longer there: look at the run again"))])
    disposition = create(
        Disposition, run=run, exception=exception, text=text, written_at=timezone.now(), written_by_id=actor.person_id
    )
    record("exception.disposed", actor=actor, on=disposition, run=run.number, exception=exception, reason=text)
    return disposition


@action("quality.review_run", roles={Role.REVIEWER})
def review_run(*, actor: Actor, run: Run, proof: Proof, seen: str) -> Run:
    """Sign as reviewed.

    Raises:
        OwnWork: the actor did some of it.
        NotReady: an exception has no disposition, or a control failed, so that the run is invalid.
    """
    _refuse_own(actor, run)
    disposed = set(run.dispositions.values_list("exception", flat=True))
    missing = [
        (found.text, _("A control failed: invalidate the run and repeat it"))
        if found.blocking
        else (found.text, _("Say what this means for the results"))
        for found in exceptions(run)
        if found.blocking or found.key not in disposed
    ]
    if missing:
        raise NotReady(missing)
    sign(
        actor=actor, proof=proof, on=run, meaning=Meaning.REVIEWED, content=content(run), seen=seen, internal=INTERNAL
    )
    move(run, "run.reviewed")
    _move_tests(run, "test.reviewed", {TestState.SUBMITTED})
    record("run.reviewed", actor=actor, on=run)
    return run


@action("quality.return_run", roles={Role.REVIEWER})
def return_run(*, actor: Actor, run: Run, reason: str) -> Run:
    """Give a run back to the analyst, with the reason."""
    _refuse_own(actor, run)
    move(run, "run.returned", returned_reason=reason)
    _move_tests(run, "test.returned", {TestState.SUBMITTED})
    record("run.returned", actor=actor, on=run, reason=reason)
    return run


@action("quality.invalidate_run", roles={Role.REVIEWER})
def invalidate_run(*, actor: Actor, run: Run, reason: str) -> list[Test]:
    """Declare a run invalid. Its results stay on record; each test is ordered anew, linked to the first one."""
    _refuse_own(actor, run)
    move(run, "run.invalidated")
    repeats = []
    for test in run.tests.filter(state__in=[TestState.RUNNING, TestState.MEASURED, TestState.SUBMITTED]):
        move(test, "test.invalidated", invalid_reason=reason)
        repeats.append(
            create(
                Test, order=test.order, sample=test.sample, line=test.line, position=test.position,
                method=test.method, due_at=test.due_at, retest_of=test,
            )
        )  # fmt: skip
    for order in {test.order for test in repeats}:
        refresh(order)
    record("run.invalidated", actor=actor, on=run, reason=reason, repeats=[str(test.pk) for test in repeats])
    return repeats


def _refuse_own(actor: Actor, run: Run) -> None:
    if actor.person_id in performers(run):
        raise OwnWork(
            "run.own_work", "You worked on this run, so another person must review it", "Hand it to a colleague"
        )


def _move_tests(run: Run, event: str, states: set[TestState]) -> None:
    for test in run.tests.filter(state__in=states):
        move(test, event)
    for order in {test.order for test in run.tests.select_related("order")}:
        refresh(order)
