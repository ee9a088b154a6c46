"""How the sign-in library behaves here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from atmpxb.records.people.actions import choose_password
from atmpxb.records.people.models import Person


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts come by invitation: an organisation's administrator makes them, nobody registers alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether a stranger may make an account."""
        return False

    def set_password(self, user: Person, password: str) -> None:
        """Replace a password by the action that records it; the library would save the row."""
        user.password = choose_password(person=user, password=password)
