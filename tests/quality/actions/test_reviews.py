"""Submit, review, return, invalidate; and the segregation of those who do it, in every combination."""

import pytest

from atmpxb.quality.actions import certificates, raw_files, reviews, runs, worksheets
from atmpxb.quality.models import Cause, Equipment, Result, Run, Test, WorksheetEntry
from atmpxb.quality.states import NotPossibleNow
from atmpxb.records import jobs
from atmpxb.records.people.actor import Actor
from atmpxb.records.signatures.actions import Changed, ProofSpent, digest_of, manifest_content
from atmpxb.records.signatures.models import Signature
from ceremonies import approve, with_all_roles
from scenes import LABELS, SEED, files
from scenes import story as tale


def seen(story, run: Run) -> str:
    with story.as_(story.who.analyst):
        return digest_of(reviews.content(Run.objects.select_related("method__document").get(pk=run.pk)))


def review(story, run: Run, by: Actor, **more) -> Run:
    return reviews.review_run(actor=by, run=run, proof=story.who.proof(by), seen=more.get("seen") or seen(story, run))


def submit(story, run: Run, by: Actor | None = None) -> Run:
    by = by or story.who.analyst
    return reviews.submit_run(actor=by, run=run, proof=story.who.proof(by), seen=seen(story, run))


def invalidate(story, run: Run, by: Actor, reason: str = "the counter was not primed", **more) -> list[Test]:
    return reviews.invalidate_run(
        actor=by, run=run, cause=more.get("cause", Cause.INSTRUMENT), reason=reason,
        proof=more.get("proof") or story.who.proof(by), seen=more.get("seen") or seen(story, run),
    )  # fmt: skip


# --- segregation ----------------------------------------------------------------------------------------

PARTS = ("opened", "attached", "entered", "submitted")


@pytest.mark.parametrize("part", PARTS)
def test_whoever_did_any_part_of_a_run_does_not_review_it(scene, part: str) -> None:
    """Four persons share one run; each part alone bars the hand that did it from every deed of a reviewer."""
    story = scene("received")
    hands = {p: story.who.second if p == part else story.who.analyst for p in PARTS}
    tests = [test for test in story.tests() if test.method.document.code == "CC-001"]
    run = runs.open_run(actor=hands["opened"], tests=tests)
    received = story.vault.keep(files.counts(LABELS["flow"], SEED)[1])
    from atmpxb.quality import engine

    stored = engine.StoredInput(story.vault.path(received.sha256), "c.csv", "", received.sha256)
    attached = raw_files.attach_file(
        actor=hands["attached"],
        run=run,
        received=received,
        name="c.csv",
        facts=engine.read_facts("cell_count", stored),
    )
    raw_files.assign_file(
        actor=hands["attached"], file=attached, role=attached.role, sample=attached.sample,
        equipment=story.get(Equipment, kind="cell_count"),
    )  # fmt: skip
    entry = worksheets.write_entry(
        actor=hands["entered"], run=run, code="dilution", value="1", sample=story.sample("flow")
    )
    entry = story.get(WorksheetEntry, "run__method", "sample", pk=entry.pk)
    worksheets.check_entry(
        actor=story.who.reviewer, entry=entry, proof=story.who.proof(story.who.reviewer),
        seen=digest_of(worksheets.entry_content(entry)),
    )  # fmt: skip
    jobs.drain()
    submit(story, story.run("cell_count"), by=hands["submitted"])
    barred = with_all_roles(story, story.who.second)
    run = story.run("cell_count")
    before, proof = story.standing(), story.who.proof(barred)
    deeds = [
        lambda: reviews.review_run(actor=barred, run=run, proof=proof, seen=seen(story, run)),
        lambda: reviews.dispose(actor=barred, run=run, exception="check:0", text="fine"),
        lambda: reviews.return_run(actor=barred, run=run, reason="x"),
        lambda: invalidate(story, run, barred),
    ]
    for deed in deeds:
        with pytest.raises(reviews.OwnWork, match="another person"):
            deed()
    assert story.standing() == before


@pytest.mark.parametrize("hand", ["analyst", "second", "reviewer"])
def test_whoever_performed_checked_or_reviewed_does_not_approve(scene, hand: str) -> None:
    story = scene("reviewed")
    barred = with_all_roles(story, getattr(story.who, hand))
    before = story.standing()
    with pytest.raises(certificates.OwnWork, match="another person"):
        approve(story, barred)
    assert story.standing() == before


def test_whoever_wrote_an_entry_does_not_check_it_under_any_role(scene) -> None:
    story = scene("opened")
    both = with_all_roles(story, story.who.analyst)
    entry = worksheets.write_entry(
        actor=story.who.analyst,
        run=story.run("cell_count"),
        code="dilution",
        value="1",
        sample=story.sample("flow"),
    )
    entry = story.get(WorksheetEntry, "run__method", "sample", pk=entry.pk)
    with pytest.raises(worksheets.NotYours):
        worksheets.check_entry(
            actor=both, entry=entry, proof=story.who.proof(both), seen=digest_of(worksheets.entry_content(entry))
        )


# --- submit ---------------------------------------------------------------------------------------------


def test_a_run_without_results_or_with_an_unchecked_entry_is_not_submitted(scene) -> None:
    story = scene("opened")
    worksheets.write_entry(
        actor=story.who.analyst,
        run=story.run("cell_count"),
        code="dilution",
        value="1",
        sample=story.sample("flow"),
    )
    before = story.standing()
    for kind in ("flow", "cell_count", "observation"):
        with pytest.raises(reviews.NotReady) as refused:
            submit(story, story.run(kind))
        assert ("No results for the present files and entries" in str(refused.value)) is True
        assert all(cure for _, cure in refused.value.missing)
    assert "second person" in str(refused.value)
    assert story.standing() == before


def test_results_of_files_that_changed_since_do_not_count(scene) -> None:
    story = scene("measured")
    tale.attach(story.who, story.run("cell_count"), "more.csv", files.counts(LABELS["flow"], SEED + 5)[1])
    with pytest.raises(reviews.NotReady, match="No results for the present files"):
        submit(story, story.run("cell_count"))


def test_a_run_is_submitted_once_and_by_what_was_seen(scene) -> None:
    story = scene("measured")
    run = story.run("flow")
    before = story.standing()
    with pytest.raises(Changed):
        reviews.submit_run(actor=story.who.analyst, run=run, proof=story.who.proof(story.who.analyst), seen="0" * 64)
    assert story.standing() == before
    submit(story, run)
    with pytest.raises(NotPossibleNow):
        submit(story, run, by=story.who.second)
    assert {test.state for test in story.tests(run=run)} == {"submitted"}


# --- review ---------------------------------------------------------------------------------------------


def test_a_reviewed_run_is_final(scene) -> None:
    story = scene("reviewed")
    run, reviewer = story.run("flow"), story.who.reviewer
    before = story.standing()
    for deed in (
        lambda: reviews.return_run(actor=reviewer, run=run, reason="x"),
        lambda: invalidate(story, run, reviewer),
        lambda: reviews.dispose(actor=reviewer, run=run, exception="warnings:0", text="x"),
        lambda: review(story, run, reviewer),
    ):
        with pytest.raises(NotPossibleNow):
            deed()
    assert story.standing() == before


def test_an_open_run_is_not_reviewed(scene) -> None:
    story = scene("measured")
    run, reviewer = story.run("observation"), story.who.reviewer
    before = story.standing()
    for deed in (
        lambda: review(story, run, reviewer),
        lambda: reviews.return_run(actor=reviewer, run=run, reason="x"),
    ):
        with pytest.raises(NotPossibleNow):
            deed()
    assert story.standing() == before


def outside_limits(scene):
    """A run whose result is outside its limit: cells that clump."""
    story = scene("opened")
    run = story.run("observation")
    entry = worksheets.write_entry(
        actor=story.who.analyst, run=run, code="appearance", value="clumps", sample=story.sample("flow")
    )
    entry = story.get(WorksheetEntry, "run__method", "sample", pk=entry.pk)
    worksheets.check_entry(
        actor=story.who.second, entry=entry, proof=story.who.proof(story.who.second),
        seen=digest_of(worksheets.entry_content(entry)),
    )  # fmt: skip
    jobs.drain()
    submit(story, story.run("observation"))
    return story


def test_every_exception_is_answered_once_before_the_signature(scene) -> None:
    story = outside_limits(scene)
    run, reviewer = story.run("observation"), story.who.reviewer
    with story.as_(reviewer):
        keys = [finding.key for finding in reviews.exceptions(run)]
    assert any(key.startswith("result:") for key in keys)
    with pytest.raises(reviews.NotReady, match="Say what this means"):
        review(story, run, reviewer)
    for key in keys:
        reviews.dispose(actor=reviewer, run=run, exception=key, text="A true result: the client is told.")
        with pytest.raises(reviews.NotReady, match="answered"):
            reviews.dispose(actor=reviewer, run=run, exception=key, text="On second thought, nothing.")
    with pytest.raises(reviews.NotReady, match="no longer there"):
        reviews.dispose(actor=reviewer, run=run, exception="check:99", text="x")
    review(story, run, reviewer)
    assert [test.state for test in story.tests(run=run)] == ["reviewed"]
    assert story.get(Result, test__run=run).verdict == "does_not_comply"


def test_a_disposition_written_meanwhile_makes_the_reviewers_page_stale(scene) -> None:
    story = outside_limits(scene)
    run, reviewer = story.run("observation"), story.who.reviewer
    looked = seen(story, run)
    with story.as_(reviewer):
        keys = [finding.key for finding in reviews.exceptions(run)]
    for key in keys:
        reviews.dispose(actor=reviewer, run=run, exception=key, text="True.")
    with pytest.raises(Changed):
        review(story, run, reviewer, seen=looked)


def test_a_returned_run_comes_back_with_its_reason(scene) -> None:
    story = scene("submitted")
    run = story.run("cell_count")
    reviews.return_run(actor=story.who.reviewer, run=run, reason="attach the second count")
    again = story.run("cell_count")
    assert (again.state, again.returned_reason) == ("open", "attach the second count")
    assert {test.state for test in story.tests(run=run)} == {"measured"}
    submit(story, again)
    assert story.run("cell_count").returned_reason == ""


def test_a_retest_is_a_new_test_and_the_original_stays_for_ever(scene) -> None:
    story = scene("submitted")
    run = story.run("cell_count")
    originals = {test.line: test for test in story.tests(run=run)}
    with story.as_(story.who.analyst):
        results = {r.pk: (r.reported, r.verdict, r.current) for r in Result.objects.filter(test__run=run)}
    repeats = invalidate(story, run, story.who.reviewer)
    assert {test.line for test in repeats} == set(originals)
    for repeat in repeats:
        kept = story.get(Test, pk=originals[repeat.line].pk)
        assert (kept.state, kept.invalid_reason) == ("invalid", "the counter was not primed")
        assert repeat.retest_of_id == kept.pk
        assert (repeat.state, repeat.run_id) == ("ordered", None)
    with story.as_(story.who.analyst):
        assert {r.pk: (r.reported, r.verdict, r.current) for r in Result.objects.filter(test__run=run)} == results
    assert story.order.progress["tests"]["invalid"] == 2
    tests = story.tests(pk__in=[test.pk for test in repeats])
    assert runs.open_run(actor=story.who.analyst, tests=tests).number != run.number
    kept = story.fresh(run)
    assert (kept.invalid_cause, kept.invalid_reason) == ("instrument", "the counter was not primed")
    signature = story.get(Signature, subject_id=run.pk, meaning="invalidated")
    bound = manifest_content(signature)
    assert (bound["cause"], bound["reason"]) == ("instrument", "the counter was not primed")
    assert {row["reported"] for row in bound["results"]} == {reported for reported, _, _ in results.values()}
    orders_entry = story.entries(story.who.analyst)[-2].content
    assert (orders_entry["event"], orders_entry["reason"]) == (
        "run.invalidated",
        "the counter was not primed",
    )


def test_a_failing_result_does_not_vanish_without_signature_and_cause(scene) -> None:
    story = scene("submitted")
    run, reviewer = story.run("cell_count"), story.who.reviewer
    before = story.standing()
    with pytest.raises(reviews.NotReady, match="cause"):
        invalidate(story, run, reviewer, cause="")
    with pytest.raises(reviews.NotReady, match="cause"):
        invalidate(story, run, reviewer, reason="  ")
    with pytest.raises(ProofSpent):
        invalidate(story, run, reviewer, proof=story.who.proof(story.who.head))
    with pytest.raises(Changed):
        invalidate(story, run, reviewer, seen="0" * 64)
    assert story.standing() == before
