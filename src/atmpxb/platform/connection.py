"""Which database server this installation uses, and how each role reaches it.

The embedded server, unless the environment names another: ``DATABASE_URL`` for the application's role and,
where roles have different passwords, ``DATABASE_OWNER_URL`` and ``DATABASE_BACKUP_URL`` for the other two.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from atmpxb.platform import roles
from atmpxb.platform.binaries import PostgresFailed
from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.home import Home

VARIABLES: Mapping[str, str] = {
    roles.APP: "DATABASE_URL",
    roles.OWNER: "DATABASE_OWNER_URL",
    roles.BACKUP: "DATABASE_BACKUP_URL",
}


def external() -> bool:
    """Whether the environment names a server of its own."""
    return bool(os.environ.get(VARIABLES[roles.APP]))


def url(role: str, home: Home | None = None) -> str:
    """Connection string of ``role`` for this installation's database.

    Raises:
        PostgresFailed: the server is external and the environment does not say how this role reaches it.
    """
    if not external():
        return EmbeddedPostgres((home or Home.here()).data).url(role)
    if role not in VARIABLES or not (found := os.environ.get(VARIABLES[role])):
        raise PostgresFailed(
            f"DATABASE_URL names an external server; set {VARIABLES.get(role, 'DATABASE_OWNER_URL')} as well,"
            f" to connect as {role}."
        )
    return found


@contextmanager
def server(home: Home) -> Iterator[EmbeddedPostgres | None]:
    """A running database for the length of a command; ``None`` when it is an external one.

    Uses the embedded server that already runs, else starts one and stops it at the end.
    """
    if external():
        yield None
        return
    home.create()
    with EmbeddedPostgres(home.data) as embedded:
        yield embedded
