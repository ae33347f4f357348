"""All SQL of refunds, captures and payment notifications."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from makegood.base.ids import UnitRef
from makegood.ledger.recipes import Funding, PaymentLeg, leg_no
from makegood.ledger.refund.gateway import Capture
from makegood.ledger.refund.rules import Refund, RefundState
from makegood.store.database import Connection, Record

_COLUMNS = """
    refund_no, refund_key, claim_no, order_no, line_no, unit_no, channel, trade_no, leg_kind,
    leg_minor, amount_minor, currency, sources, quota, rule, reason, state, open_attempts,
    before_minor, checks, gateway_ref, answer, contradiction, ordered_at, changed_at, sent_at,
    lease_until, due_at
"""


async def insert_refund(tx: Connection, market_id: str, refund: Refund) -> None:
    """Write a new refund; its number and its key must both be new."""
    await tx.execute(
        f"""
        INSERT INTO refund (market_id, {_COLUMNS})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)
        """,
        market_id,
        refund.refund_no,
        refund.refund_key,
        refund.claim_no,
        refund.unit.order_no,
        refund.unit.line_no,
        refund.unit.unit_no,
        refund.leg.channel,
        leg_no(refund.unit.order_no, refund.leg),
        refund.leg.kind,
        refund.leg.amount_minor,
        refund.amount_minor,
        refund.currency,
        refund.sources,
        refund.quota,
        refund.rule,
        refund.reason,
        refund.state,
        refund.open_attempts,
        refund.before_minor,
        refund.checks,
        refund.gateway_ref,
        refund.answer,
        refund.contradiction,
        refund.ordered_at,
        refund.changed_at,
        refund.sent_at,
        refund.lease_until,
        refund.due_at,
    )


async def save_refund(
    tx: Connection, market_id: str, refund: Refund, proof: msgspec.Struct | None = None
) -> None:
    """Store what may change of a refund that was read with a lock."""
    await tx.execute(
        """
        UPDATE refund SET state = $3, open_attempts = $4, before_minor = $5, checks = $6,
            gateway_ref = $7, answer = $8, contradiction = $9, changed_at = $10, sent_at = $11,
            lease_until = $12, due_at = $13, proof = coalesce($14, proof)
        WHERE market_id = $1 AND refund_no = $2
        """,
        market_id,
        refund.refund_no,
        refund.state,
        refund.open_attempts,
        refund.before_minor,
        refund.checks,
        refund.gateway_ref,
        refund.answer,
        refund.contradiction,
        refund.changed_at,
        refund.sent_at,
        refund.lease_until,
        refund.due_at,
        proof,
    )


async def proof_files(conn: Connection) -> set[tuple[str, str]]:
    """(market, SHA-256) of the files by which people proved refunds that they made by hand."""
    rows = await conn.fetch(
        """
        SELECT market_id, proof ->> 'file_sha256' AS sha256 FROM refund
        WHERE proof ->> 'file_sha256' <> ''
        """
    )
    return {(row["market_id"], row["sha256"]) for row in rows}


async def lock_refund(tx: Connection, market_id: str, refund_no: str) -> Refund | None:
    """One refund, locked until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM refund WHERE market_id = $1 AND refund_no = $2 FOR UPDATE",
        market_id,
        refund_no,
    )
    return None if row is None else _refund(row)


async def read_refund(conn: Connection, market_id: str, refund_no: str) -> Refund | None:
    """One refund as it is now."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM refund WHERE market_id = $1 AND refund_no = $2",
        market_id,
        refund_no,
    )
    return None if row is None else _refund(row)


async def refunds_by_key(conn: Connection, market_id: str, refund_key: str) -> list[Refund]:
    """The refunds of one decision, one per payment leg."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM refund WHERE market_id = $1 AND refund_key = $2
        ORDER BY leg_kind DESC, channel, trade_no
        """,
        market_id,
        refund_key,
    )
    return [_refund(row) for row in rows]


async def refunds_of_claim(conn: Connection, market_id: str, claim_no: str) -> list[Refund]:
    """Every refund of a claim, oldest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM refund WHERE market_id = $1 AND claim_no = $2
        ORDER BY ordered_at, refund_no
        """,
        market_id,
        claim_no,
    )
    return [_refund(row) for row in rows]


async def refunds_in_state(
    conn: Connection, market_id: str, states: Sequence[RefundState], limit: int
) -> list[Refund]:
    """Refunds in these states, the longest waiting first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM refund WHERE market_id = $1 AND state = ANY ($2)
        ORDER BY ordered_at, refund_no
        LIMIT $3
        """,
        market_id,
        list(states),
        limit,
    )
    return [_refund(row) for row in rows]


async def counts_by_state(conn: Connection, market_id: str) -> list[Record]:
    """How many refunds each state holds, their sum, and since when the oldest waits."""
    return await conn.fetch(
        """
        SELECT state, count(*)::integer AS refunds, sum(amount_minor)::bigint AS amount_minor,
               min(ordered_at) AS oldest_at
        FROM refund WHERE market_id = $1
        GROUP BY state
        """,
        market_id,
    )


async def idle_refunds(conn: Connection, before: datetime) -> list[tuple[str, Refund]]:
    """Refunds on their way, of all markets, for which no job waits: (market, refund)."""
    rows = await conn.fetch(
        f"""
        SELECT market_id, {_COLUMNS} FROM refund
        WHERE state IN ('wanted', 'sent', 'accepted') AND changed_at < $1
          AND NOT EXISTS (
              SELECT FROM job
              WHERE job.market_id = refund.market_id AND job.subject = refund.refund_no)
        ORDER BY ordered_at
        LIMIT 500
        """,
        before,
    )
    return [(row["market_id"], _refund(row)) for row in rows]


async def unsent_refunds(tx: Connection, market_id: str, channel: str, trade_no: str) -> list[str]:
    """The numbers of a payment's refunds of which no request has left, locked."""
    rows = await tx.fetch(
        """
        SELECT refund_no FROM refund
        WHERE market_id = $1 AND channel = $2 AND trade_no = $3
          AND state IN ('wanted', 'sent') AND open_attempts = 0
        ORDER BY refund_no FOR UPDATE
        """,
        market_id,
        channel,
        trade_no,
    )
    return [row["refund_no"] for row in rows]


async def lock_payment(tx: Connection, market_id: str, channel: str, trade_no: str) -> None:
    """Let only one refund at a time be taken for sending on this payment."""
    await tx.execute(
        """
        SELECT FROM payment WHERE market_id = $1 AND channel = $2 AND trade_no = $3
        FOR NO KEY UPDATE
        """,
        market_id,
        channel,
        trade_no,
    )


async def has_open_neighbour(tx: Connection, market_id: str, refund: Refund) -> bool:
    """Whether another refund of the same payment left with an outcome not known yet."""
    return bool(
        await tx.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM refund
                WHERE market_id = $1 AND channel = $2 AND trade_no = $3 AND refund_no <> $4
                  AND open_attempts > 0)
            """,
            market_id,
            refund.leg.channel,
            leg_no(refund.unit.order_no, refund.leg),
            refund.refund_no,
        )
    )


async def save_captures(
    tx: Connection, market_id: str, channel: str, captures: Sequence[Capture], now: datetime
) -> None:
    """Keep what a gateway states about payments; the latest statement counts."""
    await tx.executemany(
        """
        INSERT INTO capture (market_id, channel, trade_no, order_no, amount_minor, currency,
                             state, refunded_minor, paid_at, asked_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (market_id, channel, trade_no) DO UPDATE SET
            order_no = excluded.order_no, amount_minor = excluded.amount_minor,
            currency = excluded.currency, state = excluded.state,
            refunded_minor = excluded.refunded_minor, paid_at = excluded.paid_at,
            asked_at = excluded.asked_at
        WHERE capture.asked_at <= excluded.asked_at
        """,
        [
            (
                market_id,
                channel,
                capture.trade_no,
                capture.order_no,
                capture.amount_minor,
                capture.currency,
                capture.state,
                capture.refunded_minor,
                capture.paid_at,
                now,
            )
            for capture in captures
        ],
    )


async def captures_of_order(
    conn: Connection, market_id: str, order_no: str
) -> list[tuple[str, Capture]]:
    """What gateways stated about an order's payments: (channel, capture), oldest first."""
    rows = await conn.fetch(
        """
        SELECT channel, trade_no, order_no, amount_minor, currency, state, refunded_minor, paid_at
        FROM capture WHERE market_id = $1 AND order_no = $2
        ORDER BY paid_at, channel, trade_no
        """,
        market_id,
        order_no,
    )
    return [(row["channel"], _capture(row)) for row in rows]


async def note_notice(
    tx: Connection, market_id: str, channel: str, digest: bytes, verdict: str, now: datetime
) -> None:
    """Record that a notification came and what became of it; repeats are counted."""
    await tx.execute(
        """
        INSERT INTO payment_notice (market_id, channel, digest, verdict, received_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (market_id, channel, digest) DO UPDATE
            SET times = payment_notice.times + 1, verdict = excluded.verdict
        """,
        market_id,
        channel,
        digest,
        verdict,
        now,
    )


def _refund(row: Record) -> Refund:
    return Refund(
        refund_no=row["refund_no"],
        refund_key=row["refund_key"],
        claim_no=row["claim_no"],
        unit=UnitRef(row["order_no"], row["line_no"], row["unit_no"]),
        leg=PaymentLeg(
            channel=row["channel"],
            trade_no=row["trade_no"],
            amount_minor=row["leg_minor"],
            kind=row["leg_kind"],
        ),
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        sources=msgspec.convert(row["sources"], tuple[Funding, ...]),
        quota=msgspec.convert(row["quota"], tuple[Funding, ...]),
        rule=row["rule"],
        reason=row["reason"],
        state=row["state"],
        open_attempts=row["open_attempts"],
        before_minor=row["before_minor"],
        checks=row["checks"],
        gateway_ref=row["gateway_ref"],
        answer=row["answer"],
        contradiction=row["contradiction"],
        ordered_at=row["ordered_at"],
        changed_at=row["changed_at"],
        sent_at=row["sent_at"],
        lease_until=row["lease_until"],
        due_at=row["due_at"],
    )


def _capture(row: Record) -> Capture:
    return Capture(
        trade_no=row["trade_no"],
        order_no=row["order_no"],
        amount_minor=row["amount_minor"],
        state=row["state"],
        currency=row["currency"],
        refunded_minor=row["refunded_minor"],
        paid_at=row["paid_at"],
    )
