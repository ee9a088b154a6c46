"""What stands on a container: enough to keep it apart, store it and find it again; of a patient nothing."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from atmpxb.quality.limits.sampling import Aliquot, SamplingPlan
from atmpxb.quality.models import Product, Request, Sample
from atmpxb.quality.queries.arrivals import arrivals, foreseen_label
from atmpxb.quality.queries.documents import specification_of
from atmpxb.quality.queries.progress import order_of
from atmpxb.quality.symbols import Symbol, data_matrix
from atmpxb.records.people.actor import Actor


@dataclass(frozen=True, slots=True)
class Label:
    """One label. ``key`` names its container in a form; ``text`` is what its code says, letter for letter."""

    key: str
    text: str
    product: str
    batch: str
    material: dict[str, str]
    coldest_c: str | None
    warmest_c: str | None
    until: datetime | None  # known once it has arrived
    hold_hours: str | None
    biosafety_class: str
    gmo_class: str
    organisation: str
    own: bool  # the container carries it already

    @property
    def symbol(self) -> Symbol:
        return data_matrix(self.text)


def of_arrivals(actor: Actor, now: datetime) -> tuple[Label, ...]:
    """The containers that the laboratory expects, then those that have just arrived."""
    found = arrivals(actor, now)
    return of_samples(actor, [one.id for one in (*found.expected, *found.arrived)])


def of_samples(actor: Actor, wanted: Collection[UUID]) -> tuple[Label, ...]:
    """Samples of the actor's laboratory, in the order in which they are wanted; others are left out."""
    rows = Sample.objects.filter(organisation_id=actor.organisation_id, pk__in=wanted).select_related(
        "order__request__batch__product", "order__request__specification", "organisation"
    )
    known = {row.pk: row for row in rows}
    return tuple(_of_sample(known[one]) for one in wanted if one in known)


def of_request(actor: Actor, request_id: UUID) -> tuple[Label, ...]:
    """The containers that a request asks for; none until the laboratory has accepted it.

    The laboratory sees its samples. The client labels what it sends by the sampling plan of its specification.

    Raises:
        Request.DoesNotExist: there is none that the actor may see.
    """
    request = Request.objects.select_related(
        "batch__product", "specification", "laboratory", "order"
    ).get(pk=request_id)  # fmt: skip
    order, plan = order_of(request), specification_of(request.specification).sampling
    if order is None or plan is None:
        return ()
    if order.organisation_id == actor.organisation_id:
        return of_samples(actor, list(order.samples.order_by("pk").values_list("pk", flat=True)))
    return tuple(
        _label(
            key=aliquot.code, text=foreseen_label(order.number, aliquot.code), own=False, until=None,
            product=request.batch.product, batch=request.batch.number, aliquot=aliquot, plan=plan,
            organisation=request.laboratory.name,
        )
        for aliquot in _by_priority(plan.aliquots)
    )  # fmt: skip


def _by_priority(aliquots: Iterable[Aliquot]) -> list[Aliquot]:
    return sorted(aliquots, key=lambda one: one.priority)


def _of_sample(sample: Sample) -> Label:
    request = sample.order.request
    plan = specification_of(request.specification).sampling
    assert plan is not None, "an order is accepted with a sampling plan only"
    return _label(
        key=str(sample.pk), text=sample.label or foreseen_label(sample.order.number, sample.aliquot),
        own=bool(sample.label), until=sample.use_by, product=request.batch.product, batch=request.batch.number,
        aliquot=next(one for one in plan.aliquots if one.code == sample.aliquot), plan=plan,
        organisation=sample.organisation.name,
    )  # fmt: skip


def _label(
    *,
    key: str,
    text: str,
    own: bool,
    until: datetime | None,
    product: Product,
    batch: str,
    aliquot: Aliquot,
    plan: SamplingPlan,
    organisation: str,
) -> Label:
    return Label(
        key=key, text=text, own=own, until=until, product=str(product), batch=batch, material=dict(aliquot.title),
        coldest_c=_text(aliquot.temperature_low), warmest_c=_text(aliquot.temperature_high),
        hold_hours=_text(aliquot.hold_hours), biosafety_class=plan.biosafety_class, gmo_class=plan.gmo_class,
        organisation=organisation,
    )  # fmt: skip


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"
