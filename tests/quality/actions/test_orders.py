"""The laboratory accepts a request and takes material into custody."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from atmpxb.notes import say
from atmpxb.quality.actions import catalogue, orders, runs
from atmpxb.quality.models import Order, Request, Sample, Test
from atmpxb.quality.states import NotPossibleNow
from atmpxb.records.documents.models import DocumentVersion
from scenes import LABELS
from scenes import story as tale


def receive(story, aliquot: str = "flow", **changed) -> Sample:
    wanted = {"label": LABELS[aliquot], "volume_ul": Decimal(500), "temperature_c": Decimal("18.5")}
    return orders.receive_sample(actor=story.who.analyst, sample=story.sample(aliquot), **(wanted | changed))


def accepted(scene):
    story = scene("requested")
    orders.accept_request(actor=story.who.analyst, request=story.request)
    return story


def test_accepting_orders_a_test_for_every_line_on_its_aliquot(scene) -> None:
    story = accepted(scene)
    ordered = {test.line: (test.sample.aliquot, test.method.document.code, test.state) for test in story.tests()}
    assert ordered["vcn"] == ("dna", "QP-001", "ordered")
    assert ordered["viability"] == ("flow", "FC-010", "ordered")
    assert len(ordered) == 10
    assert story.order.progress == {"tests": {"ordered": 10}, "samples": {"expected": 3}}
    with story.as_(story.who.client):
        assert Order.objects.get().progress["tests"] == {"ordered": 10}, "the client sees how far it is"
        assert Test.objects.count() == 0, "and no single test"
    assert story.events(story.who.client)[-1] == "request.accepted"


def test_a_request_is_accepted_once(scene) -> None:
    story = accepted(scene)
    before = story.standing()
    with pytest.raises(orders.RequestClosed):
        orders.accept_request(actor=story.who.second, request=story.request)
    assert story.standing() == before


def test_a_line_without_an_effective_method_is_named(scene) -> None:
    story = scene("founded")
    source = (tale.HERE / "specification.toml").read_bytes()
    source = source.replace(b'version = "1.0"', b'version = "2.0"', 1).replace(b'"QP-001"', b'"QP-777"')
    drafted = catalogue.draft_specification(actor=story.who.client, source=source)
    tale._approve(story.who, story.who.client_qp, drafted)
    request = tale.request_batch(story.who, "CART-0009", "P-9")
    before = story.standing()
    with pytest.raises(orders.MethodsMissing, match="another laboratory") as refused:
        orders.accept_request(
            actor=story.who.analyst, request=story.get(Request, "specification", "batch", pk=request.pk)
        )
    assert refused.value.missing == (("vcn", "QP-777"),)
    assert story.standing() == before


def test_material_is_taken_into_custody_with_the_time_for_which_it_holds(scene) -> None:
    story = accepted(scene)
    at = timezone.now() - timedelta(minutes=40)
    receive(story, received_at=at, condition="Sealed")
    sample = story.sample("flow")
    assert (sample.state, sample.label, sample.use_by) == (
        "received",
        "CART-0001.A",
        at + timedelta(hours=24),
    )
    entry = story.entries(story.who.analyst)[-1].content
    assert (entry["event"], entry["facts"]["label"]) == ("sample.received", "CART-0001.A")
    assert entry["happened_at"] < entry["at"]


def test_too_little_material_waits_on_hold_for_a_reviewer(scene) -> None:
    story = accepted(scene)
    receive(story, volume_ul=Decimal("199.9"))
    held = story.sample("flow")
    assert (held.state, say(held.hold_reason)) == ("on_hold", "199.9 µL received, 200 µL needed")
    tests = [test for test in story.tests(sample=held) if test.method.document.code == "FC-010"]
    before = story.standing()
    with pytest.raises(runs.SampleNotAvailable, match="have its hold lifted"):
        runs.open_run(actor=story.who.analyst, tests=tests)
    assert story.standing() == before
    orders.lift_hold(actor=story.who.reviewer, sample=held, reason="enough for one tube")
    tests = [test for test in story.tests(sample=held) if test.method.document.code == "FC-010"]
    assert runs.open_run(actor=story.who.analyst, tests=tests).kind == "flow"


def test_a_sample_is_received_once_whatever_the_second_page_says(scene) -> None:
    story = accepted(scene)
    receive(story)
    before = story.standing()
    for changed in ({}, {"label": "OTHER"}, {"hold_reason": "label hard to read"}, {"volume_ul": Decimal(1)}):
        with pytest.raises(NotPossibleNow):
            receive(story, **changed)
    assert story.standing() == before


def test_a_label_is_on_one_container(scene) -> None:
    story = accepted(scene)
    receive(story)
    before = story.standing()
    with pytest.raises(orders.LabelAlreadyUsed, match="Check which one you hold"):
        receive(story, "dna", label=f" {LABELS['flow']} ")
    assert story.standing() == before


def test_a_missing_container_cancels_its_tests_and_may_still_come(scene) -> None:
    story = accepted(scene)
    orders.report_missing(actor=story.who.analyst, sample=story.sample("dna"), reason="not in the parcel")
    assert [test.state for test in story.tests(line="vcn")] == ["cancelled"]
    assert story.order.progress["samples"] == {"expected": 2, "missing": 1}
    with pytest.raises(NotPossibleNow):
        orders.report_missing(actor=story.who.analyst, sample=story.sample("dna"), reason="again")
    receive(story, "dna")
    assert story.sample("dna").state == "received"


def test_a_hold_is_lifted_only_where_there_is_one(scene) -> None:
    story = scene("received")
    before = story.standing()
    with pytest.raises(NotPossibleNow, match="on_hold"):
        orders.lift_hold(actor=story.who.reviewer, sample=story.sample("flow"), reason="x")
    assert story.standing() == before


def test_the_method_of_an_order_stays_when_a_new_version_comes(scene) -> None:
    story = scene("received")
    source = (tale.examples() / "counts/appearance.toml").read_bytes().replace(b'version = "1.0"', b'version = "1.1"')
    tale._approve(story.who, story.who.reviewer, catalogue.draft_method(actor=story.who.analyst, source=source))
    (test,) = story.tests(line="appearance")
    assert (test.method.version, test.method.state) == ("1.0", "superseded")
    with pytest.raises(runs.TestsDiffer, match="effective version"):
        runs.open_run(actor=story.who.analyst, tests=[test])
    assert story.get(DocumentVersion, document__code="OB-001", state="effective").version == "1.1"
