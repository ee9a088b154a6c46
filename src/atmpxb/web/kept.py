"""Lists come back as a person left them: filter and order are kept on the server, and stay in the address."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from atmpxb.records.ledger.writing import set_context
from atmpxb.records.people.actor import Actor
from atmpxb.web.models import KeptView

type Handler = Callable[[HttpRequest], HttpResponse]

LONGEST = 300


class KeptViews:
    """Middleware for views with an attribute ``keeps``: the names of what is kept of their address.

    An address without any of them goes to the view that was kept; one with some of them (also empty: "all") is kept.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        wish: tuple[str, str] | None = getattr(request, "keep_view", None)
        if wish and response.status_code == 200:
            _keep(request.actor, *wish)  # type: ignore[attr-defined]
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        names: tuple[str, ...] = getattr(view, "keeps", ())
        actor: Actor | None = getattr(request, "actor", None)
        match = request.resolver_match
        if not names or actor is None or match is None or request.method != "GET" or "HX-Request" in request.headers:
            return None
        place = f"{kwargs.get('organisation', '')} {match.view_name}"
        asked = {name: request.GET[name] for name in names if name in request.GET}
        if asked:
            query = urlencode({name: value for name, value in asked.items() if value})
            if len(query) <= LONGEST and "format" not in request.GET:
                request.keep_view = (place, query)  # type: ignore[attr-defined]
            return None
        query = _kept(actor, place)
        if not query:
            return None
        others = request.GET.urlencode()
        return HttpResponseRedirect(f"{request.path}?{query}{'&' if others else ''}{others}")


def _kept(actor: Actor, place: str) -> str:
    with transaction.atomic():
        set_context(actor.organisation_id, actor.person_id)
        found = KeptView.objects.filter(person_id=actor.person_id, place=place).values_list("query", flat=True)
        return found.first() or ""


def _keep(actor: Actor, place: str, query: str) -> None:
    with transaction.atomic():
        set_context(actor.organisation_id, actor.person_id)
        found = KeptView.objects.filter(person_id=actor.person_id, place=place).values_list("query", flat=True).first()
        if query != (found or ""):
            KeptView.objects.update_or_create(person_id=actor.person_id, place=place, defaults={"query": query})
