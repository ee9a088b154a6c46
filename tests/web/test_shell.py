"""The frame keeps private pages private and its visitor's choices."""

from collections.abc import Callable

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.test import Client, RequestFactory
from django.utils.translation import override

from atmpxb.web import pages
from atmpxb.web.policy import PagePolicy

SIGN_IN_PAGES = (
    "account/login.html",
    "account/logout.html",
    "account/password_change.html",
    "account/password_reset.html",
    "account/password_reset_done.html",
    "account/password_reset_from_key.html",
    "account/password_reset_from_key_done.html",
    "account/reauthenticate.html",
    "account/account_inactive.html",
    "mfa/authenticate.html",
    "mfa/reauthenticate.html",
    "mfa/index.html",
    "mfa/totp/activate_form.html",
    "mfa/totp/deactivate_form.html",
    "mfa/recovery_codes/index.html",
    "mfa/recovery_codes/generate.html",
)


@pytest.mark.parametrize("template", SIGN_IN_PAGES)
def test_sign_in_pages_speak_both_languages(render: Callable[..., str], template: str) -> None:
    from django import forms

    class Form(forms.Form):
        secret = "JBSWY3DP"
        password = forms.CharField()

    context = {
        "form": Form({}),
        "unused_codes": ["a", "b"],
        "total_count": 10,
        "sessions": [],
        "action_url": "/x",
    }
    english, dutch = (render(template, context, language) for language in ("en", "nl"))
    title = english.split("<h1")[1].split("</h1>")[0]
    assert title not in dutch
    assert 'lang="nl"' in dutch
    assert "in onze" not in dutch
    assert 'id="live"' in dutch


def test_the_page_of_a_stranger_asks_to_sign_in(client: Client) -> None:
    page = client.get(resolve_url("account_login"), headers={"Accept-Language": "nl-BE,nl;q=0.8"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "<h1" in text
    assert "Aanmelden" in text
    assert "Met dit wachtwoord tekent u ook" in text
    assert "'unsafe" not in page.headers["Content-Security-Policy"]
    assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("view", "status", "cure"),
    [
        (pages.bad_request, 400, "Ga terug"),
        (pages.forbidden, 403, "vraag de rol aan"),
        (pages.not_found, 404, "startpagina"),
    ],
)
def test_error_pages_say_what_to_do(
    page_request: HttpRequest, view: Callable[..., HttpResponse], status: int, cure: str
) -> None:
    with override("nl"):
        page = view(page_request, Exception())
    assert page.status_code == status
    assert cure in page.content.decode()


def test_the_page_for_our_own_errors_needs_nothing_of_the_shell(page_request: HttpRequest) -> None:
    page_request.shell = object()  # type: ignore[attr-defined]
    with override("en"):
        text = pages.server_error(page_request).content.decode()
    assert "What was recorded before stays recorded" in text


def policy(response: HttpResponse) -> Callable[[HttpRequest], HttpResponse]:
    return PagePolicy(lambda request: response)


def test_after_the_session_ended_a_fragment_is_refused_and_no_sign_in_page_lands_in_it() -> None:
    away = HttpResponseRedirect(resolve_url(django_settings.LOGIN_URL) + "?next=/x")
    fragment = RequestFactory().get("/x", headers={"HX-Request": "true"})
    assert policy(away)(fragment).status_code == 401
    assert policy(away)(RequestFactory().get("/x")).status_code == 302
    elsewhere = HttpResponseRedirect("/runs/7")
    assert policy(elsewhere)(fragment).status_code == 302


def test_pages_stay_out_of_caches_unless_they_say_otherwise() -> None:
    request = RequestFactory().get("/x")
    assert "no-store" in policy(HttpResponse("x"))(request)["Cache-Control"]
    public = HttpResponse("x", headers={"Cache-Control": "max-age=60"})
    assert policy(public)(request)["Cache-Control"] == "max-age=60"
    picture = HttpResponse(b"x", content_type="image/png")
    assert "no-store" in policy(picture)(request)["Cache-Control"]
    assert "sandbox" in policy(picture)(request)["Content-Security-Policy"]


def choose(**data: str) -> HttpResponse:
    request = RequestFactory().post("/preferences", data)
    request.user = AnonymousUser()
    return pages.preferences(request)


def test_choices_are_kept_and_lead_back() -> None:
    answer = choose(theme="dark", next="/runs?state=late")
    assert answer["Location"] == "/runs?state=late"
    assert answer.cookies["theme"].value == "dark"
    assert choose(language="nl").cookies[django_settings.LANGUAGE_COOKIE_NAME].value == "nl"
    assert choose(keys="off").cookies["keys"].value == "off"


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_choices_never_lead_to_another_site(place: str) -> None:
    assert choose(theme="dark", next=place)["Location"] == "/"


def test_what_is_no_choice_is_not_kept() -> None:
    assert not choose(theme="<b>", language="xx", keys="maybe").cookies


def test_a_theme_of_a_forged_cookie_does_not_reach_the_page(
    render: Callable[..., str], page_request: HttpRequest
) -> None:
    page_request.COOKIES["theme"] = 'dark" data-x="'
    assert 'data-theme="auto"' in render("404.html", {"status": 404})
