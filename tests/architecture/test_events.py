"""Every event that an action can write into the ledger has words, in both languages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import override

from atmpxb.quality.queries.events import EVENTS, event_words
from page_fixtures import catalogues  # noqa: F401

SOURCE = Path(__file__).parents[2] / "src" / "atmpxb"
CODE = re.compile(r"[a-z_]+\.[a-z_]+")


def functions() -> list[ast.FunctionDef]:
    """Every function of the product."""
    modules = [one for one in SOURCE.rglob("*.py") if "migrations" not in one.parts]
    trees = [ast.parse(module.read_text(encoding="utf-8")) for module in modules]
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def calls(function: ast.FunctionDef, writers: dict[str, int]) -> Iterator[ast.expr]:
    """What a function hands on as an event."""
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and len(call.args) > (place := writers.get(getattr(call.func, "id", ""), 99)):
            yield call.args[place]


def writers_of(every: list[ast.FunctionDef]) -> dict[str, int]:
    """Functions that write an event which their caller names, and where it stands among their arguments."""
    writers = {"record": 0}
    while True:
        more = {
            function.name: [one.arg for one in function.args.args].index("event")
            for function in every
            if any(one.arg == "event" for one in function.args.args)
            and any(getattr(event, "id", "") == "event" for event in calls(function, writers))
        }
        if more.items() <= writers.items():
            return writers
        writers |= more


def written(function: ast.FunctionDef, writers: dict[str, int]) -> Iterator[str]:
    """The events of a function: literals where they are given, else whatever it could put in their place."""
    for event in calls(function, writers):
        if not isinstance(event, ast.Name):
            yield from codes(event)
        elif function.name not in writers:
            yield from (one for one in codes(function) if not note_code(function, one))


def codes(place: ast.AST) -> Iterator[str]:
    for node in ast.walk(place):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


def note_code(function: ast.FunctionDef, code: str) -> bool:
    """Whether a code names a sentence and no event: it is the first argument of a note or of a refusal."""
    return any(
        isinstance(call, ast.Call)
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value == code
        and getattr(call.func, "id", "") != "record"
        for call in ast.walk(function)
    )


def all_written() -> set[str]:
    every = functions()
    writers = writers_of(every)
    return {event for function in every for event in written(function, writers)}


def test_every_event_has_words_and_no_words_are_left_over() -> None:
    found = all_written()
    assert {"sample.received", "certificate.recalled", "person.factor_added", "analysis.queued"} <= found
    assert found == set(EVENTS)


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_the_words_are_there_in_both_languages(event: str) -> None:
    with override("en"):
        english = event_words(event)
    with override("nl"):
        dutch = event_words(event)
    assert english
    assert not CODE.fullmatch(english)
    assert dutch != english


def test_an_event_of_a_later_version_shows_its_code() -> None:
    assert event_words("sample.teleported") == "sample.teleported"


def test_the_story_of_a_batch_is_told_in_words(scene) -> None:
    story = scene("certified")
    for actor in (story.who.head, story.who.client):
        assert set(story.events(actor)) <= set(EVENTS)
