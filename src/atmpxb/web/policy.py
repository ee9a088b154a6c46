"""What browsers and caches may do with our pages; the content security policy stands in the settings."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

_PERMISSIONS = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"

#: What is no page is never run as one: a picture or document opened by itself has no script, style or form.
_FILE_POLICY = "default-src 'none'; img-src data:; sandbox"

type Handler = Callable[[HttpRequest], HttpResponse]


class PagePolicy:
    """Middleware: private pages stay out of caches, and a page fragment never becomes a sign-in page.

    Bench computers are shared: after signing out, *Back* must show nothing. When the session has ended, a
    request by htmx gets 401 instead of the redirect to the sign-in page, so that the page with its input
    stays in place and shows a banner.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", _PERMISSIONS)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store, private"
        if not _is_html(response):
            response["Content-Security-Policy"] = _FILE_POLICY
        if request.headers.get("HX-Request") == "true" and self._to_sign_in(response):
            ended = HttpResponse(status=401)
            ended["Cache-Control"] = "no-store, private"
            return ended
        return response

    @staticmethod
    def _to_sign_in(response: HttpResponse) -> bool:
        place = response.get("Location", "")
        return response.status_code == 302 and place.startswith(resolve_url(settings.LOGIN_URL))


def _is_html(response: HttpResponse) -> bool:
    return str(response.get("Content-Type", "")).startswith("text/html")
