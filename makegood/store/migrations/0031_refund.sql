-- Refunds on their way, payments as gateways state them, notifications that were received.

CREATE TABLE refund (
    market_id     text        COLLATE "C" NOT NULL,
    refund_no     text        COLLATE "C" NOT NULL,
    refund_key    text        COLLATE "C" NOT NULL,
    claim_no      text        COLLATE "C" NOT NULL,
    order_no      text        COLLATE "C" NOT NULL,
    line_no       integer     NOT NULL,
    unit_no       integer     NOT NULL,
    channel       text        COLLATE "C" NOT NULL,
    trade_no      text        COLLATE "C" NOT NULL,
    leg_kind      text        NOT NULL CHECK (leg_kind IN ('online', 'balance', 'coupon')),
    leg_minor     bigint      NOT NULL CHECK (leg_minor > 0),
    amount_minor  bigint      NOT NULL CHECK (amount_minor > 0 AND amount_minor <= leg_minor),
    currency      text        NOT NULL,
    sources       jsonb       NOT NULL,
    quota         jsonb       NOT NULL,
    rule          text        NOT NULL,
    reason        text        NOT NULL,
    state         text        NOT NULL CHECK (
        state IN ('wanted', 'sent', 'accepted', 'arrived', 'refused', 'manual')),
    open_attempts integer     NOT NULL,
    before_minor  bigint,
    checks        integer     NOT NULL,
    gateway_ref   text        NOT NULL,
    answer        text        NOT NULL,
    contradiction text        NOT NULL,
    proof         jsonb,
    ordered_at    timestamptz NOT NULL,
    changed_at    timestamptz NOT NULL,
    sent_at       timestamptz,
    lease_until   timestamptz,
    due_at        timestamptz,
    PRIMARY KEY (market_id, refund_no),
    UNIQUE (market_id, refund_key, channel, trade_no)
);

CREATE INDEX refund_of_claim ON refund (market_id, claim_no);
CREATE INDEX refund_of_trade ON refund (market_id, channel, trade_no);
CREATE INDEX refund_under_way ON refund (market_id, state, ordered_at)
    WHERE state NOT IN ('arrived', 'refused');

CREATE TABLE capture (
    market_id      text        COLLATE "C" NOT NULL,
    channel        text        COLLATE "C" NOT NULL,
    trade_no       text        COLLATE "C" NOT NULL,
    order_no       text        COLLATE "C" NOT NULL,
    amount_minor   bigint      NOT NULL,
    currency       text        NOT NULL,
    state          text        NOT NULL CHECK (state IN ('paid', 'unpaid', 'refunded', 'frozen')),
    refunded_minor bigint,
    paid_at        timestamptz,
    asked_at       timestamptz NOT NULL,
    PRIMARY KEY (market_id, channel, trade_no)
);

CREATE INDEX capture_of_order ON capture (market_id, order_no);

CREATE TABLE payment_notice (
    market_id   text        COLLATE "C" NOT NULL,
    channel     text        COLLATE "C" NOT NULL,
    digest      bytea       NOT NULL,
    verdict     text        NOT NULL,
    times       integer     NOT NULL DEFAULT 1,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (market_id, channel, digest)
);
