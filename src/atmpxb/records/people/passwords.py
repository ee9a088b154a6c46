"""What a new password must not be, beside the rules that come with the framework."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from atmpxb.records.people.models import Person


class NotTheOneTimePassword:
    """Whoever made a one-time password knows it, so it can't become the password that signs."""

    def validate(self, password: str, user: object = None) -> None:
        """Refuse the password under which the account was handed over."""
        if isinstance(user, Person) and user.password_is_one_time and user.check_password(password):
            raise ValidationError(
                _("This is the password that was made for you: choose one that nobody else knows."),
                code="one_time_password_kept",
            )

    def get_help_text(self) -> str:
        """What the rule asks."""
        return _("Not the password that was made for you.")
