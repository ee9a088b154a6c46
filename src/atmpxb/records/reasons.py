"""A deed that needs a reason has one that says something: one guard for every action of every system."""

from atmpxb.notes import Refused


class NoReason(Refused):
    """A deed that needs a reason has none, or only blanks."""


def require_reason(text: str) -> str:
    """The reason without the blanks around it.

    Raises:
        NoReason: nothing is said.

    >>> require_reason("  the seal was broken ")
    'the seal was broken'
    """
    if reason := text.strip():
        return reason
    raise NoReason("reason.blank", "A reason is missing", "Say why, in words that others will understand")
