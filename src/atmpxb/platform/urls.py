"""Which address belongs to which system."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether the program answers; says nothing else."""
    return HttpResponse("ok", content_type="text/plain")


handler400 = "atmpxb.web.pages.bad_request"
handler403 = "atmpxb.web.pages.forbidden"
handler404 = "atmpxb.web.pages.not_found"
handler500 = "atmpxb.web.pages.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("account/", include("atmpxb.web.account_urls")),
    path("", include("atmpxb.quality.urls")),
    path("", include("atmpxb.web.urls")),
]
