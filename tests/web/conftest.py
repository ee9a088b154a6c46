"""A request and its page, without a database."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.translation import override

from atmpxb.platform import messages
from atmpxb.web import gallery

type Render = Callable[..., str]


@pytest.fixture(autouse=True, scope="session")
def catalogues() -> None:
    """Pages speak the languages as they stand in the repository."""
    messages.compile_catalogues()


@pytest.fixture(autouse=True)
def plain_static_files(settings: Any) -> None:
    """Static files by their own names: no collected manifest is needed to render a page."""
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def page_request() -> HttpRequest:
    """A request of a visitor."""
    request = RequestFactory().get("/components")
    request.user = AnonymousUser()
    return request


@pytest.fixture
def render(page_request: HttpRequest) -> Render:
    """Render a template for an analyst in a language."""

    def rendered(template: str, context: dict[str, Any] | None = None, language: str = "en") -> str:
        page_request.shell = gallery.SHELL  # type: ignore[attr-defined]
        with override(language):
            return render_to_string(template, context or {}, request=page_request)

    return rendered
