"""Instruments: whose files the laboratory accepts."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from atmpxb.quality.actions import catalogue
from atmpxb.quality.pages.access import LABORATORY, here, role_page
from atmpxb.quality.pages.bench.forms import InstrumentForm, end_of
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.quality.queries import instruments as read
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation, Role


@role_page(*LABORATORY)
def instruments(request: Request, actor: Actor) -> HttpResponse:
    """All instruments, and a form for a new one."""
    context = {
        "instruments": read.instruments(actor, timezone.now()),
        "unknown": read.unknown(actor),
        "form": InstrumentForm(
            initial={"serial": request.GET.get("serial", "")[:120]}, language=get_language() or "en"
        ),
        "registers": actor.holds(Role.ANALYST, Role.REVIEWER),
    }
    return render(request, "quality/bench/instruments.html", context)


@deed
def register(request: Request, actor: Actor) -> str:
    """Register an instrument."""
    form = cleaned(InstrumentForm(request.POST)).cleaned_data
    zone = Organisation.objects.values_list("zone", flat=True).get(pk=actor.organisation_id)
    catalogue.register_equipment(
        actor=actor,
        code=form["code"],
        name=form["name"],
        kind=form["kind"],
        serial=form["serial"],
        qualified_until=end_of(form["qualified_until"], zone),
    )
    return reverse("quality:instruments", args=[here(request)])
