-- Sellers' money: own limits, escrow mode, contract, and payouts on their way to the bank.

ALTER TABLE seller
    -- The seller's own wish: refund up to this without asking; the market's caps stay above it.
    ADD COLUMN own_auto_cap_minor bigint CHECK (own_auto_cap_minor >= 0),
    -- After a false description every sale stays in escrow until its claim window has closed.
    ADD COLUMN escrow_since timestamptz,
    ADD COLUMN escrow_claim_no text NOT NULL DEFAULT '',
    ADD COLUMN contract_id text NOT NULL DEFAULT '';

CREATE TABLE seller_payout (
    market_id    text        NOT NULL,
    payout_no    text        NOT NULL,
    seller_id    text        NOT NULL,
    source       text        NOT NULL CHECK (source IN ('balance', 'deposit')),
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    currency     text        NOT NULL,
    state        text        NOT NULL
        CHECK (state IN ('wanted', 'released', 'paid', 'refused', 'withdrawn')),
    wanted_by    text        NOT NULL,
    wanted_at    timestamptz NOT NULL,
    released_by  text        NOT NULL DEFAULT '',
    released_at  timestamptz,
    reference    text        NOT NULL DEFAULT '',
    ended_by     text        NOT NULL DEFAULT '',
    ended_at     timestamptz,
    why          text        NOT NULL DEFAULT '',
    PRIMARY KEY (market_id, payout_no),
    CHECK ((state IN ('paid', 'refused', 'withdrawn')) = (ended_at IS NOT NULL)),
    CHECK (state <> 'paid' OR reference <> ''),
    FOREIGN KEY (market_id, seller_id) REFERENCES seller (market_id, seller_id)
);
CREATE INDEX seller_payout_of_seller ON seller_payout (market_id, seller_id, wanted_at DESC);
CREATE INDEX seller_payout_waiting ON seller_payout (market_id, state, wanted_at)
    WHERE state IN ('wanted', 'released');
