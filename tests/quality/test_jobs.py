"""Jobs come at least once; what they write is written once, whatever happens to the workers."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from atmpxb.platform.processes import wait_until
from atmpxb.quality.actions import analyses, raw_files, worksheets
from atmpxb.quality.assays.seam import AssayError
from atmpxb.quality.models import Analysis, Result, RunFile, WorksheetEntry
from atmpxb.quality.states import NotPossibleNow
from atmpxb.records import jobs
from atmpxb.records.ledger.writing import NothingRecorded, recording
from atmpxb.records.signatures.actions import digest_of
from scenes import LABELS, SEED, files
from scenes import story as tale

# A worker that tells when it is about to write what it calculated, and goes on (or hangs) when it is told to.
WORKER = """
import sys, time
import django
django.setup()
from atmpxb.quality.actions import analyses
from atmpxb.records import jobs
from atmpxb.records.ledger.writing import NothingRecorded, recording

calculate = analyses.calculate
def slowly(analysis):
    outcome = calculate(analysis)
    print("calculated", flush=True)
    sys.stdin.readline()
    return outcome
analyses.calculate = slowly
%s
print("ended", flush=True)
"""
DRAIN = "jobs.drain()"
PERFORM = """
from uuid import UUID
from atmpxb.platform.demo import network
analyses.perform(actor=network.actor("analyst", "sure"), analysis_id=UUID(sys.argv[1]))
"""


def worker(folder: Path, name: str, work: str, *arguments: str) -> tuple[subprocess.Popen[bytes], Path]:
    told = folder / name
    with told.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER % work, *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            env=os.environ,
        )
    return process, told


def said(told: Path, word: str) -> bool:
    return word in told.read_text(encoding="ascii")


def asked(scene) -> tuple:
    """An analysis that waits in the queue."""
    story = scene("opened")
    run = story.run("cell_count")
    tale.attach(story.who, run, "counts.csv", files.counts(LABELS["flow"], SEED)[1])
    entry = worksheets.write_entry(
        actor=story.who.analyst, run=run, code="dilution", value="1", sample=story.sample("flow")
    )
    entry = story.get(WorksheetEntry, "run__method", "sample", pk=entry.pk)
    worksheets.check_entry(
        actor=story.who.second, entry=entry, proof=story.who.proof(story.who.second),
        seen=digest_of(worksheets.entry_content(entry)),
    )  # fmt: skip
    return story, story.get(Analysis)


def finished_once(story, analysis: Analysis) -> None:
    assert story.fresh(analysis).state == "done"
    assert story.events(story.who.analyst).count("analysis.finished") == 1
    with story.as_(story.who.analyst):
        assert sorted(Result.objects.values_list("test__line", flat=True)) == [
            "viability_count",
            "viable_cells",
        ]
    assert story.breaks(story.who.analyst) == []


def test_two_workers_on_one_analysis_give_one_result(scene, tmp_path: Path) -> None:
    story, analysis = asked(scene)
    (tmp_path / "told").mkdir()
    pair = [worker(tmp_path / "told", name, PERFORM, str(analysis.pk)) for name in ("first", "second")]
    for _, told in pair:
        assert wait_until(lambda: said(told, "calculated"), 60)  # noqa: B023
    for process, _ in pair:  # both have calculated; now both want to write
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process, told in pair:
        assert process.wait(30) == 0
        assert said(told, "ended")
    finished_once(story, analysis)


def test_the_work_of_a_killed_worker_is_done_by_the_next_one(scene, tmp_path: Path) -> None:
    story, analysis = asked(scene)
    (tmp_path / "told").mkdir()
    process, told = worker(tmp_path / "told", "victim", DRAIN)
    assert wait_until(lambda: said(told, "calculated"), 60)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert story.fresh(analysis).state == "queued"
    jobs.drain()
    assert story.fresh(analysis).state == "queued", "nobody takes it while the dead worker might still live"
    with psycopg.connect(story.url("postgres")) as admin:
        admin.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    jobs.enqueue("jobs.rescue", timestamp="0")
    jobs.drain()
    finished_once(story, analysis)


def test_a_repeated_job_changes_nothing(scene) -> None:
    story, analysis = asked(scene)
    jobs.drain()
    finished_once(story, analysis)
    before = story.standing()
    for _ in range(2):
        analyses.perform(actor=story.who.analyst, analysis_id=analysis.pk)
    jobs.enqueue(
        analyses.JOB, organisation=str(analysis.organisation_id), actor=str(story.who.analyst.person_id),
        analysis=str(analysis.pk),
    )  # fmt: skip
    jobs.drain()
    assert story.standing() == before


def test_the_same_inputs_are_not_calculated_twice(scene) -> None:
    story = scene("measured")
    run = story.run("qpcr")
    present = story.get(Analysis, run=run, state="done")
    assert analyses.ask_analysis(actor=story.who.analyst, run=run) == present
    assert story.events(story.who.analyst)[-1] == "analysis.found"
    jobs.drain()
    assert story.events(story.who.analyst)[-1] == "analysis.found", "nothing was left to do"


def test_an_analysis_is_asked_for_an_open_run_that_has_its_files(scene) -> None:
    story = scene("opened")
    before = story.standing()
    with pytest.raises(AssayError):
        analyses.ask_analysis(actor=story.who.analyst, run=story.run("qpcr"))
    assert story.standing() == before


def test_a_reviewed_run_is_not_analysed_again(scene) -> None:
    story = scene("reviewed")
    before = story.standing()
    with pytest.raises(NotPossibleNow):
        analyses.ask_analysis(actor=story.who.analyst, run=story.run("qpcr"))
    assert story.standing() == before


def test_an_analysis_whose_files_changed_meanwhile_is_left_undone(scene) -> None:
    story, analysis = asked(scene)
    file = story.get(RunFile, "run__method", "file")
    raw_files.withdraw_file(actor=story.who.analyst, file=file, reason="wrong export")
    jobs.drain()
    assert story.fresh(analysis).state == "superseded"
    with story.as_(story.who.analyst):
        assert Result.objects.count() == 0


def test_an_action_that_fails_leaves_no_job(scene) -> None:
    story = scene("opened")

    def count() -> int:
        with psycopg.connect(story.url("postgres")) as admin:
            (found,) = admin.execute("SELECT count(*) FROM procrastinate_jobs").fetchone()  # type: ignore[misc]
        return int(found)

    before = count()
    with pytest.raises(NothingRecorded), recording(story.who.analyst):
        jobs.enqueue(analyses.JOB, organisation="x", actor="x", analysis="x")
    assert count() == before
