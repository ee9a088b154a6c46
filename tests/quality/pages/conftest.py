"""A small network to look at: a laboratory, a company across the border, browsers signed in at both."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from atmpxb.platform.demo import network, story
from atmpxb.quality.models import Order, Request, Run
from atmpxb.records import jobs
from atmpxb.records.people.models import Person
from page_fixtures import catalogues, plain_static_files  # noqa: F401

PASSWORD = "a long password of the tests"
LABELS = {"flow": "CART-0001.A", "dna": "CART-0001.B"}
EVENTS = 5_000

type SignIn = Callable[..., Client]


@pytest.fixture
def cast(database: str, signer: Any) -> story.Cast:
    """The demo's two organisations with methods, instruments, product and specification."""
    network.found(PASSWORD)
    who = story.cast(PASSWORD)
    story.set_up(who)
    return who


@pytest.fixture
def sign_in() -> SignIn:
    """``sign_in("analyst", "sure")``: a browser with that account signed in."""

    def signed_in(account: str, organisation: str, language: str = "en") -> Client:
        client = Client(headers={"accept-language": language})
        client.force_login(
            Person.objects.get(email=network.address(account, organisation)),
            backend="allauth.account.auth_backends.AuthenticationBackend",
        )
        return client

    return signed_in


@pytest.fixture
def request_made(cast: story.Cast) -> Request:
    """The company asks the laboratory to test batch CART-0001."""
    return story.request_batch(cast, "CART-0001", "P-0001")


@pytest.fixture
def order(cast: story.Cast, request_made: Request) -> Order:
    """The laboratory accepted it and received both samples."""
    return story.accept_and_receive(cast, request_made, LABELS)


@pytest.fixture
def opened(cast: story.Cast, order: Order) -> dict[str, Run]:
    """One open run for each method, without files: kind → run."""
    return story.open_runs(cast, order)


@pytest.fixture
def work() -> Callable[[], None]:
    """Do the jobs that wait."""
    return jobs.drain
