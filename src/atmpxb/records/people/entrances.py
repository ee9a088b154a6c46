"""Who came in, who went out, who was turned away: lines of the access log that the sign-in library's signals make."""

from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from atmpxb.records.ledger.writing import set_context
from atmpxb.records.people.actions import log_access
from atmpxb.records.people.credentials import telling
from atmpxb.records.people.models import Person
from atmpxb.records.people.queries import workplaces


@receiver(user_logged_in)
def signed_in(sender: Any, request: HttpRequest, user: Person, **more: Any) -> None:
    """Somebody proved who they are."""
    _log_everywhere("person.signed_in", user, _address(request))


@receiver(user_logged_out)
def signed_out(sender: Any, request: HttpRequest, user: Person | None, **more: Any) -> None:
    """Somebody left, or a session ended."""
    if user:
        log_access("person.signed_out", person=user.pk, address=_address(request))


@receiver(user_login_failed)
def turned_away(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **more: Any) -> None:
    """An address and a password did not fit. What was typed is not kept: it may be a password."""
    typed = str(credentials.get("email") or credentials.get("username") or "")
    _log_everywhere("person.turned_away", Person.objects.filter(email__iexact=typed).first(), _address(request))


@receiver([password_changed, password_reset])
def changed_password(sender: Any, request: HttpRequest, user: Person, **more: Any) -> None:
    """A password was replaced by its holder."""
    log_access("person.password_changed", person=user.pk, address=_address(request))


@receiver(authenticator_added)
def added_factor(sender: Any, request: HttpRequest, user: Person, authenticator: Authenticator, **more: Any) -> None:
    """A second factor was set up: from now on it is needed to sign."""
    _tell(user, "person.factor_added", authenticator)
    log_access("person.factor_added", person=user.pk, address=_address(request))


@receiver(authenticator_removed)
def removed_factor(sender: Any, request: HttpRequest, user: Person, authenticator: Authenticator, **more: Any) -> None:
    """A second factor was taken away."""
    _tell(user, "person.factor_removed", authenticator)
    log_access("person.factor_removed", person=user.pk, address=_address(request))


@receiver(authenticator_reset)
def renewed_factor(sender: Any, request: HttpRequest, user: Person, authenticator: Authenticator, **more: Any) -> None:
    """Recovery codes were made anew."""
    _tell(user, "person.factor_renewed", authenticator)
    log_access("person.factor_renewed", person=user.pk, address=_address(request))


def _log_everywhere(event: str, person: Person | None, address: str) -> None:
    """A line in each organisation that the person works for: its administrator sees who comes, and what is tried."""
    places = workplaces(person) if person else ()
    if person is None or not places:
        log_access(event, person=person.pk if person else None, address=address)
        return
    for place in places:
        with transaction.atomic():
            set_context(place.organisation.pk, person.pk)
            log_access(event, person=person.pk, organisation=place.organisation.pk, address=address)


def _tell(user: Person, event: str, authenticator: Authenticator) -> None:
    with telling(user, event, factor=str(authenticator.type)):
        pass


def _address(request: HttpRequest | None) -> str:
    return str(request.META.get("REMOTE_ADDR", "")) if request else ""
