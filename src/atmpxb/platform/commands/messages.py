"""``atmpxb messages``: the English and Dutch sentences of the pages."""

import os
from pathlib import Path

import click

from atmpxb.platform import messages


@click.group("messages")
def command() -> None:
    """Keep the catalogues of English and Dutch sentences in line with the source."""
    # Templates are read with the framework's own lexer, which asks for settings but for no database.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "atmpxb.platform.settings")


@command.command()
def update() -> None:
    """Take up new sentences, drop those that are gone; then translate what `check` lists."""
    changed = messages.update()
    for path in changed:
        click.echo(_shown(path))
    left = sum(problem.split(": ")[2] == "not translated" for problem in messages.check())
    click.echo(f"{len(changed)} catalogues changed; {left} sentences wait for a translation.")


@command.command()
def check() -> None:
    """List what is missing, not translated, no longer used, or has other placeholders than its sentence."""
    problems = messages.check()
    for problem in problems:
        click.echo(problem)
    if problems:
        raise click.ClickException(f"{len(problems)} problems in the message catalogues.")
    click.echo("The message catalogues are complete.")


@command.command("compile")
def compile_() -> None:
    """Make the binary catalogues that pages read; `up` and the tests do this by themselves."""
    for path in messages.compile_catalogues():
        click.echo(_shown(path))


def _shown(path: Path) -> str:
    return path.relative_to(messages.PACKAGE).as_posix()
