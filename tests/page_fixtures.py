"""What every test that renders a page needs."""

from typing import Any

import pytest

from atmpxb.platform import messages


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
