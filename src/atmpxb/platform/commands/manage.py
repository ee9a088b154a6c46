"""``atmpxb manage``: Django's own commands, for those who develop the program."""

import click

from atmpxb.platform import connection
from atmpxb.platform.home import Home


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Pass ARGUMENTS on to Django, as in `atmpxb manage makemigrations`.

    Commands that change tables take `--database owner`: the application's role may not.
    """
    with connection.server(Home.here()):
        from django.core.management import execute_from_command_line

        execute_from_command_line(["atmpxb manage", *arguments])
