"""Where a number comes from."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from atmpxb.quality.pages.access import LABORATORY, role_page
from atmpxb.quality.pages.entrance import Request
from atmpxb.quality.queries.provenance import provenance
from atmpxb.records.people.actor import Actor


@role_page(*LABORATORY)
def result(request: Request, actor: Actor, result: UUID) -> HttpResponse:
    """Everything behind a result, down to the bytes of the files."""
    return render(request, "quality/bench/result.html", {"source": provenance(actor, result)})
