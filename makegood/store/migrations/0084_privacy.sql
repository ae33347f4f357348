-- Holds that stop an erasure, and the list of erasures: who asked, why, how much, never of whom.

-- `subject` is a claim number or a buyer's id; what stands here of a person goes with the person.
create table legal_hold (
    market_id  text        not null,
    hold_id    text        not null,
    kind       text        not null check (kind in ('claim', 'person')),
    subject    text        not null check (subject <> ''),
    reason     text        not null check (reason <> ''),
    placed_at  timestamptz not null,
    placed_by  text        not null,
    lifted_at  timestamptz,
    lifted_by  text        not null default '',
    primary key (market_id, hold_id)
);
create unique index legal_hold_standing on legal_hold (market_id, kind, subject)
    where lifted_at is null;

-- `stream` is the event history that carries the erasure's own event. `cleaned_at` is set when the
-- files are gone and the touched tables were vacuumed.
create table erasure (
    market_id  text        not null,
    erasure_id text        not null,
    kind       text        not null check (kind in ('buyer', 'account', 'retention')),
    reason     text        not null check (reason in ('requested', 'retention', 'duty')),
    asked_by   text        not null,
    erased_at  timestamptz not null,
    claims     integer     not null check (claims >= 0),
    orders     integer     not null check (orders >= 0),
    fields     integer     not null check (fields >= 0),
    files      integer     not null check (files >= 0),
    mails      integer     not null check (mails >= 0),
    cleaned_at timestamptz,
    primary key (market_id, erasure_id)
);
create index erasure_newest on erasure (market_id, erased_at desc, erasure_id desc);

create index claim_of_buyer on claim (market_id, buyer_id);
create index claim_ended on claim (market_id, closed_at) where not is_open;
