"""What is done to a version of a document in the same way, whatever kind of document it is."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from django.urls import reverse

from atmpxb.quality.pages.access import here
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.pages.forms import ReasonForm, SignForm
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.records.documents import actions
from atmpxb.records.documents.models import DocumentVersion
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.signatures.actions import prove_identity


@deed
def withdraw(request: Request, actor: Actor, version: UUID) -> str:
    """Sign a version of a method or a specification out of use."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    form = cleaned(SignForm(request.POST)).cleaned_data
    with acting_for(actor.organisation_id, actor.person_id):
        found = get_object_or_404(
            DocumentVersion.objects.select_related("document"), pk=version, organisation_id=actor.organisation_id
        )
    proof = prove_identity(actor=actor, password=form["password"], code=form["code"])
    actions.withdraw_version(actor=actor, version=found, reason=reason, proof=proof, seen=form["seen"])
    return reverse(f"quality:{found.document.kind}", kwargs={"organisation": here(request), "version": version})
