"""The audits that must find nothing: run every minute, after every crash, before every release."""

from datetime import datetime, timedelta

import msgspec

from makegood.ledger import audit_store
from makegood.store.database import Connection, Record

PENDING_AGE = timedelta(minutes=10)
"""How old reserved refund money must be before a missing refund row counts as a difference."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that should not be. `amount_minor` is signed; `where` names the account or leg."""

    check: str
    where: str
    amount_minor: int


async def audit(conn: Connection, market_id: str, now: datetime) -> list[Difference]:
    """Every difference of a market's books; an empty list is the only good answer."""
    found = [
        *_rows("pending without refund", await _pendings(conn, market_id, now)),
        *_rows("cached balance", await audit_store.balances_that_differ(conn, market_id)),
        *_rows("refund not booked", await audit_store.refunds_not_booked(conn, market_id)),
        *_rows("refunded above payment", await audit_store.legs_over_refunded(conn, market_id)),
        *_rows("advances and quota", await audit_store.advances_that_differ(conn, market_id)),
    ]
    for row in await audit_store.sides_that_differ(conn, market_id):
        amount_minor = row["posted_minor"] or row["pending_minor"]
        found.append(
            Difference(check="debit = credit", where=row["currency"], amount_minor=amount_minor)
        )
    return found


async def _pendings(conn: Connection, market_id: str, now: datetime) -> list[Record]:
    return await audit_store.pendings_without_refund(conn, market_id, now - PENDING_AGE)


def _rows(check: str, rows: list[Record]) -> list[Difference]:
    return [
        Difference(check=check, where=row["code"], amount_minor=row["amount_minor"]) for row in rows
    ]
