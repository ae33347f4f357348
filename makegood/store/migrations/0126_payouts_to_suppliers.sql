-- Payouts go to suppliers too: what a later decision gave back of what one had paid (`credit`).

ALTER TABLE seller_payout RENAME TO payout;
ALTER TABLE payout RENAME COLUMN seller_id TO payee_id;
ALTER TABLE payout
    -- Whose id it is follows from the source.
    DROP CONSTRAINT seller_payout_market_id_seller_id_fkey,
    DROP CONSTRAINT seller_payout_source_check,
    ADD CONSTRAINT payout_source_check CHECK (source IN ('balance', 'deposit', 'credit'));
ALTER INDEX seller_payout_pkey RENAME TO payout_pkey;
ALTER INDEX seller_payout_of_seller RENAME TO payout_of_payee;
ALTER INDEX seller_payout_waiting RENAME TO payout_waiting;
