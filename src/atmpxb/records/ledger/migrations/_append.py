"""The two functions through which the application writes to the ledger, and what they demand of an entry."""

APPEND = r"""
-- What one organisation may tell another: event, table of its subject, and whether the subject's owner tells the one who
-- may read it ("owner") or the other way round ("reader"). Each system adds its own events.
CREATE TABLE ledger_telling (
    event text PRIMARY KEY,
    subject_table text NOT NULL,
    told_by text NOT NULL CHECK (told_by IN ('owner', 'reader'))
);

-- A minute: enough for a wait at the lock of a busy chain, too little to date anything back.
CREATE FUNCTION ledger_is_now(said text) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(abs(extract(epoch FROM said::timestamptz - clock_timestamp())) <= 60, false)
$$;

CREATE FUNCTION ledger_demand_sound(chain uuid, acting uuid, entry bytea, content jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    wrong := CASE
        WHEN content -> 'v' IS DISTINCT FROM '1' THEN 'its version is not known'
        WHEN content ->> 'organisation' IS DISTINCT FROM chain::text THEN 'it names another chain'
        WHEN content -> 'actor' ->> 'organisation' IS DISTINCT FROM acting::text
          OR content -> 'actor' ->> 'person' IS DISTINCT FROM current_setting('app.person')
            THEN 'its actor is not the one who writes'
        WHEN NOT public.ledger_is_now(content ->> 'at') THEN 'it is not of now'
        WHEN NOT coalesce(content ->> 'event' ~ '^[a-z_]+\.[a-z_]+$', false) THEN 'its event has no name'
        WHEN content -> 'subject' ->> 'table' IS NULL OR content -> 'subject' ->> 'id' IS NULL
          OR content ->> 'id' IS NULL OR content ->> 'transaction' IS NULL THEN 'it lacks a field'
        WHEN convert_to(public.ledger_canonical(content), 'UTF8') <> entry THEN 'it is not in canonical form'
    END;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the ledger refuses this entry: %', wrong USING ERRCODE = 'integrity_constraint_violation';
    END IF;
END $$;

CREATE FUNCTION ledger_demand_shared(chain uuid, acting uuid, content jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF content ? 'rows' THEN
        RAISE EXCEPTION 'rows are told in the chain of the organisation that owns them'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM public.people_grant g JOIN public.ledger_telling t ON t.subject_table = g.subject_table
            AND CASE t.told_by WHEN 'owner' THEN g.organisation_id = acting AND g.to_organisation_id = chain
                ELSE g.organisation_id = chain AND g.to_organisation_id = acting END
        WHERE t.event = content ->> 'event' AND t.subject_table = content -> 'subject' ->> 'table'
            AND g.subject_id = (content -> 'subject' ->> 'id')::uuid AND g.revoked_at IS NULL
            AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp())
            AND g.valid_from <= clock_timestamp() + interval '1 minute'
    ) THEN
        RAISE EXCEPTION 'organisation % shares nothing with % that lets it tell % there', acting, chain, content ->> 'event'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE FUNCTION ledger_append(chain uuid, entry bytea, OUT seq bigint, OUT hash bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    acting uuid := current_setting('app.organisation')::uuid;
    head public.ledger_head;
    content jsonb := convert_from(entry, 'UTF8')::jsonb;
BEGIN
    PERFORM ledger_demand_sound(chain, acting, entry, content);
    IF chain <> acting THEN
        PERFORM ledger_demand_shared(chain, acting, content);
    ELSIF content ? 'rows' THEN
        PERFORM ledger_tell(chain, content -> 'rows');
    END IF;
    INSERT INTO public.ledger_head AS h VALUES (chain, 0, sha256(convert_to('atmpxb:' || chain::text, 'UTF8')))
        ON CONFLICT (organisation_id) DO NOTHING;
    SELECT * INTO STRICT head FROM public.ledger_head h WHERE h.organisation_id = chain FOR UPDATE;
    seq := head.seq + 1;
    hash := sha256('\x01'::bytea || head.hash || int8send(seq) || int8send(length(entry)::bigint) || entry);
    -- Event and subject are copies out of the payload, to find entries by: under row-level security only a plain
    -- column can use its index.
    INSERT INTO public.ledger_entry (organisation_id, seq, payload, prev, hash, event, subject)
        VALUES (chain, seq, entry, head.hash, hash, content ->> 'event', (content -> 'subject' ->> 'id')::uuid);
    UPDATE public.ledger_head h SET seq = ledger_append.seq, hash = ledger_append.hash WHERE h.organisation_id = chain;
END $$;
"""

CHECKPOINT = r"""
CREATE FUNCTION ledger_checkpoint_append(chain uuid, at_seq bigint, statement bytea, key text, sealed bytea)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    said jsonb;
    head bytea;
    witnesses integer;
BEGIN
    IF chain <> current_setting('app.organisation')::uuid THEN
        RAISE EXCEPTION 'a checkpoint is made by the organisation whose chain it is' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT e.hash INTO head FROM ledger_entry e WHERE e.organisation_id = chain AND e.seq = at_seq;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the chain has no entry %', at_seq;
    END IF;
    said := convert_from(statement, 'UTF8')::jsonb;
    IF said - 'merkle_root' - 'at' IS DISTINCT FROM jsonb_build_object('schema', 'atmpxb.checkpoint/1',
            'organisation', chain, 'seq', at_seq, 'count', at_seq, 'head', encode(head, 'hex'))
        OR NOT ledger_is_now(said ->> 'at') OR (said ->> 'merkle_root' ~ '^[0-9a-f]{64}$') IS NOT TRUE
        OR convert_to(ledger_canonical(said), 'UTF8') <> statement OR length(sealed) <> 64
        OR NOT EXISTS (SELECT 1 FROM signatures_signingkey k
                       WHERE k.organisation_id = chain AND k.use = 'ledger' AND k.key_id = key) THEN
        RAISE EXCEPTION 'this is not a checkpoint of the chain at entry %, signed now by a published key', at_seq
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- Two checkpoints of one moment differ in their time only; the first one stands.
    IF EXISTS (SELECT 1 FROM ledger_checkpoint c WHERE c.organisation_id = chain AND c.seq = at_seq
               AND convert_from(c.payload, 'UTF8')::jsonb - 'at' IS DISTINCT FROM said - 'at') THEN
        RAISE EXCEPTION 'a checkpoint with another content stands at entry % already', at_seq
            USING ERRCODE = 'unique_violation';
    END IF;
    INSERT INTO public.ledger_checkpoint (witness_id, organisation_id, seq, payload, key_id, signature)
        SELECT o.id, chain, at_seq, statement, key, sealed FROM public.people_organisation o
        ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS witnesses = ROW_COUNT;
    RETURN witnesses;
END $$;
"""
