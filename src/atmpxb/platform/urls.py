"""Which address belongs to which system."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether the program answers; says nothing else."""
    return HttpResponse("ok", content_type="text/plain")


def nothing_here(request: HttpRequest) -> HttpResponse:
    """A page of the sign-in library that this program does not offer."""
    raise Http404


handler400 = "atmpxb.web.pages.bad_request"
handler403 = "atmpxb.web.pages.forbidden"
handler404 = "atmpxb.web.pages.not_found"
handler500 = "atmpxb.web.pages.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    # The address that an account signs in with, and whether it has a password, is no choice of its holder.
    path("account/email/", nothing_here, name="account_email"),
    path("account/password/set/", nothing_here, name="account_set_password"),
    path("account/", include("allauth.urls")),
    path("", include("atmpxb.quality.urls")),
    path("", include("atmpxb.web.urls")),
]
