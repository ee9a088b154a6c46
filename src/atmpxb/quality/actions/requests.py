"""The client's side: a batch, and the request to have it tested."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone

from atmpxb.notes import Refused
from atmpxb.quality.actions.catalogue import AlreadyRegistered
from atmpxb.quality.actions.codes import require_code
from atmpxb.quality.actions.numbers import next_number, wait_turn
from atmpxb.quality.limits import parse_specification
from atmpxb.quality.models import Batch, Certificate, Decline, Order, Product, Request
from atmpxb.quality.states import CertificateState, RequestState, move
from atmpxb.records.documents.models import DocumentVersion, VersionState
from atmpxb.records.ledger.writing import action, create, record
from atmpxb.records.people.actions import share
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation, Role
from atmpxb.records.reasons import require_reason
from atmpxb.science.personal import Holds, looks_personal


class WrongDates(Refused):
    """A batch expires after it was made, and a result is needed before it expires."""


class NoPseudonym(Refused):
    """A batch of an autologous product belongs to one patient, known by a pseudonym that tells nobody who it is."""


class OtherProduct(Refused):
    """The specification is of another product than the batch."""


class AlreadyAsked(Refused):
    """The same is asked of the same laboratory already."""


class NotEffective(Refused):
    """The specification is a draft or superseded."""


class AlreadyAccepted(Refused):
    """The laboratory has answered the request, so it is no longer withdrawn here."""


#: The clocks of two sites may differ by this much.
CLOCKS_DIFFER = timedelta(minutes=5)
#: The first gene therapy of a person was in 1990: an earlier batch is a mistyped year.
FIRST = datetime(1990, 1, 1, tzinfo=UTC)


@action("quality.register_batch", roles={Role.CLIENT, Role.QP})
def register_batch(
    *,
    actor: Actor,
    product: Product,
    number: str,
    manufactured_at: datetime,
    expires_at: datetime,
    zone: str,
    pseudonym: str = "",
) -> Batch:
    """Register a batch. Its times count to the minute, in the zone of the site that made it.

    Raises:
        AlreadyRegistered: the number is taken.
        WrongCode: number or pseudonym can't be printed and scanned.
        WrongDates: it would expire before it was made, or was made in the future or before such products existed.
        NoPseudonym: the product is autologous and nobody knows whose batch this is, or the pseudonym tells it.
    """
    ZoneInfo(zone)
    now = timezone.now()
    number = require_code(number)
    if expires_at <= manufactured_at:
        raise WrongDates("batch.expires_before_made", "A batch expires after it was manufactured", "Check both times")
    if manufactured_at > now + CLOCKS_DIFFER or manufactured_at < FIRST:
        raise WrongDates(
            "batch.impossible_date",
            "A batch is registered after it was made, and none was before {first}",
            "Check the time",
            first=FIRST.year,
        )
    if product.origin == Product.Origin.AUTOLOGOUS and not pseudonym.strip():
        raise NoPseudonym(
            "batch.no_pseudonym", "An autologous batch belongs to one patient", "Give the pseudonym, never a name"
        )
    if looks_personal(pseudonym, Holds.PERSON):
        raise NoPseudonym(
            "batch.telling_pseudonym",
            "The pseudonym looks like a name, a birth date or a national number",
            "Give a code that only you can resolve",
        )
    pseudonym = require_code(pseudonym) if pseudonym.strip() else ""
    if Batch.objects.filter(organisation_id=actor.organisation_id, number=number).exists():
        raise AlreadyRegistered(
            "batch.registered_already", "Batch {number} is registered already", "Choose another number", number=number
        )
    batch = create(
        Batch, product=product, number=number, pseudonym=pseudonym, manufactured_at=manufactured_at,
        expires_at=expires_at, zone=zone, registered_at=now,
    )  # fmt: skip
    record("batch.registered", actor=actor, on=batch)
    return batch


@action("quality.submit_request", roles={Role.CLIENT, Role.QP})
def submit_request(
    *,
    actor: Actor,
    batch: Batch,
    laboratory: Organisation,
    specification: DocumentVersion,
    needed_by: datetime,
    note: str = "",
) -> Request:
    """Ask a laboratory to test a batch. It may read the batch, the product and the specification from now on.

    Raises:
        NotEffective: the specification is not in effect.
        OtherProduct: it is not the specification of the batch's product.
        WrongDates: the results would come after the batch has expired, or are needed in the past.
        AlreadyAsked: the laboratory has this request, and has not answered it with a final certificate.
    """
    now = timezone.now()
    wait_turn(batch)
    if specification.state != VersionState.EFFECTIVE:
        raise NotEffective(
            "specification.not_effective",
            "Specification {specification} is not in effect",
            "Choose the effective version",
            specification=specification,
        )
    of = parse_specification(specification.source.encode()).product
    if of != batch.product.code:
        raise OtherProduct(
            "request.specification_of_other_product",
            "Specification {specification} is of product {of}",
            "Choose one of {product}, the product of the batch",
            specification=specification,
            of=of,
            product=batch.product.code,
        )
    if needed_by > batch.expires_at:
        raise WrongDates(
            "request.after_expiry", "The results are needed before the batch expires", "Choose an earlier time"
        )
    if needed_by <= now:
        raise WrongDates("request.in_the_past", "The results can't be needed in the past", "Choose a later time")
    if same := open_requests(batch).filter(laboratory=laboratory, specification=specification).first():
        raise AlreadyAsked(
            "request.asked_already",
            "Request {number} asks for this already",
            "Follow that one, or withdraw it first",
            number=same.number,
        )
    request = create(
        Request, number=next_number(Request, actor.organisation_id, "Q"), batch=batch, laboratory=laboratory,
        specification=specification, needed_by=needed_by, note=note, submitted_at=now,
        submitted_by_id=actor.person_id,
    )  # fmt: skip
    purpose = f"testing request {request.number}"
    for row in (request, batch, batch.product, specification, specification.document):
        share(row, to=laboratory.pk, purpose=purpose)
    record("request.submitted", actor=actor, on=request, laboratory=str(laboratory.pk))
    _tell(actor, "request.arrived", request, laboratory.pk)
    return request


def open_requests(batch: Batch) -> QuerySet[Request]:
    """Requests for a batch that wait for an answer: neither withdrawn nor declined nor certified."""
    certified = Certificate.objects.filter(
        order__request__batch=batch, kind=Certificate.Kind.FINAL, state=CertificateState.ISSUED
    )
    return Request.objects.filter(batch=batch, state=RequestState.SUBMITTED, decline=None).exclude(
        pk__in=certified.values("order__request")
    )


@action("quality.withdraw_request", roles={Role.CLIENT, Role.QP})
def withdraw_request(*, actor: Actor, request: Request, reason: str) -> Request:
    """Take a request back before the laboratory has accepted it.

    Raises:
        AlreadyAccepted: an order answers it, or the laboratory declined it.
    """
    reason = require_reason(reason)
    wait_turn(request)
    if Order.objects.filter(request=request).exists():
        raise AlreadyAccepted(
            "request.accepted_already", "The laboratory has accepted this request", "Ask it to stop the order"
        )
    if Decline.objects.filter(request=request).exists():
        raise AlreadyAccepted(
            "request.declined_already",
            "The laboratory has declined this request",
            "Nothing is left to withdraw: ask anew, or ask another laboratory",
        )
    move(request, "request.withdrawn")
    record("request.withdrawn", actor=actor, on=request, reason=reason)
    _tell(actor, "request.withdrawn_by_client", request, request.laboratory_id)
    return request


def _tell(actor: Actor, event: str, request: Request, chain: UUID) -> None:
    record(event, actor=actor, on=request, chain=chain, number=request.number)
