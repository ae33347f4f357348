-- Contracts with business customers. Every version is kept: claims cite the one they began under.
create table contract (
    market_id   text        not null,
    contract_id text        not null,
    version     integer     not null check (version >= 1),
    body        jsonb       not null,
    changed_at  timestamptz not null,
    changed_by  text        not null,
    primary key (market_id, contract_id, version)
);

-- A buyer belongs to one contract at most.
create table contract_buyer (
    market_id   text not null,
    buyer_id    text not null,
    contract_id text not null,
    primary key (market_id, buyer_id)
);
create index contract_buyer_of on contract_buyer (market_id, contract_id);

alter table claim add column contract_id text not null default '';
create index claim_contract on claim (market_id, contract_id, opened_at desc, claim_no desc)
    where contract_id <> '';
