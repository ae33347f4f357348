-- Audits of ended claims, and exports to those who may ask for them.

create table audit (
    market_id    text        not null,
    audit_no     integer     not null check (audit_no >= 1),
    beacon       jsonb       not null,
    known_at     timestamptz not null,
    miss_bps     integer     not null check (miss_bps between 1 and 5000),
    since        timestamptz not null,
    until        timestamptz not null check (until > since),
    population   integer     not null check (population >= 1),
    sample       integer     not null check (sample between 1 and population),
    announced_at timestamptz not null,
    announced_by text        not null,
    event_no     integer     not null, -- the announcement's place in the stream `audits`
    value        text        not null default '',
    drawn_at     timestamptz,
    finished_at  timestamptz,
    primary key (market_id, audit_no),
    check ((value = '') = (drawn_at is null)),
    check (known_at > announced_at)
);

-- The whole population is fixed with the announcement; `rank` is set for what the beacon drew.
create table audit_claim (
    market_id   text        not null,
    audit_no    integer     not null,
    claim_no    text        not null,
    seller_id   text        not null,
    rank        integer,
    result      text        check (result in ('matches', 'mismatch', 'unreachable')),
    cause       text        not null default '' check (cause in ('', 'seller', 'platform')),
    note        text        not null default '',
    recorded_at timestamptz,
    recorded_by text        not null default '',
    primary key (market_id, audit_no, claim_no),
    foreign key (market_id, audit_no) references audit (market_id, audit_no),
    check ((result is null) = (recorded_at is null)),
    check (result is null or rank is not null),
    check ((result = 'mismatch') = (cause <> '') or result is null)
);
create unique index audit_claim_drawn on audit_claim (market_id, audit_no, rank)
    where rank is not null;

-- Who asked, on what basis, what was given: `scope` and `given` name claims and files.
create table scoped_export (
    market_id   text        not null,
    export_no   integer     not null check (export_no >= 1),
    asked_by    text        not null check (asked_by <> ''),
    kind        text        not null check (kind in ('regulator', 'mediator', 'court', 'party')),
    basis       text        not null check (basis <> ''),
    case_no     text        not null default '',
    due_at      timestamptz,
    parts       text[]      not null,
    claim_nos   text[]      not null,
    state       text        not null check (state in ('making', 'made', 'handed_over', 'failed')),
    made_at     timestamptz,
    sha256      bytea,
    bytes       bigint,
    file_ref    text        not null default '',
    handed_at   timestamptz,
    handed_note text        not null default '',
    asked_at    timestamptz not null,
    asked_of    text        not null,
    problem     text        not null default '',
    primary key (market_id, export_no)
);
create index scoped_export_due on scoped_export (market_id, due_at) where handed_at is null;
create index scoped_export_claims on scoped_export using gin (claim_nos);
