"""All SQL of what payment channels owe, claim by claim."""

from collections.abc import Sequence

from makegood.store.database import Connection, Record


async def channel_lines(conn: Connection, market_id: str, currency: str) -> list[Record]:
    """Every posted transfer on what channels owe or have to their credit, oldest first."""
    return await conn.fetch(
        """
        SELECT t.id, mine.claim_no, t.order_no, t.recipe, t.posted_at, side.name AS side,
               CASE WHEN starts_with(t.debit, side.code) THEN t.amount_minor
                    ELSE -t.amount_minor END AS amount_minor
        FROM (SELECT claim_no FROM advance
              WHERE market_id = $1 AND party = 'channel' AND currency = $2) AS mine,
             LATERAL (VALUES ('channel_receivable:' || mine.claim_no, 'debt'),
                             ('channel_balance:', 'credit')) AS side (code, name),
             LATERAL (
                 SELECT id, order_no, recipe, posted_at, debit, amount_minor
                 FROM transfer
                 WHERE market_id = $1 AND claim_no = mine.claim_no AND claim_no <> ''
                   AND kind IN ('single', 'post') AND currency = $2
                   AND (starts_with(debit, side.code) OR starts_with(credit, side.code))
                 OFFSET 0
             ) AS t
        ORDER BY t.posted_at, t.id
        """,
        market_id,
        currency,
    )


async def channels_of(conn: Connection, market_id: str, claim_nos: Sequence[str]) -> dict[str, str]:
    """Through which channel each claim was refunded; several with `+` between them."""
    rows = await conn.fetch(
        """
        SELECT claim_no, string_agg(
                   DISTINCT channel COLLATE "C", '+' ORDER BY channel COLLATE "C") AS channel
        FROM refund
        WHERE market_id = $1 AND claim_no = ANY ($2) AND state = 'arrived'
        GROUP BY claim_no
        """,
        market_id,
        list(claim_nos),
    )
    return {row["claim_no"]: row["channel"] for row in rows}
