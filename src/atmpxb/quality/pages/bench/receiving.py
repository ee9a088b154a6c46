"""Receive: the scan field beside the expected list; it stays open."""

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from atmpxb.quality.actions import orders
from atmpxb.quality.models import Sample
from atmpxb.quality.pages.access import LABORATORY, RECEPTION, here, role_page
from atmpxb.quality.pages.bench.forms import ReceiveForm
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.pages.forms import ReasonForm
from atmpxb.quality.pages.refusals import InvalidForm, cleaned
from atmpxb.quality.pages.times import moment
from atmpxb.quality.queries.arrivals import arrivals
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor


@role_page(*LABORATORY, *RECEPTION)
def receive(request: Request, actor: Actor) -> HttpResponse:
    """What is expected, and a form for what was scanned."""
    scanned = request.GET.get("label", "").strip()[:60]
    found = arrivals(actor, timezone.now(), scanned=scanned, chosen=request.GET.get("sample", ""))
    form = ReceiveForm(initial={"sample": found.chosen.id if found.chosen else "", "label": scanned})
    if found.chosen:  # a hand is on the scanner: the next key goes into the form
        form.fields["volume_ul" if scanned else "label"].widget.attrs["autofocus"] = True
    context = {"arrivals": found, "form": form, "receives": actor.holds(*RECEPTION)}
    return render(request, "quality/bench/receive.html", context)


@deed
def take(request: Request, actor: Actor) -> str:
    """Take a container into custody."""
    filled = cleaned(ReceiveForm(request.POST))
    form = filled.cleaned_data
    sample = _load(actor, form["sample"])
    try:
        zone = sample.order.request.batch.zone
        collected_at = moment(form["collected_at"], zone) if form["collected_at"] else None
    except forms.ValidationError as error:
        filled.add_error("collected_at", error)
        raise InvalidForm(filled) from error
    orders.receive_sample(
        actor=actor,
        sample=sample,
        label=form["label"],
        volume_ul=form["volume_ul"],
        temperature_c=form["temperature_c"],
        condition=form["condition"],
        hold_reason=form["hold_reason"],
        collected_at=collected_at,
    )
    return reverse("quality:receive", args=[here(request)])


@deed
def missing(request: Request, actor: Actor, sample: UUID) -> str:
    """Say that an expected container did not arrive."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    orders.report_missing(actor=actor, sample=_load(actor, sample), reason=reason)
    return reverse("quality:receive", args=[here(request)])


def _load(actor: Actor, sample: UUID) -> Sample:
    with acting_for(actor.organisation_id, actor.person_id):
        return get_object_or_404(
            Sample.objects.select_related("order__request__specification", "order__request__batch"),
            pk=sample,
            organisation_id=actor.organisation_id,
        )
