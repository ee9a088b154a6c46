"""What the shell says around a page: organisation, role, person, theme, language, clock."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from atmpxb.web import navigation

THEMES = ("auto", "light", "dark")
THEME_COOKIE, KEYS_COOKIE = "theme", "keys"


@dataclass(frozen=True, slots=True)
class Choice:
    """Another place to work: an organisation and a role in it."""

    title: str
    url: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Shell:
    """Who works where. A page or middleware sets it as ``request.shell``; without it the visitor is nobody.

    ``organisation`` is the slug in the address, ``organisation_title`` its name; ``role`` a key of
    ``navigation.ROLES``; ``zone`` the IANA zone of the site; ``choices`` the other memberships of the person.
    ``rail`` replaces the rail of the role where given.
    """

    organisation: str = ""
    organisation_title: str = ""
    role: str = ""
    person: str = ""
    zone: str = "UTC"
    choices: tuple[Choice, ...] = ()
    rail: tuple[navigation.Entry, ...] | None = None
    find_url: str | None = None


def context(request: HttpRequest) -> dict[str, Any]:
    """Context processor ``atmpxb.web.shell.context``."""
    shell: Shell = getattr(request, "shell", None) or Shell()
    if shell.rail is None:
        shell = replace(shell, rail=navigation.rail(shell.role, shell.organisation, request.path))
    if shell.find_url is None and shell.organisation:
        shell = replace(shell, find_url=navigation.address("quality:find", shell.organisation))
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    return {
        "shell": shell,
        "role_title": navigation.ROLES.get(shell.role, ""),
        "theme": theme if theme in THEMES else "auto",
        "keys_on": request.COOKIES.get(KEYS_COOKIE) != "off",
        "language": get_language() or "en",
        "language_choices": settings.LANGUAGES,
        "server_now": datetime.now(UTC),
        "here": request.get_full_path(),
    }
