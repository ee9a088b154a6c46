"""``atmpxb demo-load``: put the demo network into this installation's database, if that is empty."""

import click

from atmpxb.platform import connection, roles
from atmpxb.platform.embedded import EmbeddedPostgres
from atmpxb.platform.home import Home


@click.command(hidden=True)
def command() -> None:
    """Load the demo network into an empty database; `up` does this at the first start."""
    here = Home.here()
    with connection.django(here):
        if has_records(here):
            return  # somebody works here already: no illustrative data among real records
        from atmpxb.platform.commands.demo import load_demo

        here.loading.touch()
        lines = load_demo()
    here.greeting.write_text("\n".join(lines) + "\n", encoding="utf-8")
    here.loading.unlink()


def discard_interrupted_load(here: Home, embedded: EmbeddedPostgres) -> bool:
    """Empty the database when a load of the demo was interrupted; returns whether that was so.

    Such a database was empty before the load, and nobody was served from it since.
    """
    if not here.loading.exists():
        return False
    whole = here.greeting.exists()
    if not whole:
        roles.drop(embedded.admin_url(), roles.DATABASE)
        roles.prepare(embedded.admin_url())
    here.loading.unlink()
    return not whole


def has_records(here: Home) -> bool:
    """Whether an organisation was ever founded in this installation."""
    import psycopg

    with psycopg.connect(connection.url(roles.BACKUP, here)) as asking:
        found = asking.execute("SELECT EXISTS (SELECT FROM ledger_entry)").fetchone()
    return bool(found and found[0])
