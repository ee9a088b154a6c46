"""Taking raw files over the wire: the body is the file, streamed into the vault, never held in memory."""

from collections.abc import Callable, Iterator
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from atmpxb.quality import engine
from atmpxb.quality.actions import raw_files
from atmpxb.quality.models import Run
from atmpxb.quality.pages.entrance import Request
from atmpxb.quality.pages.refusals import refusals_of
from atmpxb.quality.queries.run_files import doubt_of
from atmpxb.quality.saying import problem_of
from atmpxb.quality.states import FileState, RunState
from atmpxb.records.ledger.writing import PERMISSIONS, acting_for
from atmpxb.records.vault.actions import vault
from atmpxb.records.vault.store import CHUNK, Received

#: Uploads that one web process takes at a time: half of its threads, so that slow senders never stop the pages.
_PLACES = BoundedSemaphore(8)


@require_http_methods(["PUT"])
def upload(request: Request, organisation: str, run: UUID) -> HttpResponse:
    """Receive one raw file of a run. Role, state and length are checked before a byte of it is read."""
    actor = request.actor
    with acting_for(actor.organisation_id, actor.person_id):
        target = get_object_or_404(Run.objects.select_related("method"), pk=run, organisation_id=actor.organisation_id)
    if not actor.holds(*PERMISSIONS["quality.attach_file"]):
        return no(403, _("Your role does not allow this"), _("Ask an analyst to attach the file"))
    if target.state != RunState.OPEN:
        return no(409, _("The run is closed"), _("Have the reviewer return it, or open a new run"))

    def attach(received: Received, name: str, stored: engine.StoredInput) -> HttpResponse:
        facts = engine.read_facts(target.kind, stored)
        attached = raw_files.attach_file(actor=actor, run=target, received=received, name=name, facts=facts)
        if attached.state != FileState.READY:
            return no(422, str(attached.get_state_display()), problem_of(attached.problem), kept=True)
        return JsonResponse({"note": doubt_of(attached) or _("Ready to use."), "sha256": received.sha256}, status=201)

    return taken(request, attach)


def taken(request: Request, keep: Callable[[Received, str, engine.StoredInput], HttpResponse]) -> HttpResponse:
    """Stream the body into the vault and have it kept; what ``keep`` or the vault refuses says what to do."""
    length = request.META.get("CONTENT_LENGTH", "")
    if not length.isdigit() or length == "0":
        return no(411, _("The file is empty, or its length is not announced"), _("Choose another file"))
    if int(length) > settings.LARGEST_RAW_FILE:
        limit = settings.LARGEST_RAW_FILE // 1024**2
        return no(413, _("The file is larger than %(limit)d MB") % {"limit": limit}, _("Split the export"))
    name = _name(request.headers.get("X-File-Name", ""))
    if not _PLACES.acquire(blocking=False):
        return no(503, _("Too many files are arriving at this moment"), _("Drop the file again in a minute"))
    try:
        received = vault().receive(_body(request), limit=settings.LARGEST_RAW_FILE, length=int(length))
        stored = engine.StoredInput(vault().path(received.sha256), name, "", received.sha256)
        return keep(received, name, stored)
    except UnreadablePostError:  # the connection broke, or the web waited long enough for it
        return no(408, _("The file stopped arriving; nothing was kept"), _("Check the network, drop the file again"))
    except Exception as error:
        found = refusals_of(error)
        if found is None:
            raise
        return no(found[0].status, found[0].what, found[0].cure)
    finally:
        _PLACES.release()


def _body(request: HttpRequest) -> Iterator[bytes]:
    while chunk := request.read(CHUNK):
        yield chunk


def _name(header: str) -> str:
    """The last part of the file's name, without anything that could be a path or a control character."""
    name = unquote(header).replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in name if letter.isprintable())[:255] or "unnamed"


def no(status: int, message: str, cure: str, **facts: Any) -> JsonResponse:
    """A refusal as the page's module shows it."""
    return JsonResponse({"message": message, "cure": cure, **facts}, status=status)
