"""The audit of every minute: what moved since the last one is exact, or payouts stop at once."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from makegood.base.actor import SYSTEM, Act
from makegood.ledger.audits import minute_store, standing_store
from makegood.ledger.audits.difference import Difference
from makegood.ledger.audits.pause import pause_payouts
from makegood.ledger.disputes.store import disputes_that_differ
from makegood.store.database import Connection, Database, Record

OVERLAP: Final = timedelta(minutes=5)
"""How far back refunds are looked at again, for those that were stored late."""
WHOLE_EVERY: Final = timedelta(hours=24)
ALL_CURRENCIES: Final = "*"


async def audit_minute(db: Database, now: datetime) -> list[Difference] | None:
    """Compare everything that moved since the last audit, in all markets.

    A difference pauses the payouts of its market and currency in the same transaction. Answers
    what was found; None while another process is at it.
    """
    began = time.monotonic()
    async with db.transaction() as tx:
        turn = await minute_store.take_turn(tx)
        if turn is None:
            return None
        found = await _look(tx, turn, now)
        await pause_all(tx, found, now)
        await minute_store.note_run(tx, now, round(1000 * (time.monotonic() - began)))
    return found


async def pause_all(tx: Connection, found: Sequence[Difference], now: datetime) -> None:
    """Stop the payouts that the differences concern."""
    for one in found:
        act = Act(one.market_id, SYSTEM, now)
        await pause_payouts(
            tx,
            act,
            one.currency or ALL_CURRENCIES,
            found=one.check,
            account=one.where,
            amount_minor=one.amount_minor,
        )


async def _look(tx: Connection, turn: Record, now: datetime) -> list[Difference]:
    since = (turn["ran_at"] or now) - OVERLAP
    return [
        *_as("cached balance", await minute_store.accounts_that_differ(tx, turn)),
        *_as("transfers and event", await minute_store.postings_without_event(tx, turn)),
        *_as("refund not booked", await minute_store.claims_not_booked(tx, turn, since)),
        *_as("refunds on their way", await minute_store.ways_that_differ(tx)),
        *_as("debts", await standing_store.debts_that_differ(tx)),
        *_as("advances and quota", await standing_store.quotas_that_differ(tx)),
        *_as("coupons", await standing_store.coupons_that_differ(tx)),
        *_as("disputes", await disputes_that_differ(tx)),
    ]


def _as(check: str, rows: Sequence[Record]) -> list[Difference]:
    return [
        Difference(
            check=check,
            where=row["code"] or "",
            amount_minor=row["amount_minor"],
            market_id=row["market_id"],
            currency=row["currency"],
        )
        for row in rows
    ]
