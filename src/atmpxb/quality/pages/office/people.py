"""The administrator's people: who may act for the organisation, as what, and since when."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from atmpxb.quality.pages.access import here, role_page
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.pages.forms import ProvenForm, ReasonForm
from atmpxb.quality.pages.office.account_forms import AdmitForm, GrantForm
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people import actions, queries
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Membership, Person, Role
from atmpxb.records.signatures.actions import locked_until, needs_code, prove_identity, reset_factor, unlock_signing


@role_page(Role.ADMINISTRATOR)
def people(request: Request, actor: Actor) -> HttpResponse:
    """Everybody who holds or held a role here."""
    return render(request, "quality/office/people.html", {"people": queries.colleagues(actor)})


@role_page(Role.ADMINISTRATOR)
def person_new(request: Request, actor: Actor) -> HttpResponse:
    """The form for one person more."""
    return render(request, "quality/office/person_new.html", {"form": AdmitForm()})


@role_page(Role.ADMINISTRATOR)
def person(request: Request, actor: Actor, person: UUID) -> HttpResponse:
    """One person: roles, identity, access."""
    found = queries.colleague(actor, person)
    context = {
        "shown": found,
        "form": GrantForm(without=[Role(one.role) for one in found.held]),
        "locked_until": locked_until(actor, person),
        "has_factor": needs_code(person),
        "asks_code": needs_code(actor.person_id),
        "turned_away": queries.turned_away(actor, person),
        "own": person == actor.person_id,
    }
    return render(request, "quality/office/person.html", context)


@deed
def admit(request: Request, actor: Actor) -> str | HttpResponse:
    """Let somebody act for the organisation."""
    form = cleaned(AdmitForm(request.POST)).cleaned_data
    admission = actions.admit_person(actor=actor, **form)
    if admission.one_time_password is None:
        return f"{_back(request, admission.person.pk)}?account=kept"
    return _shown_once(request, actor, admission.person, admission.one_time_password)


@deed
def grant(request: Request, actor: Actor, person: UUID) -> str:
    """Give one role more."""
    form = cleaned(GrantForm(request.POST)).cleaned_data
    actions.grant_role(actor=actor, person=_person(actor, person), role=form["role"], function=form["function"])
    return _back(request, person)


@deed
def end(request: Request, actor: Actor, person: UUID, membership: UUID) -> str:
    """End one role."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    with acting_for(actor.organisation_id, actor.person_id):
        found = get_object_or_404(Membership, pk=membership, person_id=person, organisation_id=actor.organisation_id)
    actions.end_role(actor=actor, membership=found, reason=reason)
    if actor.person_id == person:
        return "/"  # it may have been the role that opens these pages
    return _back(request, person)


@deed
def verify(request: Request, actor: Actor, person: UUID) -> str:
    """Confirm who somebody is."""
    actions.verify_identity(actor=actor, person=_person(actor, person))
    return _back(request, person)


@deed
def close(request: Request, actor: Actor, person: UUID) -> str:
    """End every role of a person here."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    actions.end_access(actor=actor, person=_person(actor, person), reason=reason)
    if actor.person_id == person:
        return "/"
    return _back(request, person)


@deed
def reopen(request: Request, actor: Actor, person: UUID) -> str:
    """Give back the roles that ended last."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    actions.reopen_access(actor=actor, person=_person(actor, person), reason=reason)
    return _back(request, person)


@deed
def reset(request: Request, actor: Actor, person: UUID) -> HttpResponse:
    """Replace a forgotten password."""
    found = _person(actor, person)
    return _shown_once(request, actor, found, actions.reset_password(actor=actor, person=found))


@deed
def reset_second_factor(request: Request, actor: Actor, person: UUID) -> str:
    """Take a lost second factor off an account."""
    form = cleaned(ProvenForm(request.POST)).cleaned_data
    found = _person(actor, person)
    proof = prove_identity(actor=actor, password=form["password"], code=form["code"])
    reset_factor(actor=actor, person=found, proof=proof, reason=form["reason"])
    return _back(request, person)


@deed
def unlock(request: Request, actor: Actor, person: UUID) -> str:
    """Let a person sign again."""
    unlock_signing(actor=actor, person=_person(actor, person))
    return _back(request, person)


def _person(actor: Actor, person: UUID) -> Person:
    """Somebody of this organisation; anybody else does not exist here."""
    with acting_for(actor.organisation_id, actor.person_id):
        try:
            return queries.colleague(actor, person).person
        except Person.DoesNotExist:
            raise Http404 from None


def _back(request: Request, person: UUID) -> str:
    return reverse("quality:person", kwargs={"organisation": here(request), "person": person})


def _shown_once(request: Request, actor: Actor, person: Person, password: str) -> HttpResponse:
    """The answer that carries a one-time password: no address leads to it, no cache keeps it."""
    fragment = request.headers.get("HX-Request") == "true"
    template = "quality/office/one_time_password.html" if fragment else "quality/office/one_time_password_page.html"
    context = {"person": person, "password": password, "recorded": actor.receipts[-1]}
    response = render(request, template, context)
    response["Cache-Control"] = "no-store, private"
    if fragment:  # in place of the form and of what was refused before
        response["HX-Retarget"], response["HX-Reswap"] = "#main", "innerHTML"
    return response
