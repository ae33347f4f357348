-- The markets that have a book, found by as many index look-ups as there are markets.
CREATE VIEW ledger_market AS
WITH RECURSIVE step AS (
    (SELECT market_id FROM ledger_account ORDER BY market_id LIMIT 1)
    UNION ALL
    SELECT (SELECT a.market_id FROM ledger_account AS a
            WHERE a.market_id > step.market_id ORDER BY a.market_id LIMIT 1)
    FROM step WHERE step.market_id IS NOT NULL
)
SELECT market_id FROM step WHERE market_id IS NOT NULL;
