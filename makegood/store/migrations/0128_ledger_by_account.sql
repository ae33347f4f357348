-- A posting moves its accounts one by one, each by its key.
--
-- A set changes three to five accounts. Statements over arrays of them spent most of their time on
-- being set up: scans of functions, joins, aggregates. A statement over plain values costs a quarter
-- of that, and the order of the locks is the order of a loop.

-- What each row has to fulfil, as functions: the text of a CHECK is read and planned anew by every
-- statement that writes, which took longer than the writing.
CREATE FUNCTION ledger_account_is_sound(
    normal "char", limited boolean, dp bigint, cp bigint, dq bigint, cq bigint
) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN least(dp, cp, dq, cq) >= 0 AND CASE normal
        WHEN 'C' THEN NOT limited OR dp + dq <= cp
        WHEN 'D' THEN NOT limited OR cp + cq <= dp
        ELSE false
    END;
END $$;
ALTER TABLE ledger_account
    DROP CONSTRAINT ledger_account_normal_check,
    DROP CONSTRAINT ledger_account_debits_posted_check,
    DROP CONSTRAINT ledger_account_credits_posted_check,
    DROP CONSTRAINT ledger_account_debits_pending_check,
    DROP CONSTRAINT ledger_account_credits_pending_check,
    DROP CONSTRAINT account_limit,
    ADD CONSTRAINT account_is_sound CHECK (ledger_account_is_sound(
        normal, limited, debits_posted, credits_posted, debits_pending, credits_pending));

CREATE FUNCTION transfer_is_sound(
    kind text, pending_id uuid, debit text, credit text, amount_minor bigint
) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN amount_minor > 0 AND credit <> debit AND CASE kind
        WHEN 'single' THEN pending_id IS NULL
        WHEN 'pending' THEN pending_id IS NULL
        WHEN 'post' THEN pending_id IS NOT NULL
        WHEN 'void' THEN pending_id IS NOT NULL
        ELSE false
    END;
END $$;
ALTER TABLE transfer
    DROP CONSTRAINT transfer_kind_check,
    DROP CONSTRAINT transfer_check,
    DROP CONSTRAINT transfer_check1,
    DROP CONSTRAINT transfer_amount_minor_check,
    ADD CONSTRAINT transfer_is_sound
        CHECK (transfer_is_sound(kind, pending_id, debit, credit, amount_minor));

CREATE FUNCTION event_is_sound(
    version integer, schema_version integer, pseudonym bytea, entry_hash bytea, event_key bytea,
    erased_at timestamptz
) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN version >= 1 AND schema_version >= 1
        AND length(pseudonym) = 16 AND length(entry_hash) = 32
        AND CASE WHEN event_key IS NULL THEN erased_at IS NOT NULL
                 ELSE erased_at IS NULL AND length(event_key) = 32 END;
END $$;
ALTER TABLE event
    DROP CONSTRAINT event_version_check,
    DROP CONSTRAINT event_schema_version_check,
    DROP CONSTRAINT event_pseudonym_check,
    DROP CONSTRAINT event_entry_hash_check,
    DROP CONSTRAINT event_event_key_check,
    DROP CONSTRAINT event_check,
    ADD CONSTRAINT event_is_sound CHECK (event_is_sound(
        version, schema_version, pseudonym, entry_hash, event_key, erased_at));

-- Most statements append one event: for one, a row in hand is cheaper than a table of new rows.
DROP TRIGGER event_awaits_log ON event;
CREATE OR REPLACE FUNCTION event_awaits_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log_pending (market_id, stream, version)
    VALUES (new.market_id, new.stream, new.version);
    RETURN NULL;
END $$;
CREATE TRIGGER event_awaits_log AFTER INSERT ON event
    FOR EACH ROW EXECUTE FUNCTION event_awaits_log();

-- One transfer of a set, as the caller says it.
CREATE TYPE ledger_entry AS (
    id uuid, kind text, pending_id uuid, debit text, credit text, amount_minor bigint,
    currency text, recipe text, order_no text, claim_no text, rule text
);

-- What a set does to one account: by how much each of its four sums grows. Its traits are
-- 1 (credit side) + 2 (limited) + 4 (memo).
CREATE TYPE ledger_change AS (
    market_id text, code text, currency text, traits smallint,
    dp bigint, cp bigint, dq bigint, cq bigint
);

CREATE FUNCTION ledger_change_account(c ledger_change) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ledger_account AS a SET
        debits_posted = a.debits_posted + c.dp, credits_posted = a.credits_posted + c.cp,
        debits_pending = a.debits_pending + c.dq, credits_pending = a.credits_pending + c.cq
    WHERE a.market_id = c.market_id AND a.code = c.code AND a.currency = c.currency;
    IF NOT FOUND THEN
        INSERT INTO ledger_account AS a (market_id, code, currency, normal, limited,
                                         debits_posted, credits_posted, debits_pending,
                                         credits_pending)
        VALUES (c.market_id, c.code, c.currency,
                CASE c.traits & 1 WHEN 1 THEN 'C' ELSE 'D' END::"char", c.traits & 2 = 2,
                c.dp, c.cp, c.dq, c.cq)
        ON CONFLICT (market_id, code, currency) DO UPDATE SET
            debits_posted = a.debits_posted + excluded.debits_posted,
            credits_posted = a.credits_posted + excluded.credits_posted,
            debits_pending = a.debits_pending + excluded.debits_pending,
            credits_pending = a.credits_pending + excluded.credits_pending;
    END IF;
END $$;

-- What the running transactions have posted to accounts without a limit and not added yet (0118),
-- a row per set. Rows never outlive their transaction, so nothing of this has to survive a crash.
DROP TABLE ledger_due;
CREATE UNLOGGED TABLE ledger_due (
    tx      xid8            NOT NULL DEFAULT pg_current_xact_id(),
    changes ledger_change[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        vacuum_truncate = false);
CREATE INDEX ledger_due_of_tx ON ledger_due (tx);
ALTER TABLE ledger_due ALTER COLUMN changes SET STATISTICS 0;

-- Runs within the commit: all that is due of this transaction, in the order of the accounts, each
-- account once. Every transaction takes these locks last and in one order, so they never close a
-- circle.
CREATE OR REPLACE FUNCTION ledger_settle() RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    of_set ledger_change[];
    due    ledger_change[] := '{}';
    sets   integer := 0;
    c      ledger_change;
BEGIN
    FOR of_set IN
        DELETE FROM ledger_due AS d WHERE d.tx = pg_current_xact_id() RETURNING d.changes
    LOOP
        due := due || of_set;
        sets := sets + 1;
    END LOOP;
    IF sets > 1 THEN  -- the changes of a single set come in order, each account once
        SELECT array_agg(ROW(s.market_id, s.code, s.currency, s.traits,
                             s.dp, s.cp, s.dq, s.cq)::ledger_change)
        INTO due
        FROM (
            SELECT u.market_id COLLATE "C" AS market_id, u.code COLLATE "C" AS code,
                   u.currency COLLATE "C" AS currency, min(u.traits) AS traits,
                   sum(u.dp)::bigint AS dp, sum(u.cp)::bigint AS cp,
                   sum(u.dq)::bigint AS dq, sum(u.cq)::bigint AS cq
            FROM unnest(due) AS u
            GROUP BY 1, 2, 3
            ORDER BY 1, 2, 3
        ) AS s;
    END IF;
    FOREACH c IN ARRAY due LOOP
        PERFORM ledger_change_account(c);
    END LOOP;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_due_at_commit AFTER INSERT ON ledger_due
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_settle();

-- Posts a linked set, all or none. `entries` come in the order of their ids, changes in the order
-- in which all writers lock: `own` those of accounts with a limit, `due` those of the others.
-- A set is new or known as a whole. What a person's request may be refused for is answered in
-- `lacking` before anything is written; `bug` names what only a fault of our own can cause.
DROP FUNCTION ledger_post;
CREATE FUNCTION ledger_post(
    the_market text, the_time timestamptz, the_posting uuid,
    entries ledger_entry[], own ledger_change[], due ledger_change[],
    OUT is_new boolean, OUT lacking text, OUT missing bigint, OUT bug text
) LANGUAGE plpgsql
-- Planned once, and since that may be while the tables are empty, held to look-ups by key.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    c          ledger_change;
    e          ledger_entry;
    left_minor bigint;
    of_memo    boolean := false;
    written    integer := 0;
BEGIN
    is_new := false;

    -- Lock, and look for the first account that would fall below zero. Limits of a payment are
    -- named first: "more than was paid" says more than "not enough money".
    FOREACH c IN ARRAY own LOOP
        SELECT CASE c.traits & 1
                   WHEN 1 THEN a.credits_posted - a.debits_posted - a.debits_pending
                   ELSE a.debits_posted - a.credits_posted - a.credits_pending
               END
        INTO left_minor
        FROM ledger_account AS a
        WHERE a.market_id = c.market_id AND a.code = c.code AND a.currency = c.currency
        FOR NO KEY UPDATE;
        left_minor := coalesce(left_minor, 0)
            + CASE c.traits & 1 WHEN 1 THEN c.cp - c.dp - c.dq ELSE c.dp - c.cp - c.cq END;
        IF left_minor < 0 AND (lacking IS NULL OR c.traits & 4 = 4 AND NOT of_memo) THEN
            lacking := c.code;
            missing := -left_minor;
            of_memo := c.traits & 4 = 4;
        END IF;
    END LOOP;

    -- A post or void fits the pending transfer it names, stored before or in this very set.
    FOREACH e IN ARRAY entries LOOP
        CONTINUE WHEN e.pending_id IS NULL;
        PERFORM FROM transfer AS t
        WHERE t.market_id = the_market AND t.id = e.pending_id AND t.kind = 'pending'
          AND t.amount_minor = e.amount_minor
          AND (t.debit, t.credit, t.currency) = (e.debit, e.credit, e.currency);
        CONTINUE WHEN FOUND;
        PERFORM FROM unnest(entries) AS t
        WHERE t.id = e.pending_id AND t.kind = 'pending' AND t.amount_minor = e.amount_minor
          AND (t.debit, t.credit, t.currency) = (e.debit, e.credit, e.currency);
        IF NOT FOUND THEN
            bug := 'does not fit what is pending: ' || e.id;
            RETURN;
        END IF;
    END LOOP;

    IF lacking IS NULL THEN
        INSERT INTO transfer (market_id, id, kind, pending_id, debit, credit, amount_minor,
                              currency, recipe, order_no, claim_no, rule, posted_at, posting)
        SELECT the_market, n.id, n.kind, n.pending_id, n.debit, n.credit, n.amount_minor,
               n.currency, n.recipe, n.order_no, n.claim_no, n.rule, the_time, the_posting
        FROM unnest(entries) AS n
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
    END IF;

    IF written < cardinality(entries) THEN
        -- Told before, or by another writer a moment ago: then nothing of it is new.
        SELECT CASE
            WHEN count(t.id) = 0 AND lacking IS NOT NULL THEN NULL
            WHEN written > 0 OR count(t.id) < cardinality(entries)
                THEN 'posted by halves, or what was pending is resolved otherwise'
            ELSE min('one id, two movements: ' || t.id) FILTER (WHERE
                (t.kind, t.pending_id, t.debit, t.credit, t.amount_minor, t.currency)
                IS DISTINCT FROM
                (n.kind, n.pending_id, n.debit, n.credit, n.amount_minor, n.currency))
            END,
            CASE WHEN count(t.id) > 0 THEN NULL ELSE lacking END
        INTO bug, lacking
        FROM unnest(entries) AS n
        LEFT JOIN LATERAL (
            SELECT s.id, s.kind, s.pending_id, s.debit, s.credit, s.amount_minor, s.currency
            FROM transfer AS s WHERE s.market_id = the_market AND s.id = n.id
            OFFSET 0
        ) AS t ON true;
        RETURN;
    END IF;

    FOREACH c IN ARRAY own LOOP
        PERFORM ledger_change_account(c);
    END LOOP;
    IF cardinality(due) > 0 THEN
        INSERT INTO ledger_due (changes) VALUES (due);
    END IF;
    is_new := true;
END $$;
