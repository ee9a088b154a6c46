"""Runs and the worksheet: what people write at the bench, and the second person who looks."""

import pytest

from atmpxb.quality import engine
from atmpxb.quality.actions import raw_files, runs, worksheets
from atmpxb.quality.assays.seam import AssayError
from atmpxb.quality.engine import WrongValue
from atmpxb.quality.models import Analysis, RunFile, WorksheetEntry
from atmpxb.quality.states import NotPossibleNow
from atmpxb.records import jobs
from atmpxb.records.signatures.actions import Changed, digest_of
from atmpxb.records.signatures.models import Signature
from scenes import LABELS, files
from scenes import story as tale


def write(story, code: str = "dilution", value: str = "1", *, kind: str = "cell_count", **more) -> WorksheetEntry:
    more.setdefault("sample", story.sample("flow"))
    return worksheets.write_entry(actor=story.who.analyst, run=story.run(kind), code=code, value=value, **more)


def check(story, entry: WorksheetEntry, by=None, *, seen: str | None = None) -> WorksheetEntry:
    by = by or story.who.second
    entry = story.get(WorksheetEntry, "run__method", "sample", pk=entry.pk)
    return worksheets.check_entry(
        actor=by, entry=entry, proof=story.who.proof(by), seen=seen or digest_of(worksheets.entry_content(entry))
    )


def test_a_run_holds_tests_of_one_method(scene) -> None:
    story = scene("received")
    tests = story.tests()
    before = story.standing()
    with pytest.raises(runs.TestsDiffer, match="one method"):
        runs.open_run(actor=story.who.analyst, tests=tests)
    with pytest.raises(runs.TestsDiffer):
        runs.open_run(actor=story.who.analyst, tests=[])
    assert story.standing() == before
    counts = [test for test in tests if test.method.document.code == "CC-001"]
    run = runs.open_run(actor=story.who.analyst, tests=counts)
    assert (run.kind, run.number[-4:], len(story.tests(run=run))) == ("cell_count", "0001", 2)
    with pytest.raises(NotPossibleNow):
        runs.open_run(actor=story.who.second, tests=counts)


def test_a_correction_needs_a_reason_and_the_first_value_stays(scene) -> None:
    story = scene("opened")
    first = write(story, value="2.5")
    assert first.value == "2.5"
    with pytest.raises(worksheets.WrongEntry, match="reason"):
        write(story, value="3")
    second = write(story, value="3", reason="read the wrong line")
    assert story.fresh(first).value == "2.5"
    assert story.fresh(first).replaced_by_id == second.pk
    entry = story.entries(story.who.analyst)[-1].content
    assert (entry["event"], entry["reason"]) == ("entry.corrected", "read the wrong line")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"value": "much"}, engine.WrongValue), ({"value": "  "}, engine.WrongValue), ({"value": "NaN"}, engine.WrongValue),
        ({"value": "1e999999999999999999999"}, engine.WrongValue), ({"code": "colour"}, worksheets.WrongEntry),
        ({"sample": None}, worksheets.WrongEntry),
        ({"kind": "observation", "code": "appearance", "value": "lovely"}, engine.WrongValue),
    ],
)  # fmt: skip
def test_a_value_that_the_method_does_not_ask_for_is_refused(scene, change, error) -> None:
    story = scene("opened")
    before = story.standing()
    with pytest.raises(error):
        write(story, **change)
    assert story.standing() == before


def test_the_second_person_is_another_one(scene) -> None:
    story = scene("opened")
    entry = write(story)
    before = story.standing()
    with pytest.raises(worksheets.NotYours, match="another person"):
        check(story, entry, by=story.who.analyst)
    with pytest.raises(Changed):
        check(story, entry, seen="0" * 64)
    assert story.fresh(entry).checked_at is None
    check(story, entry)
    checked = story.fresh(entry)
    assert checked.checked_by_id == story.who.second.person_id
    assert story.get(Signature, meaning="checked").person_id == story.who.second.person_id
    assert before != story.standing()


def test_an_entry_is_checked_once_and_not_after_it_was_corrected(scene) -> None:
    story = scene("opened")
    first = write(story)
    check(story, first)
    with pytest.raises(worksheets.WrongEntry, match="checked meanwhile"):
        check(story, first, by=story.who.reviewer)
    second = write(story, value="2", reason="wrong pipette")
    third = write(story, value="4", reason="wrong again")
    with pytest.raises(worksheets.WrongEntry, match="corrected meanwhile"):
        check(story, second)
    check(story, third)


def test_a_correction_loses_the_check_and_the_run_waits_for_a_new_one(scene) -> None:
    story = scene("opened")
    check(story, write(story, "appearance", "opaque_free", kind="observation"))
    jobs.drain()
    assert story.get(Analysis, run=story.run("observation")).state == "done"
    write(story, "appearance", "clumps", kind="observation", reason="looked again")
    run = story.run("observation")
    with story.as_(story.who.analyst):
        assert Analysis.objects.filter(run=run).count() == 1, "not before it is checked"


def test_when_a_reviewer_is_the_second_person_the_analysis_runs_all_the_same(scene) -> None:
    story = scene("opened")
    check(story, write(story, "appearance", "opaque_free", kind="observation"), by=story.who.reviewer)
    jobs.drain()
    assert story.get(Analysis, run=story.run("observation")).state == "done"


def test_a_file_gets_a_role_that_the_method_knows(scene) -> None:
    story = scene("measured")
    attached = story.get(RunFile, "run__method", "file", run=story.run("cell_count"))
    before = story.standing()
    with pytest.raises(AssayError, match="no role 'decoration'"):
        raw_files.assign_file(actor=story.who.analyst, file=attached, role="decoration", sample=None)
    assert story.standing() == before


def test_a_plate_map_is_changed_with_a_reason_only(scene) -> None:
    story = scene("opened")
    run = story.run("qpcr")
    worksheets.set_plate_map(actor=story.who.analyst, run=run, wells={"A1": {"sample": "CART-0001.B"}})
    with pytest.raises(worksheets.WrongEntry, match="reason"):
        worksheets.set_plate_map(actor=story.who.analyst, run=story.run("qpcr"), wells={})
    worksheets.set_plate_map(
        actor=story.who.analyst, run=story.run("qpcr"), wells={"A2": {"sample": "x"}}, reason="turned"
    )
    entry = story.entries(story.who.analyst)[-1].content
    (row,) = entry["rows"]
    assert (row["before"], row["after"]) == (
        {"plate_map": {"A1": {"sample": "CART-0001.B"}}}, {"plate_map": {"A2": {"sample": "x"}}}
    )  # fmt: skip
    assert entry["reason"] == "turned"


def test_a_stale_page_without_the_plate_map_cannot_overwrite_it_silently(scene) -> None:
    story = scene("opened")
    stale = story.run("qpcr")
    worksheets.set_plate_map(actor=story.who.analyst, run=story.run("qpcr"), wells={"A1": {"sample": "x"}})
    with pytest.raises(worksheets.WrongEntry, match="reason"):
        worksheets.set_plate_map(actor=story.who.second, run=stale, wells={"A1": {"sample": "y"}})


@pytest.mark.parametrize(
    ("typed", "kept"), [("< 0.12", "< 0.12"), ("<0.12", "< 0.12"), ("> 5", "> 5"), ("0.12", "0.12")]
)
def test_a_value_below_what_a_method_can_measure_is_written_as_what_it_is(scene, typed: str, kept: str) -> None:
    story = scene("opened")
    entry = worksheets.write_entry(
        actor=story.who.analyst, run=story.run("transcription"), code="endotoxin", value=typed
    )
    assert entry.value == kept


@pytest.mark.parametrize(
    ("kind", "code", "typed", "told"),
    [
        ("cell_count", "dilution", "0", "at least 1"),
        ("cell_count", "dilution", "-2", "at least 1"),
        ("cell_count", "dilution", "< 2", "takes no value below or above a bound"),
        ("transcription", "endotoxin", "-0.1", "at least 0"),
        ("transcription", "endotoxin", "< 0", "above 0"),
        ("transcription", "report_date", "21/03/2026", "2026-03-21"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused_where_it_is_typed(scene, kind, code, typed, told) -> None:
    story = scene("opened")
    sample = story.sample("flow") if kind == "cell_count" else None
    before = story.standing()
    with pytest.raises(WrongValue, match=told):
        worksheets.write_entry(actor=story.who.analyst, run=story.run(kind), code=code, value=typed, sample=sample)
    assert story.standing() == before


def test_a_report_is_taken_over_with_the_name_of_who_wrote_it(scene) -> None:
    story = scene("received")
    tests = [test for test in story.tests() if test.method.document.code == "TR-001"]
    before = story.standing()
    for name in ("", "  "):
        with pytest.raises(runs.NoPartner, match="Choose the partner"):
            runs.open_run(actor=story.who.analyst, tests=tests, performed_by_name=name)
    assert story.standing() == before
    run = runs.open_run(
        actor=story.who.analyst, tests=tests, performed_by_name=" at.las ", performed_by_address="Street 1"
    )
    assert run.partner == "at.las"


def test_a_transcribed_value_is_checked_against_its_report_only(scene) -> None:
    story = scene("opened")
    run = story.run("transcription")
    entry = worksheets.write_entry(actor=story.who.analyst, run=run, code="endotoxin", value="0.12")
    before = story.standing()
    with pytest.raises(worksheets.WrongEntry, match="Attach the report"):
        check(story, entry)
    assert story.standing() == before
    tale.attach(story.who, run, *files.partner_certificate(LABELS["flow"], "at.las", "0.12"))
    check(story, story.fresh(entry))
    assert story.fresh(entry).checked_by_id == story.who.second.person_id
