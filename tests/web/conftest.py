"""A request and its page, without a database."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.translation import override

from atmpxb.web import gallery
from page_fixtures import catalogues, plain_static_files  # noqa: F401

type Render = Callable[..., str]


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
