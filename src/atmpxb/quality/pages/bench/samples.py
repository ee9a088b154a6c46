"""The samples of the laboratory."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from atmpxb.quality.actions import orders
from atmpxb.quality.models import Sample
from atmpxb.quality.pages.access import LABORATORY, RECEPTION, here, role_page
from atmpxb.quality.pages.entrance import Request, deed, keeps
from atmpxb.quality.pages.forms import ReasonForm
from atmpxb.quality.pages.lists import MOST, as_csv, chips_of, order_of
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.quality.queries import samples as read
from atmpxb.quality.states import SampleState
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role

PAGE = 50


@keeps("state", "sort")
@role_page(*LABORATORY, *RECEPTION)
def samples(request: Request, actor: Actor) -> HttpResponseBase:
    """All samples, by state."""
    state = request.GET.get("state", "")
    state = state if state in SampleState.values else ""
    counts = read.counts(actor)
    sort = order_of(request, read.ORDERS, "-order")
    if request.GET.get("format") == "csv":
        return _csv(read.samples(actor, state, 0, MOST, sort))
    total = counts.get(state, 0) if state else sum(counts.values())
    pages = Paginator(range(total), PAGE).get_page(request.GET.get("page"))
    listed = reverse("quality:samples", args=[here(request)])
    context = {
        "samples": read.samples(actor, state, (pages.number - 1) * PAGE, PAGE, sort),
        "sort": sort,
        "pages": pages,
        "chips": chips_of(listed, SampleState, counts, state, request.GET.get("sort", "")),
        "clear_url": f"{listed}?state=" if state else "",
    }
    return render(request, "quality/bench/samples.html", context)


def _csv(found: tuple[read.Listed, ...]) -> StreamingHttpResponse:
    columns = ("label", "material", "batch", "client", "order", "state", "received_at", "volume_ul", "temperature_c",
               "hold_reason", "tests", "tests_done")  # fmt: skip
    rows = (
        (one.label, one.material.get("en", ""), one.batch, one.client, one.order, one.state, one.received_at,
         one.volume_ul, one.temperature_c, one.hold_reason, row.tests, row.done)
        for row in found
        for one in [row.container]
    )  # fmt: skip
    return as_csv("samples", columns, rows)


@role_page(*LABORATORY, *RECEPTION)
def sample(request: Request, actor: Actor, sample: UUID) -> HttpResponse:
    """Everything about one sample."""
    found = read.sample_page(actor, sample)
    lifts = found.container.state == SampleState.ON_HOLD and actor.holds(Role.REVIEWER, Role.QP)
    return render(request, "quality/bench/sample.html", {"sample": found, "lifts": lifts, "title": _("Sample")})


@deed
def lift_hold(request: Request, actor: Actor, sample: UUID) -> str:
    """Let a held sample be tested after all."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    with acting_for(actor.organisation_id, actor.person_id):
        row = get_object_or_404(
            Sample.objects.select_related("order"), pk=sample, organisation_id=actor.organisation_id
        )
    orders.lift_hold(actor=actor, sample=row, reason=reason)
    return reverse("quality:sample", args=[here(request), sample])
