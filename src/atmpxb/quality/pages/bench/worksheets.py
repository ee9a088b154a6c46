"""The worksheet of a run: values that a person writes, the second person's check, the plate map."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from atmpxb.quality.actions import worksheets as actions
from atmpxb.quality.models import Sample, WorksheetEntry
from atmpxb.quality.pages.access import LABORATORY, role_page
from atmpxb.quality.pages.bench.forms import EntryForm, PlateForm
from atmpxb.quality.pages.bench.runs import load_run, run_url
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.pages.forms import SignForm
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.quality.queries import differences
from atmpxb.quality.queries.documents import method_of
from atmpxb.quality.queries.worksheet import to_check
from atmpxb.quality.saying import writes_commas
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.signatures.actions import needs_code, prove_identity


@deed
def write(request: Request, actor: Actor, run: UUID) -> str:
    """Write or correct a value."""
    form = cleaned(EntryForm(request.POST)).cleaned_data
    target = load_run(actor, run)
    sample = None
    if form["sample"]:
        with acting_for(actor.organisation_id, actor.person_id):
            sample = get_object_or_404(
                Sample.objects.filter(tests__run=run).distinct(),
                pk=form["sample"],
                organisation_id=actor.organisation_id,
            )
    actions.write_entry(
        actor=actor, run=target, code=form["code"], value=form["value"], sample=sample, reason=form["reason"],
        comma=writes_commas(),
    )  # fmt: skip
    return run_url(request, run)


@role_page(*LABORATORY)
def entry(request: Request, actor: Actor, run: UUID, entry: UUID) -> HttpResponse:
    """What the second person signs: the entry in words."""
    if not actor.holds(Role.ANALYST, Role.REVIEWER):
        raise PermissionDenied
    row = _entries().get(pk=entry, run=run, organisation_id=actor.organisation_id)
    found = to_check(actor, row, method_of(row.run.method), actions.entry_content(row))
    context = {
        "entry": found, "code_needed": needs_code(actor.person_id),
        "saw": differences.kept(differences.of_entry(row)),
    }  # fmt: skip
    return render(request, "quality/bench/entry_check.html", context)


@deed
def check(request: Request, actor: Actor, run: UUID, entry: UUID) -> str:
    """Sign as the second person."""
    form = cleaned(SignForm(request.POST)).cleaned_data
    with acting_for(actor.organisation_id, actor.person_id):
        row = get_object_or_404(_entries(), pk=entry, run=run, organisation_id=actor.organisation_id)
    if row.written_by_id == actor.person_id:
        raise actions.NotYours
    if row.replaced_by_id:
        with acting_for(actor.organisation_id, actor.person_id):
            present = differences.of_entry(_present(row))
        raise differences.ChangedSince(differences.between(request.POST.get("saw", ""), present))
    proof = prove_identity(actor=actor, password=form["password"], code=form["code"])
    actions.check_entry(actor=actor, entry=row, proof=proof, seen=form["seen"])
    return run_url(request, run)


@deed
def plate(request: Request, actor: Actor, run: UUID) -> str:
    """Say what lies in which well."""
    form = cleaned(PlateForm(request.POST)).cleaned_data
    actions.set_plate_map(actor=actor, run=load_run(actor, run), wells=form["wells"], reason=form["reason"])
    return run_url(request, run)


def _present(row: WorksheetEntry) -> WorksheetEntry:
    """The entry that stands now where this one stood."""
    return _entries().get(run=row.run_id, code=row.code, sample=row.sample_id, replaced_by__isnull=True)


def _entries() -> QuerySet[WorksheetEntry]:
    return WorksheetEntry.objects.select_related("run__method__document", "sample", "written_by", "checked_by")
