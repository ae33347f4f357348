-- Tables that only grow are looked at by their keys, whatever stands in them. The usual sample of
-- 30,000 rows took a core for 0.3 to 0.7 s per table, every ten seconds while a market is busy, and
-- those were the slowest hundredth of all postings; a tenth of it says enough about keys.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT c.relname, a.attname
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE c.oid IN ('event'::regclass, 'transfer'::regclass, 'log_pending'::regclass)
          AND a.attnum > 0 AND NOT a.attisdropped
    LOOP
        EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET STATISTICS 10', one.relname, one.attname);
    END LOOP;
END $$;

-- Its pages are filled again within a second: giving them back would lock every posting out.
ALTER TABLE ledger_due SET (vacuum_truncate = false);
