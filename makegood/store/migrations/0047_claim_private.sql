-- What a claim keeps for itself: the keyed hash of the account that the buyer declared before the
-- first check, so that every later check compares with the same one; and whom of the staff a
-- complaint is about, so that lists keep it out of that person's line.
alter table claim
    add column account_hash text not null default '',
    add column about_id     text not null default '';
