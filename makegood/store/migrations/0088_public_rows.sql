-- One public row per ended claim; the entry is a leaf of the log and stands here as it was sealed.

create table public_row (
    market_id     text        not null,
    seller_id     text        not null,
    number        integer     not null check (number >= 1),
    claim_no      text        not null,
    claim_version integer     not null,
    row           jsonb       not null,
    entry         bytea       not null,
    released_at   timestamptz not null,
    primary key (market_id, seller_id, number)
);
create index public_row_of_claim on public_row (market_id, claim_no, number);
create index claim_ended_since on claim (market_id, changed_at)
    where state in ('closed', 'withdrawn', 'declined');
