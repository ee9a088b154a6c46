"""``atmpxb worker``: runs jobs; more of them, on more machines, do more at a time."""

import click

from atmpxb.platform import connection, logs
from atmpxb.platform.home import Home


@click.command()
@click.option("--concurrency", default=1, show_default=True, type=click.IntRange(1), help="Jobs at a time.")
@click.option("--queue", "queues", multiple=True, help="Only this queue; may be repeated.")
def command(concurrency: int, queues: tuple[str, ...]) -> None:
    """Run jobs until told to stop; a job under way gets three seconds, then is done again later."""
    with connection.django(Home.here()):
        from django.core.management import call_command

        from atmpxb.quality import engine

        logs.catch("worker")
        engine.warm()

        only = [f"--queues={','.join(queues)}"] if queues else []
        call_command("procrastinate", "worker", *only, f"--concurrency={concurrency}", "--shutdown-graceful-timeout=3")
