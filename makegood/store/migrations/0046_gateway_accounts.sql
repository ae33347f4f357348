-- Accounts at payment gateways and connections to suppliers hold secrets: sealed whole.
create table gateway_account (
    market_id  text        not null,
    channel    text        not null,
    kind       text        not null,
    sealed     bytea       not null,
    changed_at timestamptz not null,
    changed_by text        not null,
    primary key (market_id, channel)
);
