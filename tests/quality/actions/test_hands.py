"""Whoever did any of the work neither reviews nor approves it: every deed, and every deed that is still to come."""

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.apps import apps

from atmpxb.quality.actions import analyses, certificates, hands, orders, raw_files, reviews, worksheets
from atmpxb.quality.models import Analysis, RunFile, WorksheetEntry
from atmpxb.records import jobs
from atmpxb.records.ledger.writing import record, recording
from atmpxb.records.people.actor import Actor
from atmpxb.records.signatures.actions import digest_of
from ceremonies import approve, with_all_roles
from scenes import LABELS, SEED, files
from scenes import story as tale

SOURCE = Path(__file__).parents[3] / "src" / "atmpxb" / "quality"
WELLS = {"A1": {"sample": LABELS["dna"], "type": "unkn", "quantity": ""}}


def one_file(story, kind: str = "cell_count", **what) -> RunFile:
    return story.get(RunFile, "run__method", "file", "sample", run__kind=kind, **what)


def set_apart(story) -> RunFile:
    """A file of the analyst's that was measured for another sample."""
    return tale.attach(story.who, story.run("cell_count"), "other.csv", files.counts("OTHER-1", SEED)[1])


def lift(story, actor: Actor) -> None:
    orders.hold_sample(actor=story.who.analyst, sample=story.sample("flow"), reason="the label came off")
    orders.lift_hold(actor=actor, sample=story.sample("flow"), reason="the label was found")


def correct(story, actor: Actor) -> None:
    worksheets.write_entry(
        actor=actor, run=story.run("cell_count"), code="dilution", value="2", sample=story.sample("flow"),
        reason="misread",
    )  # fmt: skip


DEEDS: dict[str, Callable[..., object]] = {
    "set the plate map": lambda story, who: worksheets.set_plate_map(
        actor=who, run=story.run("cell_count"), wells=WELLS, reason="first one"
    ),
    "assigned a file": lambda story, who: raw_files.assign_file(
        actor=who, file=one_file(story), role=one_file(story).role, sample=story.sample("flow")
    ),
    "withdrew a file": lambda story, who: raw_files.withdraw_file(
        actor=who, file=one_file(story), reason="wrong export"
    ),
    "released a file": lambda story, who: raw_files.release_file(
        actor=who, file=story.get(RunFile, "run__method", "file", pk=set_apart(story).pk), reason="it is ours"
    ),
    "attached a file": lambda story, who: tale.attach(
        replace(story.who, analyst=who), story.run("cell_count"), "more.csv", files.counts("X", SEED)[1]
    ),
    "corrected an entry": correct,
    "asked for the analysis": lambda story, who: analyses.ask_analysis(actor=who, run=story.run("cell_count")),
    "lifted a hold on the sample": lift,
}


@pytest.mark.parametrize("deed", DEEDS)
def test_whoever_did_this_does_not_review_the_run(scene, deed: str) -> None:
    story = scene("measured")
    barred = with_all_roles(story, story.who.second)
    run = story.run("cell_count")
    with story.as_(barred):
        before = hands.performers(run)
    DEEDS[deed](story, barred)
    with story.as_(barred):
        assert hands.performers(run) - before == {barred.person_id}
        assert barred.person_id in hands.involved([run])
    with pytest.raises(reviews.OwnWork, match="another person"):
        reviews.return_run(actor=barred, run=run, reason="x")


def test_judging_and_checking_do_not_make_a_performer_but_bar_from_approval(scene) -> None:
    story = scene("reviewed")
    runs_of = [story.run("cell_count")]
    with story.as_(story.who.head):
        assert hands.performers(runs_of[0]) == {story.who.analyst.person_id}
        assert hands.involved(runs_of) == {
            one.person_id for one in (story.who.analyst, story.who.second, story.who.reviewer)
        }


def test_whoever_checks_the_last_entry_does_not_perform_the_analysis_that_follows(scene) -> None:
    story = scene("opened")
    run, reviewer = story.run("observation"), story.who.reviewer
    entry = worksheets.write_entry(
        actor=story.who.analyst, run=run, code="appearance", value="opaque_free", sample=story.sample("flow")
    )
    entry = story.get(WorksheetEntry, "run__method", "sample", pk=entry.pk)
    worksheets.check_entry(
        actor=reviewer, entry=entry, proof=story.who.proof(reviewer), seen=digest_of(worksheets.entry_content(entry))
    )
    jobs.drain()
    assert story.get(Analysis, run=run).state == "done"
    with story.as_(reviewer):
        assert hands.performers(run) == {story.who.analyst.person_id}


def test_who_lifted_a_hold_does_not_approve_and_who_placed_it_may(scene) -> None:
    story = scene("reviewed")
    orders.hold_sample(actor=story.who.head, sample=story.sample("flow"), reason="the courier called")
    run = story.run("flow")
    with story.as_(story.who.head):
        assert story.who.head.person_id not in hands.involved([run])
    orders.lift_hold(actor=story.who.head, sample=story.sample("flow"), reason="a false alarm")
    with pytest.raises(certificates.OwnWork, match="another person"):
        approve(story, story.who.head)


# --- what is still to come ------------------------------------------------------------------------------------


def hanging_on_a_run() -> set[str]:
    """Every table of the laboratory with a reference to a run, or to something that has one, however far."""
    found = {"run"}
    while True:
        further = {
            str(model._meta.model_name)
            for model in apps.get_app_config("quality").get_models()
            for field in model._meta.concrete_fields
            if field.related_model and field.related_model._meta.model_name in found - {"test"}
        }
        if further <= found:
            return found
        found |= further


def test_no_table_that_hangs_on_a_run_is_left_out() -> None:
    counted = {str(model._meta.model_name) for model, _ in hands.hanging()}
    assert counted | {"run"} == hanging_on_a_run()


def test_an_event_that_nobody_thought_of_bars_its_actor(scene) -> None:
    """A deed of tomorrow, recorded on each kind of row that hangs on a run and on its sample."""
    story = scene("submitted")
    run, reviewer = story.run("flow"), story.who.reviewer
    with story.as_(reviewer):
        found = [model._base_manager.filter(**{path: run}).first() for model, path in hands.hanging()]
    rows = [run, story.sample("flow"), *(row for row in found if row)]
    assert len(rows) >= 6
    for row in rows:
        newcomer = replace(reviewer, person_id=row.pk, receipts=[])  # a person of its own for each row
        with recording(newcomer):
            record("something.of_tomorrow", actor=newcomer, on=row)
        with story.as_(reviewer):
            assert row.pk in hands.performers(run), row._meta.model_name
            assert row.pk in hands.involved([run])


def recorded_events() -> set[str]:
    """Every event that the laboratory's actions record, as it stands in the source."""
    return {
        word.value
        for path in (SOURCE / "actions").glob("*.py")
        if path.name != "hands.py"
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        for argument in call.args
        for word in ast.walk(argument)
        if isinstance(word, ast.Constant) and isinstance(word.value, str) and word.value.count(".") == 1
    }


def test_only_events_that_exist_are_excepted() -> None:
    excepted = hands.JUDGING | hands.FOLLOWING | hands.CAUTION
    assert excepted <= recorded_events(), "an exception for an event that nobody records any more"
    assert not hands.JUDGING & (hands.FOLLOWING | hands.CAUTION)
