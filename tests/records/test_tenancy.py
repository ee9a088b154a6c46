"""Every row belongs to one organisation, and the database keeps it so for every table there is."""

from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from django.utils import timezone
from psycopg import sql
from psycopg.errors import ForeignKeyViolation, InsufficientPrivilege, UndefinedObject

from atmpxb.records.ledger.writing import action, change, create, record
from atmpxb.records.people.actions import share
from atmpxb.records.people.models import Grant, Role

#: Tables of sign-in, sessions, queue and migrations: they belong to no organisation.
NOBODYS = {
    "django_session", "django_content_type", "django_migrations", "platform_cache",
    "auth_group", "auth_group_permissions", "auth_permission",
    "account_emailaddress", "account_emailconfirmation", "mfa_authenticator",
    "procrastinate_jobs", "procrastinate_events", "procrastinate_periodic_defers", "procrastinate_workers",
}  # fmt: skip
#: Tables that only the functions of the ledger reach.
HIDDEN = {"ledger_owed", "ledger_telling", "web_keptview"}  # the last belongs to persons, not to organisations
#: Tables whose rows every organisation of the network may read.
PUBLIC = {"people_person", "people_organisation", "people_site", "signatures_signingkey", "quality_publication"}


def admin(story) -> psycopg.Connection:
    return psycopg.connect(story.url("postgres"), autocommit=True)


def app(story, organisation: UUID | None = None, person: UUID | None = None) -> psycopg.Connection:
    """A session of the application; with a context that lasts, or none at all."""
    opened = psycopg.connect(story.url("atmpxb_app"), autocommit=True)
    if organisation:
        opened.execute(
            "SELECT set_config('app.organisation', %s, false), set_config('app.person', %s, false)",
            [str(organisation), str(person or UUID(int=0))],
        )
    return opened


def tenant_tables(story) -> list[str]:
    """Tables under policies that the application can read."""
    with admin(story) as opened:
        return [
            name
            for (name,) in opened.execute(
                "SELECT DISTINCT tablename FROM pg_policies WHERE schemaname = 'public' ORDER BY 1"
            )
            if name not in HIDDEN
        ]


def count(opened: psycopg.Connection, table: str, where: str = "true") -> int:
    query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(sql.Identifier(table), sql.SQL(where))  # type: ignore[arg-type]
    (found,) = opened.execute(query).fetchone()  # type: ignore[misc]
    return int(found)


def test_every_table_is_under_the_rules_or_belongs_to_nobody(scene) -> None:
    story = scene("founded")
    with admin(story) as opened:
        every = {n for (n,) in opened.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        forced = {
            n for (n,) in opened.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        }
        organised = {
            n
            for (n,) in opened.execute(
                "SELECT table_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND column_name = 'organisation_id'"
            )
        }
    assert every - forced == NOBODYS
    assert forced - HIDDEN == set(tenant_tables(story))
    assert organised <= forced


def test_only_the_ledgers_own_role_and_nobody_else_is_past_the_policies(scene) -> None:
    story = scene("founded")
    with admin(story) as opened:
        past = {
            n
            for (n,) in opened.execute(
                "SELECT rolname FROM pg_roles WHERE rolname LIKE 'atmpxb%' AND (rolsuper OR rolbypassrls)"
            )
        }
        owned_by_app = opened.execute("SELECT count(*) FROM pg_class WHERE relowner = 'atmpxb_app'::regrole").fetchone()
    assert past == {"atmpxb_backup"}
    assert owned_by_app == (0,)


def test_without_a_context_every_query_is_an_error(scene) -> None:
    story = scene("certified")
    for table in tenant_tables(story):
        with app(story) as opened:
            if table in PUBLIC:
                # Reading what is public needs no context; writing it does.
                with pytest.raises((UndefinedObject, InsufficientPrivilege)):
                    opened.execute(f"UPDATE {table} SET id = id")  # type: ignore[arg-type]
            else:
                with pytest.raises(UndefinedObject, match=r"app\.(organisation|person)"):
                    count(opened, table)


def test_a_context_ends_with_its_transaction(scene) -> None:
    """A pooled connection is handed to the next request: what was set before must not be left in it."""
    story = scene("certified")
    lab = story.who.analyst
    with app(story) as opened:
        with opened.transaction():
            opened.execute("SELECT set_config('app.organisation', %s, true)", [str(lab.organisation_id)])
            assert count(opened, "quality_sample") == 3
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            count(opened, "quality_sample")


def test_another_organisation_reads_no_row(scene) -> None:
    story = scene("certified")
    lab, stranger = story.who.analyst.organisation_id, story.stranger
    seen, own = {}, {}
    with app(story, stranger.organisation_id, stranger.person_id) as theirs, admin(story) as everything:
        for table in sorted(set(tenant_tables(story)) - PUBLIC):
            column = "witness_id" if table == "ledger_checkpoint" else "organisation_id"
            seen[table] = count(theirs, table, f"{column} = '{lab}'")
            own[table] = count(everything, table, f"{column} = '{lab}'")
    assert not any(seen.values()), {table: number for table, number in seen.items() if number}
    # The story has filled nearly all of them, so that the zeros above mean something.
    assert {table for table, number in own.items() if not number} == {
        "people_access", "quality_batch", "quality_decline", "quality_failedjob", "quality_product", "quality_request",
        "signatures_refusal",
    }  # fmt: skip


def test_the_client_reads_what_is_shared_with_it_and_no_more(scene) -> None:
    story = scene("certified")
    client, lab = story.who.client, story.who.analyst.organisation_id
    with app(story, client.organisation_id, client.person_id) as theirs:
        seen = {
            table: number
            for table in sorted(set(tenant_tables(story)) - PUBLIC - {"ledger_checkpoint"})
            if (number := count(theirs, table, f"organisation_id = '{lab}'"))
        }
    # The certificate and the seven raw files that it rests on.
    assert seen == {"people_grant": 10, "quality_certificate": 1, "quality_order": 1, "vault_storedfile": 8}


def test_a_row_in_anothers_name_is_refused(scene) -> None:
    story = scene("certified")
    client, lab = story.who.client, story.who.analyst.organisation_id
    with admin(story) as everything, app(story, client.organisation_id, client.person_id) as theirs:
        for table in tenant_tables(story):
            if table.startswith("ledger_") or table in ("people_access", "people_person"):
                continue
            column = "id" if table == "people_organisation" else "organisation_id"
            row = everything.execute(
                f"SELECT to_jsonb(t) FROM {table} t WHERE {column} = %s LIMIT 1",
                [lab],  # type: ignore[arg-type]
            ).fetchone()
            if row is None:
                continue
            forged = row[0] | {"id": str(uuid4())} if table != "people_organisation" else row[0]
            with pytest.raises(InsufficientPrivilege, match=r"row-level security|only the organisation that owns"):
                theirs.execute(
                    f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, %s)",  # type: ignore[arg-type]
                    [psycopg.types.json.Jsonb(forged)],
                )
            open_column = "revoked_at" if table == "people_grant" else column
            changed = theirs.execute(
                f"UPDATE {table} SET {open_column} = {open_column} WHERE {column} = %s",
                [lab],  # type: ignore[arg-type]
            )
            assert changed.rowcount == 0


def test_a_row_cannot_be_given_away(scene) -> None:
    story = scene("received")
    lab, client = story.who.analyst, story.who.client
    with app(story, lab.organisation_id, lab.person_id) as opened:
        with pytest.raises(InsufficientPrivilege, match="row-level security"):
            opened.execute("UPDATE quality_sample SET organisation_id = %s", [client.organisation_id])


def test_a_reference_to_another_organisations_row_is_refused(scene) -> None:
    """A plain foreign key would accept it: referential checks look past row-level security."""
    story = scene("certified")
    client = story.who.client
    with admin(story) as everything:
        references = everything.execute(
            "SELECT conrelid::regclass::text, conname, (SELECT attname FROM pg_attribute WHERE attrelid = conrelid"
            " AND attnum = conkey[2]), confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
            " AND conname LIKE '%\\_own' AND array_length(conkey, 1) = 2 ORDER BY 1, 2"
        ).fetchall()
    assert len(references) >= 20
    tried = 0
    for table, name, column, target in references:
        if name == "quality_order_request_own":
            continue  # an order answers another organisation's request; see below
        with admin(story) as everything:
            everything.autocommit = False
            everything.execute(f"SET CONSTRAINTS {name} IMMEDIATE")  # type: ignore[arg-type]
            row = everything.execute(
                f"SELECT id, organisation_id FROM {table} WHERE {column} IS NOT NULL LIMIT 1"  # type: ignore[arg-type]
            ).fetchone()
            if row is None:
                continue
            other = client.organisation_id if row[1] != client.organisation_id else story.who.analyst.organisation_id
            foreign = everything.execute(
                f"SELECT id FROM {target} WHERE organisation_id = %s LIMIT 1", [other]
            ).fetchone()  # type: ignore[arg-type]
            if foreign is None:
                foreign = (uuid4(),)
            with pytest.raises(psycopg.errors.IntegrityError):
                everything.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", [foreign[0], row[0]])  # type: ignore[arg-type]
        tried += 1
    assert tried >= 15


def test_an_order_must_name_the_client_whose_request_it_answers(scene) -> None:
    story = scene("received")
    with admin(story) as everything:
        everything.autocommit = False
        everything.execute("SET CONSTRAINTS quality_order_request_own IMMEDIATE")
        with pytest.raises(ForeignKeyViolation, match="quality_order_request_own"):
            everything.execute("UPDATE quality_order SET client_id = %s", [story.stranger.organisation_id])


def test_uniqueness_does_not_reveal_what_others_use(scene) -> None:
    """Two laboratories may use the same label; a global constraint would tell the second of the first."""
    story = scene("founded")
    with admin(story) as everything:
        unique = everything.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indisunique AND NOT indisprimary AND indrelid::regclass::text LIKE 'quality\\_%'"
        ).fetchall()
    scoped = (
        "organisation_id",
        "(test_id)",
        "(run_id,",
        "(token)",
        "_id_key",
        "retest_of_id",
        "replace",
        "request_id",
    )
    revealing = [name for name, text in unique if not any(mark in text or mark in name for mark in scoped)]
    assert revealing == []
    assert len(unique) > 15


# --- sharing --------------------------------------------------------------------------------------------


@action("tests.share_sample", roles={Role.ANALYST})
def share_sample(*, actor, sample, to: UUID, until=None, organisation: UUID | None = None) -> None:
    if organisation:
        create(
            Grant, organisation_id=actor.organisation_id, to_organisation_id=to, subject_table="quality_sample",
            subject_id=sample.pk, purpose="x", valid_from=timezone.now(), valid_until=until,
        )  # fmt: skip
    else:
        share(sample, to=to, purpose="look at this", until=until)
    record("sample.shared", actor=actor, on=sample)


@action("tests.share_product", roles={Role.ANALYST})
def share_what_is_not_ours(*, actor, product, to: UUID) -> None:
    create(
        Grant, to_organisation_id=to, subject_table="quality_product", subject_id=product.pk, purpose="x",
        valid_from=timezone.now(),
    )  # fmt: skip
    record("product.shared", actor=actor, on=product)


@action("tests.revoke", roles={Role.ANALYST})
def revoke(*, actor, grant: Grant) -> None:
    change(grant, revoked_at=timezone.now())
    record("grant.revoked", actor=actor, on=grant)


def seen_by(story, actor) -> list[str]:
    with app(story, actor.organisation_id, actor.person_id) as opened:
        return [label for (label,) in opened.execute("SELECT label FROM quality_sample ORDER BY label")]


def test_a_grant_opens_one_row_until_it_is_revoked(scene) -> None:
    story = scene("received")
    partner, analyst = story.stranger, story.who.analyst
    assert seen_by(story, partner) == []
    share_sample(actor=analyst, sample=story.sample("flow"), to=partner.organisation_id)
    assert seen_by(story, partner) == ["CART-0001.A"], "the other sample stays closed"
    with app(story, partner.organisation_id, partner.person_id) as opened:
        assert opened.execute("UPDATE quality_sample SET label = 'mine now'").rowcount == 0, "reading only"
    revoke(actor=analyst, grant=story.get(Grant, subject_id=story.sample("flow").pk))
    assert seen_by(story, partner) == []


def test_a_grant_ends_by_itself(scene) -> None:
    story = scene("received")
    partner, analyst = story.stranger, story.who.analyst
    now = timezone.now()
    share_sample(
        actor=analyst,
        sample=story.sample("flow"),
        to=partner.organisation_id,
        until=now - timedelta(seconds=1),
    )
    assert seen_by(story, partner) == []
    share_sample(actor=analyst, sample=story.sample("dna"), to=partner.organisation_id, until=now + timedelta(hours=1))
    assert seen_by(story, partner) == ["CART-0001.B"]


def test_who_reads_a_shared_row_cannot_share_it_on(scene) -> None:
    story = scene("received")
    before = story.standing()
    product = story.request.batch.product_id
    analyst = story.who.analyst
    from atmpxb.quality.models import Product

    seen = story.get(Product, pk=product)
    with pytest.raises(Exception, match="only the organisation that owns a record can share it"):
        share_what_is_not_ours(actor=analyst, product=seen, to=story.stranger.organisation_id)
    assert story.standing() == before


def test_the_receiver_cannot_prolong_a_grant(scene) -> None:
    story = scene("received")
    lab = story.who.analyst
    with app(story, lab.organisation_id, lab.person_id) as opened:
        received = count(opened, "people_grant", f"to_organisation_id = '{lab.organisation_id}'")
        assert received == 5
        changed = opened.execute(
            "UPDATE people_grant SET valid_until = now() + interval '10 years' WHERE to_organisation_id = %s",
            [lab.organisation_id],
        )
        assert changed.rowcount == 0
