"""What is tested, by which rules, with which instruments: products, specifications, methods, equipment."""

from datetime import datetime

from django.utils import timezone

from atmpxb.notes import Refused
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import MethodError, parse
from atmpxb.quality.limits import parse_specification
from atmpxb.quality.models import Equipment, Product
from atmpxb.records.documents.actions import draft_version
from atmpxb.records.documents.models import DocumentKind, DocumentVersion
from atmpxb.records.ledger.writing import action, create, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role


class AlreadyRegistered(Refused):
    """A record with this code or serial number is on file."""


@action("quality.register_product", roles={Role.CLIENT, Role.QP})
def register_product(
    *, actor: Actor, code: str, name: str, dosage_form: str, origin: Product.Origin, manufacturer: str
) -> Product:
    """Register a product of the actor's organisation.

    Raises:
        AlreadyRegistered: the code is taken.
    """
    if Product.objects.filter(organisation_id=actor.organisation_id, code=code).exists():
        raise AlreadyRegistered(
            "product.registered_already", "Product {code} is registered already", "Choose another code", code=code
        )
    product = create(
        Product, code=code, name=name, dosage_form=dosage_form, origin=origin, manufacturer=manufacturer,
        registered_at=timezone.now(),
    )  # fmt: skip
    record("product.registered", actor=actor, on=product)
    return product


def draft_specification(*, actor: Actor, source: bytes) -> DocumentVersion:
    """Put a specification on file as a draft, after reading it whole.

    Raises:
        SpecificationError: it can't be used; every problem is named.
    """
    read = parse_specification(source)
    return draft_version(
        actor=actor, kind=DocumentKind.SPECIFICATION, code=read.code, version=read.version, title=read.title,
        source=source,
    )  # fmt: skip


def draft_method(*, actor: Actor, source: bytes) -> DocumentVersion:
    """Put a method on file as a draft, after reading it whole and asking its assay kind.

    Raises:
        MethodError: it can't be used; every problem is named.
    """
    read = parse(source)
    if problems := registry.kind(read.kind).problems(read):
        raise MethodError(tuple(problems))
    return draft_version(
        actor=actor, kind=DocumentKind.METHOD, code=read.code, version=read.version, title=read.title, source=source
    )


@action("quality.register_equipment", roles={Role.ANALYST, Role.REVIEWER})
def register_equipment(
    *, actor: Actor, code: str, name: str, kind: str, serial: str, qualified_until: datetime | None
) -> Equipment:
    """Register an instrument, so that files that carry its serial number are accepted.

    Raises:
        AlreadyRegistered: code or serial number is taken.
    """
    mine = Equipment.objects.filter(organisation_id=actor.organisation_id)
    if mine.filter(code=code).exists() or mine.filter(serial=serial).exists():
        raise AlreadyRegistered(
            "equipment.registered_already",
            "Instrument {code} or serial number {serial} is registered already",
            "Look for it in the list, or correct the number",
            code=code,
            serial=serial,
        )
    equipment = create(
        Equipment, code=code, name=name, kind=kind, serial=serial, qualified_until=qualified_until,
        registered_at=timezone.now(),
    )  # fmt: skip
    record("equipment.registered", actor=actor, on=equipment)
    return equipment
