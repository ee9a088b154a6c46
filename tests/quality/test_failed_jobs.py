"""Work that can't be done comes out: a person sees it, knows why, and has it tried again."""

import asyncio
import os
import subprocess
import sys

import psycopg
import pytest
from django.utils import timezone
from procrastinate.contrib.django import app

from atmpxb.platform.processes import wait_until
from atmpxb.quality.actions import analyses, certificates, failures, reviews
from atmpxb.quality.models import Analysis, Cause, Certificate, FailedJob
from atmpxb.quality.queries import failures as read
from atmpxb.quality.queries.worklist import worklist
from atmpxb.quality.states import NotPossibleNow
from atmpxb.records import jobs
from atmpxb.records.ledger import checkpoints
from atmpxb.records.ledger.models import StoredCheckpoint
from atmpxb.records.ledger.writing import NotPermitted
from atmpxb.records.people import actions as people
from atmpxb.records.people.models import Membership
from atmpxb.records.signatures.actions import digest_of
from scenes import LABELS, SEED, files
from scenes import story as tale

# A worker whose engine takes the whole process with it, as one that runs out of memory does.
VICTIM = """
import os, signal
import django
django.setup()
from atmpxb.quality.actions import analyses
from atmpxb.records import jobs
analyses.calculate = lambda analysis: os.kill(os.getpid(), signal.SIGKILL)
jobs.drain()
"""


def asked(scene) -> tuple:
    """An analysis that waits in the queue, asked for by the analyst."""
    story = scene("measured")
    tale.attach(story.who, story.run("cell_count"), "again.csv", files.counts(LABELS["flow"], SEED + 3)[1])
    return story, story.get(Analysis, state="queued")


def sql(story, statement: str) -> None:
    with psycopg.connect(story.url("postgres")) as admin:
        admin.execute(statement)  # type: ignore[arg-type]


def try_until_given_up(story, times: int = jobs.ATTEMPTS) -> None:
    """Let the worker try as often as it does, without waiting between the tries."""
    for _ in range(times):
        sql(story, "UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")
        with pytest.raises(jobs.JobsLeft):
            jobs.drain()


def shown(story, actor) -> tuple[read.Failure, ...]:
    with story.as_(actor):
        return read.failures(actor)


def clear(story) -> None:
    """What has failed in the queue stays there; the next drain shall not stumble over it."""
    sql(story, "DELETE FROM procrastinate_events")
    sql(story, "DELETE FROM procrastinate_jobs WHERE status = 'failed'")


def broken(*_args, **_named):
    raise MemoryError("no room for the events")


def test_an_analysis_that_breaks_off_three_times_has_failed_with_a_cure(scene, monkeypatch: pytest.MonkeyPatch) -> None:
    story, analysis = asked(scene)
    calls = []
    monkeypatch.setattr(analyses, "calculate", lambda one: (calls.append(one), broken()))
    try_until_given_up(story)
    assert len(calls) == jobs.ATTEMPTS
    stored = story.fresh(analysis)
    assert (stored.state, stored.problem["code"]) == ("failed", "job.gave_up")
    assert "no room for the events" in stored.problem["message"]
    assert stored.problem["message"].endswith("analyse again")
    with story.as_(story.who.analyst):
        (blocked,) = worklist(story.who.analyst, timezone.now()).stuck
    assert blocked.number == story.run("cell_count").number
    assert "no room for the events" in blocked.why
    (line,) = shown(story, story.who.reviewer)
    assert (line.kind, line.error) == (analyses.JOB, "MemoryError: no room for the events")
    assert story.breaks(story.who.analyst) == []


def test_a_failed_analysis_is_asked_for_again_at_the_run(scene, monkeypatch: pytest.MonkeyPatch) -> None:
    story, analysis = asked(scene)
    with monkeypatch.context() as broken_engine:
        broken_engine.setattr(analyses, "calculate", broken)
        try_until_given_up(story)
    clear(story)
    again = analyses.ask_analysis(actor=story.who.second, run=story.run("cell_count"))
    assert (again.pk, story.fresh(again).asked_by_id) == (analysis.pk, story.who.second.person_id)
    jobs.drain()
    assert story.fresh(analysis).state == "done"
    assert shown(story, story.who.reviewer) == ()


def test_the_job_of_somebody_who_left_is_taken_over(scene) -> None:
    story, analysis = asked(scene)
    membership = story.get(Membership, person_id=story.who.analyst.person_id)
    people.end_role(actor=story.administrator(), membership=membership, reason="left")
    try_until_given_up(story)
    (line,) = shown(story, story.who.reviewer)
    assert "no longer works there" in line.error
    assert story.get(Analysis, by=story.who.second, pk=analysis.pk).state == "failed"
    clear(story)
    with story.as_(story.who.second):
        run = analyses.Run.objects.select_related("method__document").get(pk=analysis.run_id)
    analyses.ask_analysis(actor=story.who.second, run=run)
    jobs.drain()
    assert story.get(Analysis, by=story.who.second, pk=analysis.pk).state == "done"


def test_an_analysis_that_kills_three_workers_is_given_up(scene) -> None:
    story, analysis = asked(scene)
    for killed in range(jobs.ATTEMPTS):
        worker = subprocess.Popen([sys.executable, "-c", VICTIM], env=os.environ)
        assert wait_until(lambda: worker.poll() is not None, 60)  # noqa: B023
        assert worker.returncode == -9, f"worker {killed} died of something else"
        sql(story, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
        if killed < jobs.ATTEMPTS - 1:
            assert story.fresh(analysis).state == "queued"
        rescue(story)
    jobs.report(timestamp=0)
    stored = story.fresh(analysis)
    assert (stored.state, stored.problem["code"]) == ("failed", "job.gave_up")
    (line,) = shown(story, story.who.reviewer)
    assert line.error.lower() == jobs.DIED


def rescue(story) -> None:
    """What the worker that lives does every ten seconds, and nothing else of its work."""
    with app.replace_connector(app.connector.get_worker_connector()) as working:

        async def once() -> None:
            async with working.open_async():
                await jobs.rescue(timestamp=0)

        asyncio.run(once())


def test_telling_twice_records_once(scene, monkeypatch: pytest.MonkeyPatch) -> None:
    story, _ = asked(scene)
    monkeypatch.setattr(analyses, "calculate", broken)
    try_until_given_up(story)
    before = story.standing()
    jobs._told.clear()
    jobs.report(timestamp=0)
    jobs.report(timestamp=0)
    assert story.standing() == before


def test_a_certificate_that_could_not_be_made_is_made_when_asked_again(scene, monkeypatch: pytest.MonkeyPatch) -> None:
    story = scene("reviewed")
    certificate = tale.approve(story.who, story.order)
    with monkeypatch.context() as no_pages:
        no_pages.setattr(certificates.document, "parts", broken)
        try_until_given_up(story)
    assert story.fresh(certificate).state == "approved"
    (line,) = shown(story, story.who.head)
    assert (line.kind, line.what, line.may_repeat) == (certificates.JOB, str(certificate), True)
    (other,) = shown(story, story.who.reviewer)
    assert not other.may_repeat
    assert other.who == "Qualified Person"
    clear(story)
    failed = story.get(FailedJob)
    with pytest.raises(NotPermitted):
        failures.repeat_job(actor=story.who.reviewer, failed=failed)
    failures.repeat_job(actor=story.who.head, failed=failed)
    assert shown(story, story.who.head) == (), "it is being tried"
    with pytest.raises(failures.RepeatedAlready):
        failures.repeat_job(actor=story.who.head, failed=failed)
    jobs.drain()
    assert story.get(Certificate).state == "issued"


def test_a_checkpoint_that_could_not_be_signed_is_signed_when_asked_again(
    scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = scene("certified")
    identifiers = {"organisation": str(story.who.head.organisation_id), "actor": str(story.who.head.person_id)}
    jobs.enqueue(failures.CHECKPOINT, **identifiers)
    with monkeypatch.context() as no_signer:
        no_signer.setattr(checkpoints, "_append_to_file", broken)
        no_signer.setattr(checkpoints.checkpoints, "checkpoint", broken)
        try_until_given_up(story)
    clear(story)
    (line,) = shown(story, story.administrator())
    assert (line.kind, line.may_repeat) == (failures.CHECKPOINT, False)
    failures.repeat_job(actor=story.who.reviewer, failed=story.get(FailedJob))
    jobs.drain()
    assert shown(story, story.who.reviewer) == ()
    with story.as_(story.who.reviewer):
        newest = StoredCheckpoint.objects.filter(organisation_id=story.who.head.organisation_id).latest("seq")
    assert newest.seq == len(story.entries(story.who.head))


def test_a_repeated_analysis_makes_nobody_a_performer(scene, monkeypatch: pytest.MonkeyPatch) -> None:
    story, analysis = asked(scene)
    with monkeypatch.context() as broken_engine:
        broken_engine.setattr(analyses, "calculate", broken)
        try_until_given_up(story)
    clear(story)
    failures.repeat_job(actor=story.who.reviewer, failed=story.get(FailedJob))
    jobs.drain()
    assert story.fresh(analysis).state == "done"
    with story.as_(story.who.reviewer):
        assert story.who.reviewer.person_id not in reviews.performers(analysis.run)


def test_the_analysis_of_a_run_that_was_closed_is_no_longer_wanted(scene, monkeypatch: pytest.MonkeyPatch) -> None:
    story, _ = asked(scene)
    monkeypatch.setattr(analyses, "calculate", broken)
    try_until_given_up(story)
    by, run = story.who.reviewer, story.run("cell_count")
    with story.as_(by):
        seen = digest_of(reviews.content(run))
    reviews.invalidate_run(
        actor=by, run=run, cause=Cause.PREPARATION, reason="the sample leaked", proof=story.who.proof(by), seen=seen
    )
    assert shown(story, story.who.reviewer) == ()
    with pytest.raises(NotPossibleNow):
        failures.repeat_job(actor=story.who.reviewer, failed=story.get(FailedJob))
