"""How the gateway accounts fare: calls that were answered, calls that were not, and why."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from makegood.store.database import Connection


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Answered and failed calls; `trouble` and `words` are those of the last failure."""

    good: int = 0
    bad: int = 0
    good_at: datetime | None = None
    bad_at: datetime | None = None
    trouble: str = ""
    words: str = ""


async def add_health(tx: Connection, told: Sequence[tuple[str, str, Health]]) -> None:
    """Add what one process saw, as (market, channel, health)."""
    await tx.executemany(
        """
        INSERT INTO gateway_health AS h
            (market_id, channel, good, bad, good_at, bad_at, trouble, words)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (market_id, channel) DO UPDATE SET
            good = h.good + excluded.good,
            bad = h.bad + excluded.bad,
            good_at = greatest(h.good_at, excluded.good_at),
            bad_at = greatest(h.bad_at, excluded.bad_at),
            trouble = CASE WHEN excluded.bad_at IS NULL THEN h.trouble ELSE excluded.trouble END,
            words = CASE WHEN excluded.bad_at IS NULL THEN h.words ELSE excluded.words END
        """,
        [
            (market_id, channel, h.good, h.bad, h.good_at, h.bad_at, h.trouble, h.words)
            for market_id, channel, h in told
        ],
    )


async def read_health(conn: Connection, market_id: str) -> dict[str, Health]:
    """How each channel of a market fares."""
    rows = await conn.fetch(
        """
        SELECT channel, good, bad, good_at, bad_at, trouble, words
        FROM gateway_health WHERE market_id = $1
        """,
        market_id,
    )
    return {
        row["channel"]: Health(
            good=row["good"],
            bad=row["bad"],
            good_at=row["good_at"],
            bad_at=row["bad_at"],
            trouble=row["trouble"],
            words=row["words"],
        )
        for row in rows
    }
