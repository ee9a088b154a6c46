"""One installation and one browser for all journeys; a context of its own for each person and language."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from journeys.installation import Installation, running
from journeys.visitor import Visitor

_LOCALES = {"en": "en-GB", "nl": "nl-BE"}


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """``ATMPXB_JOURNEYS_HOME`` and ``ATMPXB_JOURNEYS_AT`` name one that runs already."""
    if home := os.environ.get("ATMPXB_JOURNEYS_HOME"):
        yield Installation(os.environ["ATMPXB_JOURNEYS_AT"], Path(home))
        return
    with running() as found:
        yield found


type Enter = Callable[..., Visitor]


@pytest.fixture(scope="module")
def enter(browser: Browser, installation: Installation) -> Iterator[Enter]:
    """``enter("analyst@sure.example", "nl")``: that person, signed in; ``enter()``: anybody, without an account."""
    known: dict[tuple[str, str], Visitor] = {}
    faults: list[str] = []

    def come(account: str = "", language: str = "en") -> Visitor:
        if (account, language) not in known:
            context = browser.new_context(
                locale=_LOCALES[language],
                timezone_id="Europe/Brussels",
                viewport={"width": 1280, "height": 800},
            )
            context.set_default_timeout(15_000)
            visitor = Visitor(context, installation, account, language, faults)
            if account:
                visitor.sign_in()
            known[account, language] = visitor
        return known[account, language]

    yield come
    for visitor in known.values():
        visitor.context.close()


@pytest.fixture(autouse=True)
def pages_keep_the_guide(enter: Enter) -> Iterator[None]:
    """Every page that was looked at is free of violations; all that are not are named together."""
    faults = enter().faults
    faults.clear()
    yield
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults)


@pytest.fixture(scope="session")
def numbers() -> Iterator[str]:
    """Batch numbers of the journeys: fresh ones also where an installation is used again."""
    start = 921
    if os.environ.get("ATMPXB_JOURNEYS_HOME"):
        start = int(Path(os.environ["ATMPXB_JOURNEYS_HOME"], "journeys.txt").stat().st_size) + 921
        with Path(os.environ["ATMPXB_JOURNEYS_HOME"], "journeys.txt").open("a") as counter:
            counter.write("....")
    return (f"CART-{number:04}" for number in itertools.count(start))
