-- What shop systems tell us: orders in versions, their keys, reveals and reminders.

-- One row per order: how it stands now, locked while a version is added.
CREATE TABLE order_head (
    market_id       text        NOT NULL,
    order_no        text        NOT NULL,
    version         integer     NOT NULL CHECK (version > 0),
    updated_at      timestamptz NOT NULL,
    content_hash    bytea       NOT NULL,
    state           text        NOT NULL,
    seller_id       text        NOT NULL,
    buyer_id        text        NOT NULL,
    contact_hash    bytea,
    claim_code_hash bytea,
    placed_at       timestamptz NOT NULL,
    paid_at         timestamptz,
    PRIMARY KEY (market_id, order_no)
) WITH (fillfactor = 80);
CREATE INDEX order_head_of_contact ON order_head (market_id, contact_hash)
    WHERE contact_hash IS NOT NULL;
CREATE INDEX order_head_of_buyer ON order_head (market_id, buyer_id);
CREATE INDEX order_head_of_seller ON order_head (market_id, seller_id, placed_at);

-- Every version as it was told, without keys and query password. Rows are never changed.
CREATE TABLE order_version (
    market_id   text        NOT NULL,
    order_no    text        NOT NULL,
    version     integer     NOT NULL CHECK (version > 0),
    updated_at  timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    received_from text      NOT NULL,
    snapshot    bytea       NOT NULL,
    PRIMARY KEY (market_id, order_no, version)
);

-- The key of a unit, sealed. Generation 1 came with the order; later ones replaced it.
CREATE TABLE order_key (
    market_id    text        NOT NULL,
    order_no     text        NOT NULL,
    line_no      integer     NOT NULL CHECK (line_no > 0),
    unit_no      integer     NOT NULL CHECK (unit_no > 0),
    generation   integer     NOT NULL CHECK (generation > 0),
    source       text        NOT NULL CHECK (source IN ('order', 'reissue')),
    key_hash     bytea       NOT NULL,
    sealed       bytea       NOT NULL,
    added_at     timestamptz NOT NULL,
    withdrawn_at timestamptz,
    PRIMARY KEY (market_id, order_no, line_no, unit_no, generation)
);
CREATE INDEX order_key_by_hash ON order_key (market_id, key_hash);

-- Who read a key on our pages, when and from where.
CREATE TABLE key_reveal (
    market_id   text        NOT NULL,
    order_no    text        NOT NULL,
    line_no     integer     NOT NULL,
    unit_no     integer     NOT NULL,
    generation  integer     NOT NULL,
    revealed_at timestamptz NOT NULL,
    actor_role  text        NOT NULL,
    actor_id    text        NOT NULL,
    source_ip   text        NOT NULL,
    request_id  text        NOT NULL,
    PRIMARY KEY (market_id, order_no, line_no, unit_no, generation, revealed_at, actor_role,
                 actor_id)
);

-- A buyer who came too early and wants to be told when it is time.
CREATE TABLE reminder (
    market_id   text        NOT NULL,
    order_no    text        NOT NULL,
    line_no     integer     NOT NULL,
    unit_no     integer     NOT NULL,
    reason      text        NOT NULL,
    language    text        NOT NULL,
    remind_at   timestamptz NOT NULL,
    left_at     timestamptz NOT NULL,
    sent_at     timestamptz,
    PRIMARY KEY (market_id, order_no, line_no, unit_no, reason)
);
