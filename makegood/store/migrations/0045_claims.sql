-- Claims as lists see them. The history in `event` is the truth; this row is its newest fold.
create table claim (
    market_id          text        not null,
    claim_no           text        not null,
    version            integer     not null check (version >= 1),
    state              text        not null,
    is_open            boolean     not null,
    lane               text        not null check (lane in ('fast', 'careful')),
    class_no           smallint    not null check (class_no between 0 and 3),
    queue_at           timestamptz not null,
    reason             text        not null,
    order_no           text        not null,
    line_no            integer     not null,
    category           text        not null,
    title              text        not null,
    seller_id          text        not null,
    seller_name        text        not null,
    supplier_id        text        not null,
    buyer_id           text        not null,
    cluster            text        not null, -- keyed hash of the device or contact
    channel            text        not null,
    external_id        text        not null default '',
    amount_minor       bigint      not null check (amount_minor >= 0),
    currency           text        not null,
    owner_id           text        not null check (owner_id <> ''),
    owner_name         text        not null,
    reviewer_id        text        not null default '',
    awaits_approval    boolean     not null default false,
    has_tasks          boolean     not null default false,
    opened_at          timestamptz not null,
    changed_at         timestamptz not null,
    closed_at          timestamptz,
    next_deadline_at   timestamptz,
    next_deadline_kind text        not null default '',
    finding            text        not null default '',
    remedy             text        not null default '',
    refunded_minor     bigint      not null default 0 check (refunded_minor >= 0),
    root_cause         text        not null default '',
    rating             smallint check (rating between 1 and 5),
    excerpt            text        not null,
    search_text        text        not null,
    grams              integer[]   not null,
    primary key (market_id, claim_no),
    check (not is_open or next_deadline_at is not null)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);

create index claim_queue on claim (market_id, class_no, queue_at, claim_no) where is_open;
create index claim_owner on claim (market_id, owner_id, class_no, queue_at, claim_no) where is_open;
create index claim_state on claim (market_id, state, class_no, queue_at, claim_no);
create index claim_seller on claim (market_id, seller_id, state, class_no, queue_at, claim_no);
create index claim_reason on claim (market_id, reason, class_no, queue_at, claim_no) where is_open;
create index claim_newest on claim (market_id, opened_at desc, claim_no desc);
create index claim_cluster on claim (market_id, cluster, opened_at desc);
create index claim_deadline on claim (next_deadline_at) where next_deadline_at is not null;
create unique index claim_external on claim (market_id, channel, external_id)
    where external_id <> '';
-- Chinese has no spaces: hashed one- and two-character grams serve one to many characters alike.
create index claim_grams on claim using gin (grams) with (gin_pending_list_limit = 1024);

-- One unit, one dispute: a unit is bound by its claim, also after the decision. Only a withdrawn
-- or declined claim, or a problem that began later, sets the unit free.
create table claim_unit (
    market_id text    not null,
    claim_no  text    not null,
    order_no  text    not null,
    line_no   integer not null,
    unit_no   integer not null,
    binding   boolean not null default true,
    primary key (market_id, claim_no, line_no, unit_no)
);
create unique index claim_unit_binding on claim_unit (market_id, order_no, line_no, unit_no)
    where binding;
create index claim_unit_order on claim_unit (market_id, order_no);
