"""Fixtures over ``scenes``: imported by the conftest of each folder that tells stories."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from atmpxb.platform.embedded import EmbeddedPostgres

_libraries: dict[str, "object"] = {}


@pytest.fixture(scope="session")
def library(
    postgres: EmbeddedPostgres, template: str, signing_process: Path, tmp_path_factory: pytest.TempPathFactory
) -> "object":
    """The story, told once per test run however many folders import this fixture."""
    from scenes import Library

    key = str(postgres.sockets)
    if key not in _libraries:
        _libraries[key] = Library(postgres, template, tmp_path_factory.mktemp("story"), signing_process)
    return _libraries[key]


@pytest.fixture
def scene(library, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[Callable]:  # type: ignore[no-untyped-def, type-arg]
    """``scene("submitted")``: a copy of the story at that chapter. Once per test."""
    with django_db_blocker.unblock(), ExitStack() as stack:
        yield lambda chapter: stack.enter_context(library.open(chapter, tmp_path))
