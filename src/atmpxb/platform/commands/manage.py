"""``atmpxb manage``: Django's own commands, for those who develop the program."""

import os

import click

from atmpxb.platform import roles
from atmpxb.platform.connection import server
from atmpxb.platform.home import Home

# These change the schema, so they connect as its owner; all others as the application.
_OWNERS_WORK = {"migrate", "makemigrations", "sqlmigrate", "squashmigrations"}


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Pass ARGUMENTS on to Django, as in `atmpxb manage makemigrations`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "atmpxb.platform.settings")
    if arguments[:1] and arguments[0] in _OWNERS_WORK:
        os.environ.setdefault("ATMPXB_DATABASE_ROLE", roles.OWNER)
    with server(Home.here()):
        from django.core.management import execute_from_command_line

        execute_from_command_line(["atmpxb manage", *arguments])
