"""``atmpxb bench``: the benchmarks of a checkout, the same as ``./dev bench``."""

import subprocess
import sys
from pathlib import Path

import click

_CHECKOUT = Path(__file__).resolve().parents[4]


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Measure: `atmpxb bench NAME [--json]`; without a name it lists what can be measured."""
    if not (_CHECKOUT / "bench" / "__main__.py").is_file():
        raise click.ClickException("Benchmarks come with the source: run this in a checkout, as ./dev bench.")
    done = subprocess.run([sys.executable, "-m", "bench", *arguments], check=False, cwd=_CHECKOUT)
    raise SystemExit(done.returncode)
