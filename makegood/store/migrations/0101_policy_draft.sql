-- Drafts of the rules, each edit with the form before it (for undo and for the history).
create table policy_draft (
    market_id     text        not null,
    draft_id      text        not null,
    pack_id       text        not null,
    base_version  integer     not null,
    state         text        not null check (state in ('editing', 'in_review', 'notice', 'trial',
                                                        'in_force', 'withdrawn', 'rolled_back')),
    edit_no       integer     not null check (edit_no >= 0),
    source        bytea       not null,
    title         text        not null,
    why           text        not null,
    evidence      text        not null,
    metric        text        not null,
    metric_before text        not null,
    metric_after  text        not null,
    gaps_seen     boolean     not null,
    author_id     text        not null,
    author_name   text        not null,
    editors       text[]      not null,
    created_at    timestamptz not null,
    changed_at    timestamptz not null,
    submitted_at  timestamptz,
    reviewer_id   text        not null,
    reviewer_name text        not null,
    reviewed_at   timestamptz,
    review_text   text        not null,
    version       integer,
    early         boolean     not null,
    effective_at  timestamptz,
    share         smallint    not null,
    next_step_at  timestamptz,
    ended_at      timestamptz,
    ended_why     text        not null,
    primary key (market_id, draft_id),
    -- Only a version that somebody else reviewed decides anything.
    check (state in ('editing', 'in_review', 'withdrawn')
           or (version is not null and reviewer_id <> '' and reviewer_id <> author_id))
);

create unique index policy_draft_moving on policy_draft (market_id)
    where state in ('notice', 'trial');
create index policy_draft_newest on policy_draft (market_id, changed_at desc, draft_id);

create table policy_edit (
    market_id text        not null,
    draft_id  text        not null,
    edit_no   integer     not null,
    at        timestamptz not null,
    by_id     text        not null,
    by_name   text        not null,
    what      text        not null,
    detail    text        not null,
    before    bytea       not null, -- the file before this edit, compressed
    undone    boolean     not null default false,
    primary key (market_id, draft_id, edit_no),
    foreign key (market_id, draft_id) references policy_draft (market_id, draft_id)
);
