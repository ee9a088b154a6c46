"""The engine: raw files of strangers are read in a process of their own, and its fate is told, not shared."""

import operator
import os
import time
from pathlib import Path

import pytest

from atmpxb.quality import engine
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.seam import AssayError, Entry
from atmpxb.quality.confined import MEMORY_LIMIT, clean_process, confined


@pytest.mark.parametrize(
    ("work", "code", "says"),
    [
        ((bytes, MEMORY_LIMIT + 1024**3), "engine.memory", "memory"),
        ((os.abort,), "engine.stopped", "ended without an answer"),
        ((operator.floordiv, 1, 0), "engine.fault", "ZeroDivisionError"),
        ((registry.kind, "palm_reading"), "kind.unknown", "known kinds"),
    ],
)
def test_whatever_happens_in_there_comes_back_as_one_sentence(work, code: str, says: str) -> None:
    with pytest.raises(AssayError) as told:
        confined(clean_process(), *work)
    assert told.value.code == code
    assert says in told.value.message


def test_what_takes_too_long_is_stopped() -> None:
    began = time.monotonic()
    with pytest.raises(AssayError, match="was stopped") as told:
        confined(clean_process(), time.sleep, 60, seconds=1)
    assert told.value.code == "engine.too_slow"
    assert time.monotonic() - began < 20


def test_a_missing_file_is_a_fault_that_is_told(tmp_path: Path) -> None:
    read = engine.read_facts("flow", engine.StoredInput(tmp_path / "gone.fcs", "gone.fcs", "", "0" * 64))
    assert (read.facts, read.problem.code) == (None, "engine.fault")
    assert read.as_json() == {}


@pytest.mark.parametrize(
    ("kind", "text", "stored"),
    [
        ("decimal", "2.50", "2.50"),
        ("decimal", "1\u202f234.5", "1234.5"),
        ("integer", "12", "12"),
        ("text", " a ", "a"),
    ],
)
def test_an_entry_is_stored_with_a_point_and_without_blanks(kind: str, text: str, stored: str) -> None:
    assert engine.entry_value(Entry("x", {"en": "X"}, kind), text) == stored


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "1.5"), ("decimal", "1.2.3"), ("decimal", "inf"), ("text", " "), ("decimal", "1_000"),
        ("decimal", "1e999999999"), ("decimal", "١٢"), ("decimal", "1 2"), ("integer", "12.0"), ("decimal", "1" * 31),
    ],
)  # fmt: skip
def test_an_entry_of_another_form_is_refused(kind: str, text: str) -> None:
    with pytest.raises(engine.WrongValue, match="X: "):
        engine.entry_value(Entry("x", {"en": "X"}, kind), text)


@pytest.mark.parametrize(
    ("text", "english", "dutch"),
    [("1,234", None, "1.234"), ("1.234", "1.234", None), ("0.123", "0.123", "0.123"), ("2,5", "2.5", "2.5"),
     ("1.234,5", None, None), ("1,234.5", None, None), ("< 0,05", "< 0.05", "< 0.05"), ("12,345,6", None, None), ("−3", "-3", "-3")],
)  # fmt: skip
def test_comma_and_point_are_both_read_unless_a_number_could_mean_two(text: str, english, dutch) -> None:
    entry = Entry("x", {"en": "X"}, "decimal", censored=True)
    for comma, stored in ((False, english), (True, dutch)):
        if stored is None:
            with pytest.raises(engine.WrongValue, match="write") as refused:
                engine.entry_value(entry, text, comma=comma)
            assert text in refused.value.message
        else:
            assert engine.entry_value(entry, text, comma=comma) == stored
