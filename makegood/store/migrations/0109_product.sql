-- What is published of a product before it is bought: computed from its orders, never typed.
create table product (
    market_id         text        not null,
    sku               text        not null,
    title             text        not null,
    category          text        not null,
    claim_window_days integer,
    arrival_minutes   integer,
    term_days         integer,
    sold              integer     not null check (sold >= 0),
    quick             integer     not null check (quick between 0 and sold),
    since             timestamptz not null,
    until             timestamptz not null,
    computed_at       timestamptz not null,
    primary key (market_id, sku)
);
create index order_head_paid on order_head (market_id, paid_at) where paid_at is not null;
