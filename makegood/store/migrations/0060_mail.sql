-- The mail outbox: what was queued for whom, and what became of it.

CREATE TABLE mail (
    market_id   text NOT NULL,
    mail_id     text NOT NULL,
    key         text NOT NULL,
    template    text NOT NULL,
    language    text NOT NULL,
    address     text,
    details     jsonb,
    reader      text NOT NULL DEFAULT 'buyer' CHECK (reader IN ('buyer', 'seller', 'staff')),
    subject     text NOT NULL DEFAULT '',
    state       text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
    attempts    integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    problem     text NOT NULL DEFAULT '',
    queued_at   timestamptz NOT NULL,
    lease_until timestamptz,
    settled_at  timestamptz,
    erased_at   timestamptz,
    PRIMARY KEY (market_id, mail_id),
    UNIQUE (market_id, key)
);
CREATE INDEX mail_by_subject ON mail (market_id, subject, queued_at);
CREATE INDEX mail_to_erase ON mail (settled_at) WHERE erased_at IS NULL AND settled_at IS NOT NULL;
