"""When a session ends before its time: nobody was there, a role ended, or the second factor was taken away."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from atmpxb.records.people.credentials import role_ended_since
from atmpxb.records.people.models import Person

type Handler = Callable[[HttpRequest], HttpResponse]

_SINCE, _SEEN = "signed_in_at", "seen_at"
_NOTED_EVERY = 30  # seconds; each note writes the session


@receiver(user_logged_in)
def begin(sender: object, request: HttpRequest, **more: object) -> None:
    """Note when the session began."""
    request.session[_SINCE] = request.session[_SEEN] = time.time()


class SessionEnds:
    """Middleware: signs out who was away, and whose roles or second factor were taken away since they signed in.

    A password that changes ends the other sessions by itself: the session's hash is made from it.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, Person):
            if _over(request, request.user):
                logout(request)
            else:
                _note(request)
        return self.get_response(request)


def _over(request: HttpRequest, person: Person) -> bool:
    now = time.time()
    since = float(request.session.get(_SINCE, 0))
    idle = now - float(request.session.get(_SEEN, 0))
    reset = person.factor_reset_at is not None and since < person.factor_reset_at.timestamp()
    return idle > settings.SESSION_IDLE_AGE or reset or role_ended_since(person, datetime.fromtimestamp(since, UTC))


def _note(request: HttpRequest) -> None:
    """Somebody is there. A page that asks for news by itself is nobody."""
    asks_itself = request.headers.get("HX-Request") == "true" and request.method == "GET"
    if not asks_itself and time.time() - float(request.session[_SEEN]) > _NOTED_EVERY:
        request.session[_SEEN] = time.time()
