-- Gateway accounts can be switched off and tell how they fare; buyers' disputes at the channels.

ALTER TABLE gateway_account ADD COLUMN enabled boolean NOT NULL DEFAULT true;

CREATE TABLE gateway_health (
    market_id text        COLLATE "C" NOT NULL,
    channel   text        COLLATE "C" NOT NULL,
    good_at   timestamptz,
    bad_at    timestamptz,
    trouble   text        NOT NULL DEFAULT '',
    words     text        NOT NULL DEFAULT '',
    good      bigint      NOT NULL DEFAULT 0,
    bad       bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (market_id, channel)
);

CREATE TABLE dispute (
    market_id    text        COLLATE "C" NOT NULL,
    channel      text        COLLATE "C" NOT NULL,
    dispute_ref  text        COLLATE "C" NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('chargeback', 'complaint')),
    state        text        NOT NULL CHECK (
        state IN ('needs_response', 'under_review', 'won', 'lost', 'withdrawn')),
    trade_no     text        COLLATE "C" NOT NULL,
    order_no     text        COLLATE "C" NOT NULL DEFAULT '',
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    currency     text        NOT NULL,
    reason       text        NOT NULL DEFAULT '',
    source       text        NOT NULL CHECK (source IN ('channel', 'person', 'shop')),
    claim_no     text        COLLATE "C" NOT NULL DEFAULT '',
    after_minor  bigint      NOT NULL DEFAULT 0 CHECK (after_minor >= 0),
    reserve      jsonb,
    opened_at    timestamptz NOT NULL,
    due_at       timestamptz,
    told_at      timestamptz NOT NULL,
    answered_at  timestamptz,
    ended_at     timestamptz,
    PRIMARY KEY (market_id, channel, dispute_ref)
);

COMMENT ON COLUMN dispute.after_minor IS
    'How much of the disputed payment had gone back already: a chargeback after a refund.';
CREATE INDEX dispute_of_claim ON dispute (market_id, claim_no) WHERE claim_no <> '';
CREATE INDEX dispute_of_order ON dispute (market_id, order_no) WHERE order_no <> '';
CREATE INDEX dispute_waiting ON dispute (market_id, due_at) WHERE ended_at IS NULL;
