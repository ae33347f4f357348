-- How buyers prove themselves: codes by mail, one-time links, buyer sessions, and slowed attempts.

CREATE TABLE slowdown (
    market_id   text NOT NULL,
    scope       text NOT NULL,
    subject     bytea NOT NULL,
    failures    integer NOT NULL CHECK (failures >= 0),
    next_at     timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    PRIMARY KEY (market_id, scope, subject)
);
CREATE INDEX slowdown_by_age ON slowdown (last_at);

CREATE TABLE proof (
    market_id      text NOT NULL,
    proof_id       text NOT NULL,
    order_no       text NOT NULL,
    buyer_id       text NOT NULL,
    address_sealed bytea,
    language       text NOT NULL,
    fits           boolean NOT NULL,
    attempts       integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    used_at        timestamptz,
    PRIMARY KEY (market_id, proof_id)
);
CREATE INDEX proof_of_order ON proof (market_id, order_no, created_at);

CREATE TABLE one_time_link (
    market_id   text NOT NULL,
    link_id     text NOT NULL,
    purpose     text NOT NULL,
    subject     jsonb NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz,
    PRIMARY KEY (market_id, link_id)
);
CREATE INDEX one_time_link_live ON one_time_link (market_id, purpose) WHERE used_at IS NULL;

CREATE TABLE buyer_session (
    market_id   text NOT NULL,
    session_id  text NOT NULL,
    buyer_id    text NOT NULL,
    order_nos   text[] NOT NULL,
    proven_by   text NOT NULL CHECK (proven_by IN ('code', 'query_password', 'shop_link', 'mail_link')),
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    PRIMARY KEY (market_id, session_id)
);
CREATE INDEX buyer_session_revoked ON buyer_session (market_id, revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX buyer_session_of_buyer ON buyer_session (market_id, buyer_id);
