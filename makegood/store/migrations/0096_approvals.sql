-- What one person proposes and another one releases, and who may do so from outside.

CREATE TABLE proposal (
    market_id     text        NOT NULL REFERENCES market,
    proposal_no   text        NOT NULL,
    kind          text        NOT NULL,
    subject       text        NOT NULL,
    amount_minor  bigint      NOT NULL CHECK (amount_minor >= 0),
    currency      text        NOT NULL,
    payload       jsonb       NOT NULL,
    why           text        NOT NULL CHECK (why <> ''),
    request_key   text        NOT NULL,
    proposed_by   text        NOT NULL CHECK (proposed_by <> ''),
    proposed_name text        NOT NULL,
    proposed_at   timestamptz NOT NULL,
    state         text        NOT NULL
        CHECK (state IN ('open', 'approved', 'returned', 'withdrawn')),
    decided_by    text        NOT NULL DEFAULT '',
    decided_name  text        NOT NULL DEFAULT '',
    decided_at    timestamptz,
    decided_text  text        NOT NULL DEFAULT '',
    PRIMARY KEY (market_id, proposal_no),
    CHECK ((state = 'open') = (decided_at IS NULL)),
    -- Nobody approves an own proposal, whatever the program above believes.
    CONSTRAINT proposal_needs_two CHECK (state <> 'approved' OR decided_by NOT IN ('', proposed_by))
);

CREATE UNIQUE INDEX proposal_once ON proposal (market_id, kind, request_key)
    WHERE request_key <> '' AND state IN ('open', 'approved');
CREATE INDEX proposal_by_state ON proposal (market_id, state, proposed_at DESC);
CREATE INDEX proposal_of_subject ON proposal (market_id, kind, subject);

CREATE TABLE outside_approver (
    market_id         text        NOT NULL REFERENCES market,
    approver_id       text        NOT NULL,
    name              text        NOT NULL,
    contact           text        NOT NULL,
    totp_sealed       bytea,
    totp_confirmed_at timestamptz,
    totp_last_step    bigint      NOT NULL DEFAULT 0,
    added_by          text        NOT NULL,
    added_at          timestamptz NOT NULL,
    ended_at          timestamptz,
    PRIMARY KEY (market_id, approver_id)
);
