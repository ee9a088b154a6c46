"""Sentences that engines and actions make are notes: a literal template, and a fact for each of its places."""

import ast
from pathlib import Path

import pytest

from atmpxb.notes import places
from atmpxb.platform import messages

MAKERS = messages.makers_of_notes()
#: Errors that say always the same: their constructors take no template.
COMPOSED = {"MethodError", "SpecificationError", "MethodsMissing", "RecordError", "NotYours", "AuthorCannotApprove",
             "ProofSpent"}  # fmt: skip


def problems(text: str) -> list[str]:
    """What is wrong with the notes of a source, by line."""
    found = []
    for call, positions in messages.calls_of_notes(text, MAKERS):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in COMPOSED:
            continue
        said: set[str] = set()
        for place in positions:
            template = call.args[place] if place < len(call.args) else None
            if template is None and place > 1:
                continue
            if isinstance(template, ast.Constant) and isinstance(template.value, str):
                said |= places(template.value)
            elif name != "note" or not isinstance(template, ast.Subscript):  # RULES[rule]: marked where it stands
                found.append(f"{call.lineno}: the template of {name} is no literal")
        given = {keyword.arg for keyword in call.keywords if keyword.arg} | ({"key"} if name == "problem" else set())
        spread = any(keyword.arg is None for keyword in call.keywords)
        if (missing := said - given) and not spread and name != "template":
            found.append(f"{call.lineno}: no fact for {', '.join(sorted(missing))}")
    return found


#: module → (how many calls pass a template on, why).
PASSED_ON = {
    "notes.py": (4, "defines what makes a note"),
    "quality/strict_toml.py": (1, "Table.problem puts the place before what its caller says"),
    "platform/messages.py": (2, "a function of its own is called template"),
}


@pytest.mark.parametrize("path", [one for one in messages.sources() if one.suffix == ".py"], ids=str)
def test_every_note_has_a_literal_template_and_its_facts(path: Path) -> None:
    allowed, _why = PASSED_ON.get(path.relative_to(messages.PACKAGE).as_posix(), (0, ""))
    found = problems(path.read_text("utf-8"))
    assert [one for one in found if "no fact" in one] == []
    assert len([one for one in found if "no literal" in one]) <= allowed, found


def test_the_rule_finds_what_it_forbids() -> None:
    source = """
raise GateError("x", f"no channel {name}")
note("x", "{file}: {problem}", file=file)
raise WrongDates("x", "A batch expires", cure)
table.problem("x", "{key} is {value}", "k", value=1)
"""
    assert problems(source) == [
        "2: the template of GateError is no literal",
        "3: no fact for problem",
        "4: the template of WrongDates is no literal",
    ]


def test_every_error_that_is_told_to_people_is_known_as_one() -> None:
    expected = {
        "AssayError",
        "FcsError",
        "GateError",
        "RdmlError",
        "CounterError",
        "WrongEntry",
        "BrokenSeal",
        "NotToml",
    }
    assert expected <= MAKERS.keys()
