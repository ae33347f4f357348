-- What the handbook shows of ended claims, rule by rule: how many, and one of them without names.
create table handbook (
    market_id   text        not null,
    rule_id     text        not null,
    decisions   bigint      not null check (decisions >= 0),
    overturned  bigint      not null check (overturned >= 0),
    case_hash   bytea,      -- null where too few claims stand behind it to show one
    said        jsonb       not null,
    timeline    jsonb       not null,
    amount_band smallint    not null,
    remedy      text        not null,
    computed_at timestamptz not null,
    primary key (market_id, rule_id)
);
