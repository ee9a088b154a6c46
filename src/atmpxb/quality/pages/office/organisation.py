"""The administrator's organisation: what others read of it, where it works, and the keys that it signs with."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from atmpxb.quality.pages.access import here, role_page
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.pages.forms import ReasonForm
from atmpxb.quality.pages.office import public
from atmpxb.quality.pages.office.account_forms import RotateForm, SiteForm, country_name
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.records.people import actions
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation, Role, Site
from atmpxb.records.signatures.actions import (
    needs_code,
    prove_identity,
    publish_keys,
    rotate_keys,
    signing_client,
    unpublished,
)
from atmpxb.records.signatures.models import SigningKey
from atmpxb.records.signatures.signing import NoKeys, SigningError


@dataclass(frozen=True, slots=True)
class Key:
    """A published key, the time in which it signed, and the digest to compare with a partner's."""

    key: SigningKey
    until: datetime | None
    fingerprint: str


@role_page(Role.ADMINISTRATOR)
def organisation(request: Request, actor: Actor) -> HttpResponse:
    """Facts, sites and keys."""
    found = Organisation.objects.get(pk=actor.organisation_id)
    sites = Site.objects.filter(organisation_id=actor.organisation_id)
    keys = _keys(actor)
    current = next((one.key for one in keys if one.key.use == "ledger" and one.until is None), None)
    context = {
        "organisation": found,
        "country": country_name(found.country),
        "sites": [(site, country_name(site.country)) for site in sites],
        "form": SiteForm(initial={"country": found.country, "zone": found.zone}),
        "keys": keys,
        "current": current,
        "lacking": _lacking(actor),
        "asks_code": needs_code(actor.person_id),
    }
    return render(request, "quality/office/organisation.html", context)


@deed
def open_site(request: Request, actor: Actor) -> str:
    """Add a place where the organisation works."""
    actions.open_site(actor=actor, **cleaned(SiteForm(request.POST)).cleaned_data)
    return _back(request, "sites")


@deed
def second_factor(request: Request, actor: Actor) -> str:
    """Ask for a second factor of whoever signs, or ask no longer."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    actions.ask_second_factor(actor=actor, asked=request.POST.get("asked") == "yes", reason=reason)
    return _back(request, "signing")


@deed
def publish(request: Request, actor: Actor) -> str:
    """Publish keys that the signing process holds and the trust list does not name."""
    publish_keys(actor=actor)
    public.forget_trust_list()
    return _back(request, "keys")


@deed
def rotate(request: Request, actor: Actor) -> str:
    """Renew the keys."""
    form = cleaned(RotateForm(request.POST)).cleaned_data
    proof = prove_identity(actor=actor, password=form["password"], code=form["code"])
    try:
        rotate_keys(actor=actor, proof=proof, ending=form["seen"], reason=form["reason"])
    finally:
        public.forget_trust_list()
    return _back(request, "keys")


def _keys(actor: Actor) -> list[Key]:
    """The newest first; each signed until the next one of its use was made."""
    until: dict[str, datetime] = {}
    found = []
    for key in SigningKey.objects.filter(organisation_id=actor.organisation_id).order_by("-since", "use"):
        found.append(Key(key, until.get(key.use), sha256(bytes.fromhex(key.public)).hexdigest()))
        until[key.use] = key.since
    return found


def _lacking(actor: Actor) -> str:
    """What keeps the organisation from signing: a ``silent`` process, ``absent`` keys, or ``unpublished`` ones."""
    try:
        return "unpublished" if unpublished(signing_client().identity(actor.organisation_id)) else ""
    except NoKeys:
        return "absent"
    except SigningError:
        return "silent"


def _back(request: Request, place: str) -> str:
    return f"{reverse('quality:organisation', kwargs={'organisation': here(request)})}#{place}"
