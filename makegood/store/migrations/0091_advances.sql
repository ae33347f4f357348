-- Money that the platform paid first, coupons, pauses of payouts, and what the audits saw last.

CREATE TABLE advance_caps (
    market_id  text        PRIMARY KEY,
    caps       jsonb       NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text        NOT NULL
);

-- One row per debtor and claim; the ledger's receivable says the same, and an audit compares.
CREATE TABLE advance (
    market_id         text COLLATE "C" NOT NULL,
    claim_no          text COLLATE "C" NOT NULL,
    party             text NOT NULL CHECK (party IN ('seller', 'supplier', 'channel', 'sla')),
    currency          text COLLATE "C" NOT NULL,
    debtor_id         text COLLATE "C" NOT NULL,
    order_no          text COLLATE "C" NOT NULL,
    advanced_minor    bigint NOT NULL CHECK (advanced_minor > 0),
    recovered_minor   bigint NOT NULL DEFAULT 0 CHECK (recovered_minor >= 0),
    written_off_minor bigint NOT NULL DEFAULT 0 CHECK (written_off_minor >= 0),
    first_at          timestamptz NOT NULL,
    changed_at        timestamptz NOT NULL,
    PRIMARY KEY (market_id, claim_no, party, currency),
    CHECK (recovered_minor + written_off_minor <= advanced_minor)
);
CREATE INDEX advance_open ON advance (market_id, party, debtor_id, first_at)
    WHERE recovered_minor + written_off_minor < advanced_minor;

-- The code itself is never stored: only a keyed hash of it, and its last letters for people.
CREATE TABLE coupon (
    market_id    text COLLATE "C" NOT NULL,
    coupon_no    text COLLATE "C" NOT NULL,
    code_hash    bytea NOT NULL CHECK (length(code_hash) = 32),
    code_end     text NOT NULL,
    batch        text COLLATE "C" NOT NULL,
    claim_no     text COLLATE "C" NOT NULL,
    cause        text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency     text COLLATE "C" NOT NULL,
    borne_by     text NOT NULL CHECK (borne_by IN ('platform', 'supplier')),
    state        text NOT NULL CHECK (state IN ('issued', 'used', 'expired')),
    issued_at    timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    closed_at    timestamptz,
    order_no     text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (market_id, coupon_no),
    UNIQUE (market_id, code_hash)
);
CREATE INDEX coupon_of_claim ON coupon (market_id, claim_no);
CREATE INDEX coupon_to_expire ON coupon (expires_at) WHERE state = 'issued';

-- Payouts of a currency stand still from `since` until a person lets them go on.
CREATE TABLE ledger_pause (
    market_id    text COLLATE "C" NOT NULL,
    currency     text COLLATE "C" NOT NULL,
    since        timestamptz NOT NULL,
    found        text NOT NULL,
    account      text NOT NULL,
    amount_minor bigint NOT NULL,
    times        integer NOT NULL DEFAULT 1,
    last_at      timestamptz NOT NULL,
    resumed_at   timestamptz,
    resumed_by   text,
    reason       text,
    PRIMARY KEY (market_id, currency, since, found, account),
    CHECK ((resumed_at IS NULL) = (resumed_by IS NULL))
);
CREATE INDEX ledger_pause_open ON ledger_pause (market_id, currency) WHERE resumed_at IS NULL;

-- What the audit of every minute saw last: the sums of each account, and up to where.
CREATE TABLE ledger_audited (
    market_id       text NOT NULL,
    code text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    debits_posted   bigint NOT NULL,
    credits_posted  bigint NOT NULL,
    debits_pending  bigint NOT NULL,
    credits_pending bigint NOT NULL,
    PRIMARY KEY (market_id, code, currency)
) WITH (fillfactor = 80);

CREATE TABLE ledger_audit_state (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    seen         pg_snapshot,
    cursor_market text NOT NULL DEFAULT '',
    cursor_code   text COLLATE "C" NOT NULL DEFAULT '',
    ran_at       timestamptz,
    took_ms      integer NOT NULL DEFAULT 0,
    moved        bigint NOT NULL DEFAULT 0,
    whole_at     timestamptz
);
INSERT INTO ledger_audit_state (one) VALUES (true);

-- Requests about money that were refused: who asked for what, and why not. Nothing moved.
CREATE TABLE ledger_refusal (
    market_id  text        NOT NULL,
    at         timestamptz NOT NULL,
    actor_role text        NOT NULL,
    actor_id   text        NOT NULL,
    request_id text        NOT NULL,
    action     text        NOT NULL,
    code       text        NOT NULL,
    detail     jsonb       NOT NULL
);
CREATE INDEX ledger_refusal_latest ON ledger_refusal (market_id, at DESC);
CREATE INDEX refund_changed ON refund (changed_at);
