-- How suppliers are reached, and the questions that those without an API answer on our page.

CREATE TABLE supplier_connection (
    market_id   text        NOT NULL,
    supplier_id text        NOT NULL,
    sealed      bytea       NOT NULL,
    can         text[]      NOT NULL,
    changed_at  timestamptz NOT NULL,
    changed_by  text        NOT NULL,
    PRIMARY KEY (market_id, supplier_id)
);

CREATE TABLE supplier_question (
    market_id   text        NOT NULL,
    question_no text        NOT NULL,
    supplier_id text        NOT NULL,
    claim_no    text        NOT NULL,
    link_id     text        NOT NULL,
    question    jsonb       NOT NULL,
    asked_at    timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    answer      jsonb,
    answered_by text        NOT NULL DEFAULT '',
    PRIMARY KEY (market_id, question_no)
);
CREATE INDEX supplier_question_open ON supplier_question (market_id, supplier_id, due_at)
    WHERE answer IS NULL;
CREATE INDEX supplier_question_of_claim ON supplier_question (market_id, claim_no);
