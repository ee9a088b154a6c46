"""Sentences that the program makes about data, told in any language.

A sentence is a *note*: a stable code, an English template with named places, and the facts that stand in them. The
template is the key of the message catalogues, so whoever shows a note translates the template first and puts the
facts in afterwards. Who makes a note knows no language, no framework and no catalogue.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

#: A text of a document in each language of the product, e.g. ``{"en": "Viability", "nl": "Viabiliteit"}``.
type Words = Mapping[str, str]
#: What may stand in the place of a template: a text as it is, another note, a text of a document, or several.
type Fact = str | Note | Words | tuple[Fact, ...]

#: A place; one in quotes is quoted as it is.
_PLACE = re.compile(r"(['\"]?)\{(\w+)\}")


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Voice:
    """How a reader is told: the language, a template in it, and a fact in it (e.g. with a decimal comma)."""

    language: str = "en"
    translate: Callable[[str], str] = _as_it_is
    write: Callable[[str], str] = _as_it_is


ENGLISH = Voice()


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence. ``message`` says it in English, so that a record stays readable without any catalogue."""

    code: str
    text: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    message: str = ""

    def __post_init__(self) -> None:
        if not self.message:
            object.__setattr__(self, "message", _filled(self.text, self.facts, ENGLISH))

    def __hash__(self) -> int:
        return hash((self.code, self.message))


def note(code: str, text: str, /, **facts: object) -> Note:
    """A note; facts that are no text and no note are written as Python writes them.

    >>> note("file.cut", "{name} holds {count} of 10 events", name="a {b}", count=3).message
    'a {b} holds 3 of 10 events'
    """
    return Note(code, text, {name: _fact(value) for name, value in facts.items()})


def template(text: str) -> str:
    """Mark a template that does not stand in the call that makes the note, so that it is translated."""
    return text


def listed(names: Iterable[str]) -> Fact:
    """Names with commas between them, or that there are none."""
    return ", ".join(names) or note("list.none", "none")


def say(fact: object, voice: Voice = ENGLISH) -> str:
    """A note, a text or several of them as one text. Also takes notes in the plain form that records hold."""
    match fact:
        case Note():
            return _filled(fact.text, fact.facts, voice)
        case {"text": str(text), "facts": dict(facts)}:
            return _filled(text, facts, voice)
        case Mapping():
            return str(fact.get(voice.language) or fact.get("en", ""))
        case tuple() | list():
            told = [say(one, voice) for one in fact]
            return "; ".join([*(one.removesuffix(".") for one in told[:-1]), *told[-1:]])
    return str(fact)


def places(text: str) -> frozenset[str]:
    """The names of the places in a template."""
    return frozenset(name for _quote, name in _PLACE.findall(text))


def _filled(text: str, facts: Mapping[str, Any], voice: Voice) -> str:
    """Each place is filled once: what a fact says is never taken for a template or a place."""

    def told(place: re.Match[str]) -> str:
        quote, name = place.groups()
        fact = facts.get(name, f"{{{name}}}")
        if isinstance(fact, str):
            return quote + (fact if quote else voice.write(fact))
        return quote + say(fact, voice)

    return _PLACE.sub(told, voice.translate(text))


def _fact(value: object) -> Fact:
    if isinstance(value, (str, Note)):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, list)):
        return tuple(_fact(one) for one in value)
    return str(value)


class Noted(Exception):
    """An error whose sentence is a note: what is wrong, where, and what would cure it."""

    note: Note

    def __init__(self, code: str, text: str, /, **facts: object) -> None:
        self.note = note(code, text, **facts)
        super().__init__(self.note.message)

    @classmethod
    def of(cls, said: Note) -> Self:
        """The error that says this note, e.g. one that came from another process."""
        error = cls.__new__(cls)
        Exception.__init__(error, said.message)
        error.note = said
        return error

    @property
    def code(self) -> str:
        """Stable and dotted, for programs."""
        return self.note.code

    @property
    def message(self) -> str:
        """The sentence in English."""
        return self.note.message

    @property
    def facts(self) -> Mapping[str, Fact]:
        """The values in the sentence."""
        return self.note.facts


class Refused(Noted):
    """An action was refused: what failed, and the cure, as two sentences with the same facts."""

    cure: Note

    def __init__(self, code: str, text: str, cure: str = "", /, **facts: object) -> None:
        super().__init__(code, text, **facts)
        self.cure = note(f"{code}.cure", cure, **facts)
        if cure:
            self.args = (f"{self.note.message}: {self.cure.message}",)
