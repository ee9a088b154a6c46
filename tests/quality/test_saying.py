"""What the program says of data is Dutch for a reader of Dutch, on pages as at a terminal."""

import json
import re

import pytest
from click.testing import CliRunner
from django.utils.translation import override

from atmpxb.notes import note, say
from atmpxb.platform import voices
from atmpxb.platform.commands.verify import command as verify
from atmpxb.quality.actions import orders, requests, worksheets
from atmpxb.quality.assays.seam import Repair
from atmpxb.quality.pages.refusals import refusals_of
from atmpxb.quality.saying import repair_texts, said
from atmpxb.quality.states import STATES, TRANSITIONS, NotPossibleNow
from atmpxb.science.flow import GateError
from atmpxb.science.instruments import counters, fcs, rdml
from atmpxb.science.simulate.flow.tube import simulate_tube

MISSING = GateError(
    "flow.channel_missing",
    "The file has no channel '{channel}'; nearest: {nearest}. Use the file of the right panel, or a method for it.",
    channel="CD34-PE",
    nearest="PE-A",
)


def test_pages_and_terminals_say_the_same() -> None:
    dutch = "Het bestand heeft geen kanaal 'CD34-PE'; lijkt op: PE-A. Gebruik het bestand van het juiste panel"
    assert said(MISSING.note, "nl").startswith(dutch)
    assert said(MISSING.note, "nl") == say(MISSING.note, voices.voice("nl"))
    assert said(MISSING.note, "en") == MISSING.message
    with override("nl"):
        assert said(MISSING.note) == said(MISSING.note, "nl")


@pytest.mark.parametrize(
    ("refusal", "what", "cure"),
    [
        (
            requests.WrongDates("x", "A batch expires after it was manufactured", "Check both times"),
            "Een batch vervalt nadat ze vervaardigd is",
            "Controleer beide tijden",
        ),
        (worksheets.NotYours(), "U schreef deze waarde; een ander moet ze controleren", "Geef het aan een collega"),
        (
            orders.LabelAlreadyUsed(
                "x", "Label {label} is on another container", "Check which one you hold", label="A"
            ),
            "Etiket A staat op een andere container",
            "Kijk na welke u in handen hebt",
        ),
    ],
)
def test_a_refusal_is_a_row_in_dutch(refusal: Exception, what: str, cure: str) -> None:
    with override("nl"):
        (row,) = refusals_of(refusal) or ()
    assert (row.what, row.cure) == (what, cure)


def test_a_state_in_a_refusal_is_a_word_of_the_pages() -> None:
    with override("nl"):
        (row,) = refusals_of(NotPossibleNow("run", "run.submitted", "submitted", frozenset({"open"}))) or ()
    assert row.what.endswith("Wacht op review")
    assert STATES.keys() == TRANSITIONS.keys()


def test_every_repair_of_a_reader_has_a_sentence() -> None:
    for rules in (fcs.RULES, rdml.RULES, counters.RULES):
        for rule, sentence in rules.items():
            assert said(note(rule, sentence), "nl") != sentence, rule


def test_a_repair_is_told_with_its_place() -> None:
    repair = Repair("a.fcs", note("fcs.gain.zero", fcs.RULES["gain.zero"]), "$P3G", "0.0", "1")
    assert repair_texts(repair, "nl") == ("a.fcs $P3G", "De versterkingsfactor is 0; 1 is genomen: 0.0 → 1")


def test_the_terminal_chooses_the_language_unless_told(tmp_path, monkeypatch) -> None:
    path = tmp_path / "c.pdf"
    path.write_bytes(b"%PDF-1.7 nothing more")
    monkeypatch.setenv("LC_ALL", "nl_BE.UTF-8")
    dutch, english = (
        CliRunner().invoke(verify, [str(path)]),
        CliRunner().invoke(verify, [str(path), "--language", "en"]),
    )
    assert re.search(r"^FOUT\s+zegel\s+het document draagt geen zegel", dutch.output)
    assert re.search(r"^FAIL\s+seal\s+the document carries no seal", english.output)
    told = json.loads(CliRunner().invoke(verify, [str(path), "--json"]).output)
    assert told["lines"][0] == {
        "check": "seal",
        "ok": False,
        "message": "the document carries no seal, or the place of its seal was changed",
    }


def test_a_cut_file_says_what_to_do_in_dutch() -> None:
    data = simulate_tube(1, events=50).data
    with pytest.raises(fcs.FcsError) as refused:
        fcs.read(data[:-100])
    assert re.search(r"zou eindigen bij byte \d+.*kopieer of exporteer het opnieuw", said(refused.value.note, "nl"))
