"""The reviewer's pages: the queue with the samples on hold, and one run by its exceptions."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from atmpxb.quality.actions import reviews as actions
from atmpxb.quality.models import Cause, Run
from atmpxb.quality.pages.access import here, role_page
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.pages.forms import ReasonForm, SignForm
from atmpxb.quality.pages.office.forms import DispositionForm, InvalidationForm
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.quality.queries import differences
from atmpxb.quality.queries import reviews as queries
from atmpxb.quality.states import RunState
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.signatures.actions import digest_of, needs_code, prove_identity


@role_page(Role.REVIEWER, Role.QP)
def reviews(request: Request, actor: Actor) -> HttpResponse:
    """What waits for a reviewer, by deadline."""
    return render(request, "quality/office/reviews.html", {"queue": queries.queue(actor)})


@role_page(Role.REVIEWER, Role.QP)
def review(request: Request, actor: Actor, run: UUID) -> HttpResponse:
    """One run, its exceptions first."""
    found = queries.review(actor, run)
    waiting = found.run.state == RunState.SUBMITTED
    context = {
        "shown": found,
        "run": found.run,
        "waiting": waiting,
        "may_review": waiting and not found.mine and actor.holds(Role.REVIEWER),
        "seen": digest_of(actions.content(found.run)),
        "saw": differences.kept(differences.of_run(found.run)),
        "asks_code": needs_code(actor.person_id),
        "invalidation": InvalidationForm(),
    }
    return render(request, "quality/office/review.html", context)


def _run(actor: Actor, run: UUID) -> Run:
    with acting_for(actor.organisation_id, actor.person_id):
        return get_object_or_404(
            Run.objects.select_related("method__document"), pk=run, organisation_id=actor.organisation_id
        )


def _back(request: Request, run: UUID, place: str = "") -> str:
    address = reverse("quality:review", kwargs={"organisation": here(request), "run": run})
    return f"{address}#{place}" if place else address


@deed
def dispose(request: Request, actor: Actor, run: UUID) -> str:
    """Answer one exception."""
    form = cleaned(DispositionForm(request.POST)).cleaned_data
    actions.dispose(actor=actor, run=_run(actor, run), exception=form["exception"], text=form["text"])
    return _back(request, run, "exceptions")


@deed
def sign(request: Request, actor: Actor, run: UUID) -> str:
    """Sign a run as reviewed."""
    form = cleaned(SignForm(request.POST)).cleaned_data
    found = _run(actor, run)
    proof = prove_identity(actor=actor, password=form["password"], code=form["code"])
    with differences.compared(actor, request.POST.get("saw", ""), lambda: differences.of_run(found)):
        actions.review_run(actor=actor, run=found, proof=proof, seen=form["seen"])
    return reverse("quality:reviews", kwargs={"organisation": here(request)})


@deed
def give_back(request: Request, actor: Actor, run: UUID) -> str:
    """Return a run to its analyst."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    actions.return_run(actor=actor, run=_run(actor, run), reason=reason)
    return reverse("quality:reviews", kwargs={"organisation": here(request)})


@deed
def invalidate(request: Request, actor: Actor, run: UUID) -> str:
    """Declare a run invalid."""
    wish = cleaned(InvalidationForm(request.POST)).cleaned_data
    form = cleaned(SignForm(request.POST)).cleaned_data
    found = _run(actor, run)
    proof = prove_identity(actor=actor, password=form["password"], code=form["code"])
    with differences.compared(actor, request.POST.get("saw", ""), lambda: differences.of_run(found)):
        actions.invalidate_run(
            actor=actor, run=found, cause=Cause(wish["cause"]), reason=wish["reason"], proof=proof, seen=form["seen"]
        )
    return _back(request, run)
