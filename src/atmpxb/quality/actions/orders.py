"""The laboratory's side of a request: accept it, expect its material, take that into custody."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from atmpxb.notes import Refused, note
from atmpxb.quality.actions.numbers import next_number, wait_turn
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.limits import Specification, allocate, parse_specification
from atmpxb.quality.models import Order, Request, Sample, Test
from atmpxb.quality.states import RequestState, SampleState, TestState, move
from atmpxb.records.documents.models import DocumentKind, DocumentVersion, VersionState
from atmpxb.records.ledger.writing import action, change, create, record
from atmpxb.records.people.actions import share
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role


class MethodsMissing(Refused):
    """The laboratory has no effective method for some lines of the specification."""

    def __init__(self, missing: list[tuple[str, str]]) -> None:
        self.missing = tuple(missing)
        super().__init__(
            "order.methods_missing",
            "No effective method for {lines}",
            "Make the methods effective, or let the client choose another laboratory",
            lines=", ".join(f"{line} ({method})" for line, method in missing),
        )


class RequestClosed(Refused):
    """The request was withdrawn, or is accepted already."""


class LabelAlreadyUsed(Refused):
    """Another container carries this label."""


class NoSamplingPlan(Refused):
    """The specification says nothing about which material the tests need."""


@action("quality.accept_request", roles={Role.ANALYST, Role.REVIEWER})
def accept_request(*, actor: Actor, request: Request) -> Order:
    """Accept a client's request: fix the method of every line, and what material is expected.

    Raises:
        RequestClosed: it is withdrawn or accepted.
        MethodsMissing: a line asks for a method that is not effective here.
        NoSamplingPlan: the specification has none.
    """
    wait_turn(request)
    state = Request.objects.values_list("state", flat=True).get(pk=request.pk)
    if state != RequestState.SUBMITTED or Order.objects.filter(request=request).exists():
        raise RequestClosed(
            "request.closed",
            "Request {number} is withdrawn or accepted already",
            "Load the list again",
            number=request.number,
        )
    specification = parse_specification(request.specification.source.encode())
    if specification.sampling is None:
        raise NoSamplingPlan(
            "order.no_sampling_plan",
            "The specification has no sampling plan",
            "The client adds one in a new version",
        )
    methods = _methods(actor, specification)
    now = timezone.now()
    order = create(
        Order, number=next_number(Order, actor.organisation_id, "O"), client_id=request.organisation_id,
        request=request, due_at=request.needed_by, accepted_at=now, accepted_by_id=actor.person_id,
    )  # fmt: skip
    sample_of: dict[str, Sample] = {}
    for aliquot in sorted(specification.sampling.aliquots, key=lambda a: a.priority):
        sample = create(
            Sample, order=order, aliquot=aliquot.code, title=dict(aliquot.title), label="",
            minimum_ul=aliquot.minimum_ul,
        )  # fmt: skip
        sample_of.update(dict.fromkeys(aliquot.tests, sample))
    for position, line in enumerate(specification.lines):
        create(
            Test, order=order, sample=sample_of[line.code], line=line.code, position=position,
            method=methods[line.method], due_at=request.needed_by,
        )  # fmt: skip
    refresh(order)
    share(order, to=order.client_id, purpose=f"progress of request {request.number}")
    record("order.accepted", actor=actor, on=order, request=request.number)
    record("request.accepted", actor=actor, on=request, chain=order.client_id, order=order.number)
    return order


def _methods(actor: Actor, specification: Specification) -> dict[str, DocumentVersion]:
    effective = {
        version.document.code: version
        for version in DocumentVersion.objects.filter(
            organisation_id=actor.organisation_id,
            state=VersionState.EFFECTIVE,
            document__kind=DocumentKind.METHOD,
            document__code__in=[line.method for line in specification.lines],
        ).select_related("document")
    }
    missing = [
        (line.code, f"{line.method} {line.method_version}".strip())
        for line in specification.lines
        if line.method not in effective
        or (line.method_version and effective[line.method].version != line.method_version)
    ]
    if missing:
        raise MethodsMissing(missing)
    return effective


@action("quality.receive_sample", roles={Role.ANALYST, Role.OPERATOR})
def receive_sample(
    *,
    actor: Actor,
    sample: Sample,
    label: str,
    volume_ul: Decimal,
    temperature_c: Decimal,
    condition: str = "",
    hold_reason: str = "",
    received_at: datetime | None = None,
) -> Sample:
    """Take a container into custody.

    Material below the volume that its tests need, or that the analyst gives a reason to doubt, is still received,
    but on hold until a reviewer lifts it.

    Raises:
        LabelAlreadyUsed: another container carries this label.
        NotPossibleNow: it is received already.
    """
    label = label.strip()
    if Sample.objects.filter(organisation_id=actor.organisation_id, label=label).exclude(pk=sample.pk).exists():
        raise LabelAlreadyUsed(
            "sample.label_used", "Label {label} is on another container", "Check which one you hold", label=label
        )
    specification = parse_specification(sample.order.request.specification.source.encode())
    aliquot = next(a for a in specification.sampling.aliquots if a.code == sample.aliquot)  # type: ignore[union-attr]
    at = received_at or timezone.now()
    why: str | dict[str, Any] = hold_reason
    if sample.minimum_ul is not None and volume_ul < sample.minimum_ul:
        short = note(
            "sample.too_little",
            "{volume} µL received, {minimum} µL needed",
            volume=f"{volume_ul:f}",
            minimum=f"{sample.minimum_ul.normalize():f}",
        )
        why = why or plain(short)
    move(
        sample,
        "sample.held" if why else "sample.received",
        label=label,
        volume_ul=volume_ul,
        temperature_c=temperature_c,
        condition=condition,
        hold_reason=why,
        received_at=at,
        use_by=at + timedelta(hours=float(aliquot.hold_hours)) if aliquot.hold_hours is not None else None,
    )
    refresh(sample.order)
    record("sample.held" if why else "sample.received", actor=actor, on=sample, label=label, happened_at=at)
    return sample


@action("quality.hold_sample", roles={Role.ANALYST, Role.REVIEWER, Role.QP})
def hold_sample(*, actor: Actor, sample: Sample, reason: str) -> Sample:
    """Put a received sample on hold, for a stated reason; no test of it starts until a reviewer lifts the hold."""
    move(sample, "sample.put_on_hold", hold_reason=reason)
    refresh(sample.order)
    record("sample.put_on_hold", actor=actor, on=sample, reason=reason)
    return sample


@action("quality.lift_hold", roles={Role.REVIEWER, Role.QP})
def lift_hold(*, actor: Actor, sample: Sample, reason: str) -> Sample:
    """Let a held sample be tested after all, for a stated reason."""
    move(sample, "sample.hold_lifted", hold_reason="")
    refresh(sample.order)
    record("sample.hold_lifted", actor=actor, on=sample, reason=reason)
    return sample


@action("quality.report_missing", roles={Role.ANALYST, Role.OPERATOR})
def report_missing(*, actor: Actor, sample: Sample, reason: str) -> Sample:
    """Say that an expected container did not arrive; its tests can't be done."""
    move(sample, "sample.missing")
    for test in sample.tests.filter(state=TestState.ORDERED):
        move(test, "test.cancelled", invalid_reason=reason)
    refresh(sample.order)
    record("sample.missing", actor=actor, on=sample, reason=reason)
    return sample


def short_of_material(specification: Specification, available_ul: Decimal) -> list[str]:
    """The tests that can't be done with this much material, by the priorities of the sampling plan."""
    if specification.sampling is None:
        return []
    return list(allocate(specification.sampling, available_ul).untested)


def refresh(order: Order) -> None:
    """Inside an action: compute what the client sees of an order from its samples and tests."""
    tests = Counter(Test.objects.filter(order=order).values_list("state", flat=True))
    samples = Counter(Sample.objects.filter(order=order).values_list("state", flat=True))
    progress = {
        "tests": {state: tests[state] for state in TestState.values if tests[state]},
        "samples": {state: samples[state] for state in SampleState.values if samples[state]},
    }
    if order.progress != progress:
        change(order, progress=progress)
