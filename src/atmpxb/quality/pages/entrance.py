"""How every page of the laboratory is entered: reading in a read-only transaction, writing by one action.

A page that shows is decorated with ``page``; a form's target with ``deed``. A deed returns the address to go to; what
an action refuses becomes a table of what failed and what cures it, put above the form, which keeps its input.
"""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urldefrag, urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from atmpxb.quality.pages import typed
from atmpxb.quality.pages.refusals import Refusal, refusals_of
from atmpxb.quality.queries.differences import Difference
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.ledger.writing import acting_for, set_context
from atmpxb.records.people.actions import log_access
from atmpxb.records.people.actor import Actor

type View = Callable[..., HttpResponseBase]


#: A form inside a dialog names the element there that takes its refusal.
PLACE = re.compile(r"refusal-[a-z0-9-]{1,40}")


class Request(HttpRequest):
    """A request below ``o/<organisation>/``: the entrance has found who acts."""

    actor: Actor
    receipt: Any
    looked_at: set[tuple[UUID, str]]  # (organisation, record) of others that the page showed


def page(view: Callable[..., HttpResponseBase], *, asked_by_form: bool = False) -> View:
    """A page that shows. Called as ``view(request, actor, **address)`` inside a read-only transaction.

    A page that depends on what a person types is ``asked_by_form``: it takes a POST too, because addresses are kept
    by browsers, proxies and logs. What the view adds to ``request.looked_at``, records of other organisations, goes
    into the access log.
    """

    @require_http_methods(["GET", "HEAD", "POST"] if asked_by_form else ["GET", "HEAD"])
    @functools.wraps(view)
    def run(request: Request, organisation: str, **address: Any) -> HttpResponseBase:
        actor = request.actor
        request.looked_at = set()
        with acting_for(actor.organisation_id, actor.person_id):
            request.receipt = _receipt(request, actor)
            response = view(request, actor, **address)
        _log(request, actor)
        return response

    return run


def keeps(*names: str) -> Callable[[View], View]:
    """A list whose filter and order come back as the person left them; ``names`` are those of its address."""

    def decorate(view: View) -> View:
        view.keeps = names  # type: ignore[attr-defined]
        return view

    return decorate


def looked_at(request: Request, row: models.Model) -> None:
    """Note that a page shows a row; only rows of other organisations go into the access log."""
    owner: UUID = row.organisation_id  # type: ignore[attr-defined]
    if owner != request.actor.organisation_id:
        request.looked_at.add((owner, f"{row._meta.db_table} {row.pk}"))


def deed(view: Callable[..., str | HttpResponse]) -> View:
    """A form's target. Called as ``view(request, actor, **address)``; returns where to go once it is recorded.

    A deed whose outcome may be seen once only, and so has no address, returns the page itself.
    """

    @require_POST
    @functools.wraps(view)
    def run(request: Request, organisation: str, **address: Any) -> HttpResponse:
        sent = _sent_once(request)
        if sent is None:
            return refused(request, (sent_twice(),))
        if warned := typed.warnings(request, request.actor):
            _may_be_sent_again(sent)
            return refused(request, warned)
        try:
            target = view(request, request.actor, **address)
        except Exception as error:
            _may_be_sent_again(sent)
            found = refusals_of(error)
            if found is None:
                raise
            return refused(request, found, getattr(error, "differences", ()))
        return go(request, target) if isinstance(target, str) else target

    return run


def sent_twice() -> Refusal:
    """A form that arrived a second time."""
    return Refusal(_("This form was sent already"), _("Load the page again: it shows what was recorded"), status=409)


def _sent_once(request: Request) -> str | None:
    """Remember the form's own key for a while; None when it has been seen, "" when the form carries none."""
    key = request.POST.get("idempotency_key", "")
    if not key:
        return ""
    name = f"deed:{request.actor.person_id}:{key[:64]}"
    return name if cache.add(name, 1, timeout=3600) else None


def _may_be_sent_again(sent: str) -> None:
    """Nothing was recorded, so the form's key is free again."""
    if sent:
        cache.delete(sent)


def go(request: Request, target: str) -> HttpResponse:
    """Send the browser on, naming the entry that was recorded."""
    mine = [r for r in request.actor.receipts if r.organisation == request.actor.organisation_id]
    if mine:
        address, place = urldefrag(target)
        address += ("&" if "?" in address else "?") + urlencode({"recorded": mine[-1].seq})
        target = f"{address}#{place}" if place else address
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


def refused(request: HttpRequest, found: tuple[Refusal, ...], differences: Sequence[Difference] = ()) -> HttpResponse:
    """The table of refusals: a fragment for the form that asked, a whole page for a browser without scripts.

    Args:
        differences: what changed since the page was opened, where that is why.
    """
    fragment = request.headers.get("HX-Request") == "true"
    template = "quality/refused_fragment.html" if fragment else "quality/refused.html"
    asked = request.POST.get("place", "")
    place = asked if PLACE.fullmatch(asked) else "refusal"
    back = request.META.get("HTTP_REFERER", "/")
    context = {
        "refusals": found, "differences": differences, "back": back, "place": place,
        "stale": found[0].status in (409, 412),
    }  # fmt: skip
    return render(request, template, context, status=found[0].status)


def _log(request: Request, actor: Actor) -> None:
    """Note in the access log which records of others the page has shown."""
    if not request.looked_at:
        return
    with transaction.atomic():
        set_context(actor.organisation_id, actor.person_id)
        for owner, subject in sorted(request.looked_at, key=str):
            log_access(
                "record.viewed", person=actor.person_id, organisation=actor.organisation_id, owner=owner,
                subject=subject, address=request.META.get("REMOTE_ADDR", ""),
            )  # fmt: skip


def _receipt(request: HttpRequest, actor: Actor) -> LedgerEntry | None:
    seq = request.GET.get("recorded", "")
    if not seq.isascii() or not seq.isdigit() or len(seq) > 18:
        return None
    return LedgerEntry.objects.filter(organisation_id=actor.organisation_id, seq=int(seq)).first()


__all__ = [
    "Request",
    "deed",
    "go",
    "keeps",
    "login_not_required",
    "looked_at",
    "page",
    "refused",
    "require_http_methods",
]
