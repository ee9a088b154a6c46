"""Nobody changes the past, and nobody writes a business row in silence: the database refuses, whoever asks."""

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, IntegrityConstraintViolation

from atmpxb.quality.models import Sample
from atmpxb.records.ledger.writing import NothingRecorded, action, change, create, record
from atmpxb.records.people.models import Role, Site
from forging import append, entry

TABLES = ("ledger_entry", "ledger_checkpoint")
TAMPERING = ("UPDATE {} SET seq = seq", "DELETE FROM {}", "TRUNCATE {}")


def session(story, role: str) -> psycopg.Connection:
    opened = psycopg.connect(story.url(role), autocommit=True)
    actor = story.who.analyst
    opened.execute(
        "SELECT set_config('app.organisation', %s, false), set_config('app.person', %s, false)",
        [str(actor.organisation_id), str(actor.person_id)],
    )
    return opened


def ledger_size(story) -> int:
    with psycopg.connect(story.url("postgres")) as admin:
        (count,) = admin.execute("SELECT count(*) FROM ledger_entry").fetchone()  # type: ignore[misc]
    return int(count)


@pytest.mark.parametrize("role", ["atmpxb_app", "atmpxb_owner", "atmpxb_backup", "postgres", "replica"])
def test_the_past_cannot_be_changed(scene, role: str) -> None:
    story = scene("certified")
    before = ledger_size(story)
    assert before > 60
    with session(story, "postgres" if role == "replica" else role) as opened:
        if role == "replica":
            opened.execute("SET session_replication_role = replica")
        for table in TABLES:
            for statement in TAMPERING:
                with pytest.raises(InsufficientPrivilege) as refused:
                    opened.execute(statement.format(table))  # type: ignore[arg-type]
                assert refused.value.diag.message_primary
    assert ledger_size(story) == before
    assert story.breaks(story.who.analyst) == []


def test_the_owner_gains_nothing_by_acting_as_the_ledger(scene) -> None:
    story = scene("founded")
    with session(story, "atmpxb_owner") as owner:
        owner.execute("SET ROLE atmpxb_ledger")
        for statement in TAMPERING:
            with pytest.raises(InsufficientPrivilege, match="append-only"):
                owner.execute(statement.format("ledger_entry"))  # type: ignore[arg-type]


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_head", "ledger_checkpoint"])
def test_the_application_appends_only_through_the_function(scene, table: str) -> None:
    story = scene("founded")
    with session(story, "atmpxb_app") as app:
        with pytest.raises(InsufficientPrivilege, match=f"permission denied for table {table}"):
            app.execute(f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1")  # type: ignore[arg-type]
        if table == "ledger_head":
            with pytest.raises(InsufficientPrivilege):
                app.execute("UPDATE ledger_head SET seq = 0")


def test_a_strangers_chain_takes_no_entry(scene) -> None:
    story = scene("requested")
    lab, stranger = story.who.analyst, story.stranger.organisation_id
    about = {"chain": story.who.client.organisation_id, "table": "quality_request", "id": story.request.pk}
    with session(story, "atmpxb_app") as app:
        with pytest.raises(InsufficientPrivilege, match="shares nothing with"):
            append(app, stranger, entry(lab, "request.accepted", **{**about, "chain": stranger}))
        # The client shares its request with the laboratory, so this is what the laboratory may answer.
        seq, _hash = append(app, about["chain"], entry(lab, "request.accepted", **about))
    assert len(story.entries(story.who.client)) == seq


def test_nobody_else_may_call_the_function(scene) -> None:
    story = scene("founded")
    for role in ("atmpxb_owner", "atmpxb_backup"):
        with session(story, role) as opened, pytest.raises(InsufficientPrivilege, match="ledger_append"):
            opened.execute(
                "SELECT ledger_append(%s, %s)", [story.who.analyst.organisation_id, entry(story.who.analyst)]
            )


def test_an_entry_without_a_context_is_an_error_not_a_gap(scene) -> None:
    story = scene("founded")
    with psycopg.connect(story.url("atmpxb_app"), autocommit=True) as app:
        with pytest.raises(psycopg.errors.UndefinedObject, match=r"app\.organisation"):
            app.execute("SELECT ledger_append(%s, %s)", [story.who.analyst.organisation_id, entry(story.who.analyst)])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE quality_sample SET volume_ul = volume_ul + 1",
        "UPDATE quality_result SET verdict = 'complies', reported = '99'",
        "UPDATE quality_run SET state = 'reviewed'",
        "UPDATE people_membership SET valid_until = NULL, role = 'qp'",
        "INSERT INTO people_site (id, organisation_id, code, name, address, country, zone)"
        " VALUES (gen_random_uuid(), current_setting('app.organisation')::uuid, 'x', 'x', 'x', 'BE', 'UTC')",
    ],
)
def test_a_change_without_an_entry_does_not_commit(scene, statement: str) -> None:
    story = scene("submitted")
    before = story.standing()
    with session(story, "atmpxb_app") as app:
        app.autocommit = False
        assert app.execute(statement).rowcount > 0  # type: ignore[arg-type]
        with pytest.raises(IntegrityConstraintViolation, match="no ledger entry accompanies"):
            app.commit()
    assert story.standing() == before


def test_an_entry_on_another_chain_does_not_excuse_the_change(scene) -> None:
    story = scene("submitted")
    with session(story, "atmpxb_app") as app:
        app.autocommit = False
        app.execute("UPDATE quality_sample SET volume_ul = volume_ul + 1")
        about = {"chain": story.who.client.organisation_id, "table": "quality_request", "id": story.request.pk}
        append(app, about["chain"], entry(story.who.analyst, "request.accepted", **about))
        with pytest.raises(IntegrityConstraintViolation, match="quality_sample"):
            app.commit()


@pytest.mark.parametrize("table", ["quality_sample", "quality_result", "signatures_signature", "vault_storedfile"])
def test_the_application_deletes_nothing(scene, table: str) -> None:
    story = scene("submitted")
    with session(story, "atmpxb_app") as app:
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(InsufficientPrivilege, match="permission denied"):
                app.execute(statement)  # type: ignore[arg-type]


@pytest.mark.parametrize("replica", [False, True])
def test_a_signature_never_changes(scene, replica: bool) -> None:
    story = scene("submitted")
    with session(story, "postgres") as admin:
        if replica:
            admin.execute("SET session_replication_role = replica")
        for statement in ("UPDATE signatures_signature SET name = 'X'", "DELETE FROM signatures_signature"):
            with pytest.raises(InsufficientPrivilege, match="never changes"):
                admin.execute(statement)


# --- actions that forget ------------------------------------------------------------------------------


@action("tests.forget", roles={Role.ADMINISTRATOR})
def forget_to_record(*, actor, code: str) -> None:
    create(Site, code=code, name="x", address="x", country="BE", zone="UTC")


@action("tests.forget_the_rest", roles={Role.ADMINISTRATOR})
def record_too_early(*, actor, code: str) -> None:
    site = create(Site, code=code, name="x", address="x", country="BE", zone="UTC")
    record("site.opened", actor=actor, on=site)
    change(site, name="y")


@action("tests.say_nothing", roles={Role.ADMINISTRATOR})
def say_nothing(*, actor) -> None:
    """Neither writes nor records."""


@action("tests.for_another", roles={Role.ADMINISTRATOR})
def record_for_another(*, actor, other) -> None:
    site = create(Site, code="z", name="x", address="x", country="BE", zone="UTC")
    record("site.opened", actor=other, on=site)


def test_an_action_that_does_not_record_what_it_wrote_leaves_nothing(scene) -> None:
    story = scene("founded")
    administrator, before = story.administrator(), story.standing()
    with pytest.raises(NothingRecorded):
        forget_to_record(actor=administrator, code="a")
    with pytest.raises(NothingRecorded):
        record_too_early(actor=administrator, code="b")
    with pytest.raises(NothingRecorded):
        say_nothing(actor=administrator)
    with pytest.raises(NothingRecorded):
        record_for_another(actor=administrator, other=story.stranger)
    assert story.standing() == before
    assert administrator.receipts == []


def test_a_row_is_written_inside_an_action_only(scene) -> None:
    story = scene("received")
    sample = story.sample("flow")
    before = story.standing()
    with pytest.raises(NothingRecorded):
        change(sample, label="other")
    with pytest.raises(NothingRecorded):
        create(Sample, order=sample.order, aliquot="x", title={}, label="x")
    assert story.standing() == before
