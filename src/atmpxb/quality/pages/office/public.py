"""What anybody can ask without an account: whether a certificate stands, and whom the platform trusts."""

from uuid import UUID

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from atmpxb.quality import publishing
from atmpxb.quality.models import Publication
from atmpxb.quality.pages.entrance import login_not_required
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.signatures.signing import SigningError

_NOBODY = UUID(int=0)
_TRUST_LIST = "trust.json"  # its name in the cache
_TRUST_FOR = 300  # seconds


@login_not_required
@require_safe
def verification(request: HttpRequest, token: str) -> HttpResponse:
    """Whether the certificate behind a token is genuine and current. Nothing confidential is known here."""
    with acting_for(_NOBODY, _NOBODY):
        found = Publication.objects.filter(token=token).first()
    if found is None:
        return render(request, "quality/office/verification.html", {"publication": None}, status=404)
    state = "withdrawn" if found.withdrawn_at else "superseded" if found.superseded_by else "current"
    return render(request, "quality/office/verification.html", {"publication": found, "state": state})


@login_not_required
@require_safe
def trust_list(request: HttpRequest) -> HttpResponse:
    """The keys and seals of every organisation that signs here, for ``atmpxb verify --trust``."""
    content = cache.get(_TRUST_LIST)
    if content is None:
        try:
            with acting_for(_NOBODY, _NOBODY):
                content = publishing.trust_list()
        except SigningError:
            return JsonResponse({"error": _("The signing process does not answer; try again in a minute.")}, status=503)
        cache.set(_TRUST_LIST, content, _TRUST_FOR)
    response = HttpResponse(content, content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="trust.json"'
    response["Cache-Control"] = f"public, max-age={_TRUST_FOR}"
    return response


def forget_trust_list() -> None:
    """Keys were published: the next reader gets a list that names them."""
    cache.set(_TRUST_LIST, None, timeout=0)
