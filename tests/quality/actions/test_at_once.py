"""Two people do the same at the same moment: one is first, the other is told so, and nothing is half done."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from threading import Barrier, Event, Thread
from typing import Any

import psycopg
import pytest
from django.db import connection, connections

from atmpxb.platform.processes import wait_until
from atmpxb.quality.actions import certificates
from atmpxb.quality.models import Certificate, Sample
from atmpxb.quality.pages.refusals import refusals_of
from atmpxb.quality.states import CertificateState
from atmpxb.records.documents import actions as documents
from atmpxb.records.documents.models import DocumentKind, DocumentVersion, VersionState
from atmpxb.records.ledger.writing import Overtaken, action, change, record
from atmpxb.records.people.models import Role
from atmpxb.records.signatures import actions as signatures
from scenes import PASSWORD
from scenes import story as tale


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each deed returned or raised, all started together in threads with connections of their own."""
    found: list[Any] = [None] * len(deeds)
    together = Barrier(len(deeds))

    def run(place: int) -> None:
        try:
            connection.ensure_connection()
            together.wait(60)
            found[place] = deeds[place]()
        except Exception as error:
            found[place] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(place,)) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return found


def overlapping(story: Any, *deeds: Callable[[], Any]) -> list[Any]:
    """Like :func:`at_once`, and none is over before all have begun: nobody can append to the ledger until each waits."""
    found: list[Any] = []
    admin = story.postgres.admin_url(story.database)
    with psycopg.connect(admin) as holder, psycopg.connect(admin, autocommit=True) as asking:
        holder.execute("LOCK TABLE ledger_entry IN SHARE MODE")
        thread = Thread(target=lambda: found.extend(at_once(*deeds)))
        thread.start()
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        assert wait_until(lambda: asking.execute(waiting).fetchone() == (len(deeds),), 60)
        holder.rollback()
        thread.join(120)
    return found


def kinds(found: list[Any]) -> Counter[str]:
    return Counter(type(one).__name__ for one in found)


# --- guessing -------------------------------------------------------------------------------------------


def test_guessing_in_parallel_locks_after_five_as_guessing_in_turn_does(scene) -> None:
    story = scene("founded")
    reviewer = story.who.reviewer
    guess = lambda number: lambda: signatures.prove_identity(actor=reviewer, password=f"wrong {number}")  # noqa: E731
    found = at_once(*(guess(number) for number in range(24)))
    assert kinds(found) == {"SigningRefused": signatures.LOCK_AFTER, "SigningLocked": 24 - signatures.LOCK_AFTER}
    assert sorted(one.left for one in found if isinstance(one, signatures.SigningRefused)) == [0, 1, 2, 3, 4]
    assert story.events(reviewer).count("signature.refused") == signatures.LOCK_AFTER
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
                       " (SELECT oid FROM pg_database WHERE datname = current_database())")  # fmt: skip
        assert cursor.fetchone() == (0,), "no lock is left behind"


def test_attempts_count_for_the_person_whichever_organisation_they_are_made_for(scene) -> None:
    from atmpxb.records.people import actions as people
    from atmpxb.records.people.models import Person
    from atmpxb.records.people.queries import actor_for

    story = scene("founded")
    person = story.get(Person, pk=story.who.client.person_id)
    people.grant_role(actor=story.administrator(), person=person, role=Role.ANALYST, function="Guest")
    people.verify_identity(actor=story.administrator(), person=person)
    here, there = actor_for(person, tale.LAB), story.who.client
    assert here is not None
    for actor in (here, there, here, there, here):
        with pytest.raises(signatures.SigningRefused):
            signatures.prove_identity(actor=actor, password="not this one")
    for actor in (here, there):
        with pytest.raises(signatures.SigningLocked):
            signatures.prove_identity(actor=actor, password=PASSWORD)


# --- changing one row -----------------------------------------------------------------------------------


@action("tests.add_volume", roles={Role.ANALYST})
def write_two_columns(*, actor, sample: Sample, held: Event, go_on: Event, **fields: Any) -> None:
    changed = change(sample, **fields)
    held.set()
    assert go_on.wait(30)
    record("sample.changed", actor=actor, on=changed)


def test_a_change_sees_what_another_one_has_just_written(scene) -> None:
    """The second waits for the first and tells what it found: else its entry would name a value that was gone."""
    story = scene("received")
    lab, sample = story.who.analyst, story.sample("flow")
    first_holds, second_holds, go_on = Event(), Event(), Event()

    def first() -> None:
        write_two_columns(actor=lab, sample=sample, held=first_holds, go_on=go_on, volume_ul=Decimal(7777))

    def second() -> None:
        assert first_holds.wait(30)
        write_two_columns(actor=lab, sample=story_sample, held=second_holds, go_on=go_on, volume_ul=Decimal(8888))

    def let_go() -> bool:
        assert first_holds.wait(30)
        too_early = second_holds.wait(1)
        go_on.set()
        return too_early

    story_sample = story.sample("flow")
    told = at_once(first, second, let_go)
    assert told == [None, None, False], "the second waited while the first held the row"
    rows = [row for entry in story.entries(lab)[-2:] for row in entry.content["rows"]]
    assert [Decimal(row["after"]["volume_ul"]) for row in rows] == [7777, 8888]
    assert Decimal(rows[1]["before"]["volume_ul"]) == 7777
    assert story.fresh(sample).volume_ul == 8888


# --- taking what only one can have ----------------------------------------------------------------------


def test_of_two_approvals_at_once_one_is_told_that_it_was_overtaken(scene) -> None:
    story = scene("reviewed")
    head = story.who.head
    seen = story.seen_certificate()
    proofs = [story.who.proof(head) for _ in range(2)]
    with story.as_(head):
        orders = [story.order_for_approval() for _ in range(2)]

    def approve(place: int) -> Callable[[], Certificate]:
        return lambda: certificates.approve_certificate(
            actor=head, order=orders[place], kind=Certificate.Kind.FINAL, language="en", proof=proofs[place], seen=seen
        )

    found = at_once(approve(0), approve(1))
    refused = [one for one in found if isinstance(one, Exception)]
    assert len(refused) == 1, found
    (row,) = refusals_of(refused[0]) or ()
    assert row.status in (409, 412, 422)
    assert row.cure
    with story.as_(head):
        assert [one.state for one in Certificate.objects.all()] == [CertificateState.APPROVED]
    assert story.events(head).count("certificate.approved") == 1


def draft(story, name: str) -> DocumentVersion:
    """A version of a document that was never in effect before."""
    return documents.draft_version(
        actor=story.who.reviewer, kind=DocumentKind.METHOD, code="NEW-1", version=name, title={"en": "New", "nl": "Nieuw"},
        source=f"version = {name}".encode(),
    )  # fmt: skip


def test_of_two_who_draft_the_same_version_at_once_one_does(scene) -> None:
    story = scene("founded")
    before = len(story.entries(story.who.reviewer))
    found = overlapping(story, lambda: draft(story, "1"), lambda: draft(story, "1"))
    assert kinds(found) == {"DocumentVersion": 1, "Overtaken": 1}, found
    assert story.events(story.who.reviewer, since=before) == ["document.drafted"]


def test_of_two_versions_made_effective_at_once_one_is(scene) -> None:
    story = scene("founded")
    head = story.who.head
    drafts = [story.get(DocumentVersion, "document", pk=draft(story, name).pk) for name in ("1", "2")]
    proofs = [story.who.proof(head) for _ in drafts]

    def make(place: int) -> Callable[[], DocumentVersion]:
        seen = signatures.digest_of(documents.approval_content(drafts[place]))
        return lambda: documents.make_effective(actor=head, version=drafts[place], proof=proofs[place], seen=seen)

    found = overlapping(story, make(0), make(1))
    assert kinds(found) == {"DocumentVersion": 1, "Overtaken": 1}, found
    with story.as_(head):
        states = Counter(drafts[0].document.versions.values_list("state", flat=True))
    assert states == {VersionState.EFFECTIVE: 1, VersionState.DRAFT: 1}


def test_who_is_overtaken_reads_what_happened_and_what_to_do() -> None:
    (row,) = refusals_of(Overtaken("one_effective_version")) or ()
    assert (row.status, "first" in row.what, "Load the page again" in row.cure) == (409, True, True)
