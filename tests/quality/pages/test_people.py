"""The administrator's pages: people with their roles, one-time passwords, the organisation with its keys."""

import html
import json
import re
import shutil
from typing import Any

import pytest
from django.test import Client

from atmpxb.platform.demo import network, story
from atmpxb.platform.home import Home
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.models import Membership, Person, Site
from atmpxb.records.signatures import actions as signatures
from atmpxb.records.signatures.signing import keys_folder

PASSWORD = "a long password of the tests"
CHOSEN = "twelve white horses"
HTMX = {"HX-Request": "true"}
HERE = "/o/sure"
NEW = {
    "email": "New@sure.example", "name": "New colleague", "function": "Analyst", "roles": ["analyst"], "language": "nl",
}  # fmt: skip


@pytest.fixture
def office(cast: story.Cast, sign_in: Any) -> Client:
    """The administrator of the laboratory at a browser."""
    browser: Client = sign_in("administrator", "sure")
    return browser


def text(response: Any) -> str:
    return html.unescape(response.content.decode())


def one_time(response: Any) -> str:
    found = re.search(r"[a-z2-9]{4}(?:-[a-z2-9]{4}){3}", text(response))
    assert found, text(response)[:400]
    return found.group()


def person(account: str, organisation: str = "sure") -> Person:
    return Person.objects.get(email=network.address(account, organisation))


def of(one: Person) -> str:
    return f"{HERE}/people/{one.pk}"


def enter(email: str, password: str) -> Client:
    browser = Client()
    browser.post("/account/login/", {"login": email, "password": password})
    return browser


def test_an_administrator_sees_who_has_come_and_when(office: Client, cast: story.Cast) -> None:
    one = person("reviewer")
    for page in (f"{HERE}/people", of(one)):
        assert "Never" in text(office.get(page))
    enter(one.email, "not this one")
    assert "Never" in text(office.get(of(one)))
    enter(one.email, PASSWORD)
    assert "Never" not in text(office.get(of(one)))


def test_a_person_is_registered_and_chooses_a_password_before_anything_else(office: Client) -> None:
    assert "Register a person" in text(office.get(f"{HERE}/people"))
    made = office.post(f"{HERE}/people/admit", {**NEW, "idempotency_key": "k1"}, headers=HTMX)
    assert made.status_code == 200
    assert made.headers["Cache-Control"] == "no-store, private"
    assert "Recorded" in text(made)
    password = one_time(made)
    again = office.post(f"{HERE}/people/admit", {**NEW, "idempotency_key": "k1"}, headers=HTMX)
    assert again.status_code == 409
    assert password not in text(again), "shown once"
    one = Person.objects.get(email="new@sure.example")
    for page in (f"{HERE}/people", of(one)):
        assert password not in text(office.get(page))

    browser = enter("new@sure.example", password)
    for page in ("/", f"{HERE}/today", f"{HERE}/samples"):
        sent = browser.get(page)
        assert (sent.status_code, sent.headers["Location"]) == (302, "/account/password/change/"), page
    assert browser.post(f"{HERE}/reviews/{one.pk}/sign", {"password": password}).status_code == 302
    page = browser.get("/account/password/change/")
    assert "Kies eerst een eigen wachtwoord" in text(page), "in the language that the administrator chose"
    kept = {"oldpassword": password, "password1": password, "password2": password}
    assert "kies er een dat niemand anders kent" in text(browser.post("/account/password/change/", kept))
    changed = browser.post("/account/password/change/", {**kept, "password1": CHOSEN, "password2": CHOSEN})
    assert (changed.status_code, changed.headers["Location"]) == (302, "/")
    assert browser.get(f"{HERE}/today").status_code == 200
    assert not Person.objects.get(pk=one.pk).password_is_one_time


def test_without_scripts_the_password_stands_on_a_page_of_its_own(office: Client) -> None:
    made = office.post(f"{HERE}/people/admit", NEW)
    assert made.status_code == 200
    assert "<h1>One-time password of New colleague" in text(made)
    one_time(made)


def test_the_form_tells_nothing_of_an_address_and_the_act_says_what_it_did(office: Client) -> None:
    known = {**NEW, "email": "client@anicells.example", "roles": ["trainee"], "name": "Made-up name"}
    page = text(office.get(f"{HERE}/people/new"))
    assert "anicells" not in page
    assert office.get(f"{HERE}/people/{person('client', 'anicells').pk}").status_code == 404
    done = office.post(f"{HERE}/people/admit", known, headers=HTMX)
    shown = text(office.get(done.headers["HX-Redirect"]))
    assert "This address signed in here before" in shown
    assert person("client", "anicells").name in shown
    assert "Made-up name" not in shown


def test_a_form_that_lacks_something_is_refused_by_field(office: Client) -> None:
    refused = office.post(f"{HERE}/people/admit", {"email": "no address"}, headers=HTMX)
    assert refused.status_code == 422
    for label in ("Email address", "Name", "Function", "Roles"):
        assert label in text(refused)


def test_roles_are_given_and_ended_with_a_reason(office: Client, cast: story.Cast) -> None:
    one = person("analyst")
    office.post(f"{of(one)}/grant", {"role": "operator", "function": "Operator"}, headers=HTMX)
    held = office.get(of(one)).context["shown"].held
    assert [each.role for each in held] == ["analyst", "operator"]
    for fields, words in (
        ({"role": "operator", "function": "x"}, "holds this role here already: Operator"),
        ({"role": "administrator", "function": "x"}, "Give the roles to two persons"),
    ):
        refused = office.post(f"{of(one)}/grant", fields, headers=HTMX)
        assert refused.status_code == 422
        assert words in text(refused)
    address = f"{of(one)}/roles/{held[1].pk}/end"
    assert office.post(address, {"reason": ""}, headers=HTMX).status_code == 422
    assert "Recorded" in text(office.get(office.post(address, {"reason": "done"}, headers=HTMX).headers["HX-Redirect"]))
    assert "This role ended before" in text(office.post(address, {"reason": "done"}, headers=HTMX))
    with acting_for(cast.client.organisation_id, cast.client.person_id):
        other = Membership.objects.get(person_id=cast.client.person_id)
    assert office.post(f"{of(one)}/roles/{other.pk}/end", {"reason": "x y z"}, headers=HTMX).status_code == 404


def test_who_holds_no_role_anywhere_can_not_sign_in_until_access_is_reopened(office: Client) -> None:
    one = person("analyst")
    inside = enter(one.email, PASSWORD)
    assert inside.get(f"{HERE}/today").status_code == 200
    office.post(f"{of(one)}/close", {"reason": "long leave"}, headers=HTMX)
    ended = inside.get(f"{HERE}/today")
    assert ended.headers["Location"].startswith("/account/login/"), "the open session has ended"
    outside = Client().post("/account/login/", {"login": one.email, "password": PASSWORD})
    assert outside.headers["Location"] == "/account/inactive/"
    shown = text(office.get(of(one)))
    assert "Reopen the access" in shown
    assert "Grant a further role" not in shown
    office.post(f"{of(one)}/reopen", {"reason": "back"}, headers=HTMX)
    assert enter(one.email, PASSWORD).get(f"{HERE}/today").status_code == 200


def test_a_forgotten_password_is_replaced_and_the_open_session_ends(office: Client) -> None:
    one = person("analyst")
    inside = enter(one.email, PASSWORD)
    made = one_time(office.post(f"{of(one)}/password", headers=HTMX))
    assert inside.get(f"{HERE}/today").status_code == 302
    assert "The email address and/or password" in text(
        Client().post("/account/login/", {"login": one.email, "password": PASSWORD})
    )
    assert enter(one.email, made).get("/").headers["Location"] == "/account/password/change/"
    own = person("administrator")
    refused = office.post(f"{of(own)}/password", headers=HTMX)
    assert "Nobody does this for the own account" in text(refused)
    assert "Reset a forgotten password" not in text(office.get(of(own)))


def test_identity_and_the_lock_on_signing(office: Client, cast: story.Cast) -> None:
    office.post(f"{HERE}/people/admit", NEW, headers=HTMX)
    new = Person.objects.get(email="new@sure.example")
    assert "Not confirmed" in text(office.get(of(new)))
    office.post(f"{of(new)}/verify", headers=HTMX)
    assert "Not confirmed" not in text(office.get(of(new)))
    assert "confirmed already" in text(office.post(f"{of(new)}/verify", headers=HTMX))
    analyst = person("analyst")
    assert "not locked" in text(office.post(f"{of(analyst)}/unlock", headers=HTMX))
    for _ in range(5):
        with pytest.raises(signatures.SigningRefused):
            signatures.prove_identity(actor=cast.analyst, password="wrong")
    assert "Signing is locked" in text(office.get(of(analyst)))
    office.post(f"{of(analyst)}/unlock", headers=HTMX)
    assert "Signing is locked" not in text(office.get(of(analyst)))


def test_the_last_administrator_is_told_what_would_cure_it(office: Client) -> None:
    own = person("administrator")
    membership = office.get(of(own)).context["shown"].held[0]
    for address in (f"{of(own)}/roles/{membership.pk}/end", f"{of(own)}/close"):
        refused = office.post(address, {"reason": "leaving"}, headers=HTMX)
        assert refused.status_code == 422
        assert "Give somebody else the role of administrator first" in text(refused)


PAGES = ("people", "people/new", "organisation")
DEEDS = ("people/admit", "organisation/sites", "organisation/keys/publish", "organisation/keys/rotate")


@pytest.mark.parametrize("account", ["analyst", "reviewer", "qp"])
def test_nobody_else_sees_or_does_any_of_it(cast: story.Cast, sign_in: Any, account: str) -> None:
    browser = sign_in(account, "sure")
    one = of(person("analyst2"))
    for page in (*(f"{HERE}/{name}" for name in PAGES), one):
        assert browser.get(page).status_code == 403, page
    filled = {
        **NEW, "role": "trainee", "reason": "because", "code": "x", "address": "x", "country": "BE",
        "zone": "Europe/Brussels", "seen": "x", "password": PASSWORD,
    }  # fmt: skip
    before = _size(cast)
    for deed in (*(f"{HERE}/{name}" for name in DEEDS), *(f"{one}/{verb}" for verb in VERBS)):
        # people of this organisation exist for its administrator only
        assert browser.post(deed, filled, headers=HTMX).status_code in (403, 404), deed
    assert _size(cast) == before
    assert Client().get(f"{HERE}/people").status_code == 302


VERBS = ("grant", "verify", "close", "reopen", "password", "unlock")


def _size(cast: story.Cast) -> int:
    with acting_for(cast.analyst.organisation_id, cast.analyst.person_id):
        return LedgerEntry.objects.filter(organisation_id=cast.analyst.organisation_id).count()


def test_a_site_is_opened_and_refused_in_words(office: Client, cast: story.Cast) -> None:
    site = {
        "code": "Leuven", "name": "Leuven", "address": "Street 1", "country": "BE", "zone": "Europe/Brussels",
    }  # fmt: skip
    office.post(f"{HERE}/organisation/sites", site, headers=HTMX)
    shown = text(office.get(f"{HERE}/organisation"))
    assert "leuven" in shown
    assert "Belgium" in shown
    assert "This code is taken" in text(office.post(f"{HERE}/organisation/sites", site, headers=HTMX))
    wrong = office.post(f"{HERE}/organisation/sites", {**site, "zone": "Europe/Antwerp"}, headers=HTMX)
    assert wrong.status_code == 422
    with acting_for(cast.analyst.organisation_id, cast.analyst.person_id):
        assert Site.objects.count() == 1


def test_keys_are_renewed_with_the_password_and_the_trust_list_follows_at_once(office: Client) -> None:
    old = Client().get("/trust.json").json()
    page = office.get(f"{HERE}/organisation")
    ending = page.context["current"].key_id
    form = {"reason": "as planned", "seen": ending, "password": "not this one"}
    refused = office.post(f"{HERE}/organisation/keys/rotate", form, headers=HTMX)
    assert "The password is not right" in text(refused)
    done = office.post(f"{HERE}/organisation/keys/rotate", {**form, "password": PASSWORD}, headers=HTMX)
    shown = office.get(done.headers["HX-Redirect"].split("#")[0])
    assert "Recorded" in text(shown)
    assert shown.context["current"].key_id != ending
    assert [bool(each.until) for each in shown.context["keys"]] == [False, False, True, True]
    for each in shown.context["keys"]:
        assert each.fingerprint in text(shown)
    new = Client().get("/trust.json").json()
    listed = {one["name"]: len(one["checkpoint_keys"]) for one in new["organisations"]}
    assert listed["Sure Laboratories"] == 2
    assert old["organisations"] != new["organisations"]
    stale = office.post(f"{HERE}/organisation/keys/rotate", {**form, "password": PASSWORD}, headers=HTMX)
    assert stale.status_code == 412


def test_keys_that_wait_are_shown_and_published(office: Client, cast: story.Cast) -> None:
    organisation = cast.analyst.organisation_id
    signing = signatures.signing_client()
    signing.rotate(organisation, signing.identity(organisation).checkpoint_keys[-1].id)
    assert "Keys wait to be published" in text(office.get(f"{HERE}/organisation"))
    office.post(f"{HERE}/organisation/keys/publish", headers=HTMX)
    shown = text(office.get(f"{HERE}/organisation"))
    assert "Keys wait to be published" not in shown


def test_lost_keys_are_told_and_new_ones_leave_the_old_on_the_trust_list(
    office: Client, cast: story.Cast, session_home: Home
) -> None:
    before = json.loads(office.get("/trust.json").content)
    kept = keys_folder(session_home.root) / str(cast.analyst.organisation_id)
    shutil.rmtree(kept)
    assert "The keys are not here" in text(office.get(f"{HERE}/organisation"))
    office.post(f"{HERE}/organisation/keys/publish", headers=HTMX)
    assert "The keys are not here" not in text(office.get(f"{HERE}/organisation"))
    after = json.loads(office.get("/trust.json").content)
    old, new = ({one["name"]: one["checkpoint_keys"] for one in each["organisations"]} for each in (before, after))
    assert len(new["Sure Laboratories"]) == 2
    assert old["Sure Laboratories"][0]["public"] == new["Sure Laboratories"][0]["public"]


def test_without_the_signing_process_the_page_stands_and_says_so(office: Client, settings: Any, tmp_path: Any) -> None:
    settings.SIGNER_SOCKET = str(tmp_path / "nobody.sock")
    assert "The signing process does not answer" in text(office.get(f"{HERE}/organisation"))


@pytest.mark.parametrize("page", [*PAGES, "people/{person}"])
def test_no_english_sentence_stays_on_the_dutch_pages(cast: story.Cast, sign_in: Any, page: str) -> None:
    from atmpxb.platform import messages

    browser = sign_in("administrator", "sure", "nl")
    shown = text(browser.get(f"{HERE}/{page.format(person=person('analyst').pk)}"))
    for message in messages.read("nl"):
        key, said = message.id, message.string
        if isinstance(key, str) and key != said and len(key) > 20 and "%" not in key:
            assert key not in shown
