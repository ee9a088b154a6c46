"""What a person signs is what stands there: nothing slips in between, and no old answer serves a new question."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from threading import Event, Thread
from typing import Any

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from atmpxb.quality import engine
from atmpxb.quality.actions import (
    catalogue,
    certificates,
    findings,
    orders,
    raw_files,
    requests,
    reviews,
    withdrawals,
    worksheets,
)
from atmpxb.quality.limits import SpecificationError
from atmpxb.quality.models import Cause, Certificate, Request, Result, Run, RunFile, WorksheetEntry
from atmpxb.quality.pages.refusals import refusals_of
from atmpxb.quality.states import NotPossibleNow
from atmpxb.records import jobs
from atmpxb.records.documents import actions as documents
from atmpxb.records.documents.models import DocumentVersion
from atmpxb.records.reasons import NoReason
from atmpxb.records.signatures.actions import digest_of
from ceremonies import approve
from quality.actions.test_reviews import invalidate, review, seen, submit
from scenes import LABELS, SEED, files
from scenes import story as tale


def found(story, run: Run) -> list[findings.Finding]:
    with story.as_(story.who.reviewer):
        return findings.exceptions(Run.objects.get(pk=run.pk))


def attached(story, run: Run, **what: Any) -> list[RunFile]:
    with story.as_(story.who.analyst):
        rows = RunFile.objects.select_related(
            "run__method__document", "run__organisation", "file", "sample", "equipment"
        )
        return list(rows.filter(run=run, **what))


# --- nothing slips in between ----------------------------------------------------------------------------


def while_it_signs(monkeypatch, deed: Callable[[], Any]) -> tuple[list[Any], list[bool]]:
    """From the next signature on a run: another person's deed starts before it, and is given a second to slip in."""
    real, told, slipped = reviews.content, [], []
    done = Event()

    def other() -> None:
        try:
            told.append(deed())
        except Exception as error:
            told.append(error)
        finally:
            connections.close_all()
            done.set()

    def content(run: Run) -> dict[str, Any]:
        monkeypatch.setattr(reviews, "content", real)
        read = real(run)
        Thread(target=other).start()
        slipped.append(done.wait(1))
        return read

    monkeypatch.setattr(reviews, "content", content)
    told.append(done)
    return told, slipped


def test_a_value_written_while_a_run_is_being_submitted_waits_and_is_refused(scene, monkeypatch) -> None:
    story = scene("measured")
    run, sample, digest = story.run("cell_count"), story.sample("flow"), seen(story, story.run("cell_count"))
    proof, mine = story.who.proof(story.who.analyst), story.run("cell_count")
    told, slipped = while_it_signs(
        monkeypatch,
        lambda: worksheets.write_entry(
            actor=story.who.second, run=mine, code="dilution", value="3", sample=sample, reason="typo"
        ),
    )
    reviews.submit_run(actor=story.who.analyst, run=run, proof=proof, seen=digest)
    assert told[0].wait(30)
    assert slipped == [False], "the other waits while the run is being signed"
    assert isinstance(told[1], NotPossibleNow)
    with story.as_(story.who.reviewer):
        assert findings.current_analysis(Run.objects.get(pk=run.pk)) is not None


def test_a_run_that_was_read_before_it_changed_is_submitted_as_it_stands_now(scene) -> None:
    """The page's object is old; what is signed is not."""
    story = scene("measured")
    old, digest = story.run("qpcr"), seen(story, story.run("qpcr"))
    worksheets.set_plate_map(actor=story.who.second, run=story.run("qpcr"), wells={"A1": {"sample": LABELS["dna"]}})
    with pytest.raises(reviews.NotReady, match="No results for the present files"):
        reviews.submit_run(actor=story.who.analyst, run=old, proof=story.who.proof(story.who.analyst), seen=digest)


def test_a_run_without_results_of_what_was_submitted_is_not_reviewed(scene) -> None:
    story = scene("submitted")
    run = story.run("cell_count")
    with psycopg.connect(story.url("postgres")) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE quality_analysis SET input_digest = repeat('0', 64) WHERE run_id = %s", [run.pk])
    for finding in found(story, run):
        reviews.dispose(actor=story.who.reviewer, run=run, exception=finding.key, text="Seen.")
    with pytest.raises(reviews.NotReady, match=r"No results for the present files.*Return the run"):
        review(story, run, story.who.reviewer)
    reviews.return_run(actor=story.who.reviewer, run=run, reason="analyse again")
    assert story.run("cell_count").state == "open"


def test_a_reviewed_run_goes_back_to_the_bench_until_its_results_are_issued(scene) -> None:
    story = scene("reviewed")
    run, head = story.run("cell_count"), story.who.head
    reviews.reopen_run(actor=head, run=run, reason="the dilution is in doubt")
    again = story.run("cell_count")
    assert (again.state, again.returned_reason) == ("open", "the dilution is in doubt")
    assert {test.state for test in story.tests(run=run)} == {"measured"}
    with pytest.raises(certificates.NotReady, match="Wait for its review"):
        approve(story, head)
    submit(story, again)
    tale.review(story.who, story.run("cell_count"))
    approve(story, head)  # who asks for another look may still approve
    for kind in ("cell_count", "flow"):
        with pytest.raises(reviews.ResultsIssued, match="Withdraw the certificate first"):
            reviews.reopen_run(actor=head, run=story.run(kind), reason="x")


def test_a_withdrawn_certificate_leaves_a_way_to_correct_its_results(scene) -> None:
    story = scene("certified")
    who, run = story.who, story.run("cell_count")
    certificate = story.get(Certificate, "order", by=who.head)
    withdrawals.withdraw_certificate(
        actor=who.head, certificate=certificate, reason="wrong dilution", proof=who.proof(who.head),
        seen=digest_of(withdrawals.content(certificate)),
    )  # fmt: skip
    reviews.reopen_run(actor=who.head, run=run, reason="the dilution was 2")
    assert {test.state for test in story.tests(run=run)} == {"measured"}
    submit(story, story.run("cell_count"))
    tale.review(who, story.run("cell_count"))
    assert approve(story, who.head, reason="corrected").version == 2


# --- an answer belongs to its question -------------------------------------------------------------------


def test_an_answer_to_a_warning_does_not_serve_the_warning_of_a_later_analysis(scene) -> None:
    story = scene("submitted")
    run, who = story.run("qpcr"), story.who
    warned = [one for one in found(story, run) if one.kind == "warnings"]
    assert warned
    for one in warned:
        reviews.dispose(actor=who.reviewer, run=run, exception=one.key, text="about the first plate")
    reviews.return_run(actor=who.reviewer, run=run, reason="measure again")
    for file in attached(story, run, state="ready"):
        raw_files.withdraw_file(actor=who.analyst, file=file, reason="another plate follows")
    tale.attach(who, story.run("qpcr"), *files.plate({LABELS["dna"]: 4.9}, SEED + 77))
    jobs.drain()
    submit(story, story.run("qpcr"))
    with story.as_(who.reviewer):
        answered = set(run.dispositions.values_list("exception", flat=True))
    now = [one for one in found(story, run) if one.kind == "warnings"]
    assert now
    assert not answered & {one.key for one in now}
    with pytest.raises(reviews.NotReady, match="Say what this means"):
        review(story, story.run("qpcr"), who.reviewer)


def test_answers_stay_when_a_run_is_returned_and_submitted_unchanged(scene) -> None:
    story = scene("submitted")
    run, who = story.run("qpcr"), story.who
    keys = [one.key for one in found(story, run)]
    reviews.return_run(actor=who.reviewer, run=run, reason="sign again")
    submit(story, story.run("qpcr"))
    assert [one.key for one in found(story, run)] == keys
    assert len(set(keys)) == len(keys)


def test_a_plate_map_changed_after_the_results_were_there_is_for_the_reviewer(scene) -> None:
    story = scene("measured")
    who, before = story.who, story.run("qpcr")
    assert not [one for one in found(story, before) if one.kind == "plate_map"]
    first = {"A1": {"sample": LABELS["dna"]}, "A2": {"sample": LABELS["dna"]}}
    worksheets.set_plate_map(actor=who.second, run=before, wells=first)
    worksheets.set_plate_map(actor=who.second, run=before, wells={"A1": first["A1"]}, reason="the well was empty")
    texts = [one.text for one in found(story, before) if one.kind == "plate_map"]
    assert texts == ["Wells A1, A2", "Wells A2 (the well was empty)"]


def test_a_file_reassigned_after_the_results_were_there_is_for_the_reviewer(scene) -> None:
    story = scene("measured")
    run, who = story.run("flow"), story.who
    assert not [one for one in found(story, run) if one.kind == "assigned"]
    one = attached(story, run)[0]
    raw_files.assign_file(actor=who.second, file=one, role=one.role, sample=one.sample)
    assert not [f for f in found(story, run) if f.kind == "assigned"], "nothing is another than it was"
    raw_files.assign_file(actor=who.second, file=one, role=one.role, sample=None)
    (changed,) = [f for f in found(story, run) if f.kind == "assigned"]
    assert changed.text == f"{one.name}: now of sample –"


def test_results_follow_when_inputs_return_to_what_they_were(scene) -> None:
    """A value is corrected and corrected back: what is signed are the results of the analysis that counts."""
    story = scene("measured")
    run, who, sample = story.run("cell_count"), story.who, story.sample("flow")
    with story.as_(who.analyst):
        first = {r.test_id: r.value for r in Result.objects.filter(test__run=run, current=True)}
    for value, reason in (("3", "typo"), ("1", "it was right")):
        entry = worksheets.write_entry(
            actor=who.analyst, run=story.run("cell_count"), code="dilution", value=value, sample=sample, reason=reason
        )
        check(story, entry)
        jobs.drain()
    with story.as_(who.analyst):
        now = Result.objects.filter(test__run=run, current=True).select_related("analysis")
        assert {r.test_id: r.value for r in now} == first
        assert {r.analysis_id for r in now} == {findings.current_analysis(Run.objects.get(pk=run.pk)).pk}


def check(story, entry: WorksheetEntry) -> None:
    entry = story.get(WorksheetEntry, "run__method", "sample", pk=entry.pk)
    worksheets.check_entry(
        actor=story.who.second, entry=entry, proof=story.who.proof(story.who.second),
        seen=digest_of(worksheets.entry_content(entry)),
    )  # fmt: skip


# --- holds -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["final", "interim"])
def test_results_of_a_sample_on_hold_are_not_approved(scene, kind: str) -> None:
    story = scene("reviewed")
    who, sample = story.who, story.sample("flow")
    orders.hold_sample(actor=who.reviewer, sample=sample, reason="wrong patient?")
    proof = story.who.proof(who.head)
    digest = story.seen_certificate(kind)
    with story.as_(who.head):
        order = story.order_for_approval()
    before = story.standing()
    with pytest.raises(certificates.NotReady, match=r"CART-0001\.A is on hold: Have a reviewer lift the hold"):
        certificates.approve_certificate(
            actor=who.head, order=order, kind=Certificate.Kind(kind), language="en", proof=proof, seen=digest
        )
    assert story.standing() == before
    orders.lift_hold(actor=who.reviewer, sample=story.sample("flow"), reason="the wristband agrees")
    if kind == "final":
        approve(story, who.head)


# --- reasons ---------------------------------------------------------------------------------------------


def test_blanks_are_no_reason_for_anything(scene) -> None:
    story = scene("submitted")
    who, run = story.who, story.run("qpcr")
    file = attached(story, run)[0]
    version = story.get(DocumentVersion, "document", document__code="CC-001")
    key = found(story, run)[0].key
    proof = who.proof(who.reviewer)
    before = story.standing()
    for deed in (
        lambda: reviews.dispose(actor=who.reviewer, run=run, exception=key, text=" \n"),
        lambda: reviews.return_run(actor=who.reviewer, run=run, reason=" "),
        lambda: orders.hold_sample(actor=who.reviewer, sample=story.sample("flow"), reason="\t"),
        lambda: orders.lift_hold(actor=who.reviewer, sample=story.sample("flow"), reason=" "),
        lambda: raw_files.withdraw_file(actor=who.analyst, file=file, reason=" "),
        lambda: documents.withdraw_version(actor=who.reviewer, version=version, reason=" ", proof=proof, seen=""),
        lambda: requests.withdraw_request(actor=who.client, request=story.request, reason=" "),
        lambda: orders.decline_request(actor=who.analyst, request=story.request, reason=" "),
    ):
        with pytest.raises(NoReason) as refused:
            deed()
        (row,) = refusals_of(refused.value) or ()
        assert row.cure == "Say why, in words that others will understand"
    assert story.standing() == before
    with pytest.raises(reviews.NotReady, match="cause"):
        invalidate(story, run, who.reviewer, reason=" ", cause=Cause.DATA)
    reviews.return_run(actor=who.reviewer, run=run, reason="  look again ")
    assert story.run("qpcr").returned_reason == "look again"


def test_a_certificate_is_not_withdrawn_without_a_word(scene) -> None:
    story = scene("certified")
    head = story.who.head
    certificate = story.get(Certificate, "order", by=head)
    with pytest.raises(NoReason):
        withdrawals.withdraw_certificate(
            actor=head, certificate=certificate, reason="  ", proof=story.who.proof(head), seen="0" * 64
        )


# --- specifications and units ----------------------------------------------------------------------------


def specification(change: Callable[[str], str]) -> bytes:
    text = change((tale.HERE / "specification.toml").read_text())
    return re.sub(r'(?m)^version = "[^"]+"', 'version = "77"', text, count=1).encode()


def in_another_unit(text: str) -> str:
    at = text.index('code = "viable_cells"')
    return text[:at] + re.sub(r'unit = "[^"]+"', 'unit = "cells/mL"', text[at:], count=1)


def test_a_request_whose_limit_is_in_another_unit_than_the_method_reports_is_not_accepted(scene) -> None:
    story = scene("founded")
    who = story.who
    drafted = catalogue.draft_specification(actor=who.client, source=specification(in_another_unit))
    tale._approve(who, who.client_qp, drafted)
    asked = tale.request_batch(who, "B-9", "P-1")
    request = story.get(Request, "specification", "batch__product", pk=asked.pk)
    with pytest.raises(orders.UnitsDiffer, match=r"in '10.*', the specification asks for it in 'cells/mL': Decline"):
        orders.accept_request(actor=who.analyst, request=request)


def test_a_line_that_no_aliquot_is_for_is_found_when_the_specification_is_read(scene) -> None:
    story = scene("founded")

    def uncovered(text: str) -> str:
        at = text.index("[sampling]")
        return text[:at] + re.sub(r'"b_cells",?\s*', "", text[at:])

    with pytest.raises(SpecificationError, match="no aliquot is for 'b_cells'; name each test"):
        catalogue.draft_specification(actor=story.who.client, source=specification(uncovered))


# --- what can't be ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "match"),
    [
        ({"temperature_c": Decimal(999)}, "No sample arrives at 999 °C: Read the logger again"),
        ({"temperature_c": Decimal("-201")}, "No sample arrives at -201"),
        ({"temperature_c": Decimal("NaN")}, "No sample arrives at NaN"),
        ({"volume_ul": Decimal(0)}, "holds no sample: Correct the volume"),
        ({"volume_ul": Decimal(-5)}, "holds no sample"),
        ({"received_at": timedelta(minutes=2)}, "neither in the future"),
    ],
)
def test_a_sample_that_no_laboratory_could_receive_is_not_received(scene, what, match: str) -> None:
    story = scene("requested")
    orders.accept_request(actor=story.who.analyst, request=story.request)
    sample, before = story.sample("flow"), story.standing()
    given = {"volume_ul": Decimal(9000), "temperature_c": Decimal(4), **what}
    if "received_at" in what:
        given["received_at"] = timezone.now() + what["received_at"]
    with pytest.raises((orders.ImplausibleMeasure, orders.WrongTime), match=match):
        orders.receive_sample(actor=story.who.analyst, sample=sample, label="CART-9.A", **given)
    assert story.standing() == before
    near = timezone.now() + timedelta(seconds=30)  # the clock of the bench may be a little ahead
    orders.receive_sample(
        actor=story.who.analyst, sample=sample, label="CART-9.A", volume_ul=Decimal(9000), temperature_c=Decimal(4),
        received_at=near,
    )  # fmt: skip


def test_a_number_is_read_as_the_language_of_the_page_writes_it(scene) -> None:
    story = scene("opened")
    run, sample, analyst = story.run("cell_count"), story.sample("flow"), story.who.analyst

    def write(value: str, *, comma: bool, reason: str = "") -> str:
        return worksheets.write_entry(
            actor=analyst, run=run, code="dilution", value=value, sample=sample, reason=reason, comma=comma
        ).value

    with pytest.raises(engine.WrongValue, match="two ways; write a decimal point"):
        write("1,234", comma=False)
    assert write("1,234", comma=True) == "1.234"
    with pytest.raises(engine.WrongValue, match="two ways; write a decimal comma"):
        write("1.234", comma=True, reason="again")
