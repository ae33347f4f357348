"""The demo's money in motion: agreements, what suppliers paid and dispute, payouts, an approval."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from makegood.base.actor import Act, Actor
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims.funds import settle_due
from makegood.demo import cast
from makegood.ledger.funds.actions import pay_out, release_payout, want_payout
from makegood.ledger.funds.rules import Payout, Source
from makegood.ledger.statements.agreements import put_agreement
from makegood.ledger.statements.disputes import NewDispute, open_dispute
from makegood.ledger.statements.settlements import payable, record_settlement
from makegood.people.approvals.actions import propose
from makegood.people.approvals.rules import NewProposal
from makegood.people.staff.roster import RosterLine
from makegood.store.database import Connection
from makegood.worker.registry import Rooms

SHARED: Final = {"u-dk": {"*": 100, "publisher_change": 60}, "u-sr": {"*": 80}}
CURRENCY: Final = "CNY"
PAID_SELLER: Final = "s-jd"
LEAVING_SELLER: Final = "s-yq"


async def agree_with_suppliers(tx: Connection, act: Act, now: datetime) -> None:
    """What each supplier bears, from before the first order."""
    for one in cast.SUPPLIERS:
        await put_agreement(
            tx,
            act,
            one.supplier_id,
            shares=SHARED.get(one.supplier_id, {"*": 100}),
            starts_at=now - timedelta(days=120),
            note="2026 年框架合同 / frame contract 2026",
        )


async def move_money(rooms: Rooms, act: Act, chief: RosterLine) -> None:
    """Suppliers pay a part and dispute a line; sellers take money out; one thing waits for two."""
    for place, one in enumerate(cast.SUPPLIERS):
        async with rooms.db.transaction() as tx:
            owed = await payable(tx, act.market_id, one.supplier_id, CURRENCY)
            await _dispute_newest(tx, act, rooms, one.supplier_id, owed)
            await _pay_oldest(tx, act, rooms, one.supplier_id, owed[:-1], f"B-2026-{place + 1:04d}")
    async with rooms.db.transaction() as tx:
        await settle_due(tx, act, PAID_SELLER, CURRENCY)
    await _take_out(act, rooms)
    async with rooms.db.transaction() as tx:
        back = await _want(tx, act, rooms, LEAVING_SELLER, "deposit", 100_000)
        new = NewProposal(
            kind="deposit_withdrawal",
            subject=back.payout_no,
            amount_minor=back.amount_minor,
            payload={"seller_id": back.payee_id},
            why="卖家减少品类，保证金高于应缴 / fewer categories, more deposited than required",
            key=back.payout_no,
        )
        await propose(tx, act, rooms.desk.ids, new, by=chief.account_id, by_name=chief.display_name)


async def _take_out(act: Act, rooms: Rooms) -> None:
    """One payout that arrived and one that waits; a market of few orders has nothing to take."""
    try:
        async with rooms.db.transaction() as tx:
            first = await _want(tx, act, rooms, PAID_SELLER, "balance", 80_000)
            await release_payout(tx, act, first.payout_no)
            await pay_out(tx, act, first.payout_no, "B-2026-0101")
            await _want(tx, act, rooms, PAID_SELLER, "balance", 50_000)
    except Refused as refused:
        if refused.code not in ("exceeds_free", "deposit_low"):
            raise


async def _pay_oldest(
    tx: Connection,
    act: Act,
    rooms: Rooms,
    supplier_id: str,
    owed: Sequence[tuple[str, int]],
    reference: str,
) -> None:
    """Two thirds of what is not disputed came in."""
    minor = sum(part for _, part in owed) * 2 // 3
    if minor:
        ids = rooms.desk.ids
        await record_settlement(tx, act, ids, supplier_id, Money(minor, CURRENCY), reference)


async def _dispute_newest(
    tx: Connection, act: Act, rooms: Rooms, supplier_id: str, owed: Sequence[tuple[str, int]]
) -> None:
    if not owed:
        return
    claim_no, minor = owed[-1]
    new = NewDispute(
        claim_no=claim_no,
        owed_minor=minor,
        currency=CURRENCY,
        text="激活时间是时区换算错 / the time of activation was read in another time zone",
    )
    supplier = msgspec.structs.replace(act, actor=Actor("supplier", supplier_id))
    await open_dispute(tx, supplier, rooms.desk.ids, supplier_id, new, 48)


async def _want(
    tx: Connection, act: Act, rooms: Rooms, seller_id: str, source: Source, minor: int
) -> Payout:
    seller = msgspec.structs.replace(act, actor=Actor("seller", seller_id))
    return await want_payout(
        tx,
        seller,
        rooms.desk.ids,
        seller_id,
        source=source,
        money=Money(minor, CURRENCY),
        required_minor=0,
        by=f"demo-{seller_id}",
    )
