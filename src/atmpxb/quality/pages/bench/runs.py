"""Runs: the list, opening one, and its page, the heart of the bench."""

from uuid import UUID

from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from atmpxb.quality.actions import analyses, reviews
from atmpxb.quality.actions import runs as actions
from atmpxb.quality.models import Run, Test
from atmpxb.quality.pages.access import LABORATORY, here, role_page
from atmpxb.quality.pages.bench.forms import OpenRunForm
from atmpxb.quality.pages.entrance import Request, deed, keeps
from atmpxb.quality.pages.forms import SignForm
from atmpxb.quality.pages.lists import MOST, as_csv, chips_of, order_of
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.quality.queries import differences
from atmpxb.quality.queries import runs as read
from atmpxb.quality.queries.requests import laboratories
from atmpxb.quality.queries.worklist import worklist
from atmpxb.quality.states import RunState
from atmpxb.records.ledger.writing import PERMISSIONS, NotPermitted, acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Organisation, Role
from atmpxb.records.signatures.actions import needs_code, prove_identity

PAGE = 50


@keeps("state", "sort")
@role_page(*LABORATORY)
def runs(request: Request, actor: Actor) -> HttpResponseBase:
    """All runs, by state."""
    state = request.GET.get("state", "")
    state = state if state in RunState.values else ""
    counts = read.counts(actor)
    sort = order_of(request, read.ORDERS, "-opened")
    if request.GET.get("format") == "csv":
        return _csv(read.runs(actor, state, 0, MOST, sort))
    total = counts.get(state, 0) if state else sum(counts.values())
    pages = Paginator(range(total), PAGE).get_page(request.GET.get("page"))
    listed = reverse("quality:runs", args=[here(request)])
    context = {
        "runs": read.runs(actor, state, (pages.number - 1) * PAGE, PAGE, sort),
        "sort": sort,
        "pages": pages,
        "chips": chips_of(listed, RunState, counts, state, request.GET.get("sort", "")),
        "clear_url": f"{listed}?state=" if state else "",
    }
    return render(request, "quality/bench/runs.html", context)


def _csv(found: tuple[read.Listed, ...]) -> StreamingHttpResponse:
    columns = ("run", "method", "samples", "state", "opened_at", "opened_by", "results", "not_complying",
               "undetermined")  # fmt: skip
    rows = (
        (one.number, one.method, one.samples, one.state, one.opened_at, one.opened_by, one.results, one.failing,
         one.undetermined)
        for one in found
    )  # fmt: skip
    return as_csv("runs", columns, rows)


@role_page(*LABORATORY)
def _choose(request: Request, actor: Actor) -> HttpResponse:
    found = worklist(actor, timezone.now(), request.GET.get("method", ""))
    context = {
        "tasks": found.now + found.later,
        "form": OpenRunForm(partners=laboratories(actor)),
        "analyst": actor.holds(Role.ANALYST),
    }
    return render(request, "quality/bench/run_new.html", context)


@deed
def _open(request: Request, actor: Actor) -> str:
    wanted: set[UUID] = set()
    try:
        for value in request.POST.getlist("tests"):
            wanted |= {UUID(one) for one in value.split(",")}
    except ValueError as error:
        raise BadRequest from error
    form = cleaned(OpenRunForm(request.POST)).cleaned_data
    with acting_for(actor.organisation_id, actor.person_id):
        tests = list(
            Test.objects.filter(pk__in=wanted, organisation_id=actor.organisation_id).select_related(
                "method__document", "sample", "order"
            )
        )
        partner = get_object_or_404(Organisation, pk=form["performed_by"]) if form["performed_by"] else None
    opened = actions.open_run(
        actor=actor, tests=tests, performed_by=partner, performed_by_name=form["performed_by_name"],
        performed_by_address=form["performed_by_address"],
    )  # fmt: skip
    return reverse("quality:run", args=[here(request), opened.pk])


@require_http_methods(["GET", "HEAD", "POST"])
def run_new(request: Request, organisation: str) -> HttpResponseBase:
    """Choose waiting tests, or open a run for those that were chosen."""
    return (_open if request.method == "POST" else _choose)(request, organisation=organisation)


@role_page(*LABORATORY)
def run(request: Request, actor: Actor, run: UUID) -> HttpResponse:
    """The page of a run: files in, results out."""
    return render(request, "quality/bench/run.html", _context(actor, run))


@role_page(*LABORATORY)
def progress(request: Request, actor: Actor, run: UUID) -> HttpResponse:
    """The part of the page that moves: stages, controls, results. Asked each second while an analysis runs."""
    return render(request, "quality/bench/run_progress.html", _context(actor, run))


@role_page(*LABORATORY)
def file_list(request: Request, actor: Actor, run: UUID) -> HttpResponse:
    """The checklist and the files, asked anew after each upload."""
    return render(request, "quality/bench/run_files.html", _context(actor, run))


@role_page(*LABORATORY)
def worksheet(request: Request, actor: Actor, run: UUID) -> HttpResponse:
    """What was written and checked, asked anew when somebody else wrote or checked."""
    return render(request, "quality/bench/run_worksheet.html", _context(actor, run))


def _context(actor: Actor, run: UUID) -> dict[str, object]:
    found = read.run_page(actor, run)
    return {"run": found, "code_needed": needs_code(actor.person_id), "actor": actor, "standing": found.standing}


@deed
def analyse(request: Request, actor: Actor, run: UUID) -> str:
    """Ask for the analysis of what the run holds now."""
    analyses.ask_analysis(actor=actor, run=load_run(actor, run))
    return run_url(request, run)


@deed
def submit(request: Request, actor: Actor, run: UUID) -> str:
    """Sign as performed and hand the run to a reviewer."""
    if not actor.holds(*PERMISSIONS["quality.submit_run"]):
        raise NotPermitted("quality.submit_run", PERMISSIONS["quality.submit_run"])
    form = cleaned(SignForm(request.POST)).cleaned_data
    target = load_run(actor, run)
    proof = prove_identity(actor=actor, password=form["password"], code=form["code"])
    with differences.compared(actor, request.POST.get("saw", ""), lambda: differences.of_run(target)):
        reviews.submit_run(actor=actor, run=target, proof=proof, seen=form["seen"])
    return run_url(request, run)


def load_run(actor: Actor, run: UUID) -> Run:
    """A run of the actor's organisation, or 404."""
    with acting_for(actor.organisation_id, actor.person_id):
        return get_object_or_404(
            Run.objects.select_related("method__document"), pk=run, organisation_id=actor.organisation_id
        )


def run_url(request: Request, run: UUID) -> str:
    """The page of a run."""
    return reverse("quality:run", args=[here(request), run])
