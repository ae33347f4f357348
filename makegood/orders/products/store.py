"""All SQL of products: computed from the newest versions of recent orders, read by pages."""

from datetime import datetime

import msgspec

from makegood.orders.products.rules import WITHIN, Product
from makegood.store.database import Connection


async def load_product(conn: Connection, market_id: str, sku: str) -> Product | None:
    """What is known of a product, or None when it was never sold or not counted yet."""
    row = await conn.fetchrow(
        """
        select sku, title, category, claim_window_days, arrival_minutes, term_days, sold, quick,
               since, until, computed_at
        from product where market_id = $1 and sku = $2
        """,
        market_id,
        sku,
    )
    return msgspec.convert(dict(row), Product) if row else None


async def list_products(conn: Connection, market_id: str) -> list[Product]:
    """Every product that was sold, by title."""
    rows = await conn.fetch(
        """
        select sku, title, category, claim_window_days, arrival_minutes, term_days, sold, quick,
               since, until, computed_at
        from product where market_id = $1 order by title, sku limit 2000
        """,
        market_id,
    )
    return [msgspec.convert(dict(row), Product) for row in rows]


async def count_products(
    tx: Connection, market_id: str, since: datetime, until: datetime, now: datetime
) -> int:
    """Compute every product sold in this time anew; answers how many there are.

    The terms are those of the newest order. A line with units counts as delivered when its last
    unit is; a product that was not sold in the period keeps its terms with figures of nothing.
    """
    counted = await tx.fetchval(
        """
        with line as (
            select h.paid_at, h.order_no, told.line,
                   coalesce((told.line -> 'delivery' ->> 'delivered_at')::timestamptz,
                            (select max((u ->> 'delivered_at')::timestamptz)
                             from jsonb_array_elements(told.line -> 'units') as u)) as arrived_at
            from order_head as h
            join order_version as v using (market_id, order_no, version)
            cross join lateral jsonb_array_elements(
                convert_from(v.snapshot, 'UTF8')::jsonb -> 'lines') as told (line)
            where h.market_id = $1 and h.paid_at >= $2 and h.paid_at < $3
        ),
        newest as (
            select distinct on (line ->> 'sku') line from line
            order by line ->> 'sku', paid_at desc, order_no desc
        ),
        figures as (
            select line ->> 'sku' as sku, count(*) as sold,
                   count(*) filter (where arrived_at <= paid_at + $4::interval) as quick
            from line group by 1
        ),
        aged as (
            update product set sold = 0, quick = 0, since = $2, until = $3, computed_at = $5
            where market_id = $1 and sku not in (select sku from figures)
        ),
        written as (
            insert into product (market_id, sku, title, category, claim_window_days,
                                 arrival_minutes, term_days, sold, quick, since, until, computed_at)
            select $1, f.sku, n.line ->> 'title', n.line ->> 'category',
                   (n.line -> 'listing' ->> 'claim_window_days')::integer,
                   (n.line -> 'listing' ->> 'arrival_minutes')::integer,
                   (n.line ->> 'term_days')::integer, f.sold, f.quick, $2, $3, $5
            from figures as f join newest as n on n.line ->> 'sku' = f.sku
            on conflict (market_id, sku) do update
                set title = excluded.title, category = excluded.category,
                    claim_window_days = excluded.claim_window_days,
                    arrival_minutes = excluded.arrival_minutes, term_days = excluded.term_days,
                    sold = excluded.sold, quick = excluded.quick, since = excluded.since,
                    until = excluded.until, computed_at = excluded.computed_at
            returning 1
        )
        select count(*) from written
        """,
        market_id,
        since,
        until,
        WITHIN,
        now,
    )
    return int(counted)
