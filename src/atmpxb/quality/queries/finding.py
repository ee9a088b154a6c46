"""Scan or find: one field over labels and numbers, own and shared."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from atmpxb.quality.models import Batch, Certificate, Order, Request, Run, Sample
from atmpxb.quality.queries.arrivals import foreseen_label
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role

MOST = 20
_LABORATORY = (Role.ANALYST, Role.REVIEWER, Role.QP)


@dataclass(frozen=True, slots=True)
class Hit:
    """A record whose label or number was found; ``view`` names its page, ``argument`` what that takes."""

    kind: str
    title: str
    note: str
    view: str
    argument: str
    id: UUID
    exact: bool


def find(actor: Actor, text: str) -> tuple[Hit, ...]:
    """What carries this label or number, exact ones first; then what begins with it."""
    text = " ".join(text.split())[:80]
    if len(text) < 2:
        return ()
    hits = [*_batches(text), *_requests(text), *_certificates(text)]
    if actor.holds(*_LABORATORY):
        hits += [*_samples(actor, text), *_runs(actor, text), *_orders(actor, text)]
    return tuple(sorted(hits, key=lambda hit: (not hit.exact, hit.kind, hit.title)))


def _matching[M: Model](rows: QuerySet[M], name: str, text: str) -> list[M]:
    return list(rows.filter(Q(**{f"{name}__iexact": text}) | Q(**{f"{name}__istartswith": text}))[:MOST])


def _same(found: str, text: str) -> bool:
    return found.casefold() == text.casefold()


def _batches(text: str) -> list[Hit]:
    found = _matching(Batch.objects.select_related("product"), "number", text)
    return [
        Hit(_("Batch"), one.number, one.product.name, "batch", "batch", one.pk, _same(one.number, text))
        for one in found
    ]


def _requests(text: str) -> list[Hit]:
    found = _matching(Request.objects.select_related("batch"), "number", text)
    return [
        Hit(
            _("Request"),
            one.number,
            one.batch.number,
            "request",
            "request_id",
            one.pk,
            _same(one.number, text),
        )
        for one in found
    ]


def _certificates(text: str) -> list[Hit]:
    """The newest version of each number that fits; ``C-2026-0001 v1`` finds that version."""
    number, _space, version = text.rpartition(" v")
    rows = Certificate.objects.select_related("order__request__batch").defer("record").order_by("number", "-version")
    if number and version.isascii() and version.isdigit() and len(version) < 6:
        found = list(rows.filter(number__iexact=number, version=int(version))[:MOST])
    else:
        found = list({one.number: one for one in reversed(_matching(rows, "number", text))}.values())
    return [
        Hit(
            _("Certificate"), str(one), one.order.request.batch.number, "certificate", "certificate", one.pk,
            _same(one.number, text) or _same(str(one), text),
        )
        for one in found
    ]  # fmt: skip


def _samples(actor: Actor, text: str) -> list[Hit]:
    """By label, and by what we printed for a container before it had one of its own."""
    rows = Sample.objects.filter(organisation_id=actor.organisation_id).select_related("order__request__batch")
    order, _dot, aliquot = text.partition(".")
    foreseen = list(rows.filter(order__number__iexact=order, aliquot__iexact=aliquot)) if aliquot else []
    labelled = [one for one in _matching(rows, "label", text) if one not in foreseen]
    return [
        Hit(
            _("Sample"),
            one.label or foreseen_label(one.order.number, one.aliquot),
            one.order.request.batch.number,
            "sample",
            "sample",
            one.pk,
            one in foreseen or _same(one.label, text),
        )
        for one in (*foreseen, *labelled)
    ]


def _runs(actor: Actor, text: str) -> list[Hit]:
    rows = Run.objects.filter(organisation_id=actor.organisation_id).select_related("method__document")
    return [
        Hit(_("Run"), one.number, str(one.method), "run", "run", one.pk, _same(one.number, text))
        for one in _matching(rows, "number", text)
    ]


def _orders(actor: Actor, text: str) -> list[Hit]:
    rows = Order.objects.filter(organisation_id=actor.organisation_id).select_related("request__batch")
    return [
        Hit(
            _("Order"),
            one.number,
            one.request.batch.number,
            "release",
            "order",
            one.pk,
            _same(one.number, text),
        )
        for one in _matching(rows, "number", text)
    ]
