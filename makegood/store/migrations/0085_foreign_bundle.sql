-- Bundles of claims that another install made, kept for mediation: read only, never continued.
-- The file itself is in the storage, by its hash; the verdict is the one at its import.
create table foreign_bundle (
    market_id   text        not null,
    bundle_id   text        not null,
    sha256      text        not null check (sha256 ~ '^[0-9a-f]{64}$'),
    size        bigint      not null check (size > 0),
    origin      text        not null,
    claim_no    text        not null,
    audience    text        not null,
    entries     integer     not null check (entries > 0),
    state       text        not null,
    pin         text        not null,
    note        text        not null,
    imported_at timestamptz not null,
    imported_by text        not null,
    primary key (market_id, bundle_id),
    unique (market_id, sha256)
);
create index foreign_bundle_newest on foreign_bundle (market_id, imported_at desc);
