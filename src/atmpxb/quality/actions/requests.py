"""The client's side: a batch, and the request to have it tested."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from atmpxb.notes import Refused
from atmpxb.quality.actions.catalogue import AlreadyRegistered
from atmpxb.quality.actions.numbers import next_number, wait_turn
from atmpxb.quality.models import Batch, Order, Product, Request
from atmpxb.quality.states import move
from atmpxb.records.documents.models import DocumentVersion, VersionState
from atmpxb.records.ledger.writing import action, create, record
from atmpxb.records.people.actions import share
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation, Role
from atmpxb.science.personal import Holds, looks_personal


class WrongDates(Refused):
    """A batch expires after it was made, and a result is needed before it expires."""


class NoPseudonym(Refused):
    """What should be a pseudonym looks like the patient."""


class NotEffective(Refused):
    """The specification is a draft or superseded."""


class AlreadyAccepted(Refused):
    """The laboratory has accepted the request, so it is no longer withdrawn here."""


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
        WrongDates: it would expire before it was made.
        NoPseudonym: the pseudonym looks like a name, a birth date or a national number.
    """
    ZoneInfo(zone)
    if expires_at <= manufactured_at:
        raise WrongDates(
            "batch.expires_before_made", "A batch expires after it was manufactured", "Check both times"
        )
    if looks_personal(pseudonym, Holds.PERSON):
        raise NoPseudonym(
            "batch.no_pseudonym",
            "The pseudonym looks like a name, a birth date or a national number",
            "Give a code that only you can resolve",
        )
    if Batch.objects.filter(organisation_id=actor.organisation_id, number=number).exists():
        raise AlreadyRegistered(
            "batch.registered_already", "Batch {number} is registered already", "Choose another number", number=number
        )
    batch = create(
        Batch, product=product, number=number, pseudonym=pseudonym, manufactured_at=manufactured_at,
        expires_at=expires_at, zone=zone, registered_at=timezone.now(),
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
        WrongDates: the results would come after the batch has expired.
    """
    if specification.state != VersionState.EFFECTIVE:
        raise NotEffective(
            "specification.not_effective",
            "Specification {specification} is not in effect",
            "Choose the effective version",
            specification=specification,
        )
    if needed_by > batch.expires_at:
        raise WrongDates(
            "request.after_expiry", "The results are needed before the batch expires", "Choose an earlier time"
        )
    request = create(
        Request, number=next_number(Request, actor.organisation_id, "Q"), batch=batch, laboratory=laboratory,
        specification=specification, needed_by=needed_by, note=note, submitted_at=timezone.now(),
        submitted_by_id=actor.person_id,
    )  # fmt: skip
    purpose = f"testing request {request.number}"
    for row in (request, batch, batch.product, specification, specification.document):
        share(row, to=laboratory.pk, purpose=purpose)
    record("request.submitted", actor=actor, on=request, laboratory=str(laboratory.pk))
    _tell(actor, "request.arrived", request, laboratory.pk)
    return request


@action("quality.withdraw_request", roles={Role.CLIENT, Role.QP})
def withdraw_request(*, actor: Actor, request: Request, reason: str) -> Request:
    """Take a request back before the laboratory has accepted it.

    Raises:
        AlreadyAccepted: an order answers it.
    """
    wait_turn(request)
    if Order.objects.filter(request=request).exists():
        raise AlreadyAccepted(
            "request.accepted_already", "The laboratory has accepted this request", "Ask it to stop the order"
        )
    move(request, "request.withdrawn")
    record("request.withdrawn", actor=actor, on=request, reason=reason)
    _tell(actor, "request.withdrawn_by_client", request, request.laboratory_id)
    return request


def _tell(actor: Actor, event: str, request: Request, chain: UUID) -> None:
    record(event, actor=actor, on=request, chain=chain, number=request.number)
