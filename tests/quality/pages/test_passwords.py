"""The holder of an account replaces the password; the ledger knows that, and the library saves nothing by itself."""

from django.contrib.auth.hashers import make_password
from django.test import Client

from atmpxb.quality.proof.replay import replay
from atmpxb.records.ledger.canonical import digest
from atmpxb.records.people.models import Person
from scenes import PASSWORD

NEW = "another long password of mine"


def signed_in(story) -> tuple[Client, Person]:
    person = story.get(Person, pk=story.who.analyst.person_id)
    client = Client()
    answer = client.post("/account/login/", {"login": person.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client, person


def test_a_new_password_is_recorded_by_its_digest_and_keeps_the_session(scene) -> None:
    story = scene("founded")
    client, person = signed_in(story)
    answer = client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert answer.status_code == 302
    assert client.get("/account/password/change/").status_code == 200, "still signed in"
    stored = story.get(Person, pk=person.pk)
    assert stored.check_password(NEW)
    assert not stored.check_password(PASSWORD)
    entry = story.entries(story.who.analyst)[-1]
    assert entry.content["event"] == "person.password_changed"
    (row,) = entry.content["rows"]
    assert row["after"] == {"password": f"sha256:{digest(stored.password)}"}
    assert b"argon2" not in bytes(entry.payload)
    told = replay({story.who.analyst.organisation_id: story.links(story.who.analyst)})
    assert told["people_person"][str(person.pk)]["password"] == f"sha256:{digest(stored.password)}"


def test_signing_in_never_rewrites_the_stored_hash(scene, settings) -> None:
    """The framework renews a hash made with other parameters at sign-in, past every record."""
    story = scene("founded")
    before = story.get(Person, pk=story.who.analyst.person_id).password
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher", "django.contrib.auth.hashers.Argon2PasswordHasher",
    ]  # fmt: skip
    assert make_password(PASSWORD).startswith("pbkdf2"), "another way of hashing is preferred now"
    signed_in(story)
    assert story.get(Person, pk=story.who.analyst.person_id).password == before


def test_an_address_to_sign_in_with_is_not_changed_behind_the_administrators_back(scene) -> None:
    story = scene("founded")
    client, person = signed_in(story)
    for address in ("/account/email/", "/account/password/set/"):
        assert client.get(address).status_code == 404
        assert client.post(address, {"action_add": "", "email": "thief@example.com"}).status_code == 404
    assert story.get(Person, pk=person.pk).email == person.email
