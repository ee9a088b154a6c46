"""``atmpxb migrate``: bring the database's tables up to this version."""

import click

from atmpxb.platform.connection import server
from atmpxb.platform.home import Home


@click.command()
def command() -> None:
    """Bring the database up to this version, as the role that owns it."""
    with server(Home.here()):
        from atmpxb.platform import database

        database.migrate()
