-- Posting in one call: locks, limits, transfers and sums of a linked set without a round trip
-- between them, so that a hot account is held no longer than it has to be.

-- Which set a transfer came in (its event is the stream `ledger/{posting}`), and which
-- transaction wrote it, so that an audit finds exactly what an earlier one did not see.
ALTER TABLE transfer ADD COLUMN posting uuid;
ALTER TABLE transfer ADD COLUMN tx xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX transfer_written ON transfer (tx);

-- The first arrays are parallel, one element per transfer, in the order of their ids. The others
-- hold every account once, in the order in which all writers lock, with what the whole set does to
-- it. An account's traits are 1 (credit side) + 2 (limited) + 4 (memo).
-- A set is new or known as a whole. What a person's request may be refused for is answered in
-- `lacking` before anything is written; `bug` names what only a fault of our own can cause.
CREATE FUNCTION ledger_post(
    the_market text, the_time timestamptz, the_posting uuid,
    ids uuid[], kinds text[], pendings uuid[], debits text[], credits text[], amounts bigint[],
    currencies text[], recipes text[], orders text[], claims text[], rules text[],
    codes text[], code_currencies text[], traits smallint[],
    dp bigint[], cp bigint[], dq bigint[], cq bigint[],
    OUT new_ids uuid[], OUT lacking text, OUT missing bigint, OUT bug text,
    OUT secret bytea, OUT pseudonym bytea
) LANGUAGE plpgsql
-- Planned once: with arrays of a few elements, planning costs more than all of the work. Since
-- that may be while the tables are empty, the plan is held to look-ups by key.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    written integer;
    changed text[];
BEGIN
    -- Lock, and look for the first account that would fall below zero. Limits of a payment are
    -- named first: "more than was paid" says more than "not enough money".
    SELECT (array_agg(code ORDER BY memo DESC, place) FILTER (WHERE left_minor < 0))[1],
           -(array_agg(left_minor ORDER BY memo DESC, place) FILTER (WHERE left_minor < 0))[1]
    INTO lacking, missing
    FROM (
        SELECT k.code, k.place, k.traits & 4 AS memo,
               CASE WHEN k.traits & 2 = 0 THEN 0
                    WHEN k.traits & 1 = 1 THEN
                        coalesce(a.credits_posted, 0) + k.cp - coalesce(a.debits_posted, 0) - k.dp
                        - coalesce(a.debits_pending, 0) - k.dq
                    ELSE
                        coalesce(a.debits_posted, 0) + k.dp - coalesce(a.credits_posted, 0) - k.cp
                        - coalesce(a.credits_pending, 0) - k.cq
               END AS left_minor
        FROM unnest(codes, code_currencies, traits, dp, cp, dq, cq) WITH ORDINALITY
                 AS k (code, currency, traits, dp, cp, dq, cq, place)
        LEFT JOIN LATERAL (
            SELECT l.debits_posted, l.credits_posted, l.debits_pending, l.credits_pending
            FROM ledger_account AS l
            WHERE l.market_id = the_market AND l.code = k.code AND l.currency = k.currency
            FOR NO KEY UPDATE
        ) AS a ON true
    ) AS looked_at;

    -- A post or void fits the pending transfer it names, stored before or in this very set.
    IF kinds && ARRAY['post', 'void'] THEN
        SELECT min('does not fit what is pending: ' || w.id) INTO bug
        FROM unnest(ids, pendings, debits, credits, amounts, currencies)
                 AS w (id, pending_id, debit, credit, amount, currency)
        LEFT JOIN LATERAL (
            SELECT s.kind, s.debit, s.credit, s.amount_minor AS amount, s.currency
            FROM transfer AS s WHERE s.market_id = the_market AND s.id = w.pending_id
            UNION ALL
            SELECT o.kind, o.debit, o.credit, o.amount, o.currency
            FROM unnest(ids, kinds, debits, credits, amounts, currencies)
                     AS o (id, kind, debit, credit, amount, currency)
            WHERE o.id = w.pending_id
        ) AS p ON true
        WHERE w.pending_id IS NOT NULL AND NOT coalesce(
            p.kind = 'pending' AND p.amount = w.amount
            AND (p.debit, p.credit, p.currency) = (w.debit, w.credit, w.currency), false);
        IF bug IS NOT NULL THEN
            RETURN;
        END IF;
    END IF;

    IF lacking IS NULL THEN
        INSERT INTO transfer (market_id, id, kind, pending_id, debit, credit, amount_minor,
                              currency, recipe, order_no, claim_no, rule, posted_at, posting)
        SELECT the_market, w.id, w.kind, w.pending_id, w.debit, w.credit, w.amount, w.currency,
               w.recipe, w.order_no, w.claim_no, w.rule, the_time, the_posting
        FROM unnest(ids, kinds, pendings, debits, credits, amounts, currencies, recipes, orders,
                    claims, rules)
                 AS w (id, kind, pending_id, debit, credit, amount, currency, recipe, order_no,
                       claim_no, rule)
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
    ELSE
        written := 0;
    END IF;

    IF written < cardinality(ids) THEN
        -- Told before, or by another writer a moment ago: then nothing of it is new.
        SELECT CASE
            WHEN count(t.id) = 0 AND lacking IS NOT NULL THEN NULL
            WHEN written > 0 OR count(t.id) < cardinality(ids)
                THEN 'posted by halves, or what was pending is resolved otherwise'
            ELSE min('one id, two movements: ' || t.id) FILTER (WHERE
                (t.kind, t.pending_id, t.debit, t.credit, t.amount_minor, t.currency)
                IS DISTINCT FROM (w.kind, w.pending_id, w.debit, w.credit, w.amount, w.currency))
            END,
            CASE WHEN count(t.id) > 0 THEN NULL ELSE lacking END
        INTO bug, lacking
        FROM unnest(ids, kinds, pendings, debits, credits, amounts, currencies)
                 AS w (id, kind, pending_id, debit, credit, amount, currency)
        LEFT JOIN LATERAL (
            SELECT s.id, s.kind, s.pending_id, s.debit, s.credit, s.amount_minor, s.currency
            FROM transfer AS s WHERE s.market_id = the_market AND s.id = w.id
            OFFSET 0
        ) AS t ON true;
        RETURN;
    END IF;

    WITH grown AS (
        UPDATE ledger_account AS a SET
            debits_posted = a.debits_posted + c.dp, credits_posted = a.credits_posted + c.cp,
            debits_pending = a.debits_pending + c.dq, credits_pending = a.credits_pending + c.cq
        FROM unnest(codes, code_currencies, dp, cp, dq, cq) AS c (code, currency, dp, cp, dq, cq),
             LATERAL (
                 SELECT l.ctid AS place FROM ledger_account AS l
                 WHERE l.market_id = the_market AND l.code = c.code AND l.currency = c.currency
                 OFFSET 0
             ) AS l
        WHERE a.ctid = l.place
        RETURNING a.code || ' ' || a.currency AS key
    )
    SELECT coalesce(array_agg(key), '{}') INTO changed FROM grown;
    IF cardinality(changed) < cardinality(codes) THEN
        INSERT INTO ledger_account AS a (market_id, code, currency, normal, limited, debits_posted,
                                         credits_posted, debits_pending, credits_pending)
        SELECT the_market, c.code, c.currency,
               CASE c.traits & 1 WHEN 1 THEN 'C' ELSE 'D' END::"char", c.traits & 2 = 2,
               c.dp, c.cp, c.dq, c.cq
        FROM unnest(codes, code_currencies, traits, dp, cp, dq, cq)
                 AS c (code, currency, traits, dp, cp, dq, cq)
        WHERE c.code || ' ' || c.currency <> ALL (changed)
        ON CONFLICT (market_id, code, currency) DO UPDATE SET
            debits_posted = a.debits_posted + excluded.debits_posted,
            credits_posted = a.credits_posted + excluded.credits_posted,
            debits_pending = a.debits_pending + excluded.debits_pending,
            credits_pending = a.credits_pending + excluded.credits_pending;
    END IF;
    new_ids := ids;
    -- Fresh randomness of the server's secure source, for the key of the posting's event.
    secret := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
    pseudonym := uuid_send(gen_random_uuid());
END $$;
