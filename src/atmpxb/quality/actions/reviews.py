"""From measured to reviewed: the analyst submits, another person looks at every exception and signs."""

from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from atmpxb.notes import Refused
from atmpxb.quality.actions.analyses import inputs, missing_entries
from atmpxb.quality.actions.claims import claim, lock
from atmpxb.quality.actions.findings import current_analysis, exceptions
from atmpxb.quality.actions.hands import performers
from atmpxb.quality.actions.progress import refresh
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import Method
from atmpxb.quality.models import Cause, Certificate, Disposition, Result, Run, Test, words
from atmpxb.quality.saying import problem_of
from atmpxb.quality.states import AnalysisState, CertificateState, FileState, RunState, TestState, move
from atmpxb.records.ledger.canonical import digest
from atmpxb.records.ledger.writing import action, create, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.reasons import require_reason
from atmpxb.records.signatures.actions import Changed, Proof, digest_of, sign
from atmpxb.records.signatures.models import Meaning


class NotReady(Exception):
    """Something is missing before this can be signed. ``missing`` lists (what, cure)."""

    def __init__(self, missing: list[tuple[str, str]]) -> None:
        self.missing = tuple(missing)
        super().__init__("; ".join(f"{what}: {cure}" for what, cure in missing))


class OwnWork(Refused):
    """Who did the work does not review it."""


class ResultsIssued(Refused):
    """The results of a run stand on a certificate that others rely on."""


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
        "dispositions": [{"exception": d.exception, "text": d.text} for d in run.dispositions.order_by("exception")],
    }


#: Of the content of a signature on a run: what reviewers remarked concerns the laboratory alone.
INTERNAL = ("dispositions",)


def missing_for_submission(run: Run) -> list[tuple[str, str]]:
    """What stands between a run and its submission: (what, cure); empty when it can be signed."""
    method = parse(run.method.source.encode())
    missing = _wrong_files(run, method)
    if current_analysis(run) is None:
        failed = run.analyses.filter(input_digest=digest(inputs(run)), state=AnalysisState.FAILED).first()
        if failed:
            what = _("The analysis failed: %(why)s") % {"why": problem_of(failed.problem)}
            missing.append((what, _("Mend what it names, then analyse again")))
        else:
            cure = _("Wait for the analysis, or complete them")
            missing.append((_("No results for the present files and entries"), cure))
    titles = {entry.code: words(entry.title, get_language() or "en") for entry in method.entries}
    for code, sample in missing_entries(run, method):
        what = _("Worksheet: %(entry)s") % {"entry": f"{titles[code]} {sample}".strip()}
        missing.append((what, _("Write it, or have it checked by a second person")))
    return missing


def _wrong_files(run: Run, method: Method) -> list[tuple[str, str]]:
    """Roles with too few or too many files, and files of which nobody knows the instrument."""
    ready = list(run.files.filter(state=FileState.READY))
    language, missing = get_language() or "en", []
    for wanted in method.inputs:
        count = sum(one.role == wanted.role for one in ready)
        names = {"count": count, "role": words(wanted.title, language), "least": wanted.minimum, "most": wanted.maximum}
        if count < wanted.minimum:
            what = _("%(count)d files for %(role)s, at least %(least)d are needed") % names
            missing.append((what, _("Attach the files that are missing")))
        elif wanted.maximum is not None and count > wanted.maximum:
            what = _("%(count)d files for %(role)s, at most %(most)d are allowed") % names
            missing.append((what, _("Withdraw those that are too many, or assign them another role")))
    if registry.kind(run.kind).source == "instrument":
        cure = _("Say on the file which registered instrument made it")
        missing += [
            (_("%(file)s names no instrument") % {"file": one.name}, cure)
            for one in ready
            if one.role and one.equipment_id is None and not one.facts.get("instrument_serial")
        ]
    return missing


@action("quality.submit_run", roles={Role.ANALYST})
def submit_run(*, actor: Actor, run: Run, proof: Proof, seen: str) -> Run:
    """Sign as performed and hand the run to a reviewer.

    Raises:
        NotReady: no analysis of the present files and entries, or an unchecked entry.
        NotPossibleNow: the run is not open.
    """
    claim(run, "run.submitted", RunState.OPEN)
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
        NoReason: nothing is said.
    """
    claim(run, "exception.disposed", RunState.SUBMITTED)
    _refuse_own(actor, run)
    text = require_reason(text)
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
        NotReady: an exception has no disposition, a control failed, so that the run is invalid, or what was
            submitted is not what was analysed.
    """
    claim(run, "run.reviewed", RunState.SUBMITTED)
    _refuse_own(actor, run)
    if current_analysis(run) is None:
        what = _("No results for the present files and entries")
        raise NotReady([(what, _("Return the run, so that it is analysed and submitted again"))])
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
    sign(actor=actor, proof=proof, on=run, meaning=Meaning.REVIEWED, content=content(run), seen=seen, internal=INTERNAL)
    move(run, "run.reviewed")
    _move_tests(run, "test.reviewed", {TestState.SUBMITTED})
    record("run.reviewed", actor=actor, on=run)
    return run


@action("quality.return_run", roles={Role.REVIEWER})
def return_run(*, actor: Actor, run: Run, reason: str) -> Run:
    """Give a run back to the analyst, with the reason."""
    lock(run)
    _refuse_own(actor, run)
    reason = require_reason(reason)
    move(run, "run.returned", returned_reason=reason)
    _move_tests(run, "test.returned", {TestState.SUBMITTED})
    record("run.returned", actor=actor, on=run, reason=reason)
    return run


@action("quality.reopen_run", roles={Role.QP})
def reopen_run(*, actor: Actor, run: Run, reason: str) -> Run:
    """Give a reviewed run back to the bench, with the reason, while no certificate that stands rests on it. It is
    submitted and reviewed anew.

    Raises:
        NotPossibleNow: the run is not reviewed.
        ResultsIssued: a certificate that stands rests on it.
    """
    claim(run, "run.reopened", RunState.REVIEWED)
    reason = require_reason(reason)
    standing = Certificate.objects.filter(
        order__tests__run=run, state__in=[CertificateState.APPROVED, CertificateState.ISSUED]
    ).first()
    if standing:
        raise ResultsIssued(
            "run.results_issued",
            "{certificate} rests on run {run}",
            "Withdraw the certificate first",
            certificate=standing,
            run=run.number,
        )
    move(run, "run.reopened", returned_reason=reason)
    _move_tests(run, "test.reopened", {TestState.REVIEWED, TestState.APPROVED})
    record("run.reopened", actor=actor, on=run, reason=reason)
    return run


def invalidation(run: Run, cause: str, reason: str) -> dict[str, Any]:
    """What a signature that declares a run invalid binds: everything in the run, the cause, and the reason."""
    return {**content(run), "cause": cause, "reason": reason}


@action("quality.invalidate_run", roles={Role.REVIEWER})
def invalidate_run(*, actor: Actor, run: Run, cause: Cause, reason: str, proof: Proof, seen: str) -> list[Test]:
    """Sign a run as invalid, with assignable cause. Its results stay on record and are shown to the approver and on
    the certificate; each test is ordered anew, linked to the first one.

    Args:
        seen: ``digest_of`` the content of the run as it was shown.

    Raises:
        OwnWork: the actor did some of it.
        NotReady: the cause or the reason is missing.
        Changed: the run is no longer as it was seen.
    """
    claim(run, "run.invalidated", RunState.OPEN, RunState.SUBMITTED)
    _refuse_own(actor, run)
    reason = reason.strip()
    if cause not in Cause.values or not reason:
        raise NotReady([(_("No assignable cause"), _("Choose the cause and say what happened"))])
    if digest(content(run)) != seen:
        raise Changed("this has changed since you opened it; look at it again before you sign")
    bound = invalidation(run, cause, reason)
    move(run, "run.invalidated", invalid_cause=cause, invalid_reason=reason)
    sign(
        actor=actor, proof=proof, on=run, meaning=Meaning.INVALIDATED, content=bound, seen=digest_of(bound),
        internal=(*INTERNAL, "reason"),
    )  # fmt: skip
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
    record(
        "run.invalidated", actor=actor, on=run, reason=reason, cause=str(cause),
        repeats=[str(test.pk) for test in repeats],
    )  # fmt: skip
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
