"""Which database server this installation uses, and the environment by which all its processes reach it.

The embedded server, unless the environment names another: ``DATABASE_URL`` for the application's role,
``DATABASE_OWNER_URL`` for migrations and ``DATABASE_BACKUP_URL`` for backups.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from atmpxb.platform import home as homes
from atmpxb.platform import roles
from atmpxb.platform.binaries import PostgresFailed
from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.home import Home
from atmpxb.platform.supervisor import MARK

VARIABLES: Mapping[str, str] = {
    roles.APP: "DATABASE_URL",
    roles.OWNER: "DATABASE_OWNER_URL",
    roles.BACKUP: "DATABASE_BACKUP_URL",
}


def external(home: Home) -> bool:
    """Whether the environment names a server other than the home's own."""
    named = os.environ.get(VARIABLES[roles.APP])
    return named is not None and named != EmbeddedPostgres(home.data).url(roles.APP)


def url(role: str, home: Home) -> str:
    """Connection string of ``role`` for this installation's database.

    Raises:
        PostgresFailed: the server is external and the environment does not say how this role reaches it.
    """
    if not external(home):
        return EmbeddedPostgres(home.data).url(role)
    if not (found := os.environ.get(VARIABLES[role])):
        raise PostgresFailed(
            f"DATABASE_URL names an external server; set {VARIABLES[role]} as well, to connect as {role}."
        )
    return found


def demand_all(home: Home) -> None:
    """Ask for what migrations and backups need before anything is started.

    Raises:
        PostgresFailed: the server is external and the environment does not say how each role reaches it.
    """
    for role in VARIABLES:
        url(role, home)


def environment(home: Home) -> dict[str, str]:
    """The variables by which Django's settings and child processes find this installation."""
    found = {
        homes.VARIABLE: str(home.root),
        "ATMPXB_SECRET_KEY": os.environ.get("ATMPXB_SECRET_KEY") or home.secret_key(),
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE") or "atmpxb.platform.settings",
    }
    if not external(home):
        found |= {name: url(role, home) for role, name in VARIABLES.items()}
    return found


@contextmanager
def server(home: Home) -> Iterator[EmbeddedPostgres | None]:
    """A running database for the length of a command, and the environment that leads to it.

    Uses the embedded server that already runs, else starts one and stops it at the end; gives ``None`` when
    the server is an external one.
    """
    home.create()
    embedded = None if external(home) else EmbeddedPostgres(home.data)
    os.environ.update(environment(home))
    if embedded is None:
        yield None
    elif os.environ.get(MARK) == str(home.root):
        # A part of `up`, which alone starts the server: one that we started would end with us.
        yield embedded.attach()
    else:
        with embedded:
            yield embedded


@contextmanager
def django(home: Home) -> Iterator[None]:
    """Like :func:`server`, with Django ready for use."""
    with server(home):
        import django as framework

        framework.setup()
        yield
