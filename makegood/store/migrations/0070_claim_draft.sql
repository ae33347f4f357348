-- Guided claims that are not submitted yet: one per order and buyer, kept over lost connections.

CREATE TABLE claim_draft (
    market_id  text        NOT NULL,
    order_no   text        NOT NULL,
    buyer_id   text        NOT NULL,
    draft_no   text        NOT NULL,
    content    jsonb       NOT NULL,
    saved_at   timestamptz NOT NULL,
    PRIMARY KEY (market_id, order_no, buyer_id),
    UNIQUE (market_id, draft_no)
);

CREATE INDEX claim_draft_saved ON claim_draft (saved_at);
