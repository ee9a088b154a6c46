"""How the sign-in library behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from atmpxb.records.people.actions import NoWorkplace, choose_password
from atmpxb.records.people.models import Person
from atmpxb.records.people.queries import workplaces
from atmpxb.web import attempts


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts come by invitation: an organisation's administrator makes them, nobody registers alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether a stranger may make an account."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse a try that comes too soon, and say how long to wait."""
        seconds = attempts.seconds_to_wait(*_who(request, credentials))
        if seconds:
            raise forms.ValidationError(
                _("Too many wrong passwords. Try again in %(wait)s.") % {"wait": _in_words(seconds)},
                code="too_many_login_attempts",
            )

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Person | None:
        """Try a password; the right one clears what this client got wrong before."""
        found: Person | None = super().authenticate(request, **credentials)
        if found is not None:
            attempts.succeeded(*_who(request, credentials))
        return found

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a wrong password."""
        attempts.failed(*_who(request, credentials))

    def pre_login(self, request: HttpRequest, user: Person, **more: Any) -> HttpResponse | None:
        """Turn away whom no organisation lets act."""
        turned_away: HttpResponse | None = super().pre_login(request, user, **more)
        if turned_away is None and not workplaces(user):
            clear_login(request)
            turned_away = self.respond_user_inactive(request, user)
        return turned_away

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """To one's work, which waits behind a one-time password."""
        return "/"

    def set_password(self, user: Person, password: str) -> None:
        """Replace a password by the action that records it; the library would save the row."""
        try:
            user.password = choose_password(person=user, password=password)
        except NoWorkplace as error:
            raise PermissionDenied(str(error)) from error


def _in_words(seconds: int) -> str:
    if seconds <= 90:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


def _who(request: HttpRequest, credentials: dict[str, Any]) -> tuple[str, str]:
    typed = str(credentials.get("email") or credentials.get("username") or "")
    return typed, str(request.META.get("REMOTE_ADDR", ""))
