"""Work that failed: what nobody waits for any more, and the button that has it tried again."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from atmpxb.quality.actions.failures import repeat_job
from atmpxb.quality.models import FailedJob
from atmpxb.quality.pages.access import LABORATORY, here, role_page
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.queries import failures as queries
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role


@role_page(*LABORATORY, Role.ADMINISTRATOR)
def failures(request: Request, actor: Actor) -> HttpResponse:
    """What the worker gave up, newest first."""
    return render(request, "quality/office/failures.html", {"failures": queries.failures(actor)})


@deed
def repeat(request: Request, actor: Actor, failed: UUID) -> str:
    """Have one of them tried again."""
    with acting_for(actor.organisation_id, actor.person_id):
        found = get_object_or_404(FailedJob, pk=failed, organisation_id=actor.organisation_id)
    repeat_job(actor=actor, failed=found)
    return reverse("quality:failures", kwargs={"organisation": here(request)})
