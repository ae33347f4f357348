-- Posting in one call: locks, limits, transfers and sums of a linked set without a round trip
-- between them, so that a hot account is held no longer than it has to be.

-- Which set a transfer came in (its event is the stream `ledger/{posting}`), and which
-- transaction wrote it, so that an audit finds exactly what an earlier one did not see.
ALTER TABLE transfer ADD COLUMN posting uuid;
ALTER TABLE transfer ADD COLUMN tx xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX transfer_written ON transfer (tx);

-- Arrays are parallel, one element per transfer, in the order of their ids; `accounts` and
-- `account_currencies` name every account once, in the order in which all writers lock.
-- A side's traits are 1 (credit side) + 2 (limited) + 4 (memo).
-- What a person's request may be refused for is answered in `lacking` before anything is
-- written; `bug` names what only a fault of our own code can cause.
CREATE FUNCTION ledger_post(
    the_market text, the_time timestamptz, the_posting uuid,
    ids uuid[], kinds text[], pendings uuid[], debits text[], credits text[],
    debit_traits smallint[], credit_traits smallint[], amounts bigint[], currencies text[],
    recipes text[], orders text[], claims text[], rules text[],
    accounts text[], account_currencies text[],
    OUT new_ids uuid[], OUT lacking text, OUT missing bigint, OUT bug text,
    OUT secret bytea, OUT pseudonym bytea
) LANGUAGE plpgsql AS $$
DECLARE
    known uuid[];
    k_code text[]; k_currency text[]; k_traits smallint[];
    k_dp bigint[]; k_cp bigint[]; k_dq bigint[]; k_cq bigint[];
    updated text[];
BEGIN
    PERFORM FROM unnest(accounts, account_currencies) AS w (code, currency), LATERAL (
        SELECT FROM ledger_account AS a
        WHERE a.market_id = the_market AND a.code = w.code AND a.currency = w.currency
        FOR NO KEY UPDATE
    ) AS locked;

    SELECT coalesce(array_agg(t.id), '{}'),
           min('one id, two movements: ' || t.id) FILTER (WHERE
               (t.kind, t.pending_id, t.debit, t.credit, t.amount_minor, t.currency)
               IS DISTINCT FROM (w.kind, w.pending_id, w.debit, w.credit, w.amount, w.currency))
    INTO known, bug
    FROM unnest(ids, kinds, pendings, debits, credits, amounts, currencies)
             AS w (id, kind, pending_id, debit, credit, amount, currency),
         LATERAL (
             SELECT s.id, s.kind, s.pending_id, s.debit, s.credit, s.amount_minor, s.currency
             FROM transfer AS s WHERE s.market_id = the_market AND s.id = w.id
             OFFSET 0
         ) AS t;
    IF bug IS NOT NULL THEN
        RETURN;
    END IF;
    IF cardinality(known) = cardinality(ids) THEN
        new_ids := '{}';
        RETURN;
    END IF;

    -- A post or void fits the pending transfer it names, stored before or in this very set.
    IF EXISTS (SELECT FROM unnest(pendings) AS p (id) WHERE p.id IS NOT NULL) THEN
        SELECT min('does not fit what is pending: ' || w.id) INTO bug
        FROM unnest(ids, kinds, pendings, debits, credits, amounts, currencies)
                 AS w (id, kind, pending_id, debit, credit, amount, currency)
        LEFT JOIN LATERAL (
            SELECT s.kind, s.debit, s.credit, s.amount_minor AS amount, s.currency
            FROM transfer AS s WHERE s.market_id = the_market AND s.id = w.pending_id
            UNION ALL
            SELECT o.kind, o.debit, o.credit, o.amount, o.currency
            FROM unnest(ids, kinds, debits, credits, amounts, currencies)
                     AS o (id, kind, debit, credit, amount, currency)
            WHERE o.id = w.pending_id AND o.id <> ALL (known)
        ) AS p ON true
        WHERE w.pending_id IS NOT NULL AND w.id <> ALL (known)
          AND NOT coalesce(
              p.kind = 'pending' AND p.amount = w.amount
              AND (p.debit, p.credit, p.currency) = (w.debit, w.credit, w.currency), false);
        IF bug IS NOT NULL THEN
            RETURN;
        END IF;
    END IF;

    SELECT array_agg(code), array_agg(currency), array_agg(traits),
           array_agg(dp), array_agg(cp), array_agg(dq), array_agg(cq)
    INTO k_code, k_currency, k_traits, k_dp, k_cp, k_dq, k_cq
    FROM (
        SELECT code, currency, min(traits) AS traits, sum(dp)::bigint AS dp, sum(cp)::bigint AS cp,
               sum(dq)::bigint AS dq, sum(cq)::bigint AS cq
        FROM unnest(ids, kinds, debits, credits, debit_traits, credit_traits, amounts, currencies)
                 AS w (id, kind, debit, credit, debit_traits, credit_traits, amount, currency),
             LATERAL (
                 SELECT CASE WHEN w.kind IN ('single', 'post') THEN w.amount ELSE 0 END AS posted,
                        CASE w.kind WHEN 'pending' THEN w.amount
                                    WHEN 'single' THEN 0 ELSE -w.amount END AS pending
             ) AS e,
             LATERAL (VALUES
                 (w.debit COLLATE "C", w.debit_traits, e.posted, 0::bigint, e.pending, 0::bigint),
                 (w.credit COLLATE "C", w.credit_traits, 0, e.posted, 0, e.pending)
             ) AS side (code, traits, dp, cp, dq, cq)
        WHERE w.id <> ALL (known)
        GROUP BY code, currency
        ORDER BY code, currency COLLATE "C"
    ) AS summed;

    -- Limits of a payment are named first: "more than was paid" says more than "not enough money".
    SELECT c.code, -left_minor INTO lacking, missing
    FROM unnest(k_code, k_currency, k_traits, k_dp, k_cp, k_dq, k_cq)
             AS c (code, currency, traits, dp, cp, dq, cq)
    LEFT JOIN LATERAL (
        SELECT a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending
        FROM ledger_account AS a
        WHERE a.market_id = the_market AND a.code = c.code AND a.currency = c.currency
        OFFSET 0
    ) AS a ON true,
    LATERAL (SELECT CASE c.traits & 1
        WHEN 1 THEN coalesce(a.credits_posted, 0) + c.cp - coalesce(a.debits_posted, 0) - c.dp
                    - coalesce(a.debits_pending, 0) - c.dq
        ELSE coalesce(a.debits_posted, 0) + c.dp - coalesce(a.credits_posted, 0) - c.cp
             - coalesce(a.credits_pending, 0) - c.cq
        END AS left_minor) AS l
    WHERE c.traits & 2 = 2 AND left_minor < 0
    ORDER BY c.traits & 4 DESC, c.code COLLATE "C", c.currency COLLATE "C"
    LIMIT 1;
    IF lacking IS NOT NULL THEN
        RETURN;
    END IF;

    WITH written AS (
        INSERT INTO transfer (market_id, id, kind, pending_id, debit, credit, amount_minor, currency,
                              recipe, order_no, claim_no, rule, posted_at, posting)
        SELECT the_market, w.id, w.kind, w.pending_id, w.debit, w.credit, w.amount, w.currency,
               w.recipe, w.order_no, w.claim_no, w.rule, the_time, the_posting
        FROM unnest(ids, kinds, pendings, debits, credits, amounts, currencies, recipes, orders,
                    claims, rules)
                 AS w (id, kind, pending_id, debit, credit, amount, currency, recipe, order_no,
                       claim_no, rule)
        WHERE w.id <> ALL (known)
        ON CONFLICT DO NOTHING
        RETURNING id
    )
    SELECT coalesce(array_agg(id), '{}') INTO new_ids FROM written;
    IF cardinality(new_ids) + cardinality(known) < cardinality(ids) THEN
        -- Another writer stored them a moment ago (their accounts did not exist, so nothing was
        -- locked): all of them, or something is wrong.
        IF cardinality(new_ids) > 0 OR EXISTS (
            SELECT FROM unnest(ids) AS w (id) WHERE NOT EXISTS (
                SELECT FROM transfer AS t WHERE t.market_id = the_market AND t.id = w.id)
        ) THEN
            bug := 'posted by halves, or what was pending is resolved otherwise';
        END IF;
        RETURN;
    END IF;

    WITH changed AS (
        UPDATE ledger_account AS a SET
            debits_posted = a.debits_posted + c.dp, credits_posted = a.credits_posted + c.cp,
            debits_pending = a.debits_pending + c.dq, credits_pending = a.credits_pending + c.cq
        FROM unnest(k_code, k_currency, k_dp, k_cp, k_dq, k_cq)
                 AS c (code, currency, dp, cp, dq, cq)
        WHERE a.market_id = the_market AND a.code = c.code AND a.currency = c.currency
        RETURNING a.code || ' ' || a.currency AS key
    )
    SELECT coalesce(array_agg(key), '{}') INTO updated FROM changed;
    IF cardinality(updated) < cardinality(k_code) THEN
        INSERT INTO ledger_account AS a (market_id, code, currency, normal, limited, debits_posted,
                                         credits_posted, debits_pending, credits_pending)
        SELECT the_market, c.code, c.currency,
               CASE c.traits & 1 WHEN 1 THEN 'C' ELSE 'D' END::"char", c.traits & 2 = 2,
               c.dp, c.cp, c.dq, c.cq
        FROM unnest(k_code, k_currency, k_traits, k_dp, k_cp, k_dq, k_cq)
                 AS c (code, currency, traits, dp, cp, dq, cq)
        WHERE c.code || ' ' || c.currency <> ALL (updated)
        ON CONFLICT (market_id, code, currency) DO UPDATE SET
            debits_posted = a.debits_posted + excluded.debits_posted,
            credits_posted = a.credits_posted + excluded.credits_posted,
            debits_pending = a.debits_pending + excluded.debits_pending,
            credits_pending = a.credits_pending + excluded.credits_pending;
    END IF;
    -- Fresh randomness of the server's secure source, for the key of the posting's event.
    secret := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
    pseudonym := uuid_send(gen_random_uuid());
END $$;
