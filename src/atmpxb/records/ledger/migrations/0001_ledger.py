"""The append-only chain and the functions that alone may write it.

The tables belong to ``atmpxb_ledger``, a role that cannot log in. The application may read its own chain and call
``ledger_append``; UPDATE, DELETE and TRUNCATE are refused to everyone, the owner included, by triggers that stay on
in replication mode.
"""

from django.db import migrations

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
CREATE INDEX ledger_entry_written_in ON ledger_entry (written_in);
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

FUNCTIONS = """
CREATE FUNCTION ledger_append(chain uuid, entry bytea, OUT seq bigint, OUT hash bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    acting uuid := current_setting('app.organisation')::uuid;
    head public.ledger_head;
    content jsonb := convert_from(entry, 'UTF8')::jsonb;
BEGIN
    IF chain <> acting AND NOT EXISTS (
        SELECT 1 FROM public.people_grant g WHERE g.revoked_at IS NULL
        AND ((g.organisation_id = acting AND g.to_organisation_id = chain)
          OR (g.organisation_id = chain AND g.to_organisation_id = acting))
    ) THEN
        RAISE EXCEPTION 'organisation % shares nothing with %: it cannot write to that chain', acting, chain
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.ledger_head AS h VALUES (chain, 0, sha256(convert_to('atmpxb:' || chain::text, 'UTF8')))
        ON CONFLICT (organisation_id) DO NOTHING;
    SELECT * INTO STRICT head FROM public.ledger_head h WHERE h.organisation_id = chain FOR UPDATE;
    seq := head.seq + 1;
    hash := sha256('\\x01'::bytea || head.hash || int8send(seq) || int8send(length(entry)::bigint) || entry);
    -- Event and subject are copies out of the payload, to find entries by: under row-level security only a plain
    -- column can use its index.
    INSERT INTO public.ledger_entry (organisation_id, seq, payload, prev, hash, event, subject)
        VALUES (chain, seq, entry, head.hash, hash, content ->> 'event', (content -> 'subject' ->> 'id')::uuid);
    UPDATE public.ledger_head h SET seq = ledger_append.seq, hash = ledger_append.hash WHERE h.organisation_id = chain;
END $$;

CREATE FUNCTION ledger_checkpoint_append(chain uuid, at_seq bigint, statement bytea, key text, sealed bytea)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    witnesses integer;
BEGIN
    IF chain <> current_setting('app.organisation')::uuid THEN
        RAISE EXCEPTION 'a checkpoint is made by the organisation whose chain it is' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM public.ledger_entry e WHERE e.organisation_id = chain AND e.seq = at_seq) THEN
        RAISE EXCEPTION 'the chain has no entry %', at_seq;
    END IF;
    INSERT INTO public.ledger_checkpoint (witness_id, organisation_id, seq, payload, key_id, signature)
        SELECT o.id, chain, at_seq, statement, key, sealed FROM public.people_organisation o
        ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS witnesses = ROW_COUNT;
    RETURN witnesses;
END $$;

CREATE FUNCTION ledger_must_accompany() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    changed jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
BEGIN
    IF session_user = 'atmpxb_owner' THEN
        RETURN NULL;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM public.ledger_entry e WHERE e.written_in = pg_current_xact_id()
                   AND e.organisation_id = (changed ->> TG_ARGV[0])::uuid) THEN
        RAISE EXCEPTION 'no ledger entry accompanies this change of %', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""

ACCESS = """
ALTER TABLE ledger_entry OWNER TO atmpxb_ledger;
ALTER TABLE ledger_head OWNER TO atmpxb_ledger;
ALTER TABLE ledger_checkpoint OWNER TO atmpxb_ledger;
ALTER FUNCTION ledger_append OWNER TO atmpxb_ledger;
ALTER FUNCTION ledger_checkpoint_append OWNER TO atmpxb_ledger;
ALTER FUNCTION ledger_must_accompany OWNER TO atmpxb_ledger;
GRANT SELECT ON people_grant, people_organisation TO atmpxb_ledger;
SET ROLE atmpxb_ledger;
REVOKE ALL ON ledger_entry, ledger_head, ledger_checkpoint FROM PUBLIC, atmpxb_app, atmpxb_owner;
GRANT SELECT ON ledger_entry, ledger_head, ledger_checkpoint TO atmpxb_app, atmpxb_backup;
REVOKE ALL ON FUNCTION ledger_append, ledger_checkpoint_append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_append, ledger_checkpoint_append TO atmpxb_app;
GRANT EXECUTE ON FUNCTION ledger_must_accompany TO atmpxb_owner;
ALTER TABLE ledger_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_head ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_checkpoint ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON ledger_entry FOR SELECT TO atmpxb_app
    USING (organisation_id = current_setting('app.organisation')::uuid);
CREATE POLICY own ON ledger_head FOR SELECT TO atmpxb_app
    USING (organisation_id = current_setting('app.organisation')::uuid);
CREATE POLICY own ON ledger_checkpoint FOR SELECT TO atmpxb_app
    USING (witness_id = current_setting('app.organisation')::uuid);
RESET ROLE;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [("people", "0001_initial")]
    operations = [migrations.RunSQL(TABLES + GUARDS + FUNCTIONS + ACCESS, reverse_sql=migrations.RunSQL.noop)]
