"""Every address: closed to strangers unless it is declared public, closed to forms of other sites, closed to others."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from atmpxb.platform.demo import network, story
from atmpxb.records.people.models import Person
from page_fixtures import catalogues, plain_static_files  # noqa: F401

PASSWORD = "a long password of the tests"
#: What a stranger may see, and why.
PUBLIC = {
    "healthz": "says only that the program answers",
    "quality:verification": "whoever holds a certificate asks whether it stands",
    "quality:trust_list": "keys are public",
    "web:preferences": "theme and language of this browser; takes a POST only",
    "web:components": "components with invented values, in the demo",
    "account_login": "the way in",
    "account_logout": "the way out",
    "account_inactive": "why one does not get in",
    "account_reset_password": "a forgotten password",
    "account_reset_password_done": "the same, where mail is set up",
    "account_reset_password_from_key": "the same, where mail is set up",
    "account_reset_password_from_key_done": "the same, where mail is set up",
    "mfa_authenticate": "the second step of the way in",
}
VALUES = {
    "organisation": "sure", "token": "t", "seq": 1, "position": 0, "page": 1, "uidb36": "a", "key": "b", "name": "x",
}  # fmt: skip


@pytest.fixture
def cast(database: str, signer: Any) -> story.Cast:
    network.found(PASSWORD)
    return story.cast(PASSWORD)


def addresses() -> Iterator[tuple[str, str]]:
    """Name and an example of each address."""

    def walk(resolver: URLResolver, prefix: str, space: str) -> Iterator[tuple[str, str]]:
        for one in resolver.url_patterns:
            if isinstance(one, URLResolver):
                inner = f"{one.namespace}:" if one.namespace else space
                yield from walk(one, prefix + filled(one), inner)
            else:
                assert one.name, f"{prefix}{one.pattern} has no name"
                yield space + one.name, "/" + prefix + filled(one)

    yield from walk(get_resolver(), "", "")


def filled(one: URLPattern | URLResolver) -> str:
    if not hasattr(one.pattern, "_route"):
        text = str(one.pattern).lstrip("^").rstrip("$")
        return text.replace("(?P<uidb36>[0-9A-Za-z]+)", "a").replace("(?P<key>.+)", "b")
    route = str(one.pattern)
    for name, converter in one.pattern.converters.items():
        value = VALUES.get(name, UUID(int=1) if type(converter).__name__ == "UUIDConverter" else None)
        assert value is not None, f"{route}: say an example for {name}"
        kind = type(converter).__name__.removesuffix("Converter").lower()
        route = route.replace(f"<{kind}:{name}>", str(value)).replace(f"<{name}>", str(value))
    return route


EVERY = sorted(set(addresses()))


def test_there_are_addresses_and_each_public_one_exists() -> None:
    assert len(EVERY) > 70
    assert PUBLIC.keys() <= {name for name, _ in EVERY}


def test_a_stranger_is_sent_to_sign_in_or_finds_nothing(cast: story.Cast) -> None:
    for name, address in EVERY:
        if name in PUBLIC:
            continue
        for method in ("get", "post", "put"):
            answer = getattr(Client(), method)(address)
            to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith("/account/login/")
            assert to_sign_in or answer.status_code in {404, 405}, (name, method, answer.status_code)


def test_no_form_of_another_site_is_taken(cast: story.Cast) -> None:
    person = Person.objects.get(email=network.address("qp", "sure"))
    for name, address in EVERY:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert browser.post(address, {"reason": "x"}).status_code in {403, 404, 405}, name


def test_who_works_elsewhere_finds_nothing_here(cast: story.Cast) -> None:
    browser = Client()
    browser.force_login(
        Person.objects.get(email=network.address("client", "anicells")),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    for name, address in EVERY:
        if address.startswith("/o/sure/"):
            for method in ("get", "post", "put"):
                assert getattr(browser, method)(address).status_code == 404, (name, method)


def test_nothing_that_is_served_can_act_as_a_page_of_ours(cast: story.Cast) -> None:
    browser = Client()
    browser.force_login(
        Person.objects.get(email=network.address("qp", "sure")),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    for _name, address in EVERY:
        answer = browser.get(address)
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff", address
        assert "'unsafe-inline'" not in policy
        assert "default-src 'none'" in policy
        if not answer.headers.get("Content-Type", "text/html").startswith("text/html"):
            assert "sandbox" in policy, address
