"""A run at the bench: opened for tests of one method."""

from collections.abc import Sequence

from django.utils import timezone

from atmpxb.notes import Refused
from atmpxb.quality.actions.numbers import next_number
from atmpxb.quality.actions.progress import refresh
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.method import parse
from atmpxb.quality.models import Run, Test
from atmpxb.quality.states import SampleState, move
from atmpxb.records.documents.models import VersionState
from atmpxb.records.ledger.writing import action, create, record
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation, Role


class TestsDiffer(Refused):
    """The tests of a run share one method version, which is in effect."""


class NoPartner(Refused):
    """A report is transcribed, and nobody says whose."""


class SampleNotAvailable(Refused):
    """A sample has not been received, is on hold, or is past the time for which it holds."""


class PartnerUnclear(Refused):
    """Who does the work in place of this laboratory is not said in one clear way."""


@action("quality.open_run", roles={Role.ANALYST})
def open_run(
    *,
    actor: Actor,
    tests: Sequence[Test],
    performed_by: Organisation | None = None,
    performed_by_name: str = "",
    performed_by_address: str = "",
) -> Run:
    """Start a run of one method for some waiting tests.

    Args:
        performed_by: the laboratory that does the work, when a partner of the network does.
        performed_by_name: that laboratory, with its address, where it is none of the network.

    Raises:
        PartnerUnclear: both are given, an address is missing, or it is the laboratory itself.
        TestsDiffer: several methods, or one that is no longer effective.
        SampleNotAvailable: material is missing, on hold or too old.
        NoPartner: the method takes over another laboratory's report, and none is named.
    """
    performed_by_name, performed_by_address = performed_by_name.strip(), performed_by_address.strip()
    _demand_clear_partner(actor, performed_by, performed_by_name, performed_by_address)
    methods = {test.method for test in tests}
    if len(methods) != 1:
        raise TestsDiffer("run.several_methods", "A run follows one method version", "Choose tests of one method")
    (method,) = methods
    kind = parse(method.source.encode()).kind
    if registry.kind(kind).source == "report" and not (performed_by or performed_by_name):
        raise NoPartner(
            "run.no_partner",
            "Another laboratory did these tests",
            "Choose the partner, or write its name and address as its report does",
        )
    if method.state != VersionState.EFFECTIVE:
        raise TestsDiffer(
            "run.method_not_effective",
            "Method {method} is not in effect",
            "Order the tests again with the effective version",
            method=method,
        )
    now = timezone.now()
    for sample in {test.sample for test in tests}:
        if sample.state != SampleState.RECEIVED:
            raise SampleNotAvailable(
                "sample.not_available",
                "Sample {sample} is not received, or on hold",
                "Receive it, or have its hold lifted",
                sample=sample,
            )
        if sample.use_by and now > sample.use_by:
            raise SampleNotAvailable(
                "sample.too_old",
                "Sample {sample} held until {until}",
                "Take a new one",
                sample=sample,
                until=f"{sample.use_by:%Y-%m-%d %H:%M} UTC",
            )
    run = create(
        Run, number=next_number(Run, actor.organisation_id, "R"), method=method,
        kind=kind, opened_at=now, opened_by_id=actor.person_id,
        performed_by=performed_by, performed_by_name=performed_by_name, performed_by_address=performed_by_address,
    )  # fmt: skip
    for test in tests:
        move(test, "test.started", run=run)
    for order in {test.order for test in run.tests.select_related("order")}:
        refresh(order)
    record("run.opened", actor=actor, on=run, method=str(method), tests=[str(test.pk) for test in tests])
    return run


def _demand_clear_partner(actor: Actor, partner: Organisation | None, name: str, address: str) -> None:
    if partner and (name or address):
        raise PartnerUnclear(
            "run.two_partners", "Two laboratories are named", "Choose the partner, or write the name of another one"
        )
    if partner and partner.pk == actor.organisation_id:
        raise PartnerUnclear(
            "run.own_partner", "This is your own laboratory", "Leave it empty when nobody else does the work"
        )
    if bool(name) != bool(address):
        raise PartnerUnclear(
            "run.partner_incomplete", "A laboratory outside the network has a name and an address", "Write both"
        )
