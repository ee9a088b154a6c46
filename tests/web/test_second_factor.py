"""A second factor: set up, used, replaced by a recovery code, lost, and taken off by an administrator for all to see."""

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from atmpxb.platform.demo import network, story
from atmpxb.quality.pages.refusals import refusals_of
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.ledger.writing import NotPermitted, acting_for
from atmpxb.records.people import actions as people
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Person, Role
from atmpxb.records.signatures import actions as signatures

PASSWORD = "a long password of the tests"
HTMX = {"HX-Request": "true"}
WHY = "Telephone stolen; identity card seen"


@pytest.fixture
def cast(database: str, signer: Any) -> story.Cast:
    network.found(PASSWORD)
    return story.cast(PASSWORD)


def person(role: str, organisation: str = "sure") -> Person:
    return Person.objects.get(email=network.address(role, organisation))


def enter(role: str, language: str = "en", code: str = "") -> Client:
    browser = Client(headers={"accept-language": language})
    sent = browser.post("/account/login/", {"login": person(role).email, "password": PASSWORD})
    assert sent.status_code == 302, sent.content[:2000]
    if code:
        assert sent.headers["Location"].startswith("/account/2fa/authenticate/")
        assert browser.post("/account/2fa/authenticate/", {"code": code}).status_code == 302
    return browser


def confirmed(browser: Client) -> Client:
    """What touches the account asks for the password once more."""
    browser.post("/account/reauthenticate/", {"password": PASSWORD})
    return browser


def totp(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def unused(secret: str) -> str:
    """A code that was not used yet: the library takes none twice."""
    cache.clear()
    return totp(secret)


def set_up(browser: Client) -> str:
    page = confirmed(browser).get("/account/2fa/totp/activate/")
    secret = str(page.context["form"].secret)
    made = browser.post("/account/2fa/totp/activate/", {"code": totp(secret)})
    assert made.status_code == 302, made.content[:2000]
    return secret


def codes_of(browser: Client) -> list[str]:
    page = browser.get("/account/2fa/recovery-codes/").content.decode()
    return re.findall(r"<li>(\w+)</li>", page)


def newest(actor: Actor) -> dict[str, Any]:
    with acting_for(actor.organisation_id, actor.person_id):
        entry = LedgerEntry.objects.filter(organisation_id=actor.organisation_id).order_by("-seq").first()
    assert entry
    return entry.content


def administrator() -> Actor:
    return network.actor("administrator", "sure")


def proof() -> signatures.Proof:
    return signatures.prove_identity(actor=administrator(), password=PASSWORD)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Set up authenticator app", "Recovery codes", "10 codes of 10 are unused", "9 codes of 10 are unused")),
        ("nl", ("Authenticator-app instellen", "Herstelcodes", "10 codes van de 10 zijn", "9 codes van de 10 zijn")),
    ],
)
def test_a_recovery_code_signs_in_once_and_new_ones_replace_the_old(
    cast: story.Cast, language: str, words: tuple[str, ...]
) -> None:
    browser = enter("qp", language)
    assert words[0] in confirmed(browser).get("/account/2fa/totp/activate/").content.decode()
    set_up(browser)
    page = browser.get("/account/2fa/recovery-codes/").content.decode()
    assert words[1] in page
    assert words[2] in page
    codes = codes_of(browser)
    assert len(set(codes)) == 10
    back = enter("qp", language, code=codes[0])
    assert back.get("/o/sure/board").status_code == 200
    assert words[3] in confirmed(back).get("/account/2fa/recovery-codes/").content.decode()
    again = Client()
    again.post("/account/login/", {"login": person("qp").email, "password": PASSWORD})
    assert again.post("/account/2fa/authenticate/", {"code": codes[0]}).status_code == 200, "a code works once"
    assert again.get("/o/sure/board").status_code == 302
    assert back.post("/account/2fa/recovery-codes/generate/").status_code == 302
    fresh = codes_of(back)
    assert not set(fresh) & set(codes)
    assert again.post("/account/2fa/authenticate/", {"code": codes[1]}).status_code == 200, "the old ones stopped"
    assert again.post("/account/2fa/authenticate/", {"code": fresh[0]}).status_code == 302


def test_a_lost_authenticator_is_taken_off_and_its_holder_is_told_before_anything_else(cast: story.Cast) -> None:
    holder = enter("qp")
    set_up(holder)
    lost = codes_of(holder)
    office = enter("administrator")
    page = f"/o/sure/people/{person('qp').pk}"
    assert "Reset a lost second factor" in office.get(page).content.decode()
    wrong = office.post(f"{page}/factor", {"reason": WHY, "password": "guess"}, headers=HTMX)
    assert wrong.status_code == 422
    assert "attempts left: 4" in wrong.content.decode()
    assert office.post(f"{page}/factor", {"reason": " ", "password": PASSWORD}, headers=HTMX).status_code == 422
    assert holder.get("/o/sure/board").status_code == 200
    office.post(f"{page}/factor", {"reason": WHY, "password": PASSWORD}, headers=HTMX)

    told = newest(cast.head)
    assert (told["event"], told["reason"], told["actor"]["name"]) == (
        "person.factor_reset", WHY, administrator().name,
    )  # fmt: skip
    assert told["facts"]["factors"] == ["recovery_codes", "totp"]
    assert not Authenticator.objects.filter(user=person("qp")).exists()
    assert holder.get("/o/sure/board").headers["Location"].startswith("/account/login/"), "every session ended"
    shown = office.get(page).content.decode()
    assert "Reset a lost second factor" not in shown
    assert "<dd>None · reset " in shown

    back = enter("qp")  # by password alone: neither the app nor a code is asked for, and no old code works
    assert back.post("/account/2fa/authenticate/", {"code": lost[0]}).status_code == 302
    for place in ("/", "/o/sure/board", "/account/password/change/"):
        assert back.get(place).headers["Location"] == "/second-factor/reset"
    notice = back.get("/second-factor/reset").content.decode()
    for words in (WHY, administrator().name, "Sure Laboratories", "Set up a new one"):
        assert words in notice
    assert back.post("/second-factor/reset", {"set_up": "1"}).headers["Location"] == "/account/2fa/totp/activate/"
    assert newest(cast.head)["event"] == "person.factor_reset_read"
    assert back.get("/o/sure/board").status_code == 200
    set_up(back)
    assert signatures.needs_code(person("qp").pk)
    assert back.get("/second-factor/reset").headers["Location"] == "/"


def test_where_a_second_factor_is_asked_for_nobody_signs_without_one(cast: story.Cast) -> None:
    office = enter("administrator")
    page = "/o/sure/organisation"
    assert "A password is enough" in office.get(page).content.decode()
    office.post(f"{page}/second-factor", {"asked": "yes", "reason": "Decided by management"}, headers=HTMX)
    assert newest(cast.head)["event"] == "organisation.second_factor_set"
    assert "Whoever signs here needs a second factor" in office.get(page).content.decode()
    with pytest.raises(signatures.SecondFactorMissing) as refused:
        signatures.prove_identity(actor=cast.head, password=PASSWORD)
    (row,) = refusals_of(refused.value) or ()
    assert "Set one up" in row.cure
    secret = set_up(enter("qp"))
    assert signatures.prove_identity(actor=cast.head, password=PASSWORD, code=unused(secret))
    assert signatures.prove_identity(actor=cast.client, password=PASSWORD), "another organisation decides for itself"
    office.post(f"{page}/second-factor", {"reason": "Telephones are not allowed in the clean room"}, headers=HTMX)
    assert signatures.prove_identity(actor=cast.analyst, password=PASSWORD)


def test_who_may_not_reset_a_second_factor(cast: story.Cast) -> None:
    set_up(enter("qp"))
    holder = person("qp")
    own = Person.objects.get(pk=administrator().person_id)
    with pytest.raises(people.OwnAccount):
        signatures.reset_factor(actor=administrator(), person=own, proof=proof(), reason=WHY)
    with pytest.raises(NotPermitted):
        signatures.reset_factor(actor=cast.head, person=holder, proof=proof(), reason=WHY)
    with pytest.raises(signatures.NoSecondFactor):
        signatures.reset_factor(actor=administrator(), person=person("analyst"), proof=proof(), reason=WHY)
    with pytest.raises(people.NoRoleHere):
        signatures.reset_factor(actor=administrator(), person=person("client", "anicells"), proof=proof(), reason=WHY)
    spent = proof()
    spent.spent = True
    with pytest.raises(signatures.ProofSpent):
        signatures.reset_factor(actor=administrator(), person=holder, proof=spent, reason=WHY)

    elsewhere = network.actor("administrator", "anicells")
    people.admit_person(actor=elsewhere, email=holder.email, name="x", roles=[Role.TRAINEE], function="Guest")
    with pytest.raises(signatures.FactorServesElsewhere) as refused:
        signatures.reset_factor(actor=administrator(), person=holder, proof=proof(), reason=WHY)
    (row,) = refusals_of(refused.value) or ()
    assert "recovery code" in row.cure
    assert Authenticator.objects.filter(user=holder).count() == 2, "nothing was taken away"
    people.end_access(actor=elsewhere, person=holder, reason="while the second factor is reset")
    signatures.reset_factor(actor=administrator(), person=holder, proof=proof(), reason=WHY)
    people.reopen_access(actor=elsewhere, person=holder, reason="it was reset")
    assert not Authenticator.objects.filter(user=holder).exists()
