-- Lists of ended claims are read newest first: an index for each thing they are filtered by.
create index claim_done_state on claim (market_id, state, opened_at desc, claim_no desc)
    where not is_open;
create index claim_done_reason on claim (market_id, reason, opened_at desc, claim_no desc)
    where not is_open;
create index claim_done_owner on claim (market_id, owner_id, opened_at desc, claim_no desc)
    where not is_open;
create index claim_done_seller on claim (market_id, seller_id, opened_at desc, claim_no desc)
    where not is_open;
