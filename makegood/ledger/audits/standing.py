"""How the books stand, for machines and people that watch over them."""

from datetime import datetime

import msgspec

from makegood.ledger.audits import minute_store, pause_store
from makegood.store.database import Connection


class PausedPayouts(msgspec.Struct, frozen=True, kw_only=True):
    """Payouts of one market and currency that stand still, for how many differences."""

    market_id: str
    currency: str
    differences: int
    since: datetime


class BooksStanding(msgspec.Struct, frozen=True, kw_only=True):
    """When the audits ran and what they stopped. Times are aware UTC; None before the first run."""

    audited_at: datetime | None
    whole_at: datetime | None
    took_ms: int
    moved: int
    paused: list[PausedPayouts]


async def books_standing(conn: Connection) -> BooksStanding:
    """When the audits of all markets ran last, and which payouts stand still."""
    state = await minute_store.read_state(conn)
    assert state is not None, "the migration made the row"
    rows = await pause_store.count_open(conn)
    return BooksStanding(
        audited_at=state["ran_at"],
        whole_at=state["whole_at"],
        took_ms=state["took_ms"],
        moved=state["moved"],
        paused=[msgspec.convert(dict(row), PausedPayouts) for row in rows],
    )
