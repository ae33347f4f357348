-- The tamper-evident log: what waits for it, its entries in order, its tiles, its head.

-- Every event waits here from the statement that appends it until a sequencer takes it. The
-- number only keeps the order; it has gaps, and nothing may read "what is above the last one".
create table log_pending (
    market_id text not null,
    place bigint generated always as identity,
    stream text not null,
    version integer not null,
    primary key (market_id, place)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- No event without its place in the queue, whoever writes it.
create function event_awaits_log() returns trigger language plpgsql as $$
begin
    insert into log_pending (market_id, stream, version)
    select market_id, stream, version from added order by market_id, stream, version;
    return null;
end
$$;
create trigger event_awaits_log after insert on event
    referencing new table as added for each statement execute function event_awaits_log();

create table log_entry (
    market_id text not null,
    idx bigint not null check (idx >= 0),
    stream text not null,
    version integer not null,
    leaf_hash bytea not null check (length(leaf_hash) = 32),
    merged_at timestamptz not null,
    primary key (market_id, idx),
    unique (market_id, stream, version)
);
create index log_entry_number on log_entry (market_id, substring(leaf_hash from 1 for 5));

create table log_tile (
    market_id text not null,
    level smallint not null check (level between 0 and 63),
    n bigint not null check (n >= 0),
    hashes bytea not null check (length(hashes) between 32 and 8192 and length(hashes) % 32 = 0),
    primary key (market_id, level, n)
);

create table log_head (
    market_id text primary key,
    origin text not null,
    epoch integer not null default 1 check (epoch >= 1),
    size bigint not null default 0 check (size >= 0),
    root bytea not null check (length(root) = 32),
    signed_size bigint not null default 0 check (signed_size between 0 and size),
    note bytea,
    signed_at timestamptz,
    trouble text,
    trouble_at timestamptz,
    check ((note is null) = (signed_at is null)),
    check ((trouble is null) = (trouble_at is null))
);

-- Honest restores: each names the checkpoint that was given up, and why.
create table log_restart (
    market_id text not null,
    epoch integer not null check (epoch >= 2),
    statement bytea not null,
    restarted_at timestamptz not null,
    primary key (market_id, epoch)
);

-- What the operator states about times when nothing was merged.
create table log_outage (
    market_id text not null,
    began_at timestamptz not null,
    ended_at timestamptz check (ended_at > began_at),
    statement text not null check (length(statement) between 1 and 2000),
    stated_at timestamptz not null,
    primary key (market_id, began_at)
);

-- The last full check of each market's log.
create table log_check (
    market_id text primary key,
    checked_at timestamptz not null,
    size bigint not null,
    seconds double precision not null,
    problems jsonb not null
);

create function log_entry_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'entries of the log are only ever added (% refused)', tg_op
        using errcode = 'restrict_violation';
end
$$;
create trigger log_entry_append_only before update or delete or truncate on log_entry
    for each statement execute function log_entry_is_append_only();

-- History from before the log, in an order in which no event precedes its predecessor.
insert into log_pending (market_id, stream, version)
select market_id, stream, version
from (
    select market_id, stream, version,
           max(at) over (partition by market_id, stream order by version) as not_before
    from event
) as known
order by not_before, stream, version;
