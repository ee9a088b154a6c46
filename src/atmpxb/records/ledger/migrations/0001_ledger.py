"""The append-only chain and the functions that alone may write it.

The tables belong to ``atmpxb_ledger``, a role that cannot log in. The application may read its own chain and call
``ledger_append``; UPDATE, DELETE and TRUNCATE are refused to everyone, the owner included, by triggers that stay on
in replication mode. Row-level security is forced: the ledger's role itself writes only when the application calls.
"""

from django.db import migrations

from atmpxb.records.ledger.migrations._append import APPEND, CHECKPOINT
from atmpxb.records.ledger.migrations._owed import OWED

TABLES = """
CREATE TABLE ledger_entry (
    organisation_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    payload bytea NOT NULL,
    prev bytea NOT NULL CHECK (length(prev) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    written_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
    event text NOT NULL,
    subject uuid NOT NULL,
    PRIMARY KEY (organisation_id, seq)
);
CREATE INDEX ledger_entry_subject ON ledger_entry (organisation_id, subject);
CREATE INDEX ledger_entry_event ON ledger_entry (organisation_id, event);

CREATE TABLE ledger_head (
    organisation_id uuid PRIMARY KEY,
    seq bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE ledger_checkpoint (
    witness_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    seq bigint NOT NULL,
    payload bytea NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (witness_id, organisation_id, seq)
);
"""

GUARDS = """
CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER ledger_entry_rows BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER ledger_entry_table BEFORE TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER ledger_checkpoint_rows BEFORE UPDATE OR DELETE ON ledger_checkpoint
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER ledger_checkpoint_table BEFORE TRUNCATE ON ledger_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_rows;
ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_table;
ALTER TABLE ledger_checkpoint ENABLE ALWAYS TRIGGER ledger_checkpoint_rows;
ALTER TABLE ledger_checkpoint ENABLE ALWAYS TRIGGER ledger_checkpoint_table;
"""

_TABLES = ("ledger_entry", "ledger_head", "ledger_checkpoint", "ledger_owed", "ledger_telling")
_READ = ("ledger_entry", "ledger_head", "ledger_checkpoint")
_KEPT = (*_READ, "ledger_telling")
#: Called by the application; by triggers; and by one another.
_OPEN = ("ledger_append", "ledger_checkpoint_append")
_TRIGGERS = ("ledger_owe", "ledger_settle")
_INNER = (
    "ledger_canonical", "ledger_digest", "ledger_agrees", "ledger_tell", "ledger_is_now", "ledger_demand_sound",
    "ledger_demand_shared",
)  # fmt: skip
#: Who acts as the ledger's role without being called by the application reads, and writes nothing; a migration may.
_BY_CALL = "session_user = 'atmpxb_app' OR current_setting('app.migrating') = 'on'"


def _access() -> str:
    functions = (*_OPEN, *_TRIGGERS, *_INNER)
    own = "= current_setting('app.organisation')::uuid"
    return "\n".join(
        [
            *(f"ALTER TABLE {table} OWNER TO atmpxb_ledger;" for table in _TABLES),
            *(f"ALTER FUNCTION {function} OWNER TO atmpxb_ledger;" for function in functions),
            "GRANT SELECT ON people_grant, people_organisation TO atmpxb_ledger;",
            "SET ROLE atmpxb_ledger;",
            f"REVOKE ALL ON {', '.join(_TABLES)} FROM PUBLIC, atmpxb_app, atmpxb_owner;",
            f"GRANT SELECT ON {', '.join(_READ)} TO atmpxb_app;",
            f"GRANT SELECT ON {', '.join(_TABLES)} TO atmpxb_backup;",
            f"REVOKE ALL ON FUNCTION {', '.join(functions)} FROM PUBLIC, atmpxb_app, atmpxb_owner;",
            f"GRANT EXECUTE ON FUNCTION {', '.join(_OPEN)} TO atmpxb_app;",
            "GRANT EXECUTE ON FUNCTION ledger_owe TO atmpxb_owner;",
            *(f"ALTER TABLE {t} ENABLE ROW LEVEL SECURITY; ALTER TABLE {t} FORCE ROW LEVEL SECURITY;" for t in _TABLES),
            *(f"CREATE POLICY writing ON {t} TO atmpxb_ledger USING (true) WITH CHECK ({_BY_CALL});" for t in _KEPT),
            "CREATE POLICY writing ON ledger_owed TO atmpxb_ledger USING (true) WITH CHECK (true);",
            f"CREATE POLICY own ON ledger_entry FOR SELECT TO atmpxb_app USING (organisation_id {own});",
            f"CREATE POLICY own ON ledger_head FOR SELECT TO atmpxb_app USING (organisation_id {own});",
            f"CREATE POLICY own ON ledger_checkpoint FOR SELECT TO atmpxb_app USING (witness_id {own});",
            "RESET ROLE;",
        ]
    )


class Migration(migrations.Migration):
    initial = True
    dependencies = [("people", "0001_initial")]
    operations = [
        migrations.RunSQL(TABLES + GUARDS + OWED + APPEND + CHECKPOINT + _access(), reverse_sql=migrations.RunSQL.noop)
    ]
