-- Backtests of drafts: asked for, under way, with their figures, or stopped.
create table backtest (
    market_id    text        not null,
    backtest_id  text        not null,
    draft_id     text        not null,
    edit_no      integer     not null,
    state        text        not null check (state in ('waiting', 'running', 'done', 'cancelled', 'failed')),
    started_by   text        not null,
    asked_at     timestamptz not null,
    started_at   timestamptz,
    ended_at     timestamptz,
    claims_done  bigint      not null default 0 check (claims_done >= 0),
    claims_total bigint      not null default 0 check (claims_total >= 0),
    cancel_asked boolean     not null default false,
    result       jsonb,
    trouble      text        not null default '',
    primary key (market_id, backtest_id),
    check ((state = 'done') = (result is not null))
);
create index backtest_of_draft on backtest (market_id, draft_id, asked_at desc);
create unique index backtest_under_way on backtest (market_id, draft_id)
    where state in ('waiting', 'running');
