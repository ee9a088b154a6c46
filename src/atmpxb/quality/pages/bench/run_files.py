"""The raw files of a run: what each is, what happens to those set apart, and getting one out."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header

from atmpxb.quality import pictures
from atmpxb.quality.actions import raw_files as actions
from atmpxb.quality.assays import registry
from atmpxb.quality.assays.pictures import in_language
from atmpxb.quality.models import Equipment, Plot, RunFile, Sample
from atmpxb.quality.pages.access import LABORATORY, role_page
from atmpxb.quality.pages.bench.forms import AssignForm
from atmpxb.quality.pages.bench.runs import run_url
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.pages.forms import ReasonForm
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.quality.states import FileState
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.vault.actions import vault


@deed
def assign(request: Request, actor: Actor, run: UUID, file: UUID) -> str:
    """Say which role a file plays and for which sample it was measured."""
    form = cleaned(AssignForm(request.POST)).cleaned_data
    row = _load(actor, run, file)
    sample = None
    if form["sample"]:
        with acting_for(actor.organisation_id, actor.person_id):
            sample = get_object_or_404(
                Sample.objects.filter(tests__run=run).distinct(),
                pk=form["sample"],
                organisation_id=actor.organisation_id,
            )
    equipment = None
    if form["equipment"]:
        with acting_for(actor.organisation_id, actor.person_id):
            equipment = get_object_or_404(Equipment, pk=form["equipment"], organisation_id=actor.organisation_id)
    actions.assign_file(actor=actor, file=row, role=form["role"], sample=sample, equipment=equipment)
    return run_url(request, run)


@deed
def release(request: Request, actor: Actor, run: UUID, file: UUID) -> str:
    """Let a quarantined file be used after all."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    actions.release_file(actor=actor, file=_load(actor, run, file), reason=reason)
    return run_url(request, run)


@deed
def withdraw(request: Request, actor: Actor, run: UUID, file: UUID) -> str:
    """Take a file out of the run."""
    reason = cleaned(ReasonForm(request.POST)).cleaned_data["reason"]
    actions.withdraw_file(actor=actor, file=_load(actor, run, file), reason=reason)
    return run_url(request, run)


@role_page(*LABORATORY)
def download(request: Request, actor: Actor, file: UUID) -> HttpResponseBase:
    """The raw bytes of a file as it was received, as a download; noted in the access log."""
    row = RunFile.objects.select_related("file").get(pk=file, organisation_id=actor.organisation_id)
    personal = row.state == FileState.QUARANTINED and row.problem.get("code") == "file.personal"
    if personal and not actor.holds(Role.REVIEWER, Role.QP):
        raise PermissionDenied
    if not vault().holds(row.file.sha256):
        raise Http404
    request.looked_at.add((actor.organisation_id, f"raw file {row.file.sha256}"))
    response = FileResponse(vault().path(row.file.sha256).open("rb"), content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, row.name) or "attachment"
    response["Content-Length"] = str(row.file.bytes)
    response["Cache-Control"] = "private, no-store"
    return response


@role_page(*LABORATORY)
def picture(request: Request, actor: Actor, file: UUID, page: int) -> HttpResponse:
    """A page of a report as a picture; noted in the access log like the file itself."""
    row = RunFile.objects.select_related("file").get(
        pk=file, organisation_id=actor.organisation_id, state=FileState.READY, run__kind__in=_reported()
    )
    try:
        drawn = pictures.picture(vault().path(row.file.sha256), page)
    except (pictures.NotDrawn, FileNotFoundError) as error:
        raise Http404 from error
    request.looked_at.add((actor.organisation_id, f"raw file {row.file.sha256}"))
    response = HttpResponse(drawn, content_type="image/png")
    response["Cache-Control"] = "private, no-store"
    return response


def _reported() -> list[str]:
    return [kind.code for kind in registry.kinds() if kind.source == "report"]


@role_page(*LABORATORY)
def plot(request: Request, actor: Actor, run: UUID, plot: UUID) -> HttpResponse:
    """The picture of a plot in the language of its address: it never changes, and no script or style in it runs."""
    row = Plot.objects.only("sha256").get(pk=plot, analysis__run=run, organisation_id=actor.organisation_id)
    try:
        picture = vault().read(row.sha256).decode()
    except FileNotFoundError as error:
        raise Http404 from error
    response = HttpResponse(in_language(picture, request.GET.get("language", "en")), content_type="image/svg+xml")
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


def _load(actor: Actor, run: UUID, file: UUID) -> RunFile:
    with acting_for(actor.organisation_id, actor.person_id):
        return get_object_or_404(
            RunFile.objects.select_related("run__method__document", "file"),
            pk=file,
            run=run,
            organisation_id=actor.organisation_id,
        )
