"""What a batch went through stands on its certificate: derived from the records, in both languages, none left out."""

from decimal import Decimal

import pytest

from atmpxb.quality.actions import certificates, orders, raw_files, reviews, runs, worksheets
from atmpxb.quality.certificate import drafting, record
from atmpxb.quality.certificate.deviations import Occurred, occurred
from atmpxb.quality.models import Cause, Certificate, Order, Result, Run, RunFile, Sample, WorksheetEntry
from atmpxb.quality.saying import said
from atmpxb.records import jobs
from atmpxb.records.signatures.actions import digest_of
from ceremonies import with_all_roles
from scenes import LABELS, SEED, files
from scenes import story as tale


def order_of(story) -> Order:
    return Order.objects.select_related("request__batch__product", "request__specification", "client").get()


def found(story) -> dict[str, Occurred]:
    with story.as_(story.who.head):
        return {one.record.kind: one for one in occurred(order_of(story))}


def drafted(story) -> drafting.Drafted:
    with story.as_(story.who.head):
        return drafting.draft(order_of(story), kind="interim", language="en")


def write(story, kind: str, code: str, value: str, reason: str = "", aliquot: str | None = "flow") -> WorksheetEntry:
    sample = story.sample(aliquot) if aliquot else None
    return worksheets.write_entry(
        actor=story.who.analyst, run=story.run(kind), code=code, value=value, sample=sample, reason=reason
    )


def check(story, entry: WorksheetEntry) -> None:
    entry = story.get(WorksheetEntry, "run__method", "sample", pk=entry.pk)
    seen = digest_of(worksheets.entry_content(entry))
    worksheets.check_entry(actor=story.who.second, entry=entry, proof=story.who.proof(story.who.second), seen=seen)


def test_a_batch_without_incident_has_no_deviation(scene) -> None:
    story = scene("reviewed")
    assert found(story) == {}
    draft = drafted(story).record
    assert (draft.deviations, draft.deviations_on_file) == ((), 0)


def test_a_sample_too_warm_and_short_is_held_and_the_lifting_keeps_its_reason(scene) -> None:
    story = scene("requested")
    orders.accept_request(actor=story.who.analyst, request=story.request)
    orders.receive_sample(
        actor=story.who.analyst, sample=story.sample("flow"), label=LABELS["flow"], volume_ul=Decimal(150),
        temperature_c=Decimal("34.5"),
    )  # fmt: skip
    held = story.sample("flow")
    assert held.state == "on_hold"
    assert said(found(story)["hold"].record.details[0], "en") == "not lifted"
    orders.lift_hold(actor=story.who.reviewer, sample=held, reason="Enough for one tube; logger fault confirmed.")
    kinds = found(story)
    assert list(kinds) == ["temperature", "short", "hold"]
    assert said(kinds["temperature"].record.details[0], "nl") == "34,5 °C; 2 tot 30 °C is toegelaten"
    assert said(kinds["short"].record.details[0], "en") == "150 µL received, 200 µL needed"
    hold = kinds["hold"].record
    assert said(hold.reason, "en").startswith("arrived at 34.5 °C")
    assert said(hold.reason, "nl").startswith("aangekomen bij 34,5 °C")
    assert said(hold.details[0], "nl") == "opgeheven: 'Enough for one tube; logger fault confirmed.'"
    assert (kinds["hold"].noun, kinds["hold"].subject) == ("sample", held.pk)


def test_corrections_show_old_and_new_and_only_those_of_reported_values_are_printed(scene) -> None:
    story = scene("measured")
    check(story, write(story, "observation", "appearance", "clumps", "Looked again: clumps at the wall."))
    write(story, "transcription", "report_number", "R-77", "Typed the number of the parcel.", None)
    jobs.drain()
    kinds = found(story)
    corrected = kinds["corrected"].record
    assert "→" in said(corrected.details[0], "en")
    assert said(corrected.details[0], "en") != said(corrected.details[0], "nl")
    assert corrected.reason == "Looked again: clumps at the wall."
    assert said(kinds["amended"].record.details[0], "en") == "R-CART-0001.A → R-77"
    assert "Number of the report" in said(kinds["amended"].record.what, "en")
    assert "Nummer van het rapport" in said(kinds["amended"].record.what, "nl")
    assert (kinds["corrected"].printed, kinds["amended"].printed) == (True, False)
    draft = drafted(story).record
    assert [one.kind for one in draft.deviations] == ["corrected"]
    assert draft.deviations_on_file == 1


def test_files_left_out_or_released_are_listed_with_their_reason(scene) -> None:
    story = scene("measured")
    with story.as_(story.who.analyst):
        tube = RunFile.objects.select_related("run__method", "file").filter(run__kind="flow").first()
    assert tube is not None
    raw_files.withdraw_file(actor=story.who.analyst, file=tube, reason="A bubble ran through the tube.")
    stray = tale.attach(story.who, story.run("cell_count"), "other.csv", files.counts("SOMEONE-ELSE", SEED + 1)[1])
    stray = story.get(RunFile, "run__method", "file", pk=stray.pk)
    raw_files.release_file(actor=story.who.reviewer, file=stray, reason="Mislabelled on the counter.")
    kinds = found(story)
    assert kinds["withdrawn"].record.reason == "A bubble ran through the tube."
    assert tube.name in said(kinds["withdrawn"].record.what, "nl")
    assert kinds["released"].record.reason == "Mislabelled on the counter."
    assert "measured for SOMEONE-ELSE" in said(kinds["released"].record.details[0], "en")


def invalidated(scene, judge=lambda story: story.who.reviewer):
    """The count of a submitted batch is declared invalid, repeated, and everything is reviewed."""
    story = scene("submitted")
    who, run, by = story.who, story.run("cell_count"), judge(story)
    with story.as_(by):
        seen = digest_of(reviews.content(Run.objects.select_related("method__document").get(pk=run.pk)))
    repeats = reviews.invalidate_run(
        actor=by, run=run, cause=Cause.INSTRUMENT, reason="The counter was not primed.",
        proof=who.proof(by), seen=seen,
    )  # fmt: skip
    tests = story.tests(pk__in=[test.pk for test in repeats])
    again = runs.open_run(actor=who.analyst, tests=tests)
    check(story, write(story, "cell_count", "dilution", "1"))
    tale.attach(who, again, "again.csv", files.counts(LABELS["flow"], SEED + 7)[1])
    jobs.drain()
    tale.submit(who, story.run("cell_count"))
    with story.as_(who.analyst):
        waiting = list(Run.objects.select_related("method__document").filter(state="submitted"))
    for one in waiting:
        tale.review(who, one)
    return story, run, again


def test_an_invalidated_result_is_acknowledged_and_stands_on_the_certificate(scene) -> None:
    story, first, again = invalidated(scene)
    only = found(story)["invalidated"]
    with story.as_(story.who.analyst):
        failed = Result.objects.get(test__run=first, test__line="viable_cells")
    assert only.record.reason == "The counter was not primed."
    told = " ".join(said(one, "en") for one in only.record.details)
    assert "Instrument failed or not ready" in told
    assert f"{failed.reported} {failed.unit}, complies (invalidated)" in told
    assert f"repeated in {again.number}" in told

    def approve(acknowledged: list[str]) -> Certificate:
        seen = story.seen_certificate()
        with story.as_(story.who.head):
            order = order_of(story)
        return certificates.approve_certificate(
            actor=story.who.head, order=order, kind=Certificate.Kind.FINAL, language="en",
            proof=story.who.proof(story.who.head), seen=seen, acknowledged=acknowledged,
        )  # fmt: skip

    before = story.standing()
    with pytest.raises(reviews.NotReady, match=first.number):
        approve([])
    assert story.standing() == before
    certificate = approve([only.key])
    printed = record.parse(certificate.record.encode())
    assert [one.kind for one in printed.deviations] == ["invalidated"]
    assert first.number in said(printed.deviations[0].what, "nl")
    assert [test.analysis for test in printed.tests if test.code == "viable_cells"] == [again.number]


def test_who_declared_a_run_invalid_does_not_approve_what_repeats_it(scene) -> None:
    story, _first, _again = invalidated(scene, lambda story: with_all_roles(story, story.who.head))
    key = found(story)["invalidated"].key
    with story.as_(story.who.head):
        order = order_of(story)
    before = story.standing()
    with pytest.raises(certificates.OwnWork):
        certificates.approve_certificate(
            actor=story.who.head, order=order, kind=Certificate.Kind.FINAL, language="en",
            proof=story.who.proof(story.who.head), seen=story.seen_certificate(), acknowledged=[key],
        )  # fmt: skip
    assert story.standing() == before


def test_measured_is_the_time_in_the_file_and_calculated_is_ours(scene) -> None:
    story = scene("measured")
    by_line = {}
    with story.as_(story.who.analyst):
        for result in Result.objects.select_related("test__sample", "analysis").filter(current=True):
            by_line[result.test.line] = result
        stated = set(RunFile.objects.filter(run__kind="flow").values_list("facts__acquired_at", flat=True))
        entry = WorksheetEntry.objects.get(code="appearance")
    assert len(stated) >= 1
    flow, seen, report = (drafting.measured_of(by_line[line]) for line in ("viability", "appearance", "sterility"))
    assert flow.source == "instrument"
    assert flow.zoneless
    assert flow.first_at is not None
    assert flow.first_at <= flow.last_at
    assert by_line["viability"].analysed_at.isoformat() > flow.first_at
    assert (seen.source, seen.first_at) == (
        "bench",
        entry.written_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
    )
    assert (report.source, report.first_at) == ("report", None)
    assert report.report == "R-CART-0001.A"
    assert report.report_date is not None


def test_a_file_without_a_time_says_so_and_nothing_is_made_up(scene) -> None:
    story = scene("opened")
    check(story, write(story, "cell_count", "dilution", "1"))
    name, data = files.counts(LABELS["flow"], SEED)
    text = data.decode()
    stamp = f"{files.clock():%Y-%m-%d}"
    lines = [",".join("" if cell.startswith(stamp) else cell for cell in line.split(",")) for line in text.splitlines()]
    tale.attach(story.who, story.run("cell_count"), name, "\n".join(lines).encode())
    jobs.drain()
    with story.as_(story.who.analyst):
        result = Result.objects.select_related("analysis").get(test__line="viable_cells")
        attached = RunFile.objects.get(run__kind="cell_count")
    measured = drafting.measured_of(result)
    assert (measured.first_at, measured.unstated) == (None, 1)
    assert measured.attached_at is not None
    assert attached.facts["acquired_at"] == ""


def test_a_sample_that_did_not_arrive_is_a_deviation(scene) -> None:
    story = scene("requested")
    orders.accept_request(actor=story.who.analyst, request=story.request)
    sample: Sample = story.sample("micro")
    orders.report_missing(actor=story.who.analyst, sample=sample, reason="Not in the parcel.")
    assert found(story)["missing"].record.reason == "Not in the parcel."
