"""Methods: what is in effect, a version as people read it, drafting and approving."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from atmpxb.quality.actions import catalogue
from atmpxb.quality.pages.access import DOCUMENTS, LABORATORY, here, role_page
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.pages.forms import DocumentForm, SignForm
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.quality.queries import methods as read
from atmpxb.records.documents import actions as documents
from atmpxb.records.documents.models import DocumentKind, DocumentVersion
from atmpxb.records.documents.states import WITHDRAWABLE
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.signatures.actions import needs_code, prove_identity


@role_page(*DOCUMENTS)
def methods(request: Request, actor: Actor) -> HttpResponse:
    """Every version on file."""
    context = {"methods": read.methods(actor), "form": DocumentForm(), "drafts": actor.holds(*LABORATORY)}
    return render(request, "quality/bench/methods.html", context)


@role_page(*DOCUMENTS)
def method(request: Request, actor: Actor, version: UUID) -> HttpResponse:
    """One version, readable."""
    found = read.method_page(actor, version)
    context = {
        "page": found,
        "approves": found.draft and actor.holds(Role.REVIEWER, Role.QP),
        "withdraws": found.row.state in WITHDRAWABLE and actor.holds(Role.REVIEWER, Role.QP),
        "laboratory": actor.holds(*LABORATORY),
        "tries": found.triable and actor.holds(*LABORATORY),
        "code_needed": needs_code(actor.person_id),
    }
    return render(request, "quality/bench/method.html", context)


@deed
def draft(request: Request, actor: Actor) -> str:
    """Put a method document on file as a draft."""
    source = cleaned(DocumentForm(request.POST, request.FILES)).cleaned_data["document"]
    drafted = catalogue.draft_method(actor=actor, source=source)
    return reverse("quality:method", args=[here(request), drafted.pk])


@deed
def approve(request: Request, actor: Actor, version: UUID) -> str:
    """Sign a draft into effect."""
    form = cleaned(SignForm(request.POST)).cleaned_data
    with acting_for(actor.organisation_id, actor.person_id):
        row = get_object_or_404(
            DocumentVersion.objects.select_related("document"),
            pk=version,
            organisation_id=actor.organisation_id,
            document__kind=DocumentKind.METHOD,
        )
    if row.drafted_by_id == actor.person_id:
        raise documents.AuthorCannotApprove
    proof = prove_identity(actor=actor, password=form["password"], code=form["code"])
    documents.make_effective(actor=actor, version=row, proof=proof, seen=form["seen"])
    return reverse("quality:method", args=[here(request), version])
