"""Catalogues are complete, and the check would notice if they were not."""

from pathlib import Path

import pytest

from atmpxb.notes import Note, places
from atmpxb.platform import messages

PAGE = """{% load i18n %}
  <p>{% translate "Stored" %}</p>
    {% blocktranslate trimmed with n=count %}
      You have {{ n }} samples.
    {% endblocktranslate %}
{% blocktranslate count n=n %}{{ n }} file{% plural %}{{ n }} files{% endblocktranslate %}
{% include "x.html" with title=_("Keyboard") %}
"""
CODE = """from django.utils.translation import gettext as _, pgettext
def f(): return _("Batch"), pgettext("navigation", "Release"), _("%(a)s of %(b)s")
"""


@pytest.fixture
def source(tmp_path: Path) -> tuple[Path, Path]:
    package, folder = tmp_path / "package", tmp_path / "locale"
    (package / "templates").mkdir(parents=True)
    (package / "templates" / "page.html").write_text(PAGE)
    (package / "code.py").write_text(CODE)
    return package, folder


def fill(folder: Path, pairs: dict[str, str]) -> None:
    path = messages.path_of("nl", folder)
    text = path.read_text("utf-8")
    for key, value in pairs.items():
        assert f'msgid "{key}"\nmsgstr ""' in text, key
        text = text.replace(f'msgid "{key}"\nmsgstr ""', f'msgid "{key}"\nmsgstr "{value}"')
    text = text.replace('msgstr[0] ""\nmsgstr[1] ""', 'msgstr[0] "%(n)s bestand"\nmsgstr[1] "%(n)s bestanden"')
    path.write_text(text, "utf-8")


GOOD = {
    "Stored": "Opgeslagen",
    "You have %(n)s samples.": "U hebt %(n)s monsters.",
    "Keyboard": "Toetsenbord",
    "Batch": "Batch",
    "Release": "Vrijgeven",
    "%(a)s of %(b)s": "%(a)s van %(b)s",
}


def test_sentences_of_templates_and_code_are_found(source: tuple[Path, Path]) -> None:
    package, _folder = source
    found = {(item.context, item.ids) for item in messages.extract(package)}
    assert found == {
        (None, "Stored"),
        (None, "You have %(n)s samples."),
        (None, ("%(n)s file", "%(n)s files")),
        (None, "Keyboard"),
        (None, "Batch"),
        ("navigation", "Release"),
        (None, "%(a)s of %(b)s"),
    }


def test_a_filled_catalogue_passes_and_a_second_update_changes_nothing(source: tuple[Path, Path]) -> None:
    package, folder = source
    assert len(messages.update(package, folder)) == 2
    assert len([p for p in messages.check(package, folder) if "not translated" in p]) == 7
    fill(folder, GOOD)
    assert messages.check(package, folder) == []
    assert messages.update(package, folder) == [], "a merge keeps what is translated"


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (
            lambda text: text.replace('%(b)s"\n\n', '%(c)s"\n\n').replace("van %(b)s", "van %(c)s"),
            "placeholders differ",
        ),
        (lambda text: text.replace('msgstr "Batch"', 'msgstr ""'), "not translated"),
        (lambda text: text.replace('msgid "Stored"', '#, fuzzy\nmsgid "Stored"'), "fuzzy"),
        (lambda text: text + '\nmsgid "Old"\nmsgstr "Oud"\n', "no longer used"),
        (lambda text: text.replace('msgid "Keyboard"', 'msgid "Keybord"'), "missing"),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_named(source: tuple[Path, Path], break_it: object, complaint: str) -> None:
    package, folder = source
    messages.update(package, folder)
    fill(folder, GOOD)
    path = messages.path_of("nl", folder)
    path.write_text(break_it(path.read_text("utf-8")), "utf-8")  # type: ignore[operator]
    problems = messages.check(package, folder)
    assert any(complaint in problem for problem in problems), problems


def test_binaries_are_written_only_when_stale(source: tuple[Path, Path]) -> None:
    package, folder = source
    messages.update(package, folder)
    assert len(messages.compile_catalogues(folder)) == 2
    assert messages.compile_catalogues(folder) == []
    fill(folder, GOOD)
    assert messages.compile_catalogues(folder) == [messages.path_of("nl", folder).with_suffix(".mo")]


def test_our_catalogues_are_complete() -> None:
    assert messages.check() == []


def test_our_dutch_says_u() -> None:
    import re

    for message in messages.read("nl"):
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        for text in texts if message.id else ():
            assert not re.search(r"\b(je|jij|jouw|jullie)\b", text, re.IGNORECASE), text
            assert not re.search(r"\bstaal\b|\bstalen\b", text, re.IGNORECASE), f"the glossary says monster: {text}"


NOTES = """from atmpxb.notes import Refused, note, template
RULES = {"a": template("The gain is 0")}
class Spent(Refused):
    def __init__(self): super().__init__("x", "It is spent", "Sign once more")
class Worse(Spent): ...
def f(table):
    table.problem("x", "{key} is missing", "key")
    raise Worse("y", "It is worse", "Ask {who}", who=note("z", "{place}: {sample}", place="", sample=""))
"""


def test_templates_of_notes_are_found_wherever_they_stand(source: tuple[Path, Path]) -> None:
    package, _folder = source
    (package / "code.py").write_text(NOTES)
    found = {item.ids for item in messages.extract(package) if item.path == "code.py"}
    assert found == {"The gain is 0", "It is spent", "Sign once more", "{key} is missing", "It is worse", "Ask {who}"}


def test_every_template_takes_its_facts_in_both_languages() -> None:
    templates = 0
    for language in messages.LANGUAGES:
        for message in messages.read(language):
            if isinstance(message.id, str) and (names := places(message.id)):
                templates += 1
                facts = {name: f"<{name}>" for name in names}
                for text in (message.id, str(message.string)):
                    said = Note("x", text, facts).message
                    assert all(fact in said for fact in facts.values()), text
    assert templates > 500
