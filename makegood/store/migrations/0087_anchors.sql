-- Checkpoints fixed outside our reach: where they go, how each stands, what the place answered.

create table anchor_place (
    market_id     text        not null,
    place_id      text        not null,
    name          text        not null check (name <> ''),
    interest      text        not null default '',
    kind          text        not null check (kind in ('tsa', 'witness', 'evm', 'other')),
    sealed        bytea       not null,
    every_minutes integer     not null check (every_minutes between 1 and 10080),
    counts        boolean     not null default true,
    added_at      timestamptz not null,
    added_by      text        not null,
    removed_at    timestamptz,
    primary key (market_id, place_id)
);

-- `prepared` is written and committed before anything leaves; `proof` is the raw answer.
create table anchor (
    market_id    text        not null,
    anchor_id    text        not null,
    place_id     text        not null,
    origin       text        not null,
    size         bigint      not null check (size > 0),
    checkpoint   bytea       not null,
    state        text        not null check (state in ('due', 'sent', 'done', 'refused')),
    planned_at   timestamptz not null,
    prepared     bytea,
    proof        bytea,
    detail       jsonb       not null default '{}',
    failures     integer     not null default 0 check (failures >= 0),
    problem      text        not null default '',
    contradicted boolean     not null default false,
    tried_at     timestamptz,
    proven_at    timestamptz,
    primary key (market_id, anchor_id),
    foreign key (market_id, place_id) references anchor_place (market_id, place_id),
    check ((state = 'done') = (proof is not null)),
    check ((state = 'done') = (proven_at is not null))
);
create unique index anchor_under_way on anchor (market_id, place_id)
    where state in ('due', 'sent');
create index anchor_newest on anchor (market_id, place_id, planned_at desc);
create index anchor_of_size on anchor (market_id, size) where state = 'done';

-- How many witnesses must have signed a checkpoint before it counts as witnessed.
create table anchor_policy (
    market_id        text    primary key,
    witnesses_needed integer not null check (witnesses_needed between 0 and 64)
);
