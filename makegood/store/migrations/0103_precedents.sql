-- Every decision of an ended claim with what was known when it was made: what later like claims
-- are compared with, and what a draft of the rules is tried on. Derived from `event`.
create table precedent (
    market_id     text        not null,
    claim_no      text        not null,
    decision_no   integer     not null check (decision_no >= 1),
    claim_version integer     not null,
    case_hash     bytea       not null, -- of the claim's first public entry: names it without saying which
    reason        text        not null,
    product_class text        not null,
    amount_band   smallint    not null,
    fact_print    bytea       not null check (length(fact_print) = 16),
    finding       text        not null,
    outcome       text        not null, -- what the buyer got: refund, part, goods, coupon, repair, nothing
    remedy        text        not null,
    amount_minor  bigint      not null,
    currency      text        not null,
    shares        jsonb       not null,
    rule_id       text        not null,
    rule_version  text        not null,
    decided_by    text        not null,
    by_whom       text        not null check (by_whom in ('machine', 'person', 'agreement')),
    assist        text        not null check (assist in ('alone', 'followed', 'departed', 'unaided', 'agreed')),
    overturned    boolean     not null default false,
    decided_at    timestamptz not null,
    ended_at      timestamptz not null,
    seller_id     text        not null,
    facts         bytea       not null, -- the case as a backtest reads it
    timeline      jsonb       not null, -- steps with seconds since payment, for an anonymous picture
    primary key (market_id, claim_no, decision_no)
);
create index precedent_of_facts on precedent (market_id, fact_print, decided_at desc);
create index precedent_of_reason on precedent (market_id, reason, product_class, decided_at desc);
create index precedent_of_rule on precedent (market_id, rule_id, decided_at desc);
create index precedent_ended on precedent (market_id, ended_at);

-- How alike like claims end, computed every night.
create table consistency (
    market_id        text        not null,
    day              date        not null,
    computed_at      timestamptz not null,
    claims           bigint      not null,
    groups           bigint      not null,
    pairs            bigint      not null check (pairs >= 0),
    agreeing         bigint      not null check (agreeing between 0 and pairs),
    finding_pairs    bigint      not null check (finding_pairs >= 0),
    finding_agreeing bigint      not null check (finding_agreeing between 0 and finding_pairs),
    assists          jsonb       not null,
    primary key (market_id, day)
);
