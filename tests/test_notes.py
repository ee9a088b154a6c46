"""A note says the same in every language, and what a fact says is never taken for a sentence."""

import pytest

from atmpxb.notes import Note, Noted, Refused, Voice, listed, note, places, say

DUTCH = {
    "{file}: {problem}": "{file}: {problem}",
    "{channel} is missing; nearest: {nearest}": "{channel} ontbreekt; lijkt op: {nearest}",
    "none": "geen",
    "the factor is {factor}, typed as '{typed}'": "de factor is {factor}, ingetikt als '{typed}'",
}
VOICE = Voice("nl", lambda text: DUTCH.get(text, text), lambda fact: fact.replace(".", ","))


def test_a_note_inside_a_note_is_told_in_the_same_language() -> None:
    inner = note("x.channel", "{channel} is missing; nearest: {nearest}", channel="CD3", nearest=listed([]))
    outer = note("x.file", "{file}: {problem}", file="a.fcs", problem=inner)
    assert outer.message == "a.fcs: CD3 is missing; nearest: none"
    assert say(outer, Voice("nl", lambda text: DUTCH.get(text, text))) == "a.fcs: CD3 ontbreekt; lijkt op: geen"


def test_numbers_follow_the_reader_and_quotations_stay_as_they_were_typed() -> None:
    said = note("x.factor", "the factor is {factor}, typed as '{typed}'", factor="2.5", typed="2.50")
    assert say(said, VOICE) == "de factor is 2,5, ingetikt als '2.50'"


@pytest.mark.parametrize("hostile", ["{file}", "{0.__class__}", "{x:>9999999999}", "%(file)s", "\\1", "{"])
def test_a_fact_is_never_a_template(hostile: str) -> None:
    said = note("x.file", "{file}: {problem}", file=hostile, problem="{file}")
    assert say(said) == f"{hostile}: {{file}}"


def test_a_bilingual_text_of_a_document_is_told_in_the_readers_language() -> None:
    said = note("x", "{title}: {count}", title={"en": "Viability", "nl": "Viabiliteit"}, count=3)
    assert (say(said), say(said, VOICE)) == ("Viability: 3", "Viabiliteit: 3")


def test_several_notes_become_one_sentence() -> None:
    two = (note("x", "One thing."), note("y", "Another thing."))
    assert say(two) == "One thing; Another thing."


def test_the_plain_form_of_a_record_is_told_like_the_note() -> None:
    stored = {"code": "x", "text": "none", "facts": {}, "message": "none"}
    assert say(stored, VOICE) == "geen"
    assert Note(**stored) == note("x", "none")


def test_an_error_survives_the_way_to_another_process() -> None:
    error = Noted("x.file", "{file} is cut", file="a")
    again = Noted.of(error.note)
    assert (str(again), again.code, again.facts) == ("a is cut", "x.file", {"file": "a"})


def test_a_refusal_names_what_failed_and_the_cure() -> None:
    refused = Refused("x", "Label {label} is taken", "Choose another than {label}", label="L1")
    assert str(refused) == "Label L1 is taken: Choose another than L1"
    assert (refused.message, refused.cure.message) == ("Label L1 is taken", "Choose another than L1")


def test_places_are_those_that_are_filled() -> None:
    assert places("'{key}' must be { {wanted} }, [[{table}]]") == {"key", "wanted", "table"}
