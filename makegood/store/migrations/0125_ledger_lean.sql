-- A posting costs the database less, and its event is written by the same statement.

-- The commit moves all accounts in one statement.
--
-- Its rows arrive in the order of the accounts, and each finds its account by the unique key that
-- the conflict is about: neither the order nor the look-ups hang on a plan. The loop that stood
-- here started and ended an update of its own for every account. It is left for what takes back a
-- reserve: a sum below zero cannot be offered as a new row, not even to an account that exists.
CREATE OR REPLACE FUNCTION ledger_settle() RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    markets    text[];
    codes      text[];
    currencies text[];
    normals    "char"[];
    dps bigint[]; cps bigint[]; dqs bigint[]; cqs bigint[];
BEGIN
    WITH taken AS (DELETE FROM ledger_due WHERE tx = pg_current_xact_id()
                   RETURNING market_id, ledger_due.codes, ledger_due.currencies, traits,
                             dp, cp, dq, cq)
    SELECT array_agg(market_id), array_agg(code), array_agg(currency), array_agg(normal),
           array_agg(dp), array_agg(cp), array_agg(dq), array_agg(cq)
    INTO markets, codes, currencies, normals, dps, cps, dqs, cqs
    FROM (
        SELECT t.market_id, d.code COLLATE "C" AS code, d.currency COLLATE "C" AS currency,
               CASE min(d.traits & 1) WHEN 1 THEN 'C' ELSE 'D' END::"char" AS normal,
               sum(d.dp)::bigint AS dp, sum(d.cp)::bigint AS cp,
               sum(d.dq)::bigint AS dq, sum(d.cq)::bigint AS cq
        FROM taken AS t, unnest(t.codes, t.currencies, t.traits, t.dp, t.cp, t.dq, t.cq)
                             AS d (code, currency, traits, dp, cp, dq, cq)
        GROUP BY 1, 2, 3
        ORDER BY 1, 2, 3
    ) AS due;
    IF markets IS NULL THEN
        RETURN NULL;
    END IF;
    IF 0 > ANY (dps) OR 0 > ANY (cps) OR 0 > ANY (dqs) OR 0 > ANY (cqs) THEN
        FOR i IN 1 .. cardinality(markets) LOOP
            UPDATE ledger_account AS a SET
                debits_posted = a.debits_posted + dps[i],
                credits_posted = a.credits_posted + cps[i],
                debits_pending = a.debits_pending + dqs[i],
                credits_pending = a.credits_pending + cqs[i]
            WHERE a.market_id = markets[i] AND a.code = codes[i] AND a.currency = currencies[i];
            IF NOT FOUND THEN
                INSERT INTO ledger_account AS a (market_id, code, currency, normal, limited,
                                                 debits_posted, credits_posted, debits_pending,
                                                 credits_pending)
                VALUES (markets[i], codes[i], currencies[i], normals[i], false,
                        dps[i], cps[i], dqs[i], cqs[i])
                ON CONFLICT (market_id, code, currency) DO UPDATE SET
                    debits_posted = a.debits_posted + excluded.debits_posted,
                    credits_posted = a.credits_posted + excluded.credits_posted,
                    debits_pending = a.debits_pending + excluded.debits_pending,
                    credits_pending = a.credits_pending + excluded.credits_pending;
            END IF;
        END LOOP;
        RETURN NULL;
    END IF;
    INSERT INTO ledger_account AS a (market_id, code, currency, normal, limited,
                                     debits_posted, credits_posted, debits_pending,
                                     credits_pending)
    SELECT market_id, code, currency, normal, false, dp, cp, dq, cq
    FROM unnest(markets, codes, currencies, normals, dps, cps, dqs, cqs)
             AS due (market_id, code, currency, normal, dp, cp, dq, cq)
    ON CONFLICT (market_id, code, currency) DO UPDATE SET
        debits_posted = a.debits_posted + excluded.debits_posted,
        credits_posted = a.credits_posted + excluded.credits_posted,
        debits_pending = a.debits_pending + excluded.debits_pending,
        credits_pending = a.credits_pending + excluded.credits_pending;
    RETURN NULL;
END $$;

-- A pattern is tried on every row that is written, a prefix is only compared.
DROP INDEX transfer_debits_shown;
DROP INDEX transfer_credits_shown;
CREATE INDEX transfer_debits_shown ON transfer (market_id, debit, posted_at)
    WHERE starts_with(debit, 'seller_') OR starts_with(debit, 'guarantee_fund');
CREATE INDEX transfer_credits_shown ON transfer (market_id, credit, posted_at)
    WHERE starts_with(credit, 'seller_') OR starts_with(credit, 'guarantee_fund');

-- Nothing is looked for by these columns, so nothing has to be known about what stands in them.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT attrelid::regclass AS relation, attname FROM pg_attribute
        WHERE attrelid = 'event'::regclass
              AND attname IN ('pseudonym', 'schema_version', 'body', 'entry', 'entry_hash',
                              'event_key', 'salts')
           OR attrelid = 'transfer'::regclass
              AND attname IN ('amount_minor', 'rule', 'posting')
           OR attrelid = 'ledger_due'::regclass AND attnum > 0 AND attname <> 'tx'
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', one.relation, one.attname);
    END LOOP;
END $$;

-- As before (0118), without the randomness for the posting's event: that is sealed by the caller
-- ahead of the call, and written by the same statement.
DROP FUNCTION ledger_post;
CREATE FUNCTION ledger_post(
    the_market text, the_time timestamptz, the_posting uuid,
    ids uuid[], kinds text[], pendings uuid[], debits text[], credits text[], amounts bigint[],
    currencies text[], recipes text[], orders text[], claims text[], rules text[],
    codes text[], code_currencies text[], traits smallint[],
    dp bigint[], cp bigint[], dq bigint[], cq bigint[],
    OUT new_ids uuid[], OUT lacking text, OUT missing bigint, OUT bug text
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    written integer;
    limited integer := 0;
    changed text[];
BEGIN
    -- Lock, and look for the first account that would fall below zero. Limits of a payment are
    -- named first: "more than was paid" says more than "not enough money".
    SELECT count(*),
           (array_agg(code ORDER BY memo DESC, place) FILTER (WHERE left_minor < 0))[1],
           -(array_agg(left_minor ORDER BY memo DESC, place) FILTER (WHERE left_minor < 0))[1]
    INTO limited, lacking, missing
    FROM (
        SELECT k.code, k.place, k.traits & 4 AS memo,
               CASE WHEN k.traits & 1 = 1 THEN
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
        WHERE k.traits & 2 = 2
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

    IF limited > 0 THEN
        WITH grown AS (
            UPDATE ledger_account AS a SET
                debits_posted = a.debits_posted + c.dp, credits_posted = a.credits_posted + c.cp,
                debits_pending = a.debits_pending + c.dq, credits_pending = a.credits_pending + c.cq
            FROM unnest(codes, code_currencies, traits, dp, cp, dq, cq)
                     AS c (code, currency, traits, dp, cp, dq, cq),
                 LATERAL (
                     SELECT l.ctid AS place FROM ledger_account AS l
                     WHERE l.market_id = the_market AND l.code = c.code AND l.currency = c.currency
                     OFFSET 0
                 ) AS l
            WHERE c.traits & 2 = 2 AND a.ctid = l.place
            RETURNING a.code || ' ' || a.currency AS key
        )
        SELECT coalesce(array_agg(key), '{}') INTO changed FROM grown;
        IF cardinality(changed) < limited THEN
            INSERT INTO ledger_account AS a (market_id, code, currency, normal, limited,
                                             debits_posted, credits_posted, debits_pending,
                                             credits_pending)
            SELECT the_market, c.code, c.currency,
                   CASE c.traits & 1 WHEN 1 THEN 'C' ELSE 'D' END::"char", true,
                   c.dp, c.cp, c.dq, c.cq
            FROM unnest(codes, code_currencies, traits, dp, cp, dq, cq)
                     AS c (code, currency, traits, dp, cp, dq, cq)
            WHERE c.traits & 2 = 2 AND c.code || ' ' || c.currency <> ALL (changed)
            ON CONFLICT (market_id, code, currency) DO UPDATE SET
                debits_posted = a.debits_posted + excluded.debits_posted,
                credits_posted = a.credits_posted + excluded.credits_posted,
                debits_pending = a.debits_pending + excluded.debits_pending,
                credits_pending = a.credits_pending + excluded.credits_pending;
        END IF;
    END IF;
    IF limited < cardinality(codes) THEN
        INSERT INTO ledger_due (market_id, codes, currencies, traits, dp, cp, dq, cq)
        SELECT the_market, array_agg(c.code), array_agg(c.currency), array_agg(c.traits),
               array_agg(c.dp), array_agg(c.cp), array_agg(c.dq), array_agg(c.cq)
        FROM unnest(codes, code_currencies, traits, dp, cp, dq, cq)
                 AS c (code, currency, traits, dp, cp, dq, cq)
        WHERE c.traits & 2 = 0;
    END IF;
    new_ids := ids;
END $$;
