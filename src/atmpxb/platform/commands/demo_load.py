"""``atmpxb demo-load``: put the demo network into this installation's database."""

import os

import click

from atmpxb.platform.connection import server
from atmpxb.platform.home import Home


@click.command(hidden=True)
def command() -> None:
    """Load the demo network; `up` does this at the first start. An interrupted load is completed by the next."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "atmpxb.platform.settings")
    here = Home.here()
    with server(here):
        import django

        django.setup()
        from atmpxb.platform.commands.demo import load_demo

        lines = load_demo()
    # The note is the last thing written: without it the next start loads again what is missing.
    here.greeting.write_text("\n".join(lines) + "\n", encoding="utf-8")
