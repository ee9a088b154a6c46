"""Pages of the shell itself: preferences, keyboard help, error pages, the gallery of components."""

import secrets
from contextlib import suppress
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import get_template
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, get_language
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from atmpxb.records.people.actions import NoWorkplace, choose_language, read_factor_reset
from atmpxb.records.people.credentials import last_factor_reset
from atmpxb.records.people.models import Person
from atmpxb.records.people.queries import workplaces
from atmpxb.web import gallery, shell
from atmpxb.web.middleware import home_of

_YEAR = 365 * 24 * 3600


@login_not_required
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep theme, language or keyboard choice, and go back to the page that asked.

    The language of who is signed in goes with the account; everything else stays with the browser.
    """
    place = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(place, {request.get_host()}, require_https=request.is_secure()):
        place = "/"
    language = _language(request.POST.get("language", ""))
    if language and isinstance(request.user, Person):
        with suppress(NoWorkplace):
            choose_language(person=request.user, language=language)
            language = None
    wishes = {
        shell.THEME_COOKIE: request.POST.get("theme") if request.POST.get("theme") in shell.THEMES else None,
        shell.KEYS_COOKIE: request.POST.get("keys") if request.POST.get("keys") in ("on", "off") else None,
        settings.LANGUAGE_COOKIE_NAME: language,
    }
    response = HttpResponseRedirect(place)
    for cookie, value in wishes.items():
        if value is not None:
            response.set_cookie(cookie, value, max_age=_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    return response


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Go to the first page of the person's work, or say that there is none yet."""
    assert isinstance(request.user, Person)
    places = workplaces(request.user)
    if places and (target := home_of(places[0])) != "/":
        return HttpResponseRedirect(target)
    return render(request, "web/no_work.html", {"places": places})


@require_http_methods(["GET", "HEAD", "POST"])
def factor_reset(request: HttpRequest) -> HttpResponse:
    """Tell somebody that an administrator took the second factor away: once, before anything else."""
    assert isinstance(request.user, Person)
    if request.method == "POST" and request.user.has_a_reset_to_read:
        read_factor_reset(person=request.user)
    if not request.user.has_a_reset_to_read or request.method == "POST":
        return HttpResponseRedirect(reverse("mfa_activate_totp") if "set_up" in request.POST else "/")
    return render(request, "web/factor_reset.html", {"told": last_factor_reset(request.user)})


def _language(code: str) -> str | None:
    return code if code in dict(settings.LANGUAGES) and check_for_language(code) else None


@login_not_required
@require_GET
def components(request: HttpRequest) -> HttpResponse:
    """Show every component with invented values; only where debugging or the demo is on."""
    if not (settings.DEBUG or getattr(settings, "DEMO", False)):
        raise Http404
    request.shell = gallery.SHELL  # type: ignore[attr-defined]
    return render(request, "web/gallery.html", gallery.context(request))


def _error(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    return render(request, f"{status}.html", {"status": int(status), "language": get_language()}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400."""
    return _error(request, HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return _error(request, HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return _error(request, HTTPStatus.NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: its template stands alone, for what broke may be the shell."""
    fault = secrets.token_hex(5)
    request.fault = fault  # type: ignore[attr-defined]  # the line in the log carries it too
    return HttpResponse(get_template("500.html").render({"fault": fault}), status=HTTPStatus.INTERNAL_SERVER_ERROR)
