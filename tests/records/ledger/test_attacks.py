"""Three of the five failures that other systems are known for, tried against the real chain.

The other two, a segregation check and a status gate that do not fire, are in ``tests/quality/actions``.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connections
from django.utils import timezone
from hypothesis import given, settings, strategies
from psycopg import sql

from atmpxb.quality.models import Certificate, Result, Run, Sample
from atmpxb.records.ledger import checkpoint as checkpoints
from atmpxb.records.ledger.chain import Link, breaks, entry_hash, genesis
from atmpxb.records.ledger.models import StoredCheckpoint
from atmpxb.records.ledger.writing import state
from atmpxb.records.signatures.models import SigningKey

ZONES = ("UTC", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu")


# --- (a) the hour of the reader -------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
def test_a_reader_in_another_time_zone_gets_no_false_alarm(scene, zone: str) -> None:
    story = scene("certified")
    lab = story.who.analyst
    with psycopg.connect(story.url("atmpxb_app"), options=f"-c TimeZone={zone} -c DateStyle=SQL,DMY") as reader:
        reader.execute("SELECT set_config('app.organisation', %s, false)", [str(lab.organisation_id)])
        links = [
            Link(seq, bytes(payload), bytes(prev), bytes(found))
            for seq, payload, prev, found in reader.execute(
                "SELECT seq, payload, prev, hash FROM ledger_entry ORDER BY seq"
            )
        ]
    assert len(links) > 40
    assert list(breaks(lab.organisation_id, links)) == []


@pytest.mark.parametrize("zone", ZONES)
def test_rows_compare_equal_with_their_entries_in_every_time_zone(scene, zone: str) -> None:
    story = scene("certified")
    lab = story.who.analyst
    after: dict[str, dict[str, object]] = {}
    for entry in story.entries(lab):
        for row in entry.content.get("rows", ()):
            after.setdefault(row["id"], {}).update(row["after"])
    with read_in(zone), story.as_(lab):
        rows = [*Sample.objects.all(), *Certificate.objects.all(), *Run.objects.all(), *Result.objects.all()]
        assert str(rows[0].received_at.tzinfo) == zone
        for row in rows:
            assert json.loads(json.dumps(state(row))) == after[str(row.pk)]
    assert len(rows) > 10


@contextmanager
def read_in(zone: str) -> Iterator[None]:
    """Another installation's clock: the connection and the language of times are set to this zone."""

    def set_zone(name: str | None) -> None:
        connections["default"].close()
        connections["default"].settings_dict["TIME_ZONE"] = name
        for cached in ("timezone", "timezone_name"):
            connections["default"].__dict__.pop(cached, None)

    set_zone(zone)
    try:
        with timezone.override(zone):
            yield
    finally:
        set_zone(None)


# --- (b) the newest entries vanish ----------------------------------------------------------------------


def as_superuser(story, *statements: str) -> None:
    """What nobody can prevent: somebody with the whole machine switches the triggers off and edits."""
    with psycopg.connect(story.url("postgres")) as admin:
        for table in ("ledger_entry", "ledger_head", "ledger_checkpoint"):
            admin.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(sql.Identifier(table)))
        for statement in statements:
            admin.execute(statement)  # type: ignore[arg-type]
        for table in ("ledger_entry", "ledger_head", "ledger_checkpoint"):
            admin.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER ALL").format(sql.Identifier(table)))


def witnessed(story, owner: UUID) -> checkpoints.Checkpoint:
    """The newest checkpoint of the laboratory as a partner keeps it, its signature checked."""
    partner = story.stranger
    with story.as_(partner):
        kept = StoredCheckpoint.objects.filter(organisation_id=owner).order_by("-seq").first()
        assert kept is not None
        assert kept.witness_id == partner.organisation_id
        key = SigningKey.objects.get(organisation_id=owner, use="ledger", key_id=kept.key_id)
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public))
    assert checkpoints.signed_by(public, bytes(kept.payload), bytes(kept.signature))
    return checkpoints.parse(bytes(kept.payload))


def test_a_partner_notices_that_the_newest_entry_is_gone(scene) -> None:
    story = scene("certified")
    lab = story.who.analyst
    point = witnessed(story, lab.organisation_id)
    assert checkpoints.against_chain(point, lab.organisation_id, story.links(lab)) == ()
    as_superuser(
        story,
        f"DELETE FROM ledger_entry WHERE organisation_id = '{lab.organisation_id}' AND seq = {point.seq}",
        f"UPDATE ledger_head SET seq = {point.seq - 1}, hash = (SELECT hash FROM ledger_entry"
        f" WHERE organisation_id = '{lab.organisation_id}' AND seq = {point.seq - 1})"
        f" WHERE organisation_id = '{lab.organisation_id}'",
    )
    left = story.links(lab)
    assert list(breaks(lab.organisation_id, left)) == [], "the shortened chain looks whole by itself"
    (finding,) = checkpoints.against_chain(point, lab.organisation_id, left)
    assert finding.kind == "truncation"
    assert str(point.seq) in finding.message


def test_a_partner_notices_an_emptied_ledger(scene) -> None:
    story = scene("certified")
    lab = story.who.analyst
    point = witnessed(story, lab.organisation_id)
    as_superuser(story, "TRUNCATE ledger_entry, ledger_head")
    (finding,) = checkpoints.against_chain(point, lab.organisation_id, story.links(lab))
    assert (finding.kind, finding.seq) == ("truncation", 0)


def test_a_history_written_anew_from_a_changed_entry_does_not_match_what_was_witnessed(scene) -> None:
    """The attacker recomputes every hash after the change: the chain is sound, the witness still knows better."""
    story = scene("certified")
    lab = story.who.analyst
    point = witnessed(story, lab.organisation_id)
    links = story.links(lab)
    place = next(n for n, link in enumerate(links) if b"sample.received" in link.payload)
    prev, statements = links[place].prev, []
    for link in links[place:]:
        payload = link.payload.replace(b"18.5", b"17.5") if link is links[place] else link.payload
        found = entry_hash(prev, link.seq, payload)
        statements.append(
            f"UPDATE ledger_entry SET payload = '\\x{payload.hex()}', prev = '\\x{prev.hex()}', hash = '\\x{found.hex()}'"
            f" WHERE organisation_id = '{lab.organisation_id}' AND seq = {link.seq}"
        )
        prev = found
    assert b"18.5" in links[place].payload
    as_superuser(story, *statements)
    forged = story.links(lab)
    assert list(breaks(lab.organisation_id, forged)) == []
    kinds = {finding.kind for finding in checkpoints.against_chain(point, lab.organisation_id, forged)}
    assert kinds == {"rewrite"}


def test_the_file_of_checkpoints_outside_the_database_tells_the_same(scene, settings) -> None:
    story = scene("reviewed")
    from atmpxb.records.ledger.checkpoints import make_checkpoint
    from atmpxb.records.signatures.actions import signing_client

    made = make_checkpoint(actor=story.who.head, sign=signing_client())
    from django.conf import settings as live

    lines = (live.CHECKPOINT_LOG / f"{story.who.head.organisation_id}.jsonl").read_text(encoding="ascii").splitlines()
    assert [base64.b64decode(json.loads(line)["payload"]) for line in lines] == [bytes(made.payload)]
    as_superuser(story, "TRUNCATE ledger_entry, ledger_head, ledger_checkpoint")
    point = checkpoints.parse(base64.b64decode(json.loads(lines[-1])["payload"]))
    (finding,) = checkpoints.against_chain(point, story.who.head.organisation_id, story.links(story.who.head))
    assert finding.kind == "truncation"


def test_nobody_makes_a_checkpoint_for_another_organisation_or_beyond_the_end(scene) -> None:
    story = scene("founded")
    lab, other = story.who.analyst.organisation_id, story.who.client.organisation_id
    with psycopg.connect(story.url("atmpxb_app")) as app:
        app.execute("SELECT set_config('app.organisation', %s, false)", [str(lab)])
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="whose chain it is"),
            app.transaction(),
        ):
            app.execute("SELECT ledger_checkpoint_append(%s, 1, '{}', 'key', '\\x00')", [other])
        with pytest.raises(psycopg.errors.RaiseException, match="no entry 9999"), app.transaction():
            app.execute("SELECT ledger_checkpoint_append(%s, 9999, '{}', 'key', '\\x00')", [lab])


# --- (c) a byte moves -----------------------------------------------------------------------------------


def test_a_byte_moved_from_one_field_to_the_next_is_noticed(scene) -> None:
    story = scene("received")
    lab = story.who.analyst
    target = next(link for link in story.links(lab) if b'"country":"NL"' in link.payload or b'"code":"' in link.payload)
    content = json.loads(target.payload)
    content["actor"]["name"], content["event"] = (
        content["actor"]["name"][:-1],
        content["actor"]["name"][-1] + content["event"],
    )
    moved = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    assert len(moved) == len(target.payload)
    as_superuser(
        story,
        f"UPDATE ledger_entry SET payload = '\\x{moved.hex()}'"
        f" WHERE organisation_id = '{lab.organisation_id}' AND seq = {target.seq}",
    )
    (found,) = story.breaks(lab)
    assert (found.seq, found.reason) == (target.seq, "the entry is not what was recorded")


def test_a_byte_moved_from_one_entry_to_the_next_is_noticed(scene) -> None:
    story = scene("received")
    lab = story.who.analyst
    first, second = story.links(lab)[4:6]
    as_superuser(
        story,
        *(
            f"UPDATE ledger_entry SET payload = '\\x{payload.hex()}'"
            f" WHERE organisation_id = '{lab.organisation_id}' AND seq = {link.seq}"
            for link, payload in (
                (first, first.payload[:-1]),
                (second, first.payload[-1:] + second.payload),
            )
        ),
    )
    assert [found.seq for found in story.breaks(lab)] == [first.seq, second.seq]


OWNER = UUID(int=0xA7)
PAYLOADS = strategies.lists(strategies.binary(min_size=1, max_size=40), min_size=2, max_size=6)


def chain(payloads: list[bytes]) -> list[Link]:
    links: list[Link] = []
    prev = genesis(OWNER)
    for seq, payload in enumerate(payloads, 1):
        links.append(Link(seq, payload, prev, entry_hash(prev, seq, payload)))
        prev = links[-1].hash
    return links


@settings(derandomize=True, deadline=None)
@given(PAYLOADS, strategies.data())
def test_no_cut_between_entries_can_be_shifted(payloads: list[bytes], data: strategies.DataObject) -> None:
    links = chain(payloads)
    place = data.draw(strategies.integers(0, len(links) - 2))
    count = data.draw(strategies.integers(1, len(payloads[place])))
    shifted = list(links)
    head, tail = payloads[place][:-count], payloads[place][-count:]
    shifted[place] = Link(links[place].seq, head, links[place].prev, links[place].hash)
    shifted[place + 1] = Link(
        links[place + 1].seq, tail + payloads[place + 1], links[place + 1].prev, links[place + 1].hash
    )
    assert {found.seq for found in breaks(OWNER, shifted)} == {place + 1, place + 2}


@settings(derandomize=True, deadline=None)
@given(PAYLOADS, strategies.data())
def test_no_entry_can_be_dropped_swapped_or_flipped(payloads: list[bytes], data: strategies.DataObject) -> None:
    links = chain(payloads)
    place = data.draw(strategies.integers(0, len(links) - 2))
    assert list(breaks(OWNER, links)) == []
    assert list(breaks(OWNER, links[:place] + links[place + 1 :]))
    assert list(breaks(OWNER, [*links[:place], links[place + 1], links[place], *links[place + 2 :]]))
    bit = data.draw(strategies.integers(0, 8 * len(payloads[place]) - 1))
    damaged = bytearray(payloads[place])
    damaged[bit // 8] ^= 1 << bit % 8
    links[place] = Link(place + 1, bytes(damaged), links[place].prev, links[place].hash)
    assert [found.seq for found in breaks(OWNER, links)] == [place + 1]


def test_a_checkpoint_carries_the_moment_in_utc(scene) -> None:
    story = scene("certified")
    point = witnessed(story, story.who.analyst.organisation_id)
    assert point.at.tzinfo is UTC
    assert point.at < datetime.now(UTC)
