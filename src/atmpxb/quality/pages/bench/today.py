"""Today: the worklist, and the requests that wait for acceptance."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from atmpxb.quality.actions import orders
from atmpxb.quality.models import Request as TestRequest
from atmpxb.quality.pages.access import LABORATORY, here, role_page
from atmpxb.quality.pages.bench.forms import OpenRunForm
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.pages.forms import ReasonForm
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.quality.queries.requests import laboratories
from atmpxb.quality.queries.worklist import worklist as read
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role


@role_page(*LABORATORY)
def worklist(request: Request, actor: Actor) -> HttpResponse:
    """What must start now, and what clients ask for."""
    method = request.GET.get("method", "")
    found = read(actor, timezone.now(), method)
    request.looked_at |= {(one.client_id, f"request {one.number}") for one in found.asked}
    listed = reverse("quality:worklist", args=[here(request)])
    chips = [
        {"title": code, "url": f"{listed}?method={code}", "active": code == method, "count": count}
        for code, _title, count in found.methods
    ]
    context = {
        "work": found,
        "method": method,
        "chips": chips if len(chips) > 1 or method else [],
        "clear_url": listed if method else "",
        "analyst": actor.holds(Role.ANALYST),
        "form": OpenRunForm(partners=laboratories(actor)),
    }
    return render(request, "quality/bench/worklist.html", context)


@deed
def decline(request: Request, actor: Actor, request_id: UUID) -> str:
    """Say no to a client's request, with the reason."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    with acting_for(actor.organisation_id, actor.person_id):
        asked = get_object_or_404(TestRequest, pk=request_id, laboratory_id=actor.organisation_id)
    orders.decline_request(actor=actor, request=asked, reason=reason)
    return reverse("quality:worklist", args=[here(request)])


@deed
def accept(request: Request, actor: Actor, request_id: UUID) -> str:
    """Accept a client's request; its samples are expected from then on."""
    with acting_for(actor.organisation_id, actor.person_id):
        asked = get_object_or_404(
            TestRequest.objects.select_related("specification", "batch__product"),
            pk=request_id,
            laboratory_id=actor.organisation_id,
        )
    orders.accept_request(actor=actor, request=asked)
    return reverse("quality:worklist", args=[here(request)])
