"""Who works where: finds the actor of a page whose address names an organisation."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation

from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Person
from atmpxb.records.people.queries import Workplace, workplaces
from atmpxb.web import navigation, shell

type Handler = Callable[[HttpRequest], HttpResponse]

ROLE_COOKIE = "role"
#: What an account with a one-time password may do: choose a password, or leave. And one whose second factor was taken
#: away, until its holder has read that.
_CHOOSE = {"account_change_password", "account_logout"}
_READ = {"factor_reset", "account_logout"}


class SpokenLanguage:
    """Middleware: after signing in, pages speak the language that the person chose, on whatever computer.

    Before that, and for who chose none, the framework's own stands: a choice made at this browser, then what it asks.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, Person) and request.user.language in dict(settings.LANGUAGES):
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = request.user.language
        return self.get_response(request)


class Entrance:
    """Middleware: a page below ``o/<organisation>/`` gets ``request.actor``; without a role there it does not exist.

    Who has a one-time password chooses another one before anything else: whoever made it knows it.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if not isinstance(request.user, Person):
            return None
        if request.user.password_is_one_time:
            if not _open_first(request, view, _CHOOSE):
                return HttpResponseRedirect(reverse("account_change_password"))
        elif request.user.has_a_reset_to_read and not _open_first(request, view, _READ):
            return HttpResponseRedirect(reverse("web:factor_reset"))
        places = workplaces(request.user)
        code = kwargs.get("organisation")
        place = next((p for p in places if p.organisation.code == code), None)
        if code is not None and (place is None or not request.user.is_active):
            raise Http404
        if place is None:
            request.shell = shell.Shell(person=request.user.name, choices=_choices(places, None))  # type: ignore[attr-defined]
            return None
        role = request.COOKIES.get(ROLE_COOKIE, "")
        role = role if role in place.roles else place.roles[0]
        request.actor = Actor(  # type: ignore[attr-defined]
            request.user.pk, request.user.name, place.organisation.pk, frozenset(place.roles), place.function
        )
        request.shell = shell.Shell(  # type: ignore[attr-defined]
            organisation=place.organisation.code,
            organisation_title=place.organisation.name,
            role=role,
            person=request.user.name,
            zone=place.organisation.zone,
            choices=_choices(places, place),
        )
        return None


def _open_first(request: HttpRequest, view: object, names: set[str]) -> bool:
    """Whether a page is open before anything else; those that ask for no sign-in are open to anybody."""
    match = request.resolver_match
    return (match is not None and match.url_name in names) or not getattr(view, "login_required", True)


def home_of(place: Workplace, role: str | None = None) -> str:
    """The first page of a role in an organisation."""
    for item in navigation.RAILS.get(role or place.roles[0], ()):
        if url := navigation.address(item.view, place.organisation.code):
            return url
    return "/"


def _choices(places: tuple[Workplace, ...], here: Workplace | None) -> tuple[shell.Choice, ...]:
    return tuple(
        shell.Choice(f"{place.organisation.name} · {navigation.ROLES[role]}", home_of(place, role), place is here)
        for place in places
        for role in place.roles
    )
