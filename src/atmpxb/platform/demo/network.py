"""The organisations of the demo and their accounts. Illustrative: nobody of these organisations entered this data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from atmpxb.records.people import actions as people
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation, Person, Role
from atmpxb.records.people.queries import actor_for
from atmpxb.records.signatures.actions import publish_keys

ILLUSTRATIVE_ADDRESS = "Illustrative address"


@dataclass(frozen=True, slots=True)
class Partner:
    """An organisation of the demo. ``accounts``: local part of the address → (role, name, function).

    Names are plainly invented, one letter a person, so that a signature says who and as what, and nobody is meant.
    """

    code: str
    name: str
    country: str
    activities: tuple[str, ...]
    accounts: Mapping[str, tuple[Role, str, str]] = field(default_factory=dict)

    @property
    def zone(self) -> str:
        return "Europe/Brussels" if self.country == "BE" else "Europe/Amsterdam"


LABORATORY = {
    "analyst": (Role.ANALYST, "Demo person A", "Analyst"),
    "analyst2": (Role.ANALYST, "Demo person B", "Analyst"),
    "reviewer": (Role.REVIEWER, "Demo person C", "Reviewer, quality control"),
    "qp": (Role.QP, "Demo person D", "Head of quality control"),
}
COMPANY = {
    "client": (Role.CLIENT, "Demo person E", "Product development"),
    "qp": (Role.QP, "Demo person F", "Qualified Person"),
}

PARTNERS = (
    Partner("biovia", "Biovia", "BE", ("network",)),
    Partner("pom-antwerp", "POM Antwerp", "BE", ("vouchers",)),
    Partner("atlas", "at.las", "BE", ("development", "testing")),
    Partner("anicells", "anicells", "BE", ("development",), COMPANY),
    Partner("idevax", "Idevax", "BE", ("devices",)),
    Partner("kdg", "KdG University of Applied Sciences", "BE", ("training",)),
    Partner("anabiotec", "Anabiotec", "BE", ("testing",)),
    Partner("ghent-university-hospital", "Ghent University Hospital", "BE", ("clinic", "testing")),
    Partner("sure", "Sure Laboratories", "NL", ("testing",), LABORATORY),
    Partner("quality-by-design", "Quality by Design", "BE", ("quality",)),
    Partner("regmed-xb", "RegMed XB", "NL", ("research",)),
    Partner("sbmc", "SBMC", "NL", ("biomaterials",)),
)


def name_of(code: str) -> str:
    """What an organisation of the demo is called."""
    return next(partner.name for partner in PARTNERS if partner.code == code)


def address(account: str, organisation: str) -> str:
    """The sign-in name of a demo account; ``.example`` addresses reach nobody."""
    return f"{account}@{organisation}.example"


def found(password: str) -> dict[str, Organisation]:
    """Found every organisation that is not there yet, with its accounts and, where it signs, its keys."""
    present = {organisation.code: organisation for organisation in Organisation.objects.all()}
    for partner in PARTNERS:
        if partner.code in present:
            continue
        organisation, administrator = people.found_organisation(
            code=partner.code, name=partner.name, country=partner.country, zone=partner.zone,
            administrator_email=address("administrator", partner.code), administrator_password=password,
            address=ILLUSTRATIVE_ADDRESS, activities=partner.activities, illustrative=True,
        )  # fmt: skip
        present[partner.code] = organisation
        for account, (role, name, function) in partner.accounts.items():
            people.register_person(
                actor=administrator, email=address(account, partner.code), name=name,
                password=password, roles=[role], function=function, identity_verified=True,
            )  # fmt: skip
        if partner.accounts:
            publish_keys(actor=administrator)
    return present


def actor(account: str, organisation: str) -> Actor:
    """A demo account as an actor."""
    found_actor = actor_for(Person.objects.get(email=address(account, organisation)), organisation)
    if found_actor is None:
        raise LookupError(f"{account} holds no role at {organisation}")
    return found_actor
