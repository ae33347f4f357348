-- The event history of every stream. Rows are only ever added; an erasure may empty the
-- personal values of a row, and nothing else of it may change.
create table event (
    market_id text not null,
    stream text not null,
    version integer not null check (version >= 1),
    pseudonym bytea not null check (length(pseudonym) = 16),
    name text not null,
    schema_version integer not null check (schema_version >= 1),
    at timestamptz not null,
    actor_role text not null,
    actor_id text,
    body bytea not null,
    entry bytea not null,
    entry_hash bytea not null check (length(entry_hash) = 32),
    event_key bytea check (length(event_key) = 32),
    salts jsonb,
    erased_at timestamptz,
    primary key (market_id, stream, version),
    check ((event_key is null) = (erased_at is not null))
);

create function event_is_append_only() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE'
        and new.erased_at is not null
        and new.event_key is null
        and (new.market_id, new.stream, new.version, new.pseudonym, new.name,
             new.schema_version, new.at, new.actor_role, new.entry, new.entry_hash)
          = (old.market_id, old.stream, old.version, old.pseudonym, old.name,
             old.schema_version, old.at, old.actor_role, old.entry, old.entry_hash)
        and (new.actor_id is null or new.actor_id is not distinct from old.actor_id)
    then
        return new;
    end if;
    raise exception 'event rows are only ever added (% refused)', tg_op
        using errcode = 'restrict_violation';
end
$$;

create trigger event_append_only before update or delete on event
    for each row execute function event_is_append_only();
create trigger event_never_truncated before truncate on event
    for each statement execute function event_is_append_only();
