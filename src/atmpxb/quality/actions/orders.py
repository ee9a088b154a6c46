"""The laboratory's side of a request: accept it, expect its material, take that into custody."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from atmpxb.notes import Refused, note
from atmpxb.quality.actions.codes import require_code
from atmpxb.quality.actions.numbers import next_number, wait_turn
from atmpxb.quality.actions.progress import refresh
from atmpxb.quality.assays.method import parse
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.limits import Specification, allocate, parse_specification, same_unit
from atmpxb.quality.models import Decline, Order, Request, Sample, Test
from atmpxb.quality.states import RequestState, TestState, move
from atmpxb.records.documents.models import DocumentKind, DocumentVersion, VersionState
from atmpxb.records.ledger.writing import action, create, record
from atmpxb.records.people.actions import share
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.reasons import require_reason


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


class UnitsDiffer(Refused):
    """A method reports in another unit than the specification asks for; nothing is converted."""


class RequestClosed(Refused):
    """The request was withdrawn, or is accepted already."""


class WrongTime(Refused):
    """A time contradicts what must have come before it."""


class ImplausibleMeasure(Refused):
    """A volume or a temperature that no sample has: mistyped, or in another unit."""


class LabelAlreadyUsed(Refused):
    """Another container carries this label."""


class NoSamplingPlan(Refused):
    """The specification says nothing about which material the tests need."""


#: What a clock at the bench may be ahead of the server's.
CLOCKS_DIFFER = timedelta(minutes=1)
#: Liquid nitrogen boils at −196 °C; cells are dead long before +60 °C.
COLDEST, WARMEST = Decimal(-200), Decimal(60)


@action("quality.accept_request", roles={Role.ANALYST, Role.REVIEWER})
def accept_request(*, actor: Actor, request: Request) -> Order:
    """Accept a client's request: fix the method of every line, and what material is expected.

    Raises:
        RequestClosed: it is withdrawn, declined or accepted, or its specification is of another product.
        MethodsMissing: a line asks for a method that is not effective here.
        NoSamplingPlan: the specification has none.
        UnitsDiffer: a method reports in another unit than the line that it is to answer.
    """
    _require_waiting(request)
    specification = parse_specification(request.specification.source.encode())
    if specification.product != request.batch.product.code:
        raise RequestClosed(
            "request.other_product",
            "Request {number} names a specification of {of}, the batch is of {product}",
            "Decline it, and let the client ask with the right one",
            number=request.number,
            of=specification.product,
            product=request.batch.product.code,
        )
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


@action("quality.decline_request", roles={Role.ANALYST, Role.REVIEWER})
def decline_request(*, actor: Actor, request: Request, reason: str) -> Decline:
    """Say no to a client's request, with the reason; the client reads it.

    Raises:
        RequestClosed: it is withdrawn, declined or accepted.
        NoReason: nothing was said.
    """
    reason = require_reason(reason)
    _require_waiting(request)
    decline = create(
        Decline, request=request, client_id=request.organisation_id, reason=reason, declined_at=timezone.now(),
        declined_by_id=actor.person_id,
    )  # fmt: skip
    share(decline, to=request.organisation_id, purpose=f"answer to request {request.number}")
    record("request.declined", actor=actor, on=decline, request=request.number, reason=reason)
    record("request.declined", actor=actor, on=request, chain=request.organisation_id, reason=reason)
    return decline


def _require_waiting(request: Request) -> None:
    """Wait for one's turn with a request, then go on only while nobody has answered it."""
    wait_turn(request)
    state = Request.objects.values_list("state", flat=True).get(pk=request.pk)
    answered = Order.objects.filter(request=request).exists() or Decline.objects.filter(request=request).exists()
    if state != RequestState.SUBMITTED or answered:
        raise RequestClosed(
            "request.closed",
            "Request {number} is withdrawn, declined or accepted already",
            "Load the list again",
            number=request.number,
        )


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
    _require_units(specification, effective)
    return effective


def _require_units(specification: Specification, methods: dict[str, DocumentVersion]) -> None:
    for line in specification.lines:
        reported = parse(methods[line.method].source.encode()).reportables
        for one in reported:
            if one.code == line.reportable and not same_unit(one.unit or line.unit, line.unit):
                raise UnitsDiffer(
                    "order.units_differ",
                    "Method {method} reports {line} in '{reported}', the specification asks for it in '{asked}'",
                    "Decline the request and say so: the client writes the limit in the unit of the method",
                    method=line.method,
                    line=line.code,
                    reported=one.unit,
                    asked=line.unit,
                )


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
    collected_at: datetime | None = None,
) -> Sample:
    """Take a container into custody.

    Material below the volume that its tests need, outside the temperature that the sampling plan allows, or that the
    analyst gives a reason to doubt, is still received, but on hold until a reviewer lifts it.

    Raises:
        LabelAlreadyUsed: another container carries this label.
        WrongCode: the label can't be scanned again.
        WrongTime: it would be collected after it was received, or received in the future.
        ImplausibleMeasure: no sample has such a volume or temperature.
        NotPossibleNow: it is received already.
    """
    label = require_code(label)
    if Sample.objects.filter(organisation_id=actor.organisation_id, label=label).exclude(pk=sample.pk).exists():
        raise LabelAlreadyUsed(
            "sample.label_used", "Label {label} is on another container", "Check which one you hold", label=label
        )
    specification = parse_specification(sample.order.request.specification.source.encode())
    aliquot = next(a for a in specification.sampling.aliquots if a.code == sample.aliquot)  # type: ignore[union-attr]
    now = timezone.now()
    at = received_at or now
    _require_plausible(volume_ul, temperature_c)
    if at > now + CLOCKS_DIFFER or (collected_at and collected_at > at):
        raise WrongTime(
            "sample.wrong_time",
            "A sample is collected first, then received, and neither in the future",
            "Check the times",
        )
    why: str | dict[str, Any] = hold_reason.strip()
    if excursion := aliquot.excursion(temperature_c):
        why = why or plain(note("sample.excursion", "arrived at {temperature}", temperature=excursion))
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
        collected_at=collected_at,
        use_by=at + timedelta(hours=float(aliquot.hold_hours)) if aliquot.hold_hours is not None else None,
    )
    refresh(sample.order)
    record("sample.held" if why else "sample.received", actor=actor, on=sample, label=label, happened_at=at)
    return sample


def _require_plausible(volume_ul: Decimal, temperature_c: Decimal) -> None:
    if not volume_ul.is_finite() or volume_ul <= 0:
        raise ImplausibleMeasure(
            "sample.no_volume", "A container with {volume} µL holds no sample",
            "Correct the volume, or report the sample as missing", volume=f"{volume_ul}",
        )  # fmt: skip
    if not temperature_c.is_finite() or not COLDEST <= temperature_c <= WARMEST:
        raise ImplausibleMeasure(
            "sample.impossible_temperature", "No sample arrives at {temperature} °C",
            "Read the logger again: it lies between {coldest} and {warmest} °C",
            temperature=f"{temperature_c}", coldest=COLDEST, warmest=WARMEST,
        )  # fmt: skip


@action("quality.hold_sample", roles={Role.ANALYST, Role.REVIEWER, Role.QP})
def hold_sample(*, actor: Actor, sample: Sample, reason: str) -> Sample:
    """Put a received sample on hold, for a stated reason; no test of it starts until a reviewer lifts the hold."""
    reason = require_reason(reason)
    move(sample, "sample.put_on_hold", hold_reason=reason)
    refresh(sample.order)
    record("sample.put_on_hold", actor=actor, on=sample, reason=reason)
    return sample


@action("quality.lift_hold", roles={Role.REVIEWER, Role.QP})
def lift_hold(*, actor: Actor, sample: Sample, reason: str) -> Sample:
    """Let a held sample be tested after all, for a stated reason."""
    reason = require_reason(reason)
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
