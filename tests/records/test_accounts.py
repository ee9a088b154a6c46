"""What an administrator does with accounts: admit, confirm, close, reopen, reset, unlock; and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from atmpxb.quality.pages.refusals import refusals_of
from atmpxb.records.ledger.writing import NotPermitted
from atmpxb.records.people import actions as people
from atmpxb.records.people.actor import Actor
from atmpxb.records.people.models import Membership, Person, Role
from atmpxb.records.people.queries import actor_for, colleague, colleagues, workplaces
from atmpxb.records.signatures import actions as signatures
from atmpxb.records.signatures.models import Refusal
from scenes import PASSWORD
from scenes import story as tale


def admit(story, email: str = "new@sure.example", by: str = tale.LAB, **more) -> people.Admission:
    wishes = {"name": "New colleague", "roles": [Role.ANALYST], "function": "Analyst", **more}
    return people.admit_person(actor=story.administrator(by), email=email, **wishes)


def person_of(story, actor) -> Person:
    return story.get(Person, pk=actor.person_id)


def test_a_new_colleague_gets_a_one_time_password_that_stands_nowhere(scene) -> None:
    story = scene("founded")
    admission = admit(story, language="nl", identity_verified=True)
    assert admission.one_time_password is not None
    assert len(admission.one_time_password) == 19
    person = story.get(Person, email="new@sure.example")
    assert person.check_password(admission.one_time_password)
    assert (person.password_is_one_time, person.language) == (True, "nl")
    administrator = story.administrator()
    assert story.events(administrator)[-1] == "person.registered"
    for entry in story.entries(administrator):
        assert admission.one_time_password.encode() not in bytes(entry.payload)
        assert b"argon2" not in bytes(entry.payload)
    assert admit(story, "another@sure.example").one_time_password != admission.one_time_password


def test_somebody_of_another_organisation_is_admitted_by_address_and_keeps_the_account(scene) -> None:
    story = scene("founded")
    before = story.get(Person, email="client@anicells.example")
    admission = admit(story, "Client@Anicells.example", roles=[Role.TRAINEE, Role.CLIENT], function="Guest")
    assert admission.one_time_password is None
    after = story.get(Person, email="client@anicells.example")
    assert (after.name, after.password, after.language) == (before.name, before.password, before.language)
    assert {place.organisation.code: place.roles for place in workplaces(after)} == {
        "anicells": ("client",), "sure": ("client", "trainee"),
    }  # fmt: skip
    assert story.events(story.administrator())[-1] == "person.admitted"
    assert story.events(story.who.client)[-1] != "person.admitted", "the other organisation is not told"


def test_a_role_is_held_once(scene) -> None:
    story = scene("founded")
    before = story.standing()
    with pytest.raises(people.RoleHeld) as refused:
        admit(story, "analyst@sure.example")
    assert refused.value.args == (Role.ANALYST,)
    with pytest.raises(people.RoleHeld):
        people.grant_role(
            actor=story.administrator(), person=person_of(story, story.who.analyst), role=Role.ANALYST, function="x"
        )
    assert story.standing() == before


def test_only_an_administrator_admits(scene) -> None:
    story = scene("founded")
    before = story.standing()
    with pytest.raises(NotPermitted):
        people.admit_person(actor=story.who.head, email="x@sure.example", name="x", roles=[Role.ANALYST], function="x")
    with pytest.raises(people.RolesConflict):
        admit(story, roles=[Role.ADMINISTRATOR, Role.ANALYST])
    with pytest.raises(people.RolesConflict):
        admit(story, "analyst@sure.example", roles=[Role.ADMINISTRATOR])
    assert story.standing() == before


def test_each_organisation_confirms_for_itself_who_signs_for_it(scene) -> None:
    story = scene("founded")
    admit(story, "client@anicells.example", roles=[Role.ANALYST])
    guest = actor_for(person_of(story, story.who.client), tale.LAB)
    assert guest is not None
    with pytest.raises(signatures.IdentityNotVerified):
        signatures.prove_identity(actor=guest, password=PASSWORD)
    assert signatures.prove_identity(actor=story.who.client, password=PASSWORD), "at home nothing changed"
    administrator = story.administrator()
    people.verify_identity(actor=administrator, person=person_of(story, guest))
    assert story.events(administrator)[-1] == "person.identity_verified"
    assert signatures.prove_identity(actor=guest, password=PASSWORD)
    with pytest.raises(people.IdentityAlreadyVerified):
        people.verify_identity(actor=administrator, person=person_of(story, guest))
    with pytest.raises(people.NoRoleHere):
        people.verify_identity(actor=administrator, person=person_of(story, story.who.client_qp))


def test_nobody_confirms_the_own_identity_or_resets_the_own_password(scene) -> None:
    story = scene("founded")
    administrator = story.administrator()
    for act in (people.verify_identity, people.reset_password):
        with pytest.raises(people.OwnAccount):
            act(actor=administrator, person=person_of(story, administrator))


def test_ending_the_access_ends_every_role_here_and_reopening_gives_the_same_back(scene) -> None:
    story = scene("founded")
    administrator, person = story.administrator(), person_of(story, story.who.analyst)
    people.grant_role(actor=administrator, person=person, role=Role.OPERATOR, function="Operator")
    people.end_role(
        actor=administrator,
        membership=story.get(Membership, person=person, role="operator", by=administrator), reason="no longer needed",
    )  # fmt: skip
    people.grant_role(actor=administrator, person=person, role=Role.TRAINEE, function="Trainee")
    people.end_access(actor=administrator, person=person, reason="long leave")
    assert workplaces(person) == ()
    entry = story.entries(administrator)[-1].content
    assert (entry["event"], entry["reason"], entry["facts"]["roles"]) == (
        "person.access_ended", "long leave", ["analyst", "trainee"],
    )  # fmt: skip
    with pytest.raises(people.NoRoleHere):
        people.end_access(actor=administrator, person=person, reason="again")
    people.reopen_access(actor=administrator, person=person, reason="back from leave")
    assert workplaces(person)[0].roles == ("analyst", "trainee"), "not the role that ended before"
    back = actor_for(person, tale.LAB)
    assert back is not None
    assert signatures.prove_identity(actor=back, password=PASSWORD), "who was seen once is not seen again"
    with pytest.raises(people.StillHere):
        people.reopen_access(actor=administrator, person=person, reason="again")
    with story.as_(administrator):
        shown = colleague(administrator, person.pk)
        assert [one.person.pk for one in colleagues(administrator)].count(person.pk) == 1
    assert (len(shown.held), len(shown.ended)) == (2, 3)


def test_an_ended_role_does_not_end_twice_and_nobody_ends_another_organisations(scene) -> None:
    story = scene("founded")
    administrator = story.administrator()
    membership = story.get(Membership, person_id=story.who.analyst.person_id, role="analyst")
    stale = story.get(Membership, pk=membership.pk)
    people.end_role(actor=administrator, membership=membership, reason="moved")
    for again in (membership, stale):
        with pytest.raises(people.RoleEnded):
            people.end_role(actor=administrator, membership=again, reason="moved")
    with pytest.raises(Membership.DoesNotExist):
        people.end_role(
            actor=story.administrator(tale.COMPANY),
            membership=story.get(Membership, person_id=story.who.reviewer.person_id), reason="not mine",
        )  # fmt: skip


def test_the_last_administrator_stays(scene) -> None:
    story = scene("founded")
    administrator = story.administrator()
    own = story.get(Membership, person_id=administrator.person_id, by=administrator)
    before = story.standing()
    with pytest.raises(people.LastAdministrator, match="somebody else administrator first"):
        people.end_role(actor=administrator, membership=own, reason="I leave")
    with pytest.raises(people.LastAdministrator):
        people.end_access(actor=administrator, person=person_of(story, administrator), reason="I leave")
    assert story.standing() == before
    admit(story, "second@sure.example", roles=[Role.ADMINISTRATOR])
    people.end_role(actor=administrator, membership=own, reason="I leave")
    assert actor_for(person_of(story, administrator), tale.LAB) is None


def test_two_administrators_who_end_one_another_at_once_do_not_both_succeed(scene) -> None:
    story = scene("founded")
    first = story.administrator()
    admit(story, "second@sure.example", roles=[Role.ADMINISTRATOR])
    second = actor_for(story.get(Person, email="second@sure.example"), tale.LAB)
    assert second is not None
    whose = {actor: story.get(Membership, person_id=actor.person_id, by=first) for actor in (first, second)}
    ready = Barrier(2)

    def end(by, of) -> str:
        try:
            ready.wait()
            people.end_role(actor=by, membership=whose[of], reason="a quarrel")
        except people.LastAdministrator:
            return "refused"
        finally:
            connection.close()
        return "ended"

    with ThreadPoolExecutor(2) as both:
        outcomes = [both.submit(end, first, second), both.submit(end, second, first)]
        assert sorted(one.result() for one in outcomes) == ["ended", "refused"]


def test_a_forgotten_password_is_replaced_and_only_the_fact_is_recorded(scene) -> None:
    story = scene("founded")
    administrator, person = story.administrator(), person_of(story, story.who.analyst)
    made = people.reset_password(actor=administrator, person=person)
    fresh = person_of(story, story.who.analyst)
    assert fresh.check_password(made)
    assert not fresh.check_password(PASSWORD)
    assert fresh.password_is_one_time
    entry = story.entries(administrator)[-1]
    assert entry.content["event"] == "person.password_reset"
    assert made.encode() not in bytes(entry.payload)


def test_nobody_resets_a_password_that_acts_for_another_organisation(scene) -> None:
    story = scene("founded")
    admit(story, "client@anicells.example", roles=[Role.TRAINEE])
    person = person_of(story, story.who.client)
    for code in (tale.LAB, tale.COMPANY):
        before = story.standing()
        with pytest.raises(people.WorksElsewhere):
            people.reset_password(actor=story.administrator(code), person=person)
        assert story.standing() == before
    assert person_of(story, story.who.client).check_password(PASSWORD)
    people.end_access(actor=story.administrator(), person=person, reason="the course is over")
    with pytest.raises(people.NoRoleHere):
        people.reset_password(actor=story.administrator(), person=person)
    people.reset_password(actor=story.administrator(tale.COMPANY), person=person)


def test_an_administrator_opens_the_lock_on_signing_and_the_refusals_stay(scene) -> None:
    story = scene("founded")
    analyst, administrator = story.who.analyst, story.administrator()
    person = person_of(story, analyst)
    with pytest.raises(signatures.NotLocked):
        signatures.unlock_signing(actor=administrator, person=person)
    for _ in range(5):
        with pytest.raises(signatures.SigningRefused):
            signatures.prove_identity(actor=analyst, password="not this one")
    with story.as_(administrator):
        until = signatures.locked_until(administrator, person.pk)
    assert until is not None
    assert until > timezone.now()
    signatures.unlock_signing(actor=administrator, person=person)
    assert signatures.prove_identity(actor=analyst, password=PASSWORD)
    assert story.events(administrator)[-1] == "signature.unlocked"
    with story.as_(administrator):
        assert Refusal.objects.filter(person=person).count() == 5
        assert signatures.locked_until(administrator, person.pk) is None
    with pytest.raises(signatures.SigningRefused) as refused:
        signatures.prove_identity(actor=analyst, password="not this one")
    assert refused.value.left == 4


@pytest.mark.parametrize(
    ("what", "refusal"),
    [
        ({"code": "sure"}, people.CodeTaken),
        ({"code": "Sure Labs"}, people.UnusableCode),
        ({"name": "x" * 65}, people.UnusableName),
        ({"country": "XX"}, people.UnknownCountry),
        ({"zone": "Europe/Antwerp"}, people.UnknownZone),
        ({"administrator_email": "Analyst@sure.example"}, people.AddressTaken),
        ({"administrator_password": "password1234"}, people.WeakPassword),
        ({"administrator_password": "short"}, people.WeakPassword),
    ],
)
def test_an_organisation_is_founded_with_what_can_stand_or_not_at_all(scene, what, refusal) -> None:
    story = scene("founded")
    wishes = {
        "code": "new", "name": "New laboratory", "country": "BE", "zone": "Europe/Brussels",
        "administrator_email": "administrator@new.example", "administrator_password": PASSWORD,
    }  # fmt: skip
    before = story.standing()
    with pytest.raises(refusal):
        people.found_organisation(**{**wishes, **what})
    assert story.standing() == before
    organisation, administrator = people.found_organisation(**wishes)
    assert organisation.code == "new"
    assert signatures.prove_identity(actor=administrator, password=PASSWORD), "whoever founds answers for that person"


def test_a_site_has_a_code_of_its_own_and_a_place_that_exists(scene) -> None:
    story = scene("founded")
    site = {"code": "leuven", "name": "Leuven", "address": "x", "country": "BE", "zone": "Europe/Brussels"}
    people.open_site(actor=story.administrator(), **site)
    for wrong, refusal in (({}, people.CodeTaken), ({"code": "b", "country": "ZZ"}, people.UnknownCountry)):
        with pytest.raises(refusal):
            people.open_site(actor=story.administrator(), **{**site, **wrong})
    people.open_site(actor=story.administrator(tale.COMPANY), **site)


def test_the_replay_of_an_account_follows_time_over_every_chain(scene) -> None:
    """Its holder writes for two organisations in turn; what stands is what was written last."""
    from atmpxb.quality.proof.replay import replay
    from atmpxb.records.ledger.writing import change, record, recording

    story = scene("founded")
    admit(story, "client@anicells.example", roles=[Role.TRAINEE])
    for code, language in ((tale.LAB, "nl"), (tale.COMPANY, "en")):
        person = Person.objects.get(email="client@anicells.example")
        actor = actor_for(person, code)
        with recording(actor):
            change(person, language=language)
            record("person.changed", actor=actor, on=person)
    chains = {actor.organisation_id: story.links(actor) for actor in (story.administrator(code) for code in CODES)}
    told = replay(chains)["people_person"][str(person.pk)]
    assert told["language"] == "en"


CODES = (tale.COMPANY, tale.LAB)


def fail(actor, times: int) -> None:
    for _ in range(times):
        with pytest.raises(signatures.SigningRefused):
            signatures.prove_identity(actor=actor, password="not this one")


def at_both(story) -> tuple[Person, Actor, Actor]:
    """A person who signs for two organisations."""
    admission = admit(story, "client@anicells.example", roles=[Role.TRAINEE], identity_verified=True)
    guest, home = (actor_for(admission.person, code) for code in (tale.LAB, tale.COMPANY))
    assert guest and home
    return admission.person, guest, home


def test_a_lock_of_attempts_for_two_organisations_is_opened_by_either(scene) -> None:
    story = scene("founded")
    person, guest, home = at_both(story)
    administrator = story.administrator()
    fail(guest, 3)
    with pytest.raises(signatures.NotLocked):
        signatures.unlock_signing(actor=administrator, person=person)
    fail(home, 2)
    with pytest.raises(signatures.SigningLocked):
        signatures.prove_identity(actor=guest, password=PASSWORD)
    for code in (tale.LAB, tale.COMPANY):
        with story.as_(story.administrator(code)):
            assert signatures.locked_until(story.administrator(code), person.pk), "each administrator sees the lock"
    signatures.unlock_signing(actor=administrator, person=person)
    assert story.entries(administrator)[-1].content["facts"]["failures"] == 3
    assert signatures.prove_identity(actor=guest, password=PASSWORD)
    assert signatures.prove_identity(actor=home, password=PASSWORD)
    with story.as_(story.administrator(tale.COMPANY)):
        theirs = Refusal.objects.filter(person=person)
        assert [one.forgiven_at for one in theirs] == [None, None], "nobody forgives what another organisation saw"
    fail(home, 3)
    with pytest.raises(signatures.SigningLocked):
        signatures.prove_identity(actor=home, password=PASSWORD)


def test_a_lock_of_attempts_for_one_organisation_is_that_ones_to_open(scene) -> None:
    story = scene("founded")
    person, guest, home = at_both(story)
    fail(home, 5)
    with pytest.raises(signatures.LockedElsewhere) as refused:
        signatures.unlock_signing(actor=story.administrator(), person=person)
    (row,) = refusals_of(refused.value) or ()
    assert "let an administrator there unlock it" in row.cure
    signatures.unlock_signing(actor=story.administrator(tale.COMPANY), person=person)
    assert signatures.prove_identity(actor=guest, password=PASSWORD)
