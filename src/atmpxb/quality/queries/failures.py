"""Work that failed and is still wanted: what, since when, why, and who can have it tried again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from atmpxb.quality.actions import analyses, certificates
from atmpxb.quality.actions.failures import CHECKPOINT, KINDS
from atmpxb.quality.models import Analysis, Certificate, FailedJob
from atmpxb.quality.states import AnalysisState, CertificateState, RunState
from atmpxb.records import jobs
from atmpxb.records.ledger.models import StoredCheckpoint
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role


@dataclass(frozen=True, slots=True)
class Failure:
    """A line of the list. ``who``: the roles that may have it tried again."""

    id: UUID
    kind: str
    title: str
    what: str
    subject: UUID
    view: str  # page of what it is about; empty where there is none
    page: UUID | None
    since: datetime
    error: str
    asked_by: str
    may_repeat: bool
    who: str


def failures(actor: Actor) -> tuple[Failure, ...]:
    """What failed for the last time at the actor's organisation and nobody has had tried again, newest first."""
    rows = FailedJob.objects.filter(organisation_id=actor.organisation_id, repeated_at=None).select_related("asked_by")
    found: dict[tuple[str, UUID], Failure] = {}
    for row in rows.order_by("-failed_at"):
        if (row.kind, row.subject) not in found and (line := _line(actor, row)):
            found[row.kind, row.subject] = line
    return tuple(found.values())


def _line(actor: Actor, row: FailedJob) -> Failure | None:
    """A failed job as its page shows it; None when its work is no longer wanted, or was done otherwise."""
    what, view, page = "", "", None
    if row.kind == analyses.JOB:
        analysis = Analysis.objects.select_related("run").get(pk=row.subject)
        if analysis.state != AnalysisState.FAILED or analysis.run.state != RunState.OPEN:
            return None
        what, view, page = analysis.run.number, "run", analysis.run_id
    elif row.kind == certificates.JOB:
        certificate = Certificate.objects.defer("record").get(pk=row.subject)
        if certificate.state != CertificateState.APPROVED:
            return None
        what, view, page = str(certificate), "certificate", certificate.pk
    elif StoredCheckpoint.objects.filter(
        witness_id=row.organisation_id, organisation_id=row.organisation_id, received_at__gt=row.failed_at
    ).exists():
        return None
    roles = KINDS[row.kind].roles
    return Failure(
        id=row.pk,
        kind=row.kind,
        title=_titles()[row.kind],
        what=what,
        subject=row.subject,
        view=view,
        page=page,
        since=row.failed_at,
        error=_("The worker ended in the middle of it") if row.error == jobs.DIED else row.error,
        asked_by=row.asked_by.name,
        may_repeat=actor.holds(*roles),
        who=", ".join(str(role.label) for role in Role if role in roles),
    )


def _titles() -> Mapping[str, str]:
    return {
        analyses.JOB: _("Analysis of a run"),
        certificates.JOB: _("Making the certificate"),
        CHECKPOINT: _("Checkpoint of the ledger"),
    }
