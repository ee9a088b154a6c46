"""Work that the worker gave up: recorded, so that a person sees it, and done again when somebody says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from atmpxb.notes import Refused, note
from atmpxb.quality.actions import analyses, certificates
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.models import Analysis, FailedJob, Run
from atmpxb.quality.states import AnalysisState, NotPossibleNow, RunState, move
from atmpxb.records import jobs
from atmpxb.records.ledger.writing import NotPermitted, acting_for, action, change, create, record, recording
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.people.queries import actor_in

CHECKPOINT = "ledger.checkpoint"

#: Code of the problem of an analysis that was given up.
GAVE_UP = "job.gave_up"

_LONGEST = 500  # characters of an error that are kept


class RepeatedAlready(Refused):
    """Somebody has asked for it again."""


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of job: by which of its identifiers its record goes, and who may ask for it again."""

    subject: str
    roles: frozenset[Role]


KINDS: Mapping[str, Work] = {
    analyses.JOB: Work("analysis", frozenset({Role.ANALYST, Role.REVIEWER, Role.QP})),
    certificates.JOB: Work("certificate", frozenset({Role.QP})),
    CHECKPOINT: Work("organisation", frozenset({Role.REVIEWER, Role.QP})),
}


def give_up(kind: str, number: int, identifiers: Mapping[str, str], error: str) -> None:
    """Record that a job failed for the last time, and let go of what waits for it. Harmless when repeated.

    The entry is made in the name of the person who asked, whatever roles that person still holds: it says what
    became of the wish, and nothing is decided by it.
    """
    actor = actor_in(UUID(identifiers["actor"]), UUID(identifiers["organisation"]))
    with acting_for(actor.organisation_id, actor.person_id):
        if FailedJob.objects.filter(organisation_id=actor.organisation_id, number=number).exists():
            return
    now, subject = timezone.now(), UUID(identifiers[KINDS[kind].subject])
    with recording(actor):
        if kind == analyses.JOB:
            _let_go(actor, subject, error)
        failed = create(
            FailedJob, kind=kind, number=number, subject=subject, error=error[:_LONGEST], asked_by_id=actor.person_id,
            failed_at=now,
        )  # fmt: skip
        record("job.failed", actor=actor, on=failed, kind=kind, about=str(subject), error=failed.error)


def _let_go(actor: Actor, subject: UUID, error: str) -> None:
    """An analysis that nobody calculates any more has failed, so that it can be asked for again."""
    analysis = Analysis.objects.get(pk=subject)
    if analysis.state not in (AnalysisState.QUEUED, AnalysisState.RUNNING):
        return
    problem = note(
        GAVE_UP, "The calculation broke off {times} times ({error}): analyse again",
        times=jobs.ATTEMPTS, error=error[:_LONGEST],
    )  # fmt: skip
    move(
        analysis, "analysis.failed", finished_at=timezone.now(), stage="",
        problem=plain(problem),
    )  # fmt: skip
    record("analysis.failed", actor=actor, on=analysis, code=GAVE_UP, message=problem.message)


@action("quality.repeat_job", roles={Role.ANALYST, Role.REVIEWER, Role.QP})
def repeat_job(*, actor: Actor, failed: FailedJob) -> FailedJob:
    """Have failed work tried again, in the name of the person who says so.

    Raises:
        NotPermitted: this kind of work is for other roles.
        RepeatedAlready: somebody was faster.
        NotPossibleNow: the run of the analysis is closed.
    """
    work = KINDS[failed.kind]
    if not actor.holds(*work.roles):
        raise NotPermitted("quality.repeat_job", [str(role) for role in work.roles])
    if FailedJob.objects.select_for_update().get(pk=failed.pk).repeated_at:
        raise RepeatedAlready(
            "job.repeated_already", "Somebody has had this tried again meanwhile", "Load the page again"
        )
    if failed.kind == analyses.JOB:
        _want_again(actor, failed.subject)
    change(failed, repeated_at=timezone.now(), repeated_by_id=actor.person_id)
    identifiers = {"organisation": str(actor.organisation_id), "actor": str(actor.person_id)}
    jobs.enqueue(failed.kind, **{**identifiers, work.subject: str(failed.subject)})
    record("job.repeated", actor=actor, on=failed, kind=failed.kind, about=str(failed.subject))
    return failed


def _want_again(actor: Actor, subject: UUID) -> None:
    analysis = Analysis.objects.get(pk=subject)
    state = Run.objects.select_for_update().values_list("state", flat=True).get(pk=analysis.run_id)
    if state != RunState.OPEN:
        raise NotPossibleNow("run", "analysis.repeated", state, frozenset({RunState.OPEN}))
    move(
        analysis, "analysis.repeated", problem={}, asked_at=timezone.now(), asked_by_id=actor.person_id,
        finished_at=None,
    )  # fmt: skip
