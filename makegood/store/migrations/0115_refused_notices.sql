-- Notifications that were not believed are looked at by people, the latest first.
create index payment_notice_refused on payment_notice (market_id, received_at desc)
    where verdict <> 'confirmed' and verdict not like 'no matter:%';
