"""``atmpxb prepare``: bring everything that is stored up to this version of the program."""

import click

from atmpxb.platform import connection
from atmpxb.platform.home import Home


@click.command()
def command() -> None:
    """Bring database and static files up to this version; `up` does this at every start."""
    with connection.django(Home.here()):
        from atmpxb.platform import database, static
        from atmpxb.records.vault.actions import vault

        database.migrate()
        static.gather()
        vault().sweep()
