"""``atmpxb demo-load``: put the demo network into this installation's database."""

import click

from atmpxb.platform import connection
from atmpxb.platform.home import Home


@click.command(hidden=True)
def command() -> None:
    """Load the demo network; `up` does this at the first start.

    An interrupted load is completed by the next.
    """
    here = Home.here()
    with connection.django(here):
        from atmpxb.platform.commands.demo import load_demo

        lines = load_demo()
    # The note is the last thing written: without it the next start loads again what is missing.
    here.greeting.write_text("\n".join(lines) + "\n", encoding="utf-8")
