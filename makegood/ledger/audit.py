"""The whole audit, from the first transfer on: every night, after a crash, before a release."""

from datetime import datetime, timedelta

from makegood.ledger import audit_store
from makegood.ledger.audits import standing_store
from makegood.ledger.audits.difference import Difference
from makegood.ledger.disputes.store import disputes_that_differ
from makegood.store.database import Connection, Record

PENDING_AGE = timedelta(minutes=10)
"""How old reserved refund money must be before a missing refund row counts as a difference."""


async def audit(conn: Connection, market_id: str, now: datetime) -> list[Difference]:
    """Every difference of a market's books; an empty list is the only good answer."""
    found = [
        *_rows("pending without refund", await _pendings(conn, market_id, now)),
        *_rows("cached balance", await audit_store.balances_that_differ(conn, market_id)),
        *_rows("transfers and event", await audit_store.transfers_without_event(conn, market_id)),
        *_rows("events and transfer", await audit_store.events_without_transfer(conn, market_id)),
        *_rows("refund not booked", await audit_store.refunds_not_booked(conn, market_id)),
        *_rows("refunded above payment", await audit_store.legs_over_refunded(conn, market_id)),
        *_of(market_id, "debts", await standing_store.debts_that_differ(conn)),
        *_of(market_id, "advances and quota", await standing_store.quotas_that_differ(conn)),
        *_of(market_id, "coupons", await standing_store.coupons_that_differ(conn)),
        *_of(market_id, "disputes", await disputes_that_differ(conn)),
    ]
    for row in await audit_store.sides_that_differ(conn, market_id):
        amount_minor = row["posted_minor"] or row["pending_minor"]
        found.append(
            Difference(check="debit = credit", where=row["currency"], amount_minor=amount_minor)
        )
    return found


async def _pendings(conn: Connection, market_id: str, now: datetime) -> list[Record]:
    return await audit_store.pendings_without_refund(conn, market_id, now - PENDING_AGE)


def _of(market_id: str, check: str, rows: list[Record]) -> list[Difference]:
    return _rows(check, [row for row in rows if row["market_id"] == market_id])


def _rows(check: str, rows: list[Record]) -> list[Difference]:
    return [
        Difference(check=check, where=row["code"], amount_minor=row["amount_minor"]) for row in rows
    ]
