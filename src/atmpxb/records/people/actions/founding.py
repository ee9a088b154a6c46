"""Organisations and their sites."""

import re
from collections.abc import Sequence

from django.utils import timezone

from atmpxb.records.identifiers import new_id
from atmpxb.records.ledger.writing import action, change, create, record, recording
from atmpxb.records.people.actions.accounts import demand_new_address, demand_strong, open_account
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Membership, Organisation, Role, Site
from atmpxb.records.people.places import countries, zones
from atmpxb.records.reasons import require_reason

LONGEST_NAME = 64  # characters: the name of an organisation stands in its X.509 certificate
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class CodeTaken(Exception):
    """Another organisation, or another site of the organisation, has this code."""


class UnusableCode(Exception):
    """The code can't stand in an address."""


class UnusableName(Exception):
    """The name is empty, or too long for a certificate."""


class UnknownCountry(Exception):
    """No country has this code."""


class UnknownZone(Exception):
    """No place has this clock."""


def found_organisation(
    *,
    code: str,
    name: str,
    country: str,
    zone: str,
    administrator_email: str,
    administrator_password: str,
    administrator_name: str = "",
    administrator_language: str = "",
    address: str = "",
    activities: Sequence[str] = (),
    illustrative: bool = False,
) -> tuple[Organisation, Actor]:
    """Found an organisation together with its first administrator, who is the actor of its first entry.

    Run from the command line by whoever installs the platform, not from a page; that person answers for who the
    administrator is.

    Raises:
        CodeTaken, UnusableCode, UnusableName, UnknownCountry, UnknownZone: mend what was given.
        AddressTaken: another account signs in with the address.
        WeakPassword: too easy to guess.
    """
    organisation_id, person_id, now = new_id(), new_id(), timezone.now()
    administrator = Actor(
        person_id,
        administrator_name or f"Administrator, {name}",
        organisation_id,
        frozenset({Role.ADMINISTRATOR}),
        "Administrator",
    )
    _demand_usable(code, name)
    _demand_place(country, zone)
    with recording(administrator):
        if Organisation.objects.filter(code=code).exists():
            raise CodeTaken(f"an organisation has the code {code} already: choose another code")
        demand_new_address(administrator_email)
        demand_strong(administrator_password, administrator_email, administrator.name)
        organisation = create(
            Organisation,
            id=organisation_id,
            code=code,
            name=name,
            address=address,
            country=country,
            zone=zone,
            activities=list(activities),
            illustrative=illustrative,
            founded_at=now,
        )
        person = open_account(
            person_id, administrator_email, administrator.name, administrator_password, now, administrator_language
        )
        create(
            Membership, organisation=organisation, person=person, role=Role.ADMINISTRATOR,
            function=administrator.function, valid_from=now, identity_verified_at=now,
        )  # fmt: skip
        record("organisation.founded", actor=administrator, on=organisation, country=country)
    return organisation, administrator


@action("people.ask_second_factor", roles={Role.ADMINISTRATOR})
def ask_second_factor(*, actor: Actor, asked: bool, reason: str) -> Organisation:
    """Say whether whoever signs for the organisation needs a second factor, from now on."""
    reason = require_reason(reason)
    organisation = Organisation.objects.get(pk=actor.organisation_id)
    change(organisation, second_factor_to_sign=asked)
    record("organisation.second_factor_set", actor=actor, on=organisation, reason=reason, asked=asked)
    return organisation


@action("people.open_site", roles={Role.ADMINISTRATOR})
def open_site(*, actor: Actor, code: str, name: str, address: str, country: str, zone: str) -> Site:
    """Add a place where the organisation works.

    Raises:
        CodeTaken, UnusableCode, UnusableName, UnknownCountry, UnknownZone: mend what was given.
    """
    _demand_usable(code, name)
    _demand_place(country, zone)
    if Site.objects.filter(organisation_id=actor.organisation_id, code=code).exists():
        raise CodeTaken(f"a site has the code {code} already: choose another code")
    site = create(Site, code=code, name=name, address=address, country=country, zone=zone)
    record("site.opened", actor=actor, on=site)
    return site


def _demand_usable(code: str, name: str) -> None:
    if not _CODE.fullmatch(code) or len(code) > 40:
        cure = "give at most 40 small letters and digits, with hyphens between"
        raise UnusableCode(f"the code {code!r} can't stand in an address: {cure}")
    if not name.strip() or len(name) > LONGEST_NAME:
        raise UnusableName(
            f"the name has {len(name.strip())} characters: give 1 to {LONGEST_NAME}, as they stand in a certificate"
        )


def _demand_place(country: str, zone: str) -> None:
    if country not in countries():
        raise UnknownCountry(f"no country has the code {country!r}: give two letters of ISO 3166-1, such as BE or NL")
    if zone not in zones():
        raise UnknownZone(f"no clock is called {zone!r}: give an IANA time zone, such as Europe/Brussels")
