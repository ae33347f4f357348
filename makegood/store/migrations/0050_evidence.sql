-- Evidence items of claims, and uploads under way. The files themselves are outside the database.
create table evidence (
    market_id text not null,
    evidence_id text not null,
    claim_no text not null,
    slot text not null,
    party text not null,
    audience text not null,
    filename text,
    media_type text not null,
    size bigint not null check (size > 0),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    thumb_sha256 text check (thumb_sha256 ~ '^[0-9a-f]{64}$'),
    notes jsonb not null default '[]',
    added_at timestamptz not null,
    primary key (market_id, evidence_id),
    unique (market_id, claim_no, party, slot, sha256)
);
create index evidence_of_claim on evidence (market_id, claim_no, added_at);
create index evidence_of_drafts on evidence (added_at) where claim_no like 'draft:%';
create index evidence_of_content on evidence (market_id, sha256);

-- `part_sizes` are the lengths of the stored pieces in order; their sum is what was received.
create table upload (
    market_id text not null,
    upload_id text not null,
    claim_no text not null,
    slot text not null,
    party text not null,
    audience text not null,
    actor_role text not null,
    actor_id text not null,
    filename text not null,
    declared_size bigint check (declared_size > 0),
    part_sizes jsonb not null default '[]',
    received bigint not null default 0,
    evidence_id text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (market_id, upload_id),
    check (declared_size is null or received <= declared_size)
);
create index upload_expiry on upload (expires_at);
create index upload_of_claim on upload (market_id, claim_no) where evidence_id is null;
