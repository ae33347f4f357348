-- Exports are made by a job: which run is at work, how far it is, and until when the file is kept.
alter table scoped_export
    drop constraint scoped_export_state_check,
    add column run integer not null default 0 check (run >= 0),
    add column claims_done integer not null default 0 check (claims_done >= 0),
    add column loose_ref text not null default '', -- stored content that is not the answer: goes
    add column gone text not null default '' check (gone in ('', 'erased', 'expired')),
    add column expires_at timestamptz;

-- What a request left unfinished can be made again.
update scoped_export set state = 'failed', problem = 'interrupted' where state = 'making';
update scoped_export set gone = 'erased' where sha256 is not null and file_ref = '';
update scoped_export set expires_at = now() + interval '30 days' where file_ref <> '';

alter table scoped_export
    add constraint scoped_export_state_check check (
        state in ('waiting', 'making', 'made', 'handed_over', 'failed', 'cancelled')
    ),
    add constraint scoped_export_file_check check (file_ref = '' or gone = '');
create index scoped_export_expiry on scoped_export (expires_at) where file_ref <> '';
create index scoped_export_loose on scoped_export (market_id, export_no) where loose_ref <> '';
