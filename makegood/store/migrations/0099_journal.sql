-- Reading the ledger: the journal by time, and the statements of sellers and of the fund.
CREATE INDEX transfer_by_time ON transfer (market_id, posted_at, id);
CREATE INDEX transfer_debits_shown ON transfer (market_id, debit, posted_at)
    WHERE debit ~ '^(seller_|guarantee_fund)';
CREATE INDEX transfer_credits_shown ON transfer (market_id, credit, posted_at)
    WHERE credit ~ '^(seller_|guarantee_fund)';
CREATE INDEX refund_by_time ON refund (market_id, state, ordered_at, refund_no);
