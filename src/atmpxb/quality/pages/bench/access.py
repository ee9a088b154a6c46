"""Who may look at the bench: the laboratory's own people, by role."""

import functools
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404
from django.http.response import HttpResponseBase

from atmpxb.quality.pages.entrance import Request, View, page
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role

BENCH = (Role.ANALYST, Role.REVIEWER, Role.QP)
RECEPTION = (Role.ANALYST, Role.OPERATOR)
DOCUMENTS = (*BENCH, Role.ADMINISTRATOR)


def bench_page(*roles: Role) -> Callable[[Callable[..., HttpResponseBase]], View]:
    """A page for these roles: others get 403, and what is not the organisation's does not exist (404)."""

    def decorate(view: Callable[..., HttpResponseBase]) -> View:
        @page
        @functools.wraps(view)
        def run(request: Request, actor: Actor, **address: Any) -> HttpResponseBase:
            if not actor.holds(*roles):
                raise PermissionDenied
            try:
                return view(request, actor, **address)
            except ObjectDoesNotExist as error:
                raise Http404 from error

        return run

    return decorate


def address_of(request: Request) -> str:
    """The organisation's name in addresses."""
    match = request.resolver_match
    assert match is not None
    return str(match.kwargs["organisation"])
