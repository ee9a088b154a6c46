"""The client's pages: products and specifications, batches, requests."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from atmpxb.quality.actions import catalogue
from atmpxb.quality.actions import requests as actions
from atmpxb.quality.limits import parse_specification
from atmpxb.quality.models import Batch, Product, Request
from atmpxb.quality.pages.access import CLIENTS, EVERYONE, here, number, role_page
from atmpxb.quality.pages.entrance import Request as Asked
from atmpxb.quality.pages.entrance import deed, looked_at
from atmpxb.quality.pages.forms import DocumentForm, ReasonForm, SignForm
from atmpxb.quality.pages.office.forms import BatchForm, ProductForm, RequestForm
from atmpxb.quality.pages.refusals import InvalidForm, cleaned
from atmpxb.quality.pages.times import moment
from atmpxb.quality.queries import batches as batch_queries
from atmpxb.quality.queries import requests as queries
from atmpxb.records.documents import actions as documents
from atmpxb.records.documents.models import DocumentKind, DocumentVersion, VersionState
from atmpxb.records.documents.states import WITHDRAWABLE
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation, Role
from atmpxb.records.signatures.actions import digest_of, needs_code, prove_identity


def _to(request: Asked, view: str, **arguments: Any) -> str:
    return reverse(f"quality:{view}", kwargs={"organisation": here(request), **arguments})


# --- batches -----------------------------------------------------------------------------------------------


@role_page(*EVERYONE)
def batches(request: Asked, actor: Actor) -> HttpResponse:
    """The batches of the organisation."""
    found = batch_queries.batches(actor, number(request))
    return render(request, "quality/office/batches.html", {"page": found, "may_register": actor.holds(*CLIENTS)})


@role_page(*EVERYONE)
def batch(request: Asked, actor: Actor, batch: UUID) -> HttpResponse:
    """One batch: where its requests stand, and its certificates."""
    found = batch_queries.batch(actor, batch)
    looked_at(request, found.line.batch)
    for certificate in found.certificates:
        looked_at(request, certificate)
    return render(
        request,
        "quality/office/batch.html",
        {"shown": found, "batch": found.line.batch, "may_request": found.line.own and actor.holds(*CLIENTS)},
    )


@role_page(*CLIENTS)
def batch_new(request: Asked, actor: Actor) -> HttpResponse:
    """The form for a batch."""
    products = queries.products(actor)
    zone = Organisation.objects.get(pk=actor.organisation_id).zone
    form = BatchForm(products=products, initial={"zone": zone, "product": request.GET.get("product", "")})
    return render(request, "quality/office/batch_new.html", {"form": form, "products": products})


@deed
def batch_register(request: Asked, actor: Actor) -> str:
    """Register a batch."""
    form = cleaned(BatchForm(request.POST)).cleaned_data
    with acting_for(actor.organisation_id, actor.person_id):
        product = get_object_or_404(Product, pk=form.pop("product"), organisation_id=actor.organisation_id)
    registered = actions.register_batch(actor=actor, product=product, **form)
    return _to(request, "batch", batch=registered.pk)


# --- products and specifications ---------------------------------------------------------------------------


@role_page(*CLIENTS)
def products(request: Asked, actor: Actor) -> HttpResponse:
    """The products of the organisation, and its specifications."""
    context = {
        "products": queries.products(actor),
        "specifications": queries.specifications(actor),
        "form": DocumentForm(),
    }
    return render(request, "quality/office/products.html", context)


@role_page(*CLIENTS)
def product(request: Asked, actor: Actor, product: UUID) -> HttpResponse:
    """One product."""
    return render(request, "quality/office/product.html", {"shown": queries.product(actor, product)})


@role_page(*CLIENTS)
def product_new(request: Asked, actor: Actor) -> HttpResponse:
    """The form for a product."""
    return render(request, "quality/office/product_new.html", {"form": ProductForm()})


@deed
def product_register(request: Asked, actor: Actor) -> str:
    """Register a product."""
    form = cleaned(ProductForm(request.POST)).cleaned_data
    registered = catalogue.register_product(actor=actor, **{**form, "origin": Product.Origin(form["origin"])})
    return _to(request, "product", product=registered.pk)


@deed
def specification_draft(request: Asked, actor: Actor) -> str:
    """Put a specification on file as a draft."""
    form = cleaned(DocumentForm(request.POST, request.FILES))
    drafted = catalogue.draft_specification(actor=actor, source=form.cleaned_data["document"])
    return _to(request, "specification", version=drafted.pk)


@role_page(*CLIENTS)
def specification(request: Asked, actor: Actor, version: UUID) -> HttpResponse:
    """One version of a specification, readable, with its approval while it is a draft."""
    found = queries.specification(actor, version)
    context = {
        "version": found,
        "specification": parse_specification(found.source.encode()),
        "draft": found.state == VersionState.DRAFT,
        "mine": found.drafted_by_id == actor.person_id,
        "may_approve": actor.holds(Role.QP, Role.REVIEWER),
        "seen": digest_of(documents.approval_content(found)),
        "seen_withdrawal": digest_of(documents.withdrawal_content(found)),
        "asks_code": needs_code(actor.person_id),
        "may_withdraw": found.state in WITHDRAWABLE
        and found.organisation_id == actor.organisation_id
        and actor.holds(Role.QP, Role.REVIEWER),
    }
    return render(request, "quality/office/specification.html", context)


@deed
def specification_approve(request: Asked, actor: Actor, version: UUID) -> str:
    """Sign a specification into effect."""
    form = cleaned(SignForm(request.POST)).cleaned_data
    with acting_for(actor.organisation_id, actor.person_id):
        drafted = get_object_or_404(
            DocumentVersion.objects.select_related("document"),
            pk=version,
            organisation_id=actor.organisation_id,
            document__kind=DocumentKind.SPECIFICATION,
        )
    proof = prove_identity(actor=actor, password=form["password"], code=form["code"])
    documents.make_effective(actor=actor, version=drafted, proof=proof, seen=form["seen"])
    return _to(request, "specification", version=version)


# --- requests ----------------------------------------------------------------------------------------------


@role_page(*CLIENTS)
def requests(request: Asked, actor: Actor) -> HttpResponse:
    """The requests of the organisation."""
    return render(request, "quality/office/requests.html", {"page": queries.requests(actor, number(request))})


@role_page(*CLIENTS, asked_by_form=True)
def request_new(request: Asked, actor: Actor) -> HttpResponse:
    """First the choice, then, before anything is sent, what will be shared and with whom."""
    offered: dict[str, Any] = {
        "batches": [line.batch for line in batch_queries.batches(actor, 1).object_list],
        "laboratories": queries.laboratories(actor),
        "specifications": queries.effective_specifications(actor),
    }
    chosen = None
    if request.method == "POST":
        form = RequestForm(request.POST, **offered)
        chosen = _chosen(actor, form) if form.is_valid() else None
    else:
        form = RequestForm(initial={"batch": request.GET.get("batch", "")}, **offered)
    context = {"form": form, **offered, "chosen": chosen}
    return render(request, "quality/office/request_new.html", context)


def _chosen(actor: Actor, form: RequestForm) -> dict[str, Any] | None:
    """The rows that a form names; None, with the form's error, when the time does not exist."""
    given = form.cleaned_data
    batch = get_object_or_404(
        Batch.objects.select_related("product"), pk=given["batch"], organisation_id=actor.organisation_id
    )
    specification = get_object_or_404(
        DocumentVersion.objects.select_related("document"),
        pk=given["specification"],
        organisation_id=actor.organisation_id,
    )
    try:
        needed_by = moment(given["needed_by"], batch.zone)
    except forms.ValidationError as error:
        form.add_error("needed_by", error)
        return None
    return {
        "batch": batch,
        "laboratory": get_object_or_404(Organisation, pk=given["laboratory"]),
        "specification": specification,
        "needed_by": needed_by,
        "note": given["note"],
    }


@deed
def request_submit(request: Asked, actor: Actor) -> str:
    """Send a request."""
    form = cleaned(RequestForm(request.POST))
    with acting_for(actor.organisation_id, actor.person_id):
        chosen = _chosen(actor, form)
    if chosen is None:
        raise InvalidForm(form)
    submitted = actions.submit_request(actor=actor, **chosen)
    return _to(request, "request", request_id=submitted.pk)


@role_page(*EVERYONE)
def request_page(request: Asked, actor: Actor, request_id: UUID) -> HttpResponse:
    """One request: its stages, what it asks, what it shares, and its withdrawal."""
    found = queries.request(request_id)
    looked_at(request, found.line.request)
    own = found.line.request.organisation_id == actor.organisation_id
    context = {
        "shown": found,
        "asked": found.line.request,
        "own": own,
        "may_withdraw": own and found.withdrawable and actor.holds(*CLIENTS),
        "form": ReasonForm(),
    }
    return render(request, "quality/office/request.html", context)


@deed
def request_withdraw(request: Asked, actor: Actor, request_id: UUID) -> str:
    """Take a request back."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    with acting_for(actor.organisation_id, actor.person_id):
        found = get_object_or_404(
            Request.objects.select_related("order"), pk=request_id, organisation_id=actor.organisation_id
        )
    actions.withdraw_request(actor=actor, request=found, reason=reason)
    return _to(request, "request", request_id=request_id)
