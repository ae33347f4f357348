-- Precedents are derived from ended claims and written again by the next run: what makes two
-- claims alike now includes the rows of the table that judged them.
delete from precedent;
