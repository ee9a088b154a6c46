"""Certificates as laboratory and client read them: everything shown comes from the approved record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from atmpxb.quality.actions import certificates as actions
from atmpxb.quality.certificate import record as records
from atmpxb.quality.models import Certificate, Order, Run, Test
from atmpxb.quality.queries.batches import PAGE
from atmpxb.quality.queries.documents import line_of
from atmpxb.quality.queries.ordering import ordered
from atmpxb.quality.queries.progress import Counts
from atmpxb.quality.states import CertificateState
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role


@dataclass(frozen=True, slots=True)
class CertificatePage:
    """A certificate, its record read, and the versions around it."""

    certificate: Certificate
    record: records.Certificate
    versions: tuple[Certificate, ...]
    own: bool
    may_reissue: bool
    may_withdraw: bool

    @property
    def issued(self) -> bool:
        """Whether the sealed document exists."""
        return bool(self.certificate.pdf_sha256)

    @property
    def file_name(self) -> str:
        """What the document is called when it is saved."""
        return f"{self.certificate.number}-v{self.certificate.version}.pdf"

    @property
    def signatories(self) -> tuple[tuple[records.SignatureRecord, tuple[str, ...]], ...]:
        """Who signed what, each once, with the runs that were signed."""
        groups: dict[tuple[str, str], list[records.SignatureRecord]] = {}
        for one in self.record.signatures:
            groups.setdefault((one.name, one.meaning["en"]), []).append(one)
        return tuple((some[-1], tuple(one.about for one in some if one.about)) for some in groups.values())

    @property
    def successor(self) -> Certificate | None:
        """The version that replaced this one."""
        return next((one for one in self.versions if one.replaces_id == self.certificate.pk), None)


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """An order on its way to a certificate."""

    order: Order
    counts: Counts
    latest: Certificate | None

    @property
    def ready(self) -> bool:
        """Whether a final certificate can be approved."""
        return self.counts.complete


@dataclass(frozen=True, slots=True)
class Releases:
    """What a Qualified Person can approve, by the time it is due."""

    ready: tuple[ReleaseLine, ...]
    partly: tuple[ReleaseLine, ...]
    waiting: tuple[ReleaseLine, ...]


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """An order with the tests that would stand on a certificate and those that are pending."""

    order: Order
    done: tuple[Test, ...]
    pending: tuple[Test, ...]
    earlier: Certificate | None

    @property
    def reviewed_runs(self) -> tuple[Run, ...]:
        """Runs that can still go back to the bench: reviewed, and on no certificate that stands."""
        if self.earlier and self.earlier.state in (CertificateState.APPROVED, CertificateState.ISSUED):
            return ()
        return tuple({one.run.pk: one.run for one in self.done if one.run}.values())

    @property
    def pending_lines(self) -> tuple[tuple[Mapping[str, str], Test], ...]:
        """Each pending test under the title of its line."""
        return tuple((line_of(self.order.request.specification, one.line).title, one) for one in self.pending)


#: By what the list can be sorted: key of the address → columns.
ORDERS: dict[str, tuple[str, ...]] = {
    "certificate": ("number", "version"),
    "kind": ("kind", "approved_at"),
    "batch": ("order__request__batch__number", "approved_at"),
    "approved": ("approved_at", "version"),
    "state": ("state", "approved_at"),
}


def all_certificates(actor: Actor, sort: str = "-approved") -> QuerySet[Certificate]:
    """Own and received certificates; a client's list begins when they are issued."""
    return (
        Certificate.objects.select_related("order__client", "order__request__batch__product", "organisation")
        .defer("record")
        .order_by(*ordered(ORDERS, sort))
    )


def certificates(actor: Actor, number: int, sort: str = "-approved") -> Page[Certificate]:
    """A page of them."""
    return Paginator(all_certificates(actor, sort), PAGE).get_page(number)


def certificate(actor: Actor, certificate_id: UUID) -> CertificatePage:
    """One certificate.

    Raises:
        Certificate.DoesNotExist: there is none that the actor may see.
    """
    found = Certificate.objects.select_related("order__client", "order__request__batch__product", "organisation").get(
        pk=certificate_id
    )
    versions = tuple(Certificate.objects.filter(order=found.order_id).defer("record").order_by("-version"))
    own = found.organisation_id == actor.organisation_id
    may_sign = own and actor.holds(Role.QP)
    return CertificatePage(
        found,
        records.parse(found.record.encode()),
        versions,
        own,
        may_sign and versions[0].pk == found.pk and found.state in actions.REPLACEABLE,
        may_sign and found.state == CertificateState.ISSUED,
    )


def releases(actor: Actor, now: datetime) -> Releases:
    """Orders of the actor's laboratory without a final certificate, by what can be done with them."""
    orders = list(
        Order.objects.filter(organisation_id=actor.organisation_id)
        .exclude(certificates__in=_final(actor))
        .select_related("client", "request__batch__product")
        .order_by("due_at")[:200]
    )
    interim = {
        one.order_id: one for one in Certificate.objects.filter(order__in=orders).defer("record").order_by("version")
    }
    lines = [ReleaseLine(order, Counts.of(order.progress), interim.get(order.pk)) for order in orders]
    return Releases(
        tuple(line for line in lines if line.ready),
        tuple(line for line in lines if not line.ready and line.counts.tests_done),
        tuple(line for line in lines if not line.ready and not line.counts.tests_done),
    )


def _final(actor: Actor) -> QuerySet[Certificate]:
    return Certificate.objects.filter(
        Q(state=CertificateState.APPROVED) | Q(state=CertificateState.ISSUED),
        organisation_id=actor.organisation_id,
        kind=Certificate.Kind.FINAL,
    )


def release(actor: Actor, order_id: UUID) -> ReleasePage:
    """One order of the actor's laboratory.

    Raises:
        Order.DoesNotExist: it is not there, or another laboratory's.
    """
    order = Order.objects.select_related(
        "organisation", "client", "request__batch__product", "request__specification__document"
    ).get(pk=order_id, organisation_id=actor.organisation_id)
    done, pending = actions.approvable(order)
    earlier = order.certificates.defer("record").order_by("-version").first()
    return ReleasePage(order, tuple(done), tuple(pending), earlier)
