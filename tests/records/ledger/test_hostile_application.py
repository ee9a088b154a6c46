"""Somebody holds the application's own database role and writes SQL. Each attack is made on the real database."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, IntegrityConstraintViolation, UniqueViolation

from atmpxb.platform import roles
from atmpxb.quality.proof import deep
from atmpxb.records.ledger.canonical import canonical, digest, utc_text
from atmpxb.records.ledger.checkpoints import make_checkpoint
from atmpxb.records.ledger.models import StoredCheckpoint
from atmpxb.records.signatures.actions import signing_client
from atmpxb.records.signatures.models import SigningKey
from forging import append, entry, session

# --- one entry covers one change ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("people_membership", "role = 'qp'"),
        ("documents_documentversion", "source = 'x'"),
        ("signatures_signingkey", "public = '00'"),
        ("quality_result", "verdict = 'complies', reported = '99'"),
        ("people_organisation", "name = 'Somebody else'"),
    ],
)
def test_an_entry_about_something_else_does_not_cover_a_change(scene, table: str, change: str) -> None:
    story = scene("submitted")
    lab, before = story.who.analyst, story.standing()
    with session(story, lab) as app:
        own = "id" if table == "people_organisation" else "organisation_id"
        append(app, lab.organisation_id, entry(lab))
        assert app.execute(f"UPDATE {table} SET {change} WHERE {own} = %s", [lab.organisation_id]).rowcount  # type: ignore[arg-type]
        with pytest.raises(IntegrityConstraintViolation, match=f"no ledger entry accompanies this change of {table}"):
            app.commit()
    assert story.standing() == before


def one_sample(app: psycopg.Connection) -> str:
    """Change one sample; its id."""
    (id,) = app.execute(  # type: ignore[misc]
        "UPDATE quality_sample SET volume_ul = 12345 WHERE id = (SELECT min(id::text)::uuid FROM quality_sample)"
        " RETURNING id::text"
    ).fetchone()
    return str(id)


@pytest.mark.parametrize("said", ["12344", 12344, None, True, "sha256:00", "12345 "])
def test_an_entry_must_tell_what_the_row_holds(scene, said: object) -> None:
    story = scene("submitted")
    lab, before = story.who.analyst, story.standing()
    with session(story, lab) as app:
        named = {"table": "quality_sample", "id": one_sample(app), "after": {"volume_ul": said}}
        append(app, lab.organisation_id, entry(lab, rows=[named]))
        with pytest.raises(IntegrityConstraintViolation, match="tells something else than the row of quality_sample"):
            app.commit()
    assert story.standing() == before


def test_the_last_word_counts_and_every_changed_column_needs_one(scene) -> None:
    story = scene("submitted")
    lab = story.who.analyst
    with session(story, lab) as app:
        id = one_sample(app)
        app.execute("UPDATE quality_sample SET condition = 'thawed' WHERE id = %s", [id])
        told = [{"table": "quality_sample", "id": id, "after": {"volume_ul": "12345"}}]
        append(app, lab.organisation_id, entry(lab, rows=told))
        with pytest.raises(IntegrityConstraintViolation, match="no ledger entry accompanies") as refused:
            app.commit()
        assert "condition" in str(refused.value.diag.message_detail)
        id = one_sample(app)
        append(app, lab.organisation_id, entry(lab, rows=told))
        append(app, lab.organisation_id, entry(lab, rows=[{**told[0], "after": {"volume_ul": "1"}}]))
        with pytest.raises(IntegrityConstraintViolation, match="something else"):
            app.commit()


def test_a_change_after_its_entry_is_not_covered_by_it(scene) -> None:
    story = scene("submitted")
    lab, before = story.who.analyst, story.standing()
    with session(story, lab) as app:
        id = one_sample(app)
        named = {"table": "quality_sample", "id": id, "after": {"volume_ul": "12345"}}
        append(app, lab.organisation_id, entry(lab, rows=[named]))
        app.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityConstraintViolation, match="no ledger entry accompanies"):
            app.execute("UPDATE quality_sample SET volume_ul = 1 WHERE id = %s", [id])
    assert story.standing() == before


def test_an_entry_cannot_tell_of_a_row_that_nobody_changed(scene) -> None:
    story = scene("submitted")
    lab = story.who.analyst
    sample = story.sample("flow")
    named = {"table": "quality_sample", "id": str(sample.pk), "after": {"label": "other"}}
    with session(story, lab) as app, pytest.raises(IntegrityConstraintViolation, match="has not changed"):
        append(app, lab.organisation_id, entry(lab, rows=[named]))


def test_a_row_keeps_its_identifier(scene) -> None:
    story = scene("submitted")
    with session(story, story.who.analyst) as app, pytest.raises(InsufficientPrivilege, match="never changes"):
        app.execute("UPDATE quality_disposition SET id = gen_random_uuid()")
        app.execute("UPDATE quality_equipment SET id = gen_random_uuid()")


def test_the_notes_of_what_is_owed_are_out_of_reach_and_empty_after_each_commit(scene) -> None:
    story = scene("certified")
    with session(story, story.who.analyst) as app:
        for statement in (
            "SELECT * FROM ledger_owed",
            "DELETE FROM ledger_owed",
            "UPDATE ledger_owed SET told = held",
            "INSERT INTO ledger_telling VALUES ('x.y', 'z', 'owner')",
            "SELECT ledger_tell(gen_random_uuid(), '[]')",
        ):
            with pytest.raises(InsufficientPrivilege, match="permission denied"), app.transaction():
                app.execute(statement)  # type: ignore[arg-type]
    with psycopg.connect(story.url("postgres")) as admin:
        assert admin.execute("SELECT count(*) FROM ledger_owed").fetchone() == (0,)


@pytest.mark.parametrize(
    "value",
    [
        {"b": ["é", None, True, {"z": "1", "a": 12}], "a": '\u2028\x7f\t"\\\b\x1f/'},
        {"\U0001f9ea": 1, "\ufb01": 2, "z": 3, "": [], "Z": {}},
        "plain text, ≤ 5 µL",
        9007199254740991,
        -1,
        [],
    ],
)
def test_the_database_knows_the_canonical_form(database: str, value: object) -> None:
    from django.db import connections

    with connections["owner"].cursor() as owner:
        owner.execute("SET ROLE atmpxb_ledger")
        owner.execute("SELECT ledger_canonical(%s::jsonb), ledger_digest(%s::jsonb)", [json.dumps(value)] * 2)
        assert owner.fetchone() == (canonical(value).decode(), digest(value))
        owner.execute("RESET ROLE")


# --- who, when and where --------------------------------------------------------------------------------


def forgeries(actor, other) -> dict[str, bytes]:
    long_ago = utc_text(datetime.now(UTC) - timedelta(minutes=2))
    return {
        "of 1999": entry(actor, at="1999-01-01T00:00:00Z"),
        "two minutes old": entry(actor, at=long_ago),
        "without a time": entry(actor, at=None),
        "for another chain": entry(actor, organisation=other.organisation_id),
        "of another organisation": entry(other, organisation=actor.organisation_id),
        "of another version": entry(actor, v=2),
        "without a name": entry(actor, "approved"),
        "without a transaction": entry(actor, transaction=None),
        "not in canonical form": entry(actor).replace(b'"facts":{}', b'"facts": {}'),
        "of two minds": entry(actor).replace(b'"facts":{}', b'"facts":{},"facts":{}'),
    }


def test_an_entry_says_who_writes_it_when_and_where(scene) -> None:
    story = scene("founded")
    lab = story.who.analyst
    with session(story, lab) as app:
        for what, forged in forgeries(lab, story.who.client).items():
            with pytest.raises(IntegrityConstraintViolation, match="the ledger refuses this entry"), app.transaction():
                append(app, lab.organisation_id, forged)
                pytest.fail(what)
        assert append(app, lab.organisation_id, entry(lab))[0] > 1, "the honest one is taken"


def test_another_chain_takes_only_what_was_agreed_about_what_is_shared(scene) -> None:
    story = scene("received")
    lab, client, request = story.who.analyst, story.who.client.organisation_id, story.request
    about = {"chain": client, "table": "quality_request", "id": request.pk}
    refused = {
        "another event": entry(lab, "certificate.approved", **about),
        "the owner's event": entry(lab, "request.arrived", **about),
        "another subject": entry(lab, "request.accepted", **{**about, "id": uuid4()}),
        "another table": entry(lab, "request.accepted", **{**about, "table": "quality_batch"}),
        "rows": entry(lab, "request.accepted", **about, rows=[]),
    }
    with session(story, lab) as app:
        for what, payload in refused.items():
            with pytest.raises(InsufficientPrivilege), app.transaction():
                append(app, client, payload)
                pytest.fail(what)
        assert append(app, client, entry(lab, "request.accepted", **about))


@pytest.mark.parametrize("ended", ["valid_until = now() - interval '1 second'", "revoked_at = now()"])
def test_a_grant_that_ended_opens_no_chain(scene, ended: str) -> None:
    story = scene("received")
    lab, client, request = story.who.analyst, story.who.client.organisation_id, story.request
    with psycopg.connect(story.url("postgres")) as admin:
        admin.execute("ALTER TABLE people_grant DISABLE TRIGGER ALL")
        admin.execute(f"UPDATE people_grant SET {ended} WHERE subject_id = %s", [request.pk])  # type: ignore[arg-type]
        admin.execute("ALTER TABLE people_grant ENABLE TRIGGER ALL")
    told = entry(lab, "request.accepted", chain=client, table="quality_request", id=request.pk)
    with session(story, lab) as app, pytest.raises(InsufficientPrivilege, match="shares nothing with"):
        append(app, client, told)


# --- checkpoints ----------------------------------------------------------------------------------------


def statement(story, actor, **other) -> bytes:
    """The truth about the chain, but for what is said otherwise."""
    links = story.links(actor)
    return canonical(
        {
            "schema": "atmpxb.checkpoint/1", "organisation": actor.organisation_id, "seq": len(links),
            "count": len(links), "head": links[-1].hash.hex(), "merkle_root": "00" * 32, "at": datetime.now(UTC),
            **other,
        }
    )  # fmt: skip


def published_key(story, actor) -> str:
    return str(story.get(SigningKey, use="ledger", organisation_id=actor.organisation_id).key_id)


def hand_out(app: psycopg.Connection, actor, seq: int, payload: bytes, key: str, seal: bytes = bytes(64)) -> None:
    app.execute("SELECT ledger_checkpoint_append(%s, %s, %s, %s, %s)", [actor.organisation_id, seq, payload, key, seal])


def test_witnesses_take_no_junk(scene) -> None:
    story = scene("founded")
    lab = story.who.head
    seq, key = len(story.links(lab)), published_key(story, lab)
    junk = [
        (statement(story, lab, head="00" * 32), key, bytes(64)),
        (statement(story, lab, seq=seq - 1), key, bytes(64)),
        (statement(story, lab, count=1), key, bytes(64)),
        (statement(story, lab, organisation=story.who.client.organisation_id), key, bytes(64)),
        (statement(story, lab, at="1999-01-01T00:00:00Z"), key, bytes(64)),
        (statement(story, lab, merkle_root="junk"), key, bytes(64)),
        (statement(story, lab, more=1), key, bytes(64)),
        (statement(story, lab), "nokey", bytes(64)),
        (statement(story, lab), key, b"junk"),
    ]
    with session(story, lab) as app:
        for payload, named, seal in junk:
            with pytest.raises(IntegrityConstraintViolation, match="not a checkpoint of the chain"), app.transaction():
                hand_out(app, lab, seq, payload, named, seal)
        with pytest.raises(psycopg.DataError), app.transaction():
            hand_out(app, lab, seq, b"junk", key)


@pytest.mark.parametrize("guessed", [False, True])
def test_a_forged_checkpoint_does_not_stand_in_the_way_of_the_real_one(scene, guessed: bool) -> None:
    """All but the signature can be guessed by somebody who reads the chain, so the place may be taken."""
    from atmpxb.records.ledger import merkle

    story = scene("founded")
    lab = story.who.head
    links = story.links(lab)
    root = merkle.root([link.hash for link in links]).hex() if guessed else "00" * 32
    with session(story, lab) as app:
        hand_out(app, lab, len(links), statement(story, lab, merkle_root=root), published_key(story, lab))
        app.commit()
        with pytest.raises(UniqueViolation, match="another content"):
            hand_out(app, lab, len(links), statement(story, lab, merkle_root="11" * 32), published_key(story, lab))
    made = make_checkpoint(actor=lab, sign=signing_client())
    assert made.seq == len(links) + 1
    assert story.events(lab)[-1] == "checkpoint.found_forged"
    assert story.entries(lab)[-1].content["facts"] == {"seq": len(links)}
    with story.as_(story.stranger):
        assert StoredCheckpoint.objects.filter(organisation_id=lab.organisation_id, seq=made.seq).count() == 1


def test_two_checkpoints_of_one_moment_are_one(scene) -> None:
    story = scene("founded")
    first = make_checkpoint(actor=story.who.head, sign=signing_client())
    second = make_checkpoint(actor=story.who.head, sign=signing_client())
    assert (first.seq, bytes(first.payload)) == (second.seq, bytes(second.payload))


# --- sharing --------------------------------------------------------------------------------------------


def test_a_grant_opens_the_row_of_its_own_table_only(scene) -> None:
    """An identifier seen elsewhere, taken for a row of one's own and granted to oneself, opens nothing."""
    story = scene("certified")
    thief = story.stranger
    with psycopg.connect(story.url("postgres")) as admin:
        (target,) = admin.execute("SELECT id FROM documents_documentversion LIMIT 1").fetchone()  # type: ignore[misc]
    with session(story, thief) as app:
        app.execute(
            "INSERT INTO quality_equipment (id, organisation_id, code, name, kind, serial, registered_at)"
            " VALUES (%s, %s, 'X', 'X', 'X', 'X', now())",
            [target, thief.organisation_id],
        )
        app.execute(
            "INSERT INTO people_grant (id, organisation_id, to_organisation_id, subject_table, subject_id, purpose,"
            " valid_from) VALUES (%s, %s, %s, 'quality_equipment', %s, 'p', now())",
            [uuid4(), thief.organisation_id, thief.organisation_id, target],
        )
        seen = app.execute("SELECT count(*) FROM documents_documentversion WHERE id = %s", [target]).fetchone()
        app.rollback()
    assert seen == (0,)


def test_a_grant_cannot_be_turned_to_another_row(scene) -> None:
    story = scene("received")
    with session(story, story.who.client) as app, pytest.raises(InsufficientPrivilege, match="people_grant"):
        app.execute("UPDATE people_grant SET subject_table = 'quality_batch', subject_id = gen_random_uuid()")


def test_nobody_answers_a_request_in_the_place_of_the_laboratory_that_was_asked(scene) -> None:
    story = scene("requested")
    thief, request = story.stranger, story.request
    with session(story, thief) as app:
        app.execute("SET CONSTRAINTS quality_order_request_own IMMEDIATE")
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="quality_order_request_own"):
            app.execute(
                "INSERT INTO quality_order (id, organisation_id, number, client_id, request_id, due_at, accepted_at,"
                " accepted_by_id, progress) VALUES (%s, %s, 'O-1', %s, %s, now(), now(), %s, '{}')",
                [uuid4(), thief.organisation_id, request.organisation_id, request.pk, thief.person_id],
            )


# --- accounts and the access log ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", ["password = 'x'", "email = 'thief@example.com'", "is_active = false", "password_is_one_time = true"]
)
def test_an_account_is_not_changed_in_silence(scene, change: str) -> None:
    story = scene("founded")
    lab, before = story.who.analyst, story.standing()
    with session(story, lab) as app:
        for whose in (lab, story.who.reviewer):
            app.execute(f"UPDATE people_person SET {change} WHERE id = %s", [whose.person_id])  # type: ignore[arg-type]
            with pytest.raises(IntegrityConstraintViolation, match="no ledger entry accompanies this change of people"):
                app.commit()
        with pytest.raises(InsufficientPrivilege, match="row-level security"):
            app.execute(
                f"UPDATE people_person SET {change} WHERE id = %s",  # type: ignore[arg-type]
                [story.who.client.person_id],
            )
    assert story.standing() == before


def test_an_account_that_also_works_elsewhere_is_changed_by_its_holder_only(scene) -> None:
    from atmpxb.records.people import actions as people
    from atmpxb.records.people.models import Person, Role

    story = scene("founded")
    guest = story.get(Person, pk=story.who.client.person_id)
    people.grant_role(actor=story.administrator(), person=guest, role=Role.ANALYST, function="Guest")
    with session(story, story.administrator()) as app, pytest.raises(InsufficientPrivilege, match="row-level security"):
        app.execute("UPDATE people_person SET password = 'x' WHERE id = %s", [guest.pk])


def test_a_password_exchanged_by_the_machines_owner_is_found(scene) -> None:
    story = scene("founded")
    with psycopg.connect(story.url("postgres")) as admin:
        admin.execute("ALTER TABLE people_person DISABLE TRIGGER ALL")
        admin.execute("UPDATE people_person SET password = 'x' WHERE id = %s", [story.who.head.person_id])
        admin.execute("ALTER TABLE people_person ENABLE TRIGGER ALL")
    from django.db import connections

    connections["backup"].settings_dict.update(connections["default"].settings_dict | {"USER": roles.BACKUP})
    try:
        wrong = [line for line in deep.verify() if line.ok is False]
    finally:
        connections["backup"].close()
    assert [line.check for line in wrong] == ["table people_person"]
    assert "password differ" in wrong[0].message


def test_the_access_log_is_dated_by_the_database_and_written_in_ones_own_name(scene) -> None:
    story = scene("founded")
    me, other = story.who.analyst, story.who.client
    line = "INSERT INTO people_access ({}) VALUES ({})"
    with session(story, me) as app:
        with pytest.raises(InsufficientPrivilege, match="permission denied"), app.transaction():
            app.execute(line.format("at, event, subject, address", "'1999-01-01', 'x', '', ''"))
        forged = "organisation_id, person_id, owner_id, event, subject, address"
        for organisation, person in (
            (other.organisation_id, other.person_id),
            (me.organisation_id, other.person_id),
            (None, me.person_id),
        ):
            with pytest.raises(InsufficientPrivilege, match="row-level security"), app.transaction():
                app.execute(
                    line.format(forged, "%s, %s, %s, 'record.viewed', '', ''"),
                    [organisation, person, other.organisation_id],
                )
        app.execute(
            line.format(forged, "%s, %s, %s, 'record.viewed', '', ''"),
            [me.organisation_id, me.person_id, other.organisation_id],
        )
        (at,) = app.execute("SELECT at FROM people_access").fetchone()  # type: ignore[misc]
        assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)
        for statement in ("UPDATE people_access SET event = 'y'", "DELETE FROM people_access"):
            with pytest.raises(InsufficientPrivilege), app.transaction():
                app.execute(statement)


def test_a_second_factor_that_is_exchanged_leaves_a_line(scene) -> None:
    story = scene("founded")
    person = story.who.analyst.person_id
    with session(story, story.who.analyst) as app:
        app.execute(
            "INSERT INTO mfa_authenticator (user_id, type, data, created_at) VALUES (%s, 'totp', '{}', now())", [person]
        )
        app.execute('UPDATE mfa_authenticator SET data = \'{"secret": "mine"}\'')
        app.execute("UPDATE mfa_authenticator SET last_used_at = now()")
        app.execute("DELETE FROM mfa_authenticator")
        app.commit()
    with psycopg.connect(story.url("postgres")) as admin:
        lines = admin.execute("SELECT event, person_id, subject FROM people_access ORDER BY id").fetchall()
    assert lines == [(f"factor.{what}", person, "totp") for what in ("insert", "update", "delete")]


# --- everything the role can write ----------------------------------------------------------------------

#: What the application may write where nothing is a record: sessions, second factors, queue, cache.
UNRECORDED = {
    "django_session": "DIU", "platform_cache": "DIU", "mfa_authenticator": "DIu",
    "procrastinate_jobs": "DIU", "procrastinate_events": "DIU", "procrastinate_periodic_defers": "DIU",
    "procrastinate_workers": "DIU", "people_access": "i",
}  # fmt: skip


def test_every_table_that_the_application_can_write_is_a_record_or_known_not_to_be_one(scene) -> None:
    story = scene("founded")
    with psycopg.connect(story.url("postgres")) as admin:
        rights = dict(
            admin.execute(
                "SELECT relname, concat(CASE WHEN has_table_privilege(%(app)s, oid, 'DELETE') THEN 'D' END,"
                " CASE WHEN has_table_privilege(%(app)s, oid, 'INSERT') THEN 'I'"
                " WHEN has_any_column_privilege(%(app)s, oid, 'INSERT') THEN 'i' END,"
                " CASE WHEN has_table_privilege(%(app)s, oid, 'UPDATE') THEN 'U'"
                " WHEN has_any_column_privilege(%(app)s, oid, 'UPDATE') THEN 'u' END,"
                " CASE WHEN has_table_privilege(%(app)s, oid, 'TRUNCATE') THEN 'T' END)"
                " FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p')",
                {"app": roles.APP},
            ).fetchall()
        )
        recorded = {
            name
            for (name,) in admin.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname ~ '_recorded$'")
        }
    assert {table: right for table, right in rights.items() if right and table not in recorded} == UNRECORDED
    assert {rights[table] for table in recorded} == {"IU", "Iu"}
    assert "people_person" in recorded
    assert len(recorded) > 25


def test_no_ordinary_reference_between_organisations_stands_alone(scene) -> None:
    """A plain foreign key looks past row-level security, so each has a composite one beside it."""
    story = scene("founded")
    with psycopg.connect(story.url("postgres")) as admin:
        alone = admin.execute(
            "SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'f' AND array_length(c.conkey, 1) = 1"
            " AND EXISTS (SELECT 1 FROM pg_constraint o WHERE o.conrelid = c.confrelid AND o.conname ~ '_own$'"
            "             AND o.contype = 'u')"
            " AND NOT EXISTS (SELECT 1 FROM pg_constraint o WHERE o.conrelid = c.conrelid AND o.contype = 'f'"
            "                 AND o.confrelid = c.confrelid AND array_length(o.conkey, 1) > 1 AND a.attnum = ANY(o.conkey))"
        ).fetchall()
    assert alone == []


def test_the_ledgers_own_role_writes_only_when_the_application_calls(scene) -> None:
    story = scene("certified")
    with psycopg.connect(story.url("postgres")) as admin:
        forced = dict(
            admin.execute(
                "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname ~ '^ledger_[a-z]+$'"
                " AND relkind = 'r'"
            ).fetchall()
        )
    assert forced == dict.fromkeys(
        ("ledger_entry", "ledger_head", "ledger_checkpoint", "ledger_owed", "ledger_telling"), True
    )
    with psycopg.connect(story.url("atmpxb_owner"), autocommit=True) as owner:
        owner.execute("SET ROLE atmpxb_ledger")
        for table in ("ledger_entry", "ledger_checkpoint", "ledger_head"):
            with pytest.raises(InsufficientPrivilege, match="row-level security"):
                owner.execute(
                    f"INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, to_jsonb(t) || %s)).* FROM {table} t"  # type: ignore[arg-type]
                    " LIMIT 1",
                    [json.dumps({"seq": 9999, "organisation_id": str(uuid4())})],
                )
