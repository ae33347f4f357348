-- Decided appeals are few among all events: how often whose decisions were changed is read from them.
create index event_appeals on event (market_id, at) where name = 'appeal_decided';
