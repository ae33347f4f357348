-- Questions about a claim to somebody outside: mediators, publishers, payment channels, regulators.
create table outside_case (
    market_id   text        not null,
    ref_no      text        not null,
    claim_no    text        not null,
    kind        text        not null
        check (kind in ('mediator', 'publisher', 'channel', 'regulator')),
    body        text        not null check (body <> ''),
    contact     text        not null,
    language    text        not null,
    question    text        not null,
    link_id     text        not null,
    asked_at    timestamptz not null,
    asked_by    text        not null,
    due_at      timestamptz not null check (due_at > asked_at),
    reminded_at timestamptz,
    answer      jsonb,
    answered_at timestamptz,
    primary key (market_id, ref_no),
    check ((answer is null) = (answered_at is null))
);
create index outside_case_of on outside_case (market_id, claim_no, asked_at);
