"""Trying a draft of a method: choose files and entries, see what it makes of them."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from atmpxb.quality import engine
from atmpxb.quality.actions import trials
from atmpxb.quality.actions.trials import Tried
from atmpxb.quality.assays.pictures import in_language
from atmpxb.quality.assays.seam import Method
from atmpxb.quality.pages import uploads
from atmpxb.quality.pages.access import LABORATORY, here, role_page
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.queries import trials as read
from atmpxb.quality.queries.documents import method_of
from atmpxb.quality.saying import said, writes_commas
from atmpxb.records.documents.models import DocumentKind, DocumentVersion, VersionState
from atmpxb.records.ledger.writing import PERMISSIONS, acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.vault.store import Received


@role_page(*LABORATORY)
def prepare(request: Request, actor: Actor, version: UUID) -> HttpResponse:
    """The files to choose from, and what a person would write at the bench."""
    row = _load(actor, version)
    method = method_of(row)
    context = {
        "row": row,
        "method": method,
        "draft": row.state == VersionState.DRAFT,
        "offered": read.offered(actor, row, method),
        "formats": ", ".join(sorted({name for item in method.inputs for name in item.formats})),
    }
    return render(request, "quality/bench/trial_new.html", context)


@require_http_methods(["PUT"])
def upload(request: Request, organisation: str, version: UUID) -> HttpResponse:
    """Receive one file for trials of a draft; screened like the files of a run."""
    actor = request.actor
    with acting_for(actor.organisation_id, actor.person_id):
        row = get_object_or_404(_versions(actor), pk=version)
    if not actor.holds(*PERMISSIONS["quality.keep_trial_file"]):
        return uploads.no(403, _("Your role does not allow this"), _("Ask an analyst to try the method"))
    if row.state != VersionState.DRAFT:
        return uploads.no(409, _("This version is no draft any more"), _("Draft its next version, or open a run"))

    def keep(received: Received, name: str, stored: engine.StoredInput) -> HttpResponse:
        facts = engine.read_facts(method_of(row).kind, stored)
        problem = trials.keep_trial_file(actor=actor, version=row, received=received, name=name, facts=facts)
        if problem:
            return uploads.no(422, _("It can't be tried"), said(problem), kept=True)
        return JsonResponse({"note": _("Ready to be tried."), "sha256": received.sha256}, status=201)

    return uploads.taken(request, keep)


@deed
def attempt(request: Request, actor: Actor, version: UUID) -> str:
    """Try the draft on the chosen files."""
    with acting_for(actor.organisation_id, actor.person_id):
        row = get_object_or_404(_versions(actor), pk=version)
        method = method_of(row)
        known = {one.file.sha256: one.file for one in read.offered(actor, row, method) if not one.problem}
    chosen = [_as_said(request, known[one], method) for one in request.POST.getlist("file") if one in known]
    trials.try_method(actor=actor, version=row, files=chosen, bench=_bench(request, method))
    return reverse("quality:trial", args=[here(request), version, actor.receipts[-1].seq])


def _as_said(request: Request, file: Tried, method: Method) -> Tried:
    """A file as the form says: its role among those of the method, and the sample that it is taken to be of."""
    role = request.POST.get(f"role-{file.sha256}", file.role)
    sample = " ".join(request.POST.get(f"sample-{file.sha256}", file.sample).split())[:60]
    return Tried(file.sha256, file.name, role if role in {item.role for item in method.inputs} else "", sample)


def _bench(request: Request, method: Method) -> dict[str, str]:
    """The worksheet as the form says; what is written for each sample is the same for all of a trial."""
    written = [(entry, request.POST.get(f"entry-{entry.code}", "")) for entry in method.entries]
    return {
        entry.code: engine.entry_value(entry, text, comma=writes_commas())
        for entry, text in written
        if entry.required or text.strip()
    }


@role_page(*LABORATORY)
def trial(request: Request, actor: Actor, version: UUID, seq: int) -> HttpResponse:
    """What a draft made of some files; nothing of it is a result."""
    row = _load(actor, version)
    found = read.trial_page(actor, row, method_of(row), seq)
    return render(request, "quality/bench/trial.html", {"page": found, "row": row, "method": method_of(row)})


@role_page(*LABORATORY)
def plot(request: Request, actor: Actor, version: UUID, seq: int, position: int) -> HttpResponse:
    """The picture of a plot of a trial: it never changes, and no script or style in it runs."""
    try:
        picture = read.picture(actor, version, seq, position)
    except (FileNotFoundError, IndexError) as error:
        raise Http404 from error
    response = HttpResponse(in_language(picture, request.GET.get("language", "en")), content_type="image/svg+xml")
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


def _versions(actor: Actor) -> Any:
    return DocumentVersion.objects.filter(
        organisation_id=actor.organisation_id, document__kind=DocumentKind.METHOD
    ).select_related("document")


def _load(actor: Actor, version: UUID) -> DocumentVersion:
    found: DocumentVersion = _versions(actor).get(pk=version)
    return found
