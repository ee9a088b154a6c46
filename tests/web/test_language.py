"""Which language a page speaks: the one that a person chose; before that, what the browser asks."""

from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client

from atmpxb.platform.demo import network, story
from atmpxb.records.ledger.models import LedgerEntry
from atmpxb.records.ledger.writing import acting_for
from atmpxb.records.people.models import Person

PASSWORD = "a long password of the tests"


@pytest.fixture
def cast(database: str, signer: Any) -> story.Cast:
    network.found(PASSWORD)
    return story.cast(PASSWORD)


def browser(asks: str) -> Client:
    return Client(headers={"accept-language": asks})


def enter(asks: str) -> Client:
    client = browser(asks)
    client.post("/account/login/", {"login": network.address("qp", "sure"), "password": PASSWORD})
    return client


def spoken(client: Client, page: str) -> str:
    answer = client.get(page)
    assert answer.status_code == 200
    assert f'<html lang="{answer.headers["Content-Language"]}"' in answer.content.decode()
    return str(answer.headers["Content-Language"])


def test_a_language_once_chosen_follows_the_person_to_any_computer(cast: story.Cast) -> None:
    here = enter("en")
    assert spoken(here, "/o/sure/board") == "en", "nothing is chosen yet: as the browser asks"
    assert spoken(enter("nl"), "/o/sure/board") == "nl"
    answer = here.post("/preferences", {"language": "nl", "next": "/o/sure/board"})
    assert configured.LANGUAGE_COOKIE_NAME not in answer.cookies, "the next person at this computer chooses anew"
    assert spoken(here, "/o/sure/board") == "nl"
    elsewhere = enter("en")
    for page in ("/o/sure/board", "/account/password/change/", "/account/2fa/"):
        assert spoken(elsewhere, page) == "nl"
    with acting_for(cast.head.organisation_id, cast.head.person_id):
        told = LedgerEntry.objects.filter(event="person.language_chosen", subject=cast.head.person_id)
        assert [one.content["rows"][0]["after"] for one in told] == [{"language": "nl"}]
    here.post("/preferences", {"language": "nl"})
    with acting_for(cast.head.organisation_id, cast.head.person_id):
        assert LedgerEntry.objects.filter(event="person.language_chosen").count() == 1, "the same again is no change"
    here.post("/account/logout/")
    assert spoken(here, "/account/login/") == "en", "and what follows is for nobody in particular"


def test_a_stranger_reads_what_the_browser_asks_or_what_was_chosen_at_this_browser(cast: story.Cast) -> None:
    assert spoken(browser("nl-BE,nl;q=0.9,en;q=0.5"), "/account/login/") == "nl"
    assert spoken(browser("fr"), "/account/login/") == "en"
    stranger = browser("nl")
    stranger.post("/preferences", {"language": "en"})
    assert spoken(stranger, "/account/login/") == "en"
    assert spoken(browser("nl"), "/account/login/") == "nl"
    assert Person.objects.get(email=network.address("qp", "sure")).language == ""


def test_what_is_no_language_of_ours_is_not_recorded(cast: story.Cast) -> None:
    here = enter("en")
    here.post("/preferences", {"language": "xx"})
    assert Person.objects.get(email=network.address("qp", "sure")).language == ""
