"""A forgotten password: by a link in a mailbox where mail is set up, else by the administrator of the organisation."""

import functools
from collections.abc import Callable
from typing import Any

from allauth.account import views
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

type View = Callable[..., HttpResponse]


@login_not_required
@require_safe
def _by_administrator(request: HttpRequest) -> HttpResponse:
    return render(request, "account/password_reset_by_administrator.html")


@login_not_required
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a link, or read whom to ask."""
    answer: View = views.password_reset if settings.MAIL_IS_SET_UP else _by_administrator
    return answer(request)


def _with_mail(view: View) -> View:
    @login_not_required
    @functools.wraps(view)
    def run(request: HttpRequest, **address: Any) -> HttpResponse:
        if not settings.MAIL_IS_SET_UP:
            raise Http404
        return view(request, **address)

    return run


asked = _with_mail(views.password_reset_done)
choose = _with_mail(views.password_reset_from_key)
chosen = _with_mail(views.password_reset_from_key_done)
