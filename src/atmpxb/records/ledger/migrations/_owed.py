"""What a transaction owes the ledger: for every changed column an entry that tells its final value.

A row trigger notes each change; ``ledger_append`` notes what the entries tell; at the commit the two must agree. All
three happen in an unlogged table that only the ledger's role reaches and that is empty again when the commit is done.
"""

TABLE = """
CREATE UNLOGGED TABLE ledger_owed (
    written_in xid8 NOT NULL,
    subject_table text NOT NULL,
    id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    due text[] NOT NULL,
    held jsonb NOT NULL,
    digests jsonb NOT NULL,
    told jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (written_in, subject_table, id)
);
"""

CANONICAL = r"""
-- The canonical JSON of records/ledger/canonical.py. Only a key beyond ASCII needs care: keys stand in the order of their
-- UTF-16 code units, where U+E000 to U+FFFF come after all that lies above them.
CREATE FUNCTION ledger_canonical(content jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    CASE jsonb_typeof(content)
        WHEN 'object' THEN
            RETURN '{' || coalesce((
                SELECT string_agg(
                    to_json(member.key)::text || ':' || CASE WHEN jsonb_typeof(member.value) IN ('object', 'array')
                        THEN public.ledger_canonical(member.value) ELSE member.value::text END,
                    ',' ORDER BY CASE WHEN octet_length(member.key) = length(member.key) THEN member.key
                        ELSE regexp_replace(member.key, '([\uE000-\uFFFF])', U&'\+10FFFF' || '\1', 'g')
                        END COLLATE "C")
                FROM jsonb_each(content) member), '') || '}';
        WHEN 'array' THEN
            RETURN '[' || coalesce((
                SELECT string_agg(CASE WHEN jsonb_typeof(item.value) IN ('object', 'array')
                    THEN public.ledger_canonical(item.value) ELSE item.value::text END, ',' ORDER BY item.place)
                FROM jsonb_array_elements(content) WITH ORDINALITY item (value, place)), '') || ']';
        ELSE
            RETURN content::text;
    END CASE;
END $$;

CREATE FUNCTION ledger_digest(content jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(public.ledger_canonical(content), 'UTF8')), 'hex')
$$;
"""

OWE = r"""
-- A long column is kept as its digest, as in the entries: the table stays small.
CREATE FUNCTION ledger_owe() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    held jsonb;
    before jsonb := '{}';
    due text[];
    long text[];
    digests jsonb;
BEGIN
    IF session_user = 'atmpxb_owner' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a row of % is never deleted', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    held := to_jsonb(NEW);
    IF TG_OP = 'UPDATE' THEN
        IF OLD.id <> NEW.id THEN
            RAISE EXCEPTION 'the identifier of a row of % never changes', TG_TABLE_NAME
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        before := to_jsonb(OLD);
    END IF;
    SELECT coalesce(array_agg(c.key) FILTER (WHERE c.changed), '{}'),
           coalesce(array_agg(c.key) FILTER (WHERE c.long), '{}'),
           coalesce(jsonb_object_agg(c.key, ledger_digest(c.value)) FILTER (WHERE c.long AND c.changed), '{}')
        INTO due, long, digests
        FROM (SELECT key, value, value IS DISTINCT FROM before -> key AS changed,
                     length(value::text) > 1000 AND NOT starts_with(value #>> '{}', '\x') AS long
              FROM jsonb_each(held)) c;
    INSERT INTO ledger_owed AS owed (written_in, subject_table, id, organisation_id, due, held, digests)
        VALUES (pg_current_xact_id(), TG_TABLE_NAME, NEW.id,
                coalesce(held ->> TG_ARGV[0], current_setting('app.organisation'))::uuid,
                due, held - long, digests)
        ON CONFLICT (written_in, subject_table, id) DO UPDATE SET due = owed.due || excluded.due,
            held = excluded.held, digests = (owed.digests || excluded.digests) - (
                SELECT coalesce(array_agg(key), '{}') FROM jsonb_object_keys(excluded.held) key);
    RETURN NULL;
END $$;
"""

SETTLE = r"""
-- Times stand in entries as UTC text, decimals as text, bytes in hexadecimal without a prefix.
CREATE FUNCTION ledger_agrees(held jsonb, told jsonb) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    has text := held #>> '{}';
    said text := told #>> '{}';
BEGIN
    IF held = told THEN
        RETURN true;
    ELSIF jsonb_typeof(told) <> 'string' THEN
        RETURN false;
    ELSIF starts_with(said, 'sha256:') THEN
        RETURN said = 'sha256:' || public.ledger_digest(held);
    ELSIF jsonb_typeof(held) = 'number' THEN
        RETURN said ~ '^-?[0-9]+(\.[0-9]+)?(E[+-]?[0-9]+)?$' AND said::numeric = has::numeric;
    ELSIF jsonb_typeof(held) <> 'string' THEN
        RETURN false;
    ELSIF has ~ '^\d{4}-\d\d-\d\dT[\d:.]+[+-][\d:]+$' AND said ~ '^\d{4}-\d\d-\d\dT[\d:.]+Z$' THEN
        RETURN said::timestamptz = has::timestamptz;
    END IF;
    RETURN has = '\x' || said;
END $$;

CREATE FUNCTION ledger_settle() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    owed ledger_owed;
    silent text;
    wrong text;
BEGIN
    DELETE FROM ledger_owed o WHERE o.written_in = NEW.written_in AND o.subject_table = NEW.subject_table
        AND o.id = NEW.id RETURNING * INTO owed;
    SELECT min(name) INTO silent FROM unnest(owed.due) name WHERE NOT owed.told ? name;
    IF silent IS NOT NULL THEN
        RAISE EXCEPTION 'no ledger entry accompanies this change of %', owed.subject_table
            USING ERRCODE = 'integrity_constraint_violation',
                  DETAIL = format('Row %s: no entry of this transaction tells what its column %s became.', owed.id, silent),
                  HINT = 'Write through an action, with create, change and record.';
    END IF;
    SELECT min(t.key) INTO wrong FROM jsonb_each(owed.told) t
        WHERE NOT CASE WHEN owed.digests ? t.key
            THEN t.value #>> '{}' = 'sha256:' || (owed.digests ->> t.key)
                 OR ledger_digest(t.value) = owed.digests ->> t.key
            ELSE owed.held ? t.key AND ledger_agrees(owed.held -> t.key, t.value) END;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the ledger entry tells something else than the row of % holds', owed.subject_table
            USING ERRCODE = 'integrity_constraint_violation',
                  DETAIL = format('Row %s, column %s.', owed.id, wrong),
                  HINT = 'Write through an action, with create, change and record.';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_owed_settled AFTER INSERT ON ledger_owed DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_settle();
ALTER TABLE ledger_owed ENABLE ALWAYS TRIGGER ledger_owed_settled;

CREATE FUNCTION ledger_tell(chain uuid, told jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    named jsonb;
BEGIN
    FOR named IN SELECT value FROM jsonb_array_elements(told) LOOP
        UPDATE public.ledger_owed o SET told = o.told || (named -> 'after')
            WHERE o.written_in = pg_current_xact_id() AND o.subject_table = named ->> 'table'
            AND o.id = (named ->> 'id')::uuid AND o.organisation_id = chain;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the entry tells of a row of % that this transaction has not changed', named ->> 'table'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END LOOP;
END $$;
"""

OWED = TABLE + CANONICAL + OWE + SETTLE
