-- Suppliers: what share they agreed to bear, what they were charged, disputed, and paid.

CREATE TABLE supplier_agreement (
    market_id    text        NOT NULL,
    supplier_id  text        NOT NULL,
    version      integer     NOT NULL CHECK (version > 0),
    starts_at    timestamptz NOT NULL,
    shares       jsonb       NOT NULL, -- finding (or * for all others) -> percent
    payment_days integer     NOT NULL CHECK (payment_days BETWEEN 0 AND 365),
    note         text        NOT NULL,
    made_by      text        NOT NULL,
    made_at      timestamptz NOT NULL,
    PRIMARY KEY (market_id, supplier_id, version),
    FOREIGN KEY (market_id, supplier_id) REFERENCES supplier (market_id, supplier_id)
);

-- One row per refund that a supplier bears a part of: why, and by which agreement.
CREATE TABLE supplier_charge (
    market_id         text        NOT NULL,
    refund_key        text COLLATE "C" NOT NULL,
    claim_no          text COLLATE "C" NOT NULL,
    supplier_id       text        NOT NULL,
    order_no          text        NOT NULL,
    sku               text        NOT NULL,
    finding           text        NOT NULL,
    rule              text        NOT NULL,
    refunded_minor    bigint      NOT NULL CHECK (refunded_minor > 0),
    share_minor       bigint      NOT NULL CHECK (share_minor > 0 AND share_minor <= refunded_minor),
    currency          text        NOT NULL,
    agreement_version integer     NOT NULL,
    charged_at        timestamptz NOT NULL,
    PRIMARY KEY (market_id, refund_key)
);
CREATE INDEX supplier_charge_of_supplier ON supplier_charge (market_id, supplier_id, claim_no);
CREATE INDEX supplier_charge_of_claim ON supplier_charge (market_id, claim_no);

CREATE TABLE supplier_dispute (
    market_id    text        NOT NULL,
    dispute_no   text        NOT NULL,
    supplier_id  text        NOT NULL,
    claim_no     text COLLATE "C" NOT NULL,
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    currency     text        NOT NULL,
    text         text        NOT NULL CHECK (text <> ''),
    files        jsonb       NOT NULL, -- [{"sha256", "name", "filed_at"}]
    opened_at    timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    state        text        NOT NULL CHECK (state IN ('open', 'kept', 'accepted')),
    borne_by     text        NOT NULL DEFAULT '' CHECK (borne_by IN ('', 'seller', 'platform')),
    decided_by   text        NOT NULL DEFAULT '',
    decided_at   timestamptz,
    decided_text text        NOT NULL DEFAULT '',
    PRIMARY KEY (market_id, dispute_no),
    CHECK ((state = 'open') = (decided_at IS NULL)),
    CHECK ((state = 'accepted') = (borne_by <> ''))
);
CREATE UNIQUE INDEX supplier_dispute_open ON supplier_dispute (market_id, claim_no)
    WHERE state = 'open';
CREATE INDEX supplier_dispute_of_supplier ON supplier_dispute (market_id, supplier_id, opened_at);

-- Money that a supplier paid, and to which claims it went.
CREATE TABLE supplier_settlement (
    market_id     text        NOT NULL,
    settlement_no text        NOT NULL,
    supplier_id   text        NOT NULL,
    reference     text        NOT NULL CHECK (reference <> ''),
    amount_minor  bigint      NOT NULL CHECK (amount_minor > 0),
    currency      text        NOT NULL,
    recorded_by   text        NOT NULL,
    recorded_at   timestamptz NOT NULL,
    PRIMARY KEY (market_id, settlement_no),
    UNIQUE (market_id, supplier_id, reference)
);

CREATE TABLE supplier_settlement_part (
    market_id     text   NOT NULL,
    settlement_no text   NOT NULL,
    claim_no      text COLLATE "C" NOT NULL,
    amount_minor  bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (market_id, settlement_no, claim_no),
    FOREIGN KEY (market_id, settlement_no)
        REFERENCES supplier_settlement (market_id, settlement_no)
);
CREATE INDEX supplier_settlement_part_of_claim ON supplier_settlement_part (market_id, claim_no);
