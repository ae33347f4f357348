-- Work to be done later, and answers kept for callers who ask twice.

-- One row per job. A job is visible when run_at has passed; taking one moves run_at forward by
-- the lease, so a job whose worker died becomes visible again by itself. Done means deleted.
-- A single row may be written by any statement, inside a CTE too:
--   INSERT INTO job (market_id, kind, subject, payload, run_at, request_id) VALUES (...)
CREATE TABLE job (
    market_id  text        NOT NULL,
    job_id     text        NOT NULL DEFAULT gen_random_uuid()::text,
    kind       text        NOT NULL,
    subject    text        NOT NULL DEFAULT '',
    payload    jsonb       NOT NULL DEFAULT '{}',
    run_at     timestamptz NOT NULL,
    request_id text        NOT NULL DEFAULT '',
    attempts   integer     NOT NULL DEFAULT 0,
    last_error text        NOT NULL DEFAULT '',
    PRIMARY KEY (market_id, job_id)
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.05,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX job_due ON job (run_at);

-- Jobs that failed too often: kept for a person to read, repair and send again.
CREATE TABLE dead_job (
    market_id  text        NOT NULL,
    job_id     text        NOT NULL,
    kind       text        NOT NULL,
    subject    text        NOT NULL,
    payload    jsonb       NOT NULL,
    request_id text        NOT NULL,
    attempts   integer     NOT NULL,
    last_error text        NOT NULL,
    died_at    timestamptz NOT NULL,
    PRIMARY KEY (market_id, job_id)
);

-- The first answer to a request that carried an Idempotency-Key, scoped to its caller.
CREATE TABLE idempotency (
    market_id    text        NOT NULL,
    caller       text        NOT NULL,
    request_key  text        NOT NULL,
    body_digest  bytea       NOT NULL,
    answer       bytea,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (market_id, caller, request_key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);
