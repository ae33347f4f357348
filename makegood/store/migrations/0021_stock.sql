-- Keys kept for replacements, and the replacements themselves.

CREATE TABLE stock_key (
    market_id  text        NOT NULL,
    key_hash   bytea       NOT NULL,
    sku        text        NOT NULL,
    seller_id  text        NOT NULL,
    sealed     bytea       NOT NULL,
    state      text        NOT NULL DEFAULT 'free' CHECK (state IN ('free', 'reserved', 'used')),
    reissue_no text,
    added_at   timestamptz NOT NULL,
    added_by   text        NOT NULL,
    PRIMARY KEY (market_id, key_hash),
    CHECK ((state = 'free') = (reissue_no IS NULL))
);
CREATE INDEX stock_key_free ON stock_key (market_id, sku, seller_id, added_at)
    WHERE state = 'free';
CREATE UNIQUE INDEX stock_key_of_reissue ON stock_key (market_id, reissue_no)
    WHERE reissue_no IS NOT NULL;

-- One replacement or upgrade. Its number is also its request number at the supplier.
CREATE TABLE reissue (
    market_id      text        NOT NULL,
    reissue_no     text        NOT NULL,
    claim_no       text        NOT NULL,
    reissue_key    text        NOT NULL,
    kind           text        NOT NULL CHECK (kind IN ('reissue', 'upgrade')),
    order_no       text        NOT NULL,
    line_no        integer     NOT NULL,
    unit_no        integer     NOT NULL,
    sku            text        NOT NULL,
    value_minor    bigint      NOT NULL CHECK (value_minor >= 0),
    currency       text        NOT NULL,
    route          text        NOT NULL CHECK (route IN ('stock', 'supplier')),
    supplier_id    text,
    withdraw_first boolean     NOT NULL,
    state          text        NOT NULL DEFAULT 'reserved'
        CHECK (state IN ('reserved', 'sent', 'delivered', 'failed', 'cancelled')),
    attempts       integer     NOT NULL DEFAULT 0,
    reserved_at    timestamptz NOT NULL,
    withdrawn_at   timestamptz,
    sent_at        timestamptz,
    settled_at     timestamptz,
    eta_at         timestamptz,
    generation     integer,
    reason         text        NOT NULL DEFAULT '',
    released_at    timestamptz,
    PRIMARY KEY (market_id, reissue_no),
    UNIQUE (market_id, claim_no, reissue_key),
    CHECK ((settled_at IS NOT NULL) = (state IN ('delivered', 'failed', 'cancelled'))),
    CHECK (route = 'stock' OR supplier_id IS NOT NULL)
);
CREATE UNIQUE INDEX reissue_under_way ON reissue (market_id, order_no, line_no, unit_no)
    WHERE state IN ('reserved', 'sent');
CREATE INDEX reissue_of_unit ON reissue (market_id, order_no, line_no, unit_no);
