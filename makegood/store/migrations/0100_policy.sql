-- Rule packs by content, their versions, and since when which version decides. Nothing here is
-- ever changed or removed: a claim cites its version for ever.
create table policy_pack (
    market_id text        not null,
    digest    text        not null check (digest ~ '^[0-9a-f]{64}$'),
    source    bytea       not null,
    stored_at timestamptz not null,
    primary key (market_id, digest),
    check (encode(sha256(source), 'hex') = digest)
);

create table policy_version (
    market_id    text        not null,
    pack_id      text        not null,
    version      integer     not null check (version >= 1),
    digest       text        not null,
    draft_id     text        not null default '', -- the draft it came from; '' for a shipped pack
    published_at timestamptz not null,
    published_by text        not null,
    primary key (market_id, pack_id, version),
    foreign key (market_id, digest) references policy_pack (market_id, digest)
);

-- From `from_at` on, `share` percent of orders, chosen by their number, follow `candidate`;
-- all others follow `stable`. The last row that had begun when an order was paid is the order's.
create table policy_stage (
    market_id text        not null,
    stage_no  integer     not null check (stage_no >= 1),
    from_at   timestamptz not null,
    pack_id   text        not null,
    stable    integer     not null,
    candidate integer,
    share     smallint    not null default 0 check (share between 0 and 100),
    kind      text        not null,
    draft_id  text        not null default '',
    by_id     text        not null,
    primary key (market_id, stage_no),
    foreign key (market_id, pack_id, stable)
        references policy_version (market_id, pack_id, version),
    foreign key (market_id, pack_id, candidate)
        references policy_version (market_id, pack_id, version),
    check ((candidate is null) = (share = 0))
);

create function policy_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end
$$;

create trigger policy_pack_append_only before update or delete or truncate on policy_pack
    for each statement execute function policy_is_append_only();
create trigger policy_version_append_only before update or delete or truncate on policy_version
    for each statement execute function policy_is_append_only();
create trigger policy_stage_append_only before update or delete or truncate on policy_stage
    for each statement execute function policy_is_append_only();
