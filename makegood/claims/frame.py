"""What a step of a claim is judged in: its pinned order, the rules' present answer, the clocks."""

from datetime import timedelta
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.claims import store
from makegood.claims.commands import Clocks, Ruling
from makegood.claims.desk import Desk
from makegood.claims.events import Circumstances, ContractPin
from makegood.claims.opening import (
    PAYMENT_LINE,
    SERVICE_LINE,
    overpaid_minor,
    payment_unit,
    service_unit,
)
from makegood.claims.promises import Timetable
from makegood.claims.rows import ClusterHistory
from makegood.claims.ruling import rule_on
from makegood.claims.state import Claim
from makegood.ledger.actions import credited_minor
from makegood.orders import store as order_store
from makegood.orders.facts import UnitFacts, unit_facts
from makegood.orders.order import Order
from makegood.orders.stock.store import may_be_replaced
from makegood.people.markets.rules import MarketSettings, auto_lane_cap_minor
from makegood.people.markets.store import load_seller
from makegood.policy.judgement import Class
from makegood.policy.model import Pack
from makegood.store.database import Connection

HISTORY: Final = timedelta(days=30)
CLASSES: Final[dict[str, Class]] = {"P0": "P0", "P1": "P1", "P2": "P2", "P3": "P3"}


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a claim: the units as pinned, the ruling on its facts, the clocks from now."""

    units: list[UnitFacts]
    ruling: Ruling
    clocks: Clocks
    pack: Pack
    """The version of the rules that the claim cites."""
    around: Circumstances


async def order_of(conn: Connection, market_id: str, claim: Claim) -> Order:
    """The order as it stood when the claim was opened."""
    opened = claim.opened
    pinned = await order_store.load_version(conn, market_id, opened.order_no, opened.order_version)
    assert pinned is not None, "a claim pins an order version that is kept"
    return pinned.order


async def units_of(conn: Connection, market_id: str, claim: Claim) -> list[UnitFacts]:
    """The claimed units as the order stood when the claim was opened."""
    opened = claim.opened
    pinned = await order_store.load_version(conn, market_id, opened.order_no, opened.order_version)
    assert pinned is not None, "a claim pins an order version that is kept"
    if opened.line_no == SERVICE_LINE:
        return [service_unit(pinned.order, pinned.version)]
    if opened.line_no == PAYMENT_LINE:
        unit = UnitRef(opened.order_no, PAYMENT_LINE, 0)
        booked = await credited_minor(conn, market_id, unit, opened.currency)
        worth = max(booked, overpaid_minor(pinned.order))
        return [payment_unit(pinned.order, pinned.version, worth)]
    return [
        unit_facts(pinned.order, pinned.version, opened.line_no, number) for number in opened.units
    ]


async def pack_of(desk: Desk, claim: Claim, act: Act) -> Pack:
    """The version of the rules that the claim cites for ever."""
    return await desk.shelf.cited(act.market_id, claim.opened.policy_version, act.now)


def clocks_of(pack: Pack, claim: Claim, act: Act) -> Clocks:
    """The deadlines a step of this claim sets now, none of them after the hard stop."""
    hard_stop = next((d.at for d in claim.deadlines if d.kind == "hard_stop"), None)
    times = Timetable(
        pack,
        act.now,
        priority=CLASSES[claim.priority],
        category=claim.opened.category,
        lane="careful" if claim.lane == "careful" else "fast",
        hard_stop_at=hard_stop if hard_stop is not None and hard_stop > act.now else None,
        contract=claim.opened.contract,
    )
    return times.all()


async def clocks_now(desk: Desk, claim: Claim, act: Act) -> Clocks:
    """The same by the version of the rules that the claim cites."""
    return clocks_of(await pack_of(desk, claim, act), claim, act)


async def frame(conn: Connection, act: Act, desk: Desk, claim: Claim) -> Frame:
    """Everything that a decision about the next step needs."""
    units = await units_of(conn, act.market_id, claim)
    pack = await pack_of(desk, claim, act)
    clocks = clocks_of(pack, claim, act)
    around = await circumstances(conn, act, desk, claim, units)
    ruling = rule_on(pack, claim, units, around, act.now, clocks.appeal_window.at)
    return Frame(units=units, ruling=ruling, clocks=clocks, pack=pack, around=around)


NO_CAP_SET: Final = 0
"""Caps are amounts of the market's currency: in any other one no machine refunds."""


async def circumstances(
    conn: Connection, act: Act, desk: Desk, claim: Claim, units: list[UnitFacts]
) -> Circumstances:
    """Stock, caps and history around a claim."""
    market = await desk.markets.get(act.market_id, act.now)
    assert market is not None, "a claim belongs to a market"
    seller = await load_seller(conn, act.market_id, claim.opened.seller_id)
    recent = await store.history_of_cluster(
        conn, act.market_id, claim.claim_no, claim.opened.order_no, act.now - HISTORY
    )
    settings = market.settings
    return Circumstances(
        stock_available=await _in_stock(conn, act, units[0]),
        auto_cap_minor=min(
            auto_lane_cap_minor(settings, seller),
            _customer_cap(settings, claim.opened.contract, recent),
        )
        if claim.opened.currency == settings.currency
        else NO_CAP_SET,
        trust_ok=recent.refused == 0,
        cluster_claims_30d=recent.claims,
        refused_30d=recent.refused,
        repeats=recent.on_order,
    )


def _customer_cap(
    settings: MarketSettings, contract: ContractPin | None, recent: ClusterHistory
) -> int:
    """What a contract agrees; else guests earn no trust by being new.

    Without aged history there are small caps per claim and per day.
    """
    lane = settings.auto_lane
    if contract is not None and contract.auto_cap_minor is not None:
        return contract.auto_cap_minor
    if recent.aged or contract is not None:
        return lane.cap_minor
    left_today = lane.guest_day_cap_minor - recent.refunded_today_minor
    return max(0, min(lane.guest_cap_minor, left_today))


async def _in_stock(conn: Connection, act: Act, unit: UnitFacts) -> bool:
    """Whether a replacement is in stock; a payment or our conduct has none."""
    if unit.unit.line_no <= PAYMENT_LINE:
        return False
    return await may_be_replaced(conn, act.market_id, unit)
