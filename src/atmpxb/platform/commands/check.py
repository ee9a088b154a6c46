"""``atmpxb check``: everything that can be said about the source without running it."""

import importlib.util
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click

CHECKOUT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True)
class Step:
    """One check: what it is called and the command that fails when it fails."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    step: Step
    status: int
    seconds: float
    words: str


def _steps() -> list[Step]:
    python = sys.executable
    steps = [
        Step("types (mypy --strict)", (python, "-m", "mypy", "--strict")),
        Step("style (ruff)", ("ruff", "check", "--output-format=concise", "src", "tests", "bench")),
        Step("format (ruff)", ("ruff", "format", "--check", "--quiet", "src", "tests", "bench")),
        Step("layers (import-linter)", ("lint-imports",)),
        Step("templates", (python, "-m", "atmpxb.platform.templates")),
        Step("models and settings", (python, "-m", "django", "check")),
        Step("migrations", (python, "-W", "ignore", "-m", "django", "makemigrations", "--check", "--dry-run")),
    ]
    if importlib.util.find_spec("atmpxb.platform.messages"):
        told = "import sys; from atmpxb.platform.messages import check; found = list(check()); "
        told += "[print(line) for line in found]; sys.exit(bool(found))"
        steps.append(Step("message catalogues", (python, "-c", told)))
    return steps


@click.command()
@click.argument("names", nargs=-1)
def command(names: tuple[str, ...]) -> None:
    """Judge the source: types, style, layers, templates, migrations, message catalogues.

    With NAMES only the checks whose name contains one of them.
    """
    if not (CHECKOUT / "pyproject.toml").is_file():
        raise click.ClickException("The checks judge the source: run this in a checkout, as ./dev check.")
    steps = [step for step in _steps() if not names or any(name in step.name for name in names)]
    failed = 0
    with ThreadPoolExecutor(max_workers=2) as pool:  # types take most of the time, the rest runs beside them
        for outcome in pool.map(_run, steps):
            failed += outcome.status != 0
            mark = "ok  " if outcome.status == 0 else "FAIL"
            click.echo(f"{mark} {outcome.step.name:28} {outcome.seconds:6.1f} s")
            if outcome.status:
                click.echo(outcome.words)
    if failed:
        raise click.ClickException(f"{failed} of {len(steps)} checks failed.")


def _run(step: Step) -> Outcome:
    began = time.monotonic()
    environment = {"DJANGO_SETTINGS_MODULE": "atmpxb.platform.settings", **os.environ}
    done = subprocess.run(step.command, check=False, cwd=CHECKOUT, env=environment, capture_output=True, text=True)
    return Outcome(step, done.returncode, time.monotonic() - began, (done.stdout + done.stderr).strip())
