"""``atmpxb docs``: write the pages of the documentation that follow from the program itself."""

import importlib
import inspect
import os
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

CHECKOUT = Path(__file__).resolve().parents[4]

#: Noun of the transition table → model that it belongs to, where the names differ.
_MODELS = {"file": "quality.runfile", "document": "documents.documentversion"}
#: States that a noun can begin in, where the model has no single one: a file is judged as it arrives.
_BEGINNINGS = {"file": ("ready", "quarantined", "unreadable")}
_PREFACE = "<!-- Written by `./dev atmpxb docs`; change the source, then run it again. -->\n"


@click.command()
@click.argument("names", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; fail when a page is not up to date.")
def command(names: tuple[str, ...], check: bool) -> None:
    """Write docs/states.md and docs/permissions.md from the transition tables and the actions.

    With NAMES (`states`, `permissions`) only those.
    """
    if not (CHECKOUT / "docs").is_dir():
        raise click.ClickException("The documentation comes with the source: run this in a checkout, as ./dev atmpxb.")
    wanted = {name: text for name, text in pages().items() if not names or Path(name).stem in names}
    if not wanted:
        raise click.UsageError(f"there is no such page; the pages are {', '.join(Path(n).stem for n in pages())}")
    stale = []
    for name, text in wanted.items():
        path = CHECKOUT / "docs" / name
        if not path.is_file() or path.read_text("utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, "utf-8")
    if check and stale:
        raise click.ClickException(f"not up to date: {', '.join(stale)} (run ./dev atmpxb docs)")
    click.echo(f"{len(wanted)} pages, {len(stale)} written." if not check else f"{len(wanted)} pages are up to date.")


def pages() -> Mapping[str, str]:
    """File name below ``docs/`` → text, made from the program as it is. Needs no database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "atmpxb.platform.settings")
    import django
    from django.utils import translation

    django.setup()
    with translation.override("en"):
        return {"states.md": _states(), "permissions.md": _permissions()}


def _states() -> str:
    from atmpxb.quality.states import TRANSITIONS
    from atmpxb.records.documents import states as documents

    parts = [
        "# How each noun moves\n\n" + _PREFACE,
        "A state changes through `move` of `quality/states.py` and `records/documents/states.py` and nowhere else.\n"
        "Each arrow is an event of the ledger: what moved, who moved it and when stands in the chain of the\n"
        "organisation that owns the row.\n",
    ]
    for noun, events in {**TRANSITIONS, "document": documents.TRANSITIONS}.items():
        parts.append(_noun(noun, events))
    return "\n".join(parts)


def _noun(noun: str, events: Mapping[str, tuple[frozenset[str], str]]) -> str:
    from django.apps import apps

    field: Any = apps.get_model(_MODELS.get(noun, f"quality.{noun}"))._meta.get_field("state")
    titles = {str(value): str(label) for value, label in field.choices}
    first = _BEGINNINGS.get(noun) or (str(field.default),)
    arrows = [f"    [*] --> {state}" for state in first]
    arrows += [
        f"    {origin} --> {target}: {event.removeprefix(f'{noun}.')}"
        for event, (origins, target) in events.items()
        for origin in titles
        if origin in origins
    ]
    rows = [
        f"| `{event}` | {', '.join(titles[o] for o in titles if o in origins)} | {titles[target]} |"
        for event, (origins, target) in events.items()
    ]
    names = ", ".join(f"`{value}` {label}" for value, label in titles.items())
    return "\n".join(
        [
            f"## {noun.capitalize()}\n", f"States: {names}.\n",
            "```mermaid", "stateDiagram-v2", *arrows, "```\n",
            "| event | from | to |", "|---|---|---|", *rows, "",
        ]
    )  # fmt: skip


def _permissions() -> str:
    from atmpxb.records.ledger.writing import PERMISSIONS
    from atmpxb.records.people.models import Role

    sentences = dict(_actions())
    roles = [role for role in Role if any(str(role) in allowed for allowed in PERMISSIONS.values())]
    idle = [str(role.label) for role in Role if role not in roles]
    lines = [
        "# Who may do what\n\n" + _PREFACE,
        "An action asks for at least one of the marked roles, held now, in the organisation for which the person\n"
        "acts. Roles do not inherit from one another. Beyond the role, an action may refuse for its own reasons:\n"
        "nobody reviews or approves own work, and an administrator holds no role that touches a GMP record in the\n"
        "same organisation.\n",
        "| action | what it does | " + " | ".join(str(role.label) for role in roles) + " |",
        "|---|---|" + ":-:|" * len(roles),
    ]
    for permission in sorted(PERMISSIONS):
        marks = ["●" if str(role) in PERMISSIONS[permission] else "" for role in roles]
        lines.append(f"| `{permission}` | {sentences[permission]} | " + " | ".join(marks) + " |")
    if idle:
        lines += ["", f"Without an action yet: {', '.join(idle)}."]
    return "\n".join(lines) + "\n"


def _actions() -> Iterator[tuple[str, str]]:
    """Permission and first sentence of every action; importing their modules is what fills ``PERMISSIONS``."""
    import atmpxb.quality
    import atmpxb.records

    for package in (atmpxb.records, atmpxb.quality):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "actions" not in module.name.split("."):
                continue
            for _, verb in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
                if permission := getattr(verb, "permission", None):
                    yield permission, " ".join((inspect.getdoc(verb) or "").split("\n\n")[0].split())
