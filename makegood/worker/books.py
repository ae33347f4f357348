"""What the worker does for the books: audits, debts taken off, coupons that lapsed."""

from typing import Final

import structlog

from makegood.base.actor import SYSTEM, Act
from makegood.base.time import Clock
from makegood.ledger.advance import store as advance_store
from makegood.ledger.advance.actions import open_advances, recover_advance
from makegood.ledger.advance.netting import NetOff
from makegood.ledger.audits.difference import Difference
from makegood.ledger.audits.minute import audit_minute
from makegood.ledger.audits.nightly import audit_whole
from makegood.ledger.coupons.actions import expire_coupons
from makegood.ledger.statements.disputes import is_disputed
from makegood.store.database import Database
from makegood.store.jobs import TakenJob
from makegood.worker.loop import Errand

MINUTE: Final = 60.0
HOUR: Final = 3600.0

log = structlog.get_logger("makegood.worker")


async def net_off(db: Database, clock: Clock, job: TakenJob) -> None:
    """Job `ledger.net`: somebody's debts are paid from its accounts, each in its own commit."""
    await _net_off(db, clock, job.market_id, job.payload_as(NetOff), job.request_id)


async def net_all(db: Database, clock: Clock) -> None:
    """Everybody who owes something and may have what pays it, however that came in."""
    async with db.connection() as conn:
        owing = await advance_store.who_can_pay(conn)
    for row in owing:
        whose = NetOff(row["debtor_id"], row["currency"], row["party"])
        await _net_off(db, clock, row["market_id"], whose)


async def look_at_the_books(db: Database, clock: Clock) -> None:
    """The audit of every minute; what it finds has paused payouts already."""
    _tell(await audit_minute(db, clock.now()))


async def look_at_everything(db: Database, clock: Clock) -> None:
    """The whole audit, when a day has passed since the last one."""
    _tell(await audit_whole(db, clock.now()))


async def lapse_coupons(db: Database, clock: Clock) -> None:
    """Coupons whose time is over become the market's again."""
    ended = 1
    while ended:
        async with db.transaction() as tx:
            ended = await expire_coupons(tx, clock.now())


def book_errands(db: Database, clock: Clock) -> tuple[Errand, ...]:
    """The books' part of the timetable."""
    return (
        Errand(name="audit", every_seconds=MINUTE, run=lambda: look_at_the_books(db, clock)),
        Errand(name="whole audit", every_seconds=HOUR, run=lambda: look_at_everything(db, clock)),
        Errand(name="netting", every_seconds=HOUR, run=lambda: net_all(db, clock)),
        Errand(name="lapsed coupons", every_seconds=HOUR, run=lambda: lapse_coupons(db, clock)),
    )


async def _net_off(
    db: Database, clock: Clock, market_id: str, whose: NetOff, request_id: str = ""
) -> None:
    act = Act(market_id, SYSTEM, clock.now(), request_id)
    async with db.connection() as conn:
        debts = await open_advances(conn, market_id, whose.currency, whose.party, whose.seller_id)
    for debt in debts:
        async with db.transaction() as tx:
            if whose.party == "supplier" and await is_disputed(tx, market_id, debt.claim_no):
                continue
            await recover_advance(tx, act, debt.claim_no, whose.party, whose.currency)


def _tell(found: list[Difference] | None) -> None:
    for one in found or ():
        log.error(
            "the books differ; payouts are paused",
            market_id=one.market_id,
            currency=one.currency,
            check=one.check,
            where=one.where,
            amount_minor=one.amount_minor,
        )
