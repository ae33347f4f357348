"""All SQL of coupons."""

from datetime import datetime

import msgspec

from makegood.ledger.coupons.rules import Coupon, CouponState
from makegood.store.database import Connection, Record

_COLUMNS = """
    coupon_no, code_end, batch, claim_no, cause, amount_minor, currency, borne_by, state,
    issued_at, expires_at, closed_at, order_no
"""


async def insert(tx: Connection, market_id: str, coupon: Coupon, code_hash: bytes) -> bool:
    """Write a coupon; False when this claim has it for this cause already."""
    return bool(
        await tx.fetchval(
            """
            INSERT INTO coupon (market_id, coupon_no, code_hash, code_end, batch, claim_no, cause,
                                amount_minor, currency, borne_by, state, issued_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            ON CONFLICT (market_id, coupon_no) DO NOTHING RETURNING true
            """,
            market_id,
            coupon.coupon_no,
            code_hash,
            coupon.code_end,
            coupon.batch,
            coupon.claim_no,
            coupon.cause,
            coupon.amount_minor,
            coupon.currency,
            coupon.borne_by,
            coupon.state,
            coupon.issued_at,
            coupon.expires_at,
        )
    )


async def lock_by_code(tx: Connection, market_id: str, code_hash: bytes) -> Coupon | None:
    """The coupon with this code, locked until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM coupon WHERE market_id = $1 AND code_hash = $2 FOR UPDATE",
        market_id,
        code_hash,
    )
    return None if row is None else _coupon(row)


async def close(
    tx: Connection, market_id: str, coupon_no: str, state: CouponState, now: datetime, order_no: str
) -> None:
    """Note how a locked coupon ended."""
    await tx.execute(
        """
        UPDATE coupon SET state = $3, closed_at = $4, order_no = $5
        WHERE market_id = $1 AND coupon_no = $2
        """,
        market_id,
        coupon_no,
        state,
        now,
        order_no,
    )


async def lock_expired(tx: Connection, now: datetime, limit: int) -> list[tuple[str, Coupon]]:
    """Coupons of all markets whose time is over, locked; others' are left alone."""
    rows = await tx.fetch(
        f"""
        SELECT market_id, {_COLUMNS} FROM coupon
        WHERE state = 'issued' AND expires_at <= $1
        ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        now,
        limit,
    )
    return [(row["market_id"], _coupon(row)) for row in rows]


async def of_claim(conn: Connection, market_id: str, claim_no: str) -> list[Coupon]:
    """The coupons of a claim, oldest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM coupon WHERE market_id = $1 AND claim_no = $2
        ORDER BY issued_at, coupon_no
        """,
        market_id,
        claim_no,
    )
    return [_coupon(row) for row in rows]


async def batches(conn: Connection, market_id: str, currency: str) -> list[Record]:
    """What each batch was worth, and what became of it."""
    return await conn.fetch(
        """
        SELECT batch, count(*)::integer AS coupons, sum(amount_minor)::bigint AS issued_minor,
               coalesce(sum(amount_minor) FILTER (WHERE state = 'used'), 0)::bigint AS used_minor,
               coalesce(sum(amount_minor) FILTER (WHERE state = 'expired'), 0)::bigint
                   AS expired_minor,
               coalesce(sum(amount_minor) FILTER (WHERE state = 'issued'), 0)::bigint AS open_minor
        FROM coupon WHERE market_id = $1 AND currency = $2
        GROUP BY batch ORDER BY batch DESC
        """,
        market_id,
        currency,
    )


def _coupon(row: Record) -> Coupon:
    fields = {name: row[name] for name in Coupon.__struct_fields__}
    return msgspec.convert(fields, Coupon)
