"""Signing in, staying signed in, and what changes about it: told to the ledger, closed to strangers."""

import time
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import settings as configured
from django.core import mail
from django.test import Client
from django.urls import NoReverseMatch, reverse

from atmpxb.platform import settings as installed
from atmpxb.platform.demo import network, story
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.ledger.writing import acting_for, change, record, recording
from atmpxb.records.people.actions import end_role
from atmpxb.records.people.models import Access, Membership, Person
from atmpxb.records.people.queries import actor_for
from atmpxb.web import attempts

PASSWORD = "a long password of the tests"
NEW = "seven green bicycles in the rain"


@pytest.fixture
def cast(database: str, signer: Any) -> story.Cast:
    network.found(PASSWORD)
    return story.cast(PASSWORD)


def address(role: str) -> str:
    return network.address(role, "sure")


def signed_in(role: str, password: str = PASSWORD, client: str = "10.0.0.1") -> tuple[Client, Any]:
    browser = Client(REMOTE_ADDR=client)
    return browser, browser.post("/account/login/", {"login": address(role), "password": password})


def events(cast: story.Cast) -> list[str]:
    with acting_for(cast.head.organisation_id, cast.head.person_id):
        entries = LedgerEntry.objects.filter(organisation_id=cast.head.organisation_id).order_by("seq")
        text = [bytes(entry.payload).decode() for entry in entries]
    assert not any(PASSWORD in one or NEW in one or "argon2" in one for one in text)
    return [one.partition('"event":"')[2].partition('"')[0] for one in text]


def test_a_new_password_is_in_the_ledger_and_ends_the_other_sessions(cast: story.Cast) -> None:
    here, _ = signed_in("qp")
    elsewhere, _ = signed_in("qp")
    assert elsewhere.get("/o/sure/board").status_code == 200
    wrong = here.post("/account/password/change/", {"oldpassword": "no", "password1": NEW, "password2": NEW})
    assert wrong.status_code == 200
    assert "person.password_changed" not in events(cast)
    key = here.cookies[configured.SESSION_COOKIE_NAME].value
    thief = Client()
    thief.cookies[configured.SESSION_COOKIE_NAME] = key
    assert thief.get("/o/sure/board").status_code == 200
    here.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert events(cast)[-1] == "person.password_changed"
    assert here.cookies[configured.SESSION_COOKIE_NAME].value != key, "the session at work goes on under a new key"
    assert thief.get("/o/sure/board").status_code == 302, "whoever had copied the old one is out"
    assert here.get("/o/sure/board").status_code == 200
    assert elsewhere.get("/o/sure/board").status_code == 302


def test_a_second_factor_is_in_the_ledger_when_it_comes_and_when_it_goes(cast: story.Cast) -> None:
    browser, _ = signed_in("qp")
    browser.post("/account/reauthenticate/", {"password": PASSWORD})
    page = browser.get("/account/2fa/totp/activate/")
    assert page.status_code == 200, (page.headers, page.content[:300])
    secret = page.context["form"].secret
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    browser.post("/account/2fa/totp/activate/", {"code": code})
    assert events(cast)[-1] == "person.factor_added"
    browser.post("/account/2fa/recovery-codes/generate/")
    assert events(cast)[-1] == "person.factor_renewed"
    browser.post("/account/2fa/totp/deactivate/")
    assert "person.factor_removed" in events(cast)


def test_nobody_changes_an_address_or_registers(cast: story.Cast) -> None:
    browser, _ = signed_in("qp")
    for name in ("account_email", "account_signup", "account_set_password", "usersessions_list"):
        with pytest.raises(NoReverseMatch):
            reverse(name)
    for gone in ("/account/email/", "/account/signup/", "/account/password/set/", "/account/sessions/"):
        assert browser.post(gone, {"email": "x@example.org", "action_add": ""}).status_code == 404


def test_without_mail_the_page_says_whom_to_ask_and_nothing_secret_is_printed(
    cast: story.Cast, settings: Any, capfd: Any
) -> None:
    stranger = Client()
    assert "administrator of your organisation" in stranger.get("/account/password/reset/").content.decode()
    assert stranger.post("/account/password/reset/", {"email": address("qp")}).status_code == 405
    assert stranger.get("/account/password/reset/key/a-b/").status_code == 404
    assert "dummy" in installed.MAILERS["default"]["BACKEND"]
    settings.MAIL_IS_SET_UP = True
    stranger.post("/account/password/reset/", {"email": address("qp")})
    assert "password/reset/key" not in "".join(capfd.readouterr())
    assert "/account/password/reset/key/" in mail.outbox[0].body
    inside, also = signed_in("qp")[0], signed_in("qp", client="10.0.0.2")[0]
    assert inside.get("/o/sure/board").status_code == also.get("/o/sure/board").status_code == 200
    link = mail.outbox[0].body.partition("/account/password/reset/key/")[2].split()[0]
    form = stranger.get(f"/account/password/reset/key/{link}", follow=True)
    stranger.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert events(cast)[-1] == "person.password_changed"
    assert inside.get("/o/sure/board").status_code == also.get("/o/sure/board").status_code == 302, "all of them end"
    assert stranger.get("/o/sure/board").status_code == 302, "a link that resets is no way in"
    assert signed_in("qp", NEW)[1].status_code == 302


def test_who_knows_an_address_does_not_lock_its_owner_out(cast: story.Cast) -> None:
    for _ in range(7):
        _browser, answer = signed_in("qp", "guess", client="10.6.6.6")
    assert "Try again in" in answer.content.decode()
    assert signed_in("qp", client="10.6.6.6")[1].status_code == 200, "the attacker waits, with the right one too"
    assert signed_in("qp", client="10.0.0.9")[1].status_code == 302
    with acting_for(cast.head.organisation_id, cast.head.person_id):
        tried = Access.objects.filter(event="person.turned_away", address="10.6.6.6")
        assert tried.filter(organisation_id=cast.head.organisation_id, person_id=cast.head.person_id).count() >= 4
    administrator, _ = signed_in("administrator")
    person = Person.objects.get(email=address("qp"))
    assert "10.6.6.6" in administrator.get(f"/o/sure/people/{person.pk}").content.decode()


def test_the_wait_grows_and_the_ceiling_for_an_account_spares_known_clients(
    cast: story.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = []
    for _ in range(8):
        attempts.failed("a@example.org", "1.1.1.1")
        waits.append(attempts.seconds_to_wait("a@example.org", "1.1.1.1"))
    assert waits[:4] == [0, 0, 0, 0]
    assert waits[4] < waits[5] < waits[6] < waits[7] <= 41
    attempts.succeeded("a@example.org", "2.2.2.2")
    for number in range(110):
        attempts.failed("a@example.org", f"3.3.3.{number}")
    assert attempts.seconds_to_wait("a@example.org", "4.4.4.4") > 0
    assert attempts.seconds_to_wait("a@example.org", "2.2.2.2") == 0
    later = time.time() + 1000
    monkeypatch.setattr(time, "time", lambda: later)
    assert attempts.seconds_to_wait("a@example.org", "4.4.4.4") == 0


def test_the_session_gets_a_new_key_at_sign_in(cast: story.Cast) -> None:
    browser = Client()
    browser.get("/account/login/")
    session = browser.session
    session["planted"] = 1
    session.save()
    browser.cookies[configured.SESSION_COOKIE_NAME] = session.session_key
    browser.post("/account/login/", {"login": address("qp"), "password": PASSWORD})
    assert browser.cookies[configured.SESSION_COOKIE_NAME].value != session.session_key
    assert browser.get("/o/sure/board").status_code == 200


def test_a_session_ends_when_nobody_is_there(cast: story.Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, _ = signed_in("qp")
    now = time.time()
    monkeypatch.setattr("atmpxb.web.sessions.time.time", lambda: now + 20 * 60)
    assert browser.get("/o/sure/board").status_code == 200
    monkeypatch.setattr("atmpxb.web.sessions.time.time", lambda: now + 40 * 60)
    assert browser.get("/o/sure/board", headers={"HX-Request": "true"}).status_code == 200
    monkeypatch.setattr("atmpxb.web.sessions.time.time", lambda: now + 51 * 60)
    assert browser.get("/o/sure/board").status_code == 302, "asking by itself kept nobody there"


def test_a_session_ends_with_a_role_and_with_the_account(cast: story.Cast) -> None:
    browser, _ = signed_in("qp")
    other, _ = signed_in("analyst")
    person = Person.objects.get(email=address("qp"))
    with acting_for(cast.head.organisation_id, cast.head.person_id):
        held = Membership.objects.get(person=person, organisation_id=cast.head.organisation_id, valid_until=None)
    administrator = actor_for(Person.objects.get(email=address("administrator")), "sure")
    assert administrator
    end_role(actor=administrator, membership=held, reason="Left the laboratory")
    assert browser.get("/").status_code == 302
    assert browser.get("/").headers["Location"].startswith("/account/login/")
    assert other.get("/o/sure/today").status_code == 200
    analyst = Person.objects.get(email=address("analyst"))
    with recording(administrator):
        change(analyst, is_active=False)
        record("person.closed", actor=administrator, on=analyst)
    assert other.get("/o/sure/today").status_code == 302


def test_cookies_travel_without_tls_on_loopback_only() -> None:
    assert not installed._needs_tls("http://127.0.0.1:8000")
    assert not installed._needs_tls("http://localhost:8000")
    assert installed._needs_tls("https://localhost")
    assert installed._needs_tls("http://qc.example.org")
