-- The ledger: accounts with limits, immutable transfers, the payments they book.

CREATE TABLE ledger_account (
    market_id       text   NOT NULL,
    code text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    normal          "char" NOT NULL CHECK (normal IN ('D', 'C')),
    limited         boolean NOT NULL,
    debits_posted   bigint NOT NULL DEFAULT 0 CHECK (debits_posted >= 0),
    credits_posted  bigint NOT NULL DEFAULT 0 CHECK (credits_posted >= 0),
    debits_pending  bigint NOT NULL DEFAULT 0 CHECK (debits_pending >= 0),
    credits_pending bigint NOT NULL DEFAULT 0 CHECK (credits_pending >= 0),
    PRIMARY KEY (market_id, code, currency),
    CONSTRAINT account_limit CHECK (
        NOT limited
        OR (normal = 'C' AND debits_posted + debits_pending <= credits_posted)
        OR (normal = 'D' AND credits_posted + credits_pending <= debits_posted)
    )
) WITH (fillfactor = 80);

CREATE TABLE transfer (
    market_id    text        NOT NULL,
    id           uuid        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('single', 'pending', 'post', 'void')),
    pending_id   uuid        CHECK ((pending_id IS NOT NULL) = (kind IN ('post', 'void'))),
    debit        text COLLATE "C" NOT NULL,
    credit       text COLLATE "C" NOT NULL CHECK (credit <> debit),
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    currency     text COLLATE "C" NOT NULL,
    recipe       text        NOT NULL,
    order_no     text COLLATE "C" NOT NULL,
    claim_no     text COLLATE "C" NOT NULL,
    rule         text        NOT NULL,
    posted_at    timestamptz NOT NULL,
    PRIMARY KEY (market_id, id)
);

-- A pending transfer is posted or voided once.
CREATE UNIQUE INDEX transfer_resolves ON transfer (market_id, pending_id)
    WHERE pending_id IS NOT NULL;
CREATE INDEX transfer_of_claim ON transfer (market_id, claim_no) WHERE claim_no <> '';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are never changed or deleted', TG_TABLE_NAME;
END $$;

CREATE TRIGGER transfer_is_forever BEFORE UPDATE OR DELETE ON transfer
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE payment (
    market_id    text        NOT NULL,
    channel      text COLLATE "C" NOT NULL,
    trade_no     text COLLATE "C" NOT NULL,
    order_no     text COLLATE "C" NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('online', 'balance', 'coupon')),
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    currency     text COLLATE "C" NOT NULL,
    paid_at      timestamptz NOT NULL,
    PRIMARY KEY (market_id, channel, trade_no)
);

CREATE INDEX payment_of_order ON payment (market_id, order_no);
