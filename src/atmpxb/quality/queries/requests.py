"""What a client has asked of laboratories, and what it may choose from when it asks."""

from dataclasses import dataclass
from uuid import UUID

from django.core.paginator import Page, Paginator

from atmpxb.quality.limits import Specification, parse_specification
from atmpxb.quality.models import Batch, Certificate, Decline, Product, Request
from atmpxb.quality.queries.batches import PAGE, RequestLine, request_line
from atmpxb.quality.queries.documents import specification_of
from atmpxb.quality.queries.progress import STANDING, Invalidated, decline_of, invalidated, order_of
from atmpxb.quality.states import RequestState
from atmpxb.records.documents.models import DocumentKind, DocumentVersion, VersionState
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation


@dataclass(frozen=True, slots=True)
class RequestPage:
    """One request, its specification read, and whether it can still be taken back."""

    line: RequestLine
    specification: Specification
    withdrawable: bool
    decline: Decline | None
    invalidated: tuple[Invalidated, ...]


@dataclass(frozen=True, slots=True)
class ProductPage:
    """A product with its batches' count and the versions of its specifications."""

    product: Product
    batches: tuple[Batch, ...]
    specifications: tuple[DocumentVersion, ...]


def requests(actor: Actor, number: int) -> Page[RequestLine]:
    """Requests of the actor's organisation, newest first."""
    found = (
        Request.objects.filter(organisation_id=actor.organisation_id)
        .select_related("batch__product", "laboratory", "specification__document", "order", "decline")
        .order_by("-submitted_at")
    )
    page = Paginator(found, PAGE).get_page(number)
    shown = list(page.object_list)
    standing = _standing([request.pk for request in shown])
    page.object_list = [request_line(request, standing.get(request.pk)) for request in shown]  # type: ignore[misc]
    return page  # type: ignore[return-value]


def request(request_id: UUID) -> RequestPage:
    """One request, own or shared.

    Raises:
        Request.DoesNotExist: there is none that the actor may see.
    """
    found = Request.objects.select_related(
        "batch__product", "laboratory", "organisation", "specification__document", "order", "decline", "submitted_by"
    ).get(pk=request_id)
    order = order_of(found)
    return RequestPage(
        request_line(found, _standing([found.pk]).get(found.pk)),
        parse_specification(found.specification.source.encode()),
        found.state == RequestState.SUBMITTED and not (order or decline_of(found)),
        decline_of(found),
        invalidated(order, found.specification) if order else (),
    )


def _standing(requests_shown: list[UUID]) -> dict[UUID, Certificate]:
    return {
        certificate.order.request_id: certificate
        for certificate in Certificate.objects.filter(order__request__in=requests_shown, state__in=STANDING)
        .select_related("order")
        .defer("record")
        .order_by("version")
    }


def products(actor: Actor) -> tuple[Product, ...]:
    """The products of the actor's organisation, by code."""
    return tuple(Product.objects.filter(organisation_id=actor.organisation_id).order_by("code"))


def product(actor: Actor, product_id: UUID) -> ProductPage:
    """One product of the actor's organisation.

    Raises:
        Product.DoesNotExist: it is not there, or another's.
    """
    found = Product.objects.get(pk=product_id, organisation_id=actor.organisation_id)
    versions = [
        version
        for version in specifications(actor)
        if parse_specification(version.source.encode()).product == found.code
    ]
    return ProductPage(found, tuple(found.batches.order_by("-manufactured_at")[:20]), tuple(versions))


def specifications(actor: Actor) -> tuple[DocumentVersion, ...]:
    """Every version of every specification of the organisation, newest first within its code."""
    return tuple(
        DocumentVersion.objects.filter(organisation_id=actor.organisation_id, document__kind=DocumentKind.SPECIFICATION)
        .select_related("document", "drafted_by")
        .order_by("document__code", "-drafted_at")
    )


def specification(actor: Actor, version_id: UUID) -> DocumentVersion:
    """One version of a specification of the organisation.

    Raises:
        DocumentVersion.DoesNotExist: it is not there, or another's.
    """
    return DocumentVersion.objects.select_related("document", "drafted_by").get(
        pk=version_id, organisation_id=actor.organisation_id, document__kind=DocumentKind.SPECIFICATION
    )


def effective_specifications(actor: Actor) -> tuple[tuple[str, DocumentVersion], ...]:
    """What a request can be made against: the code of the product that it is of, and the version."""
    found = (version for version in specifications(actor) if version.state == VersionState.EFFECTIVE)
    return tuple((specification_of(version).product, version) for version in found)


def laboratories(actor: Actor) -> tuple[Organisation, ...]:
    """Organisations of the network that test, the actor's own left out."""
    return tuple(
        Organisation.objects.filter(activities__contains=["testing"]).exclude(pk=actor.organisation_id).order_by("name")
    )
