"""The expected list beside the scan field: what should arrive, what arrived today."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from atmpxb.quality.models import Sample
from atmpxb.quality.saying import said
from atmpxb.quality.states import SampleState
from atmpxb.records.people.actor import Actor

#: Containers that were taken in this recently stay on the list.
RECENT = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Container:
    """A container that an order expects, or that has arrived."""

    id: UUID
    order: str
    client: str
    batch: str
    aliquot: str
    material: dict[str, str]
    minimum_ul: str | None
    state: str
    state_words: str
    label: str
    volume_ul: str | None
    temperature_c: str | None
    condition: str
    hold_reason: str
    received_at: datetime | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The page *Receive*: what is expected, what came, and what a scan found."""

    expected: tuple[Container, ...]
    arrived: tuple[Container, ...]
    scanned: str
    chosen: Container | None  # the expected container that the form is about
    known: Container | None  # the container that already carries the scanned label
    fitting: tuple[Container, ...]  # expected containers of the batch that the scanned label names

    @property
    def options(self) -> tuple[Container, ...]:
        """What the form offers: the containers that the label fits, all where a person chose by hand."""
        return self.fitting if self.chosen in self.fitting else self.expected


def arrivals(actor: Actor, now: datetime, *, scanned: str = "", chosen: str = "") -> Arrivals:
    """The expected list of the actor's laboratory.

    Args:
        scanned: the label that was scanned or typed.
        chosen: identifier of a container that a person picked from the list.

    A scanned label picks a container only where it fits: we printed it for that one, or it begins with the number of an
    expected batch. Of several containers of the batch the one whose place in the sampling plan the rest of the label
    names comes first, else the first by the plan. Any other label is for a person to decide on.
    """
    waiting = Q(state__in=[SampleState.EXPECTED, SampleState.MISSING])
    rows = (
        Sample.objects.filter(organisation_id=actor.organisation_id)
        .filter(waiting | Q(received_at__gte=now - RECENT) | (Q(label=scanned) & ~Q(label="")))
        .select_related("order__client", "order__request__batch")
        .order_by("order__due_at", "order__number", "pk")  # containers in the priority of the plan
    )
    found = [container_of(sample) for sample in rows]
    expected = tuple(one for one in found if one.state in (SampleState.EXPECTED, SampleState.MISSING))
    arrived = tuple(one for one in found if one.state not in (SampleState.EXPECTED, SampleState.MISSING))
    known = next((one for one in arrived if scanned and one.label == scanned), None)
    fitting = _fitting(expected, scanned)
    return Arrivals(
        expected=expected,
        arrived=tuple(sorted(arrived, key=lambda one: one.received_at or now, reverse=True)),
        scanned=scanned,
        chosen=None if known else _pick(expected, fitting, chosen),
        known=known,
        fitting=fitting,
    )


def _pick(expected: tuple[Container, ...], fitting: tuple[Container, ...], chosen: str) -> Container | None:
    if chosen:
        return next((one for one in expected if str(one.id) == chosen), None)
    return fitting[0] if fitting else None


def _fitting(expected: tuple[Container, ...], scanned: str) -> tuple[Container, ...]:
    """The open containers that a label can be on: of the longest batch number that it begins with, likeliest first."""
    label = scanned.casefold()
    open_ones = [one for one in expected if one.state == SampleState.EXPECTED and label]
    if printed := [one for one in open_ones if foreseen_label(one.order, one.aliquot).casefold() == label]:
        return tuple(printed)
    named = [one for one in open_ones if _begins(label, one.batch.casefold())]
    longest = max((len(one.batch) for one in named), default=0)
    named = [one for one in named if len(one.batch) == longest]
    rest = label[longest:].strip("._/-")
    return tuple(sorted(named, key=lambda one: one.aliquot.casefold() != rest))


def _begins(label: str, batch: str) -> bool:
    """Whether a label begins with a batch number, and not merely with the first digits of a longer one."""
    return bool(batch) and label.startswith(batch) and not label[len(batch) : len(batch) + 1].isalnum()


def foreseen_label(order: str, aliquot: str) -> str:
    """What we print on a container that has no label yet: one of its kind in the laboratory.

    >>> foreseen_label("O-2026-0004", "flow")
    'O-2026-0004.flow'
    """
    return f"{order}.{aliquot}"


def container_of(sample: Sample) -> Container:
    return Container(
        id=sample.pk,
        order=sample.order.number,
        client=sample.order.client.name,
        batch=sample.order.request.batch.number,
        aliquot=sample.aliquot,
        material=sample.title,
        minimum_ul=_text(sample.minimum_ul),
        state=sample.state,
        state_words=str(SampleState(sample.state).label),
        label=sample.label,
        volume_ul=_text(sample.volume_ul),
        temperature_c=_text(sample.temperature_c),
        condition=sample.condition,
        hold_reason=said(sample.hold_reason),
        received_at=sample.received_at,
        due_at=sample.order.due_at,
    )


def _text(value: Decimal | None) -> str | None:
    """A stored decimal without the zeros that the column pads it with.

    >>> _text(Decimal("500.000")), _text(Decimal("18.50"))
    ('500', '18.5')
    """
    return None if value is None else f"{value.normalize():f}"
