-- Who bears a refund changed after it was paid: each part that moved, and the line it corrects.
-- Never changed and never removed; what was issued before stays as it was.

CREATE TABLE correction (
    market_id     text        COLLATE "C" NOT NULL,
    correction_no text        COLLATE "C" NOT NULL,
    claim_no      text        COLLATE "C" NOT NULL,
    decision_no   integer     NOT NULL CHECK (decision_no > 1),
    appeal_no     integer     NOT NULL CHECK (appeal_no >= 0), -- 0: decided again without an appeal
    line          text        COLLATE "C" NOT NULL, -- the refund whose part is corrected
    giver         text        NOT NULL CHECK (giver IN ('seller', 'supplier', 'channel', 'platform')),
    taker         text        NOT NULL CHECK (taker IN ('seller', 'supplier', 'channel', 'platform')),
    seller_id     text        COLLATE "C" NOT NULL,
    supplier_id   text        COLLATE "C" NOT NULL,
    order_no      text        COLLATE "C" NOT NULL,
    sku           text        NOT NULL,
    finding       text        NOT NULL,
    rule          text        NOT NULL,
    given_up      boolean     NOT NULL, -- the giver's debt had been written off: it moves no debt
    amount_minor  bigint      NOT NULL CHECK (amount_minor > 0),
    currency      text        COLLATE "C" NOT NULL,
    transfer_id   uuid        NOT NULL,
    made_at       timestamptz NOT NULL,
    PRIMARY KEY (market_id, correction_no),
    CHECK (giver <> taker)
);
CREATE INDEX correction_of_claim ON correction (market_id, claim_no);
CREATE INDEX correction_of_supplier ON correction (market_id, supplier_id, made_at)
    WHERE 'supplier' IN (giver, taker);

-- A disputed line may lose its subject: an appeal took it off the supplier first.
ALTER TABLE supplier_dispute DROP CONSTRAINT supplier_dispute_state_check;
ALTER TABLE supplier_dispute ADD CONSTRAINT supplier_dispute_state_check
    CHECK (state IN ('open', 'kept', 'accepted', 'superseded'));
