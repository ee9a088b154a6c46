"""``atmpxb psql``: a prompt on the installation's database."""

import os
import subprocess

import click

from atmpxb.platform import connection, roles
from atmpxb.platform.binaries import installed_binaries
from atmpxb.platform.home import Home

_ROLES = {"app": roles.APP, "owner": roles.OWNER, "backup": roles.BACKUP}


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--role", type=click.Choice(list(_ROLES)), default="app", show_default=True, help="Whose rights.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(role: str, arguments: tuple[str, ...]) -> None:
    """Open PostgreSQL's own prompt; ARGUMENTS go to psql, as in `atmpxb psql -- -c 'select 1'`.

    The rights of the application's role are the default: it sees nothing until `app.organisation` is set.
    """
    here = Home.here()
    with connection.server(here):
        psql = [str(installed_binaries() / "bin" / "psql"), connection.url(_ROLES[role], here)]
        done = subprocess.run([*psql, *arguments], check=False, env={"PAGER": "less", **os.environ})
    raise SystemExit(done.returncode)
