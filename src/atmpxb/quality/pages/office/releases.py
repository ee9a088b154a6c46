"""The Qualified Person's pages: the board, orders to release, and the approval of a certificate."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from atmpxb.quality.actions import certificates as actions
from atmpxb.quality.actions import reviews
from atmpxb.quality.certificate import drafting
from atmpxb.quality.certificate.deviations import Occurred
from atmpxb.quality.models import Certificate, Order, Run
from atmpxb.quality.pages.access import here, role_page
from atmpxb.quality.pages.entrance import Request, deed
from atmpxb.quality.pages.forms import SignForm
from atmpxb.quality.pages.office.forms import ReleaseForm, ReopenForm
from atmpxb.quality.pages.refusals import cleaned
from atmpxb.quality.queries import batches, differences
from atmpxb.quality.queries import certificates as queries
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role
from atmpxb.records.signatures.actions import digest_of, needs_code, prove_identity


@role_page(Role.QP)
def board(request: Request, actor: Actor) -> HttpResponse:
    """Who runs out first."""
    now = timezone.now()
    return render(request, "quality/office/board.html", {"lines": batches.board(actor, now), "now": now})


@role_page(Role.QP)
def releases(request: Request, actor: Actor) -> HttpResponse:
    """Orders that can be certified, wholly or in part."""
    return render(request, "quality/office/releases.html", {"releases": queries.releases(actor, timezone.now())})


@role_page(Role.QP, Role.REVIEWER, Role.ANALYST, asked_by_form=True)
def release(request: Request, actor: Actor, order: UUID) -> HttpResponse:
    """An order as it would be certified now: the draft in words, then the signature."""
    found = queries.release(actor, order)
    language = get_language() or "en"
    wish = ReleaseForm(request.POST) if request.method == "POST" else None
    chosen = {
        "kind": str(Certificate.Kind.INTERIM if found.pending else Certificate.Kind.FINAL),
        "language": language if language in ("en", "nl") else "en",
        "reason": "",
    }
    if wish and wish.is_valid():
        chosen = {name: str(value) for name, value in wish.cleaned_data.items()}
    draft = seen = None
    deviations: tuple[Occurred, ...] = ()
    if found.done:
        drafted = drafting.draft(found.order, kind=chosen["kind"], language=chosen["language"])
        draft, deviations = drafted.record, drafted.deviations
        seen = digest_of(actions.content(found.order, chosen["kind"], chosen["language"], chosen["reason"], drafted))
    context = {
        "shown": found,
        "order": found.order,
        "form": wish or ReleaseForm(initial=chosen),
        "chosen": chosen,
        "draft": draft,
        "deviations": deviations,
        "seen": seen,
        "saw": differences.kept(differences.of_draft(draft)),
        "may_sign": actor.holds(Role.QP),
        "returning": ReopenForm(runs=found.reviewed_runs, auto_id="back_%s")
        if found.reviewed_runs and actor.holds(Role.QP) else None,
        "asks_code": needs_code(actor.person_id),
    }  # fmt: skip
    return render(request, "quality/office/release.html", context)


@deed
def approve(request: Request, actor: Actor, order: UUID) -> str:
    """Sign the certificate as approved; it is sealed right after."""
    wish = cleaned(ReleaseForm(request.POST)).cleaned_data
    form = cleaned(SignForm(request.POST)).cleaned_data
    with acting_for(actor.organisation_id, actor.person_id):
        found = get_object_or_404(
            Order.objects.select_related("organisation", "client", "request__batch__product", "request__specification"),
            pk=order,
            organisation_id=actor.organisation_id,
        )
    proof = prove_identity(actor=actor, password=form["password"], code=form["code"])
    kind, language = Certificate.Kind(wish["kind"]), wish["language"]
    with differences.compared(actor, request.POST.get("saw", ""), lambda: _words(found, kind, language)):
        approved = actions.approve_certificate(
            actor=actor, order=found, kind=kind, language=language, proof=proof, seen=form["seen"],
            reason=wish["reason"], acknowledged=request.POST.getlist("acknowledged"),
        )  # fmt: skip
    return reverse("quality:certificate", kwargs={"organisation": here(request), "certificate": approved.pk})


@deed
def reopen(request: Request, actor: Actor, order: UUID) -> str:
    """Give a reviewed run back to the bench."""
    with acting_for(actor.organisation_id, actor.person_id):
        known = Run.objects.filter(tests__order=order, organisation_id=actor.organisation_id).distinct()
        form = cleaned(ReopenForm(request.POST, runs=tuple(known))).cleaned_data
        found = get_object_or_404(known, pk=form["run"])
    reviews.reopen_run(actor=actor, run=found, reason=form["reason"])
    return reverse("quality:release", kwargs={"organisation": here(request), "order": order})


def _words(order: Order, kind: str, language: str) -> dict[str, str]:
    return differences.of_draft(drafting.draft(order, kind=kind, language=language).record)
