"""What a page that stays open asks from time to time: has anything come? Rows never move under the reader's hand."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from atmpxb.quality.pages.access import LABORATORY, role_page
from atmpxb.quality.pages.entrance import Request, page
from atmpxb.quality.queries import news as read
from atmpxb.quality.queries.runs import load
from atmpxb.records.people.actor import Actor

_NOTHING = 204


@page
def of_list(request: Request, actor: Actor, name: str) -> HttpResponse:
    """How much is new in a list since the entry ``since``: a line to press, or nothing."""
    since = request.GET.get("since", "")
    if name not in read.LISTS or not since.isascii() or not since.isdigit() or len(since) > 18:
        raise Http404
    count = read.since(actor, int(since), name)
    if str(count) == request.GET.get("known", "0"):
        return HttpResponse(status=_NOTHING)
    return render(request, "quality/news.html", {"name": name, "since": since, "count": count})


@role_page(*LABORATORY)
def of_run(request: Request, actor: Actor, run: UUID) -> HttpResponse:
    """Nothing while the run holds what the page shows; else the new state, upon which the page asks for its parts."""
    found = load(actor, run)
    standing = read.standing(found)
    if standing == request.GET.get("standing"):
        return HttpResponse(status=_NOTHING)
    return render(request, "quality/bench/run_pulse.html", {"run": found, "standing": standing})
