"""Who may enter which pages, by role; what is not shared with an organisation does not exist."""

import functools
from collections.abc import Callable
from typing import Any, cast

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase

from atmpxb.quality.pages.entrance import Request, View, page
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role

LABORATORY = (Role.ANALYST, Role.REVIEWER, Role.QP)
RECEPTION = (Role.ANALYST, Role.OPERATOR)
DOCUMENTS = (*LABORATORY, Role.ADMINISTRATOR)
CLIENTS = (Role.CLIENT, Role.QP)
EVERYONE = (*LABORATORY, Role.CLIENT)
LEDGER = (Role.ADMINISTRATOR, Role.REVIEWER, Role.QP)


def role_page(*roles: Role, asked_by_form: bool = False) -> Callable[[Callable[..., HttpResponseBase]], View]:
    """A page for these roles: others get 403; a record that the organisation can't see gives 404."""

    def decorate(view: Callable[..., HttpResponseBase]) -> View:
        @functools.wraps(view)
        def run(request: Request, actor: Actor, **address: Any) -> HttpResponseBase:
            if not actor.holds(*roles):
                raise PermissionDenied
            try:
                return view(request, actor, **address)
            except ObjectDoesNotExist as error:
                raise Http404 from error

        return page(cast("Callable[..., HttpResponse]", run), asked_by_form=asked_by_form)

    return decorate


def here(request: Request) -> str:
    """The organisation's name in addresses."""
    match = request.resolver_match
    assert match is not None
    return str(match.kwargs["organisation"])


def number(request: Request, name: str = "page") -> int:
    """A page number out of the address; 1 where there is none that makes sense."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 7 else 1
