-- Who is ruling on a claim right now. Unlogged: after a crash nobody is, which is the truth.
CREATE UNLOGGED TABLE claim_lease (
    market_id    text        NOT NULL,
    claim_no     text        NOT NULL,
    holder_id    text        NOT NULL,
    holder_name  text        NOT NULL,
    until        timestamptz NOT NULL,
    PRIMARY KEY (market_id, claim_no)
);
