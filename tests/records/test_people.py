"""Accounts, roles and memberships."""

from dataclasses import replace

import pytest

from atmpxb.records.ledger.writing import NotPermitted
from atmpxb.records.people import actions as people
from atmpxb.records.people.models import GMP_ROLES, Access, Membership, Person, Role, Site
from atmpxb.records.people.queries import actor_for, workplaces
from scenes import PASSWORD
from scenes import story as tale


def register(story, *, email: str = "analyst3@sure.example", roles=(Role.ANALYST,), **more):
    return people.register_person(
        actor=story.administrator(), email=email, name="Third analyst", password=PASSWORD, roles=roles,
        function="Analyst", **more,
    )  # fmt: skip


def test_a_person_is_registered_with_roles_and_no_secret_enters_the_ledger(scene) -> None:
    story = scene("founded")
    administrator = story.administrator()
    person = register(story, roles=[Role.ANALYST, Role.OPERATOR], identity_verified=True)
    actor = actor_for(person, tale.LAB)
    assert actor is not None
    assert actor.roles == {"analyst", "operator"}
    entry = story.entries(administrator)[-1]
    assert entry.content["event"] == "person.registered"
    assert entry.content["facts"]["roles"] == ["analyst", "operator"]
    assert b"argon2" not in bytes(entry.payload)
    assert person.password.startswith("argon2")


@pytest.mark.parametrize("address", ["analyst@sure.example", "ANALYST@Sure.Example"])
def test_an_address_belongs_to_one_account(scene, address: str) -> None:
    story = scene("founded")
    before = story.standing()
    with pytest.raises(people.AddressTaken, match="grant that account a role"):
        register(story, email=address)
    assert story.standing() == before


@pytest.mark.parametrize("role", sorted(GMP_ROLES))
def test_administration_and_a_gmp_role_are_never_in_one_hand(scene, role: Role) -> None:
    story = scene("founded")
    before = story.standing()
    with pytest.raises(people.RolesConflict, match="two persons"):
        register(story, roles=[Role.ADMINISTRATOR, role])
    administrator = story.administrator()
    with pytest.raises(people.RolesConflict):
        people.grant_role(
            actor=administrator, person=story.get(Person, pk=administrator.person_id), role=role, function="x"
        )
    with pytest.raises(people.RolesConflict):
        people.grant_role(
            actor=administrator, person=story.get(Person, pk=story.who.analyst.person_id), role=Role.ADMINISTRATOR,
            function="x",
        )  # fmt: skip
    assert story.standing() == before


def test_an_ended_role_stays_on_record_and_opens_nothing(scene) -> None:
    story = scene("founded")
    person = story.get(Person, pk=story.who.analyst.person_id)
    membership = story.get(Membership, person=person, role="analyst")
    people.end_role(actor=story.administrator(), membership=membership, reason="has moved to another laboratory")
    assert actor_for(person, tale.LAB) is None
    assert workplaces(person) == ()
    assert story.get(Membership, pk=membership.pk, by=story.administrator()).valid_until is not None
    entry = story.entries(story.who.reviewer)[-1].content
    assert (entry["event"], entry["reason"]) == ("role.ended", "has moved to another laboratory")


def test_an_account_that_was_switched_off_does_not_act(scene) -> None:
    story = scene("founded")
    person = story.get(Person, pk=story.who.analyst.person_id)
    person.is_active = False
    assert actor_for(person, tale.LAB) is None


def test_a_person_is_no_actor_where_no_role_is_held(scene) -> None:
    story = scene("founded")
    assert actor_for(story.get(Person, pk=story.who.analyst.person_id), tale.COMPANY) is None


def test_one_person_works_in_two_organisations_and_each_sees_its_own_membership(scene) -> None:
    story = scene("founded")
    person = story.get(Person, pk=story.who.client.person_id)
    people.grant_role(actor=story.administrator(), person=person, role=Role.TRAINEE, function="Guest")
    assert [(place.organisation.code, place.roles) for place in workplaces(person)] == [
        ("sure", ("trainee",)), ("anicells", ("client",))
    ]  # fmt: skip
    with story.as_(replace(story.who.reviewer)):
        mine = list(Membership.objects.filter(person=person).values_list("role", flat=True))
    assert mine == ["trainee"]


def test_a_site_is_opened_by_the_administrator_only(scene) -> None:
    story = scene("founded")
    site = {"code": "leuven", "name": "Leuven", "address": "x", "country": "BE", "zone": "Europe/Brussels"}
    with pytest.raises(NotPermitted) as refused:
        people.open_site(actor=story.who.head, **site)
    assert refused.value.roles == ("administrator",)
    people.open_site(actor=story.administrator(), **site)
    assert story.get(Site, code="leuven").organisation_id == story.who.analyst.organisation_id


def test_the_access_log_grows_and_is_never_edited(scene) -> None:
    story = scene("founded")
    lab, client = story.who.analyst, story.who.client
    with story.as_(lab):
        size = Access.objects.count()
    from django.db import connection, transaction

    from atmpxb.records.ledger.writing import set_context

    with transaction.atomic():
        set_context(client.organisation_id, client.person_id)
        people.log_access(
            "order.read", person=client.person_id, organisation=client.organisation_id, owner=lab.organisation_id,
            subject="O-2026-0001",
        )  # fmt: skip
    with story.as_(lab):
        assert Access.objects.count() == size + 1, "the owner of the record sees who looked"
    with story.as_(story.stranger):
        assert Access.objects.count() == 0
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        set_context(lab.organisation_id, lab.person_id)
        connection.cursor().execute("UPDATE people_access SET event = 'nothing'")
