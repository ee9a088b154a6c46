"""The organisation's chain, for those who answer for it; and the field that finds anything by its label."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from atmpxb.quality.pages.access import LEDGER, here, number, role_page
from atmpxb.quality.pages.entrance import Request
from atmpxb.quality.pages.lists import MOST, as_csv
from atmpxb.quality.pages.office.forms import LedgerForm
from atmpxb.quality.queries import finding
from atmpxb.quality.queries import ledger as queries
from atmpxb.quality.queries.events import EVENTS
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Role

#: Longer than any label, and than what a scanner reads.
LONGEST = 200
_FOUND = "found"
_WORK = (Role.ANALYST, Role.REVIEWER, Role.QP, Role.CLIENT, Role.OPERATOR, Role.ADMINISTRATOR)


@role_page(*LEDGER)
def ledger(request: Request, actor: Actor) -> HttpResponseBase:
    """The newest entries, filtered."""
    form = LedgerForm(request.GET or None, people=queries.people(actor))
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    before = number(request, "before")
    filters = queries.Filters(
        chosen.get("event", ""),
        chosen.get("person"),
        chosen.get("subject"),
        chosen.get("since"),
        chosen.get("until"),
        before if before > 1 else None,
    )
    if request.GET.get("format") == "csv":
        return _csv(actor, filters)
    found = queries.lines(actor, filters)
    kept = {name: value for name, value in request.GET.items() if name in form.fields and value}
    context = {
        "form": form,
        "found": found,
        "filtered": bool(filters),
        "older": "?" + urlencode({**kept, "before": found.older}) if found.older else "",
        "newest": "?" + urlencode(kept) if filters.before else "",
        "events": [(event, str(words)) for event, words in EVENTS.items()],
    }
    return render(request, "quality/office/ledger.html", context)


def _csv(actor: Actor, filters: queries.Filters) -> HttpResponseBase:
    rows: list[tuple[object, ...]] = []
    older: int | None = 0
    while older is not None and len(rows) < MOST:
        found = queries.lines(actor, replace(filters, before=older) if older else filters)
        rows += [(one.seq, one.event, one.at, one.who, one.noun, one.subject, one.reason) for one in found.lines]
        older = found.older
    return as_csv("ledger", ("number", "event", "recorded_at", "by", "record", "id", "reason"), rows)


@role_page(*LEDGER)
def entry(request: Request, actor: Actor, seq: int) -> HttpResponse:
    """One entry with everything that it holds."""
    return render(request, "quality/office/ledger_entry.html", {"entry": queries.entry(actor, seq)})


@role_page(*LEDGER)
def checkpoints(request: Request, actor: Actor) -> HttpResponse:
    """Own checkpoints, and those of partners that this organisation witnesses."""
    context = {"own": queries.own_checkpoints(actor), "witnessed": queries.witnessed_checkpoints(actor)}
    return render(request, "quality/office/checkpoints.html", context)


@role_page(*LEDGER)
def export(request: Request, actor: Actor) -> HttpResponseBase:
    """The whole chain, to check it elsewhere."""
    response = StreamingHttpResponse(queries.export(actor), content_type="application/jsonl")
    name = f"ledger-{here(request)}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store, private"
    return response


@role_page(*LEDGER)
def witness(request: Request, actor: Actor) -> HttpResponse:
    """The checkpoints kept for partners, for whoever checks a partner's exported ledger."""
    response = HttpResponse(b"".join(queries.witnessed(actor)), content_type="application/jsonl")
    name = f"witness-{here(request)}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store, private"
    return response


@role_page(*_WORK, asked_by_form=True)
def find(request: Request, actor: Actor) -> HttpResponse:
    """Go to what carries this label or number; list what begins with it.

    The words come in the body and are kept in the session: an address names them by a number that means nothing
    elsewhere, so neither logs nor a browser's history hold them, and the button Back shows the same list again.
    """
    if request.method == "POST":
        text = request.POST.get("q", "").strip()[:LONGEST]
        exact = [where for hit in finding.find(actor, text) if hit.exact and (where := _address(request, hit))]
        if len(exact) == 1:
            return HttpResponseRedirect(exact[0])
        here_found = reverse("quality:find", kwargs={"organisation": here(request)})
        return HttpResponseRedirect(f"{here_found}?at={_keep(request, text)}")
    text = request.session.get(_FOUND, {}).get(request.GET.get("at", ""), "")
    hits = [(hit, _address(request, hit)) for hit in finding.find(actor, text)]
    return render(request, "quality/office/find.html", {"words_found": text, "hits": hits})


def _keep(request: Request, text: str) -> str:
    """Keep searched words for as long as the session, the last ones only."""
    kept: dict[str, str] = request.session.get(_FOUND, {})
    name = next((name for name, words in kept.items() if words == text), str(max(map(int, kept), default=0) + 1))
    request.session[_FOUND] = dict([*((one, words) for one, words in kept.items() if one != name), (name, text)][-20:])
    return name


def _address(request: Request, hit: finding.Hit) -> str:
    """The page of a hit; empty where that part is not installed."""
    try:
        return reverse(f"quality:{hit.view}", kwargs={"organisation": here(request), hit.argument: hit.id})
    except NoReverseMatch:
        return ""
