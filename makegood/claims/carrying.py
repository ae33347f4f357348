"""Carrying out a decision inside its transaction: money ordered, goods reserved, coupons given."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import UnitRef
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims import commands as c
from makegood.claims import events as e
from makegood.claims.bearing import as_agreed
from makegood.claims.decide import decide
from makegood.claims.desk import Desk
from makegood.claims.factsheet import latest
from makegood.claims.guarding import guard_sales
from makegood.claims.offers import payer_of, taken
from makegood.claims.remedies import COUPON, GOODS, MONEY, PAID_REPAIR_PERCENT, REPAIRS
from makegood.claims.saving import Held, append
from makegood.claims.state import Claim
from makegood.ledger.coupons.actions import issue_coupon
from makegood.ledger.coupons.rules import NewCoupon
from makegood.ledger.refund.actions import order_refund
from makegood.ledger.refund.rules import RefundOrder
from makegood.orders.facts import UnitFacts
from makegood.orders.stock.reissues import (
    release_replacements,
    reserve_replacement,
    reserve_upgrade,
)
from makegood.orders.stock.rules import Reissue
from makegood.policy import stake
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue

WITHDRAW_JOB: Final = "claim.withdraw_goods"
DEAD: Final = ("invalid", "redeemed", "revoked", "expired", "failed", "cancelled", "not_found")
"""States in which the goods are of no use to the buyer, so nothing has to be taken back."""
COUPON_CHANNEL: Final = "compensation"
SUPPLIER_LATE: Final = "delivered_late_supplier"


class WithdrawGoods(msgspec.Struct, frozen=True):
    """The payload of the job that locks or cancels the goods of a decided claim."""

    claim_no: str
    number: int


async def carry_out(
    tx: Connection, act: Act, desk: Desk, held: Held, units: list[UnitFacts], clocks: c.Clocks
) -> Held:
    """Do what the standing decision orders, once; goods are withdrawn before money returns.

    What cannot be ordered (nothing in stock, no cover) becomes a person's task, never a silent
    end. It is the platform that carries out, whoever's step led to it.
    """
    act = msgspec.structs.replace(act, actor=SYSTEM)
    claim = held.claim
    remedy = remedy_of(claim)
    if claim.decision is None or remedy == "" or claim.state != "decided":
        return held
    held = await guard_sales(tx, act, desk, held)
    claim = held.claim
    if remedy in MONEY and needs_withdrawal(claim, units):
        await enqueue(tx, [_withdrawal(act, claim)])
        return held
    try:
        async with tx.transaction():
            return await _order(tx, act, desk, held, remedy, units, clocks)
    except Refused as refused:
        failed = c.FailRemedy(kind=remedy, why=refused.code, clocks=clocks)
        return await append(tx, act, desk, held, decide(claim, failed, act))


def remedy_of(claim: Claim) -> str:
    """The remedy to carry out; empty while the buyer still has to choose or it is not released."""
    if claim.decision is None or claim.proposed is not None:
        return ""
    if claim.decision.choices and not claim.chosen:
        return ""
    return claim.chosen or claim.decision.remedy


def needs_withdrawal(claim: Claim, units: Iterable[UnitFacts]) -> bool:
    """Whether live goods must first be taken out of the buyer's reach."""
    if claim.withdrawn_goods:
        return False
    if latest(claim.facts, "supplier.status") in DEAD:
        return False
    return any(unit.has_key and unit.delivered_at is not None for unit in units)


def dead_at(claim: Claim) -> datetime | None:
    """When the goods then given out were last known to be withdrawn or dead; None if never."""
    said = [
        fact.at
        for fact in claim.facts
        if (fact.name == "supplier.status" and fact.value in DEAD)
        or (fact.name == "key.withdrawn" and fact.value is True)
    ]
    return max(said, default=None)


def borne_by(decision: e.Decision, amount_minor: int) -> dict[str, int]:
    """Who bears a refund, in minor units that sum to it; the buyer's share is not refunded."""
    return stake.borne_by(decision.shares, amount_minor)


async def _order(
    tx: Connection,
    act: Act,
    desk: Desk,
    held: Held,
    remedy: str,
    units: list[UnitFacts],
    clocks: c.Clocks,
) -> Held:
    moved: list[e.MoneyMoved] = []
    known_dead_at = dead_at(held.claim)
    if known_dead_at is not None:
        # An earlier replacement that is dead no longer counts against what was paid.
        for unit in units:
            await release_replacements(tx, act, unit.unit, known_dead_at)
    if remedy in MONEY:
        moved += await _refund(tx, act, held.claim, units)
    elif remedy in GOODS:
        moved += await _replace(tx, act, desk, held.claim, units)
    elif remedy == "upgrade":
        moved += await _upgrade(tx, act, held.claim, units)
    moved += await _give_coupon(tx, act, desk, held.claim, units)
    events: list[e.AnyEvent] = list(moved)
    if remedy in REPAIRS:
        events.append(_repair(held.claim, units, remedy, clocks))
    held = await append(tx, act, desk, held, events)
    if remedy in REPAIRS:
        return held
    if not events or (moved and all(m.state == "arrived" for m in moved)):
        done = c.FinishWithoutMoney(clocks=clocks)
        return await append(tx, act, desk, held, decide(held.claim, done, act))
    return held


async def _refund(
    tx: Connection, act: Act, claim: Claim, units: list[UnitFacts]
) -> list[e.MoneyMoved]:
    """One refund per unit, the amount spread in proportion to what each unit cost."""
    decision = claim.decision
    assert decision is not None, "a refund follows a decision"
    left = decision.amount_minor - returned_minor(claim)
    moved: list[e.MoneyMoved] = []
    for unit, amount in _spread(units, left):
        key = _unit_key(claim, unit)
        order = RefundOrder(
            refund_key=key,
            claim_no=claim.claim_no,
            unit=unit.unit,
            amount_minor=amount,
            borne_by=await as_agreed(tx, act, claim, unit, borne_by(decision, amount), key),
            currency=claim.opened.currency,
            seller_id=claim.opened.seller_id,
            supplier_id=unit.supplier_id or "",
            rule=f"{decision.rule_id}@{decision.rule_version}",
            reason=decision.finding,
        )
        moved += [
            e.MoneyMoved(
                kind="refund",
                number=refund.refund_no,
                state="wanted",
                amount_minor=refund.amount_minor,
                channel=refund.leg.channel,
            )
            for refund in await order_refund(tx, act, order)
        ]
    return moved


async def _replace(
    tx: Connection, act: Act, desk: Desk, claim: Claim, units: list[UnitFacts]
) -> list[e.MoneyMoved]:
    """One replacement per unit; live goods are withdrawn by the reissue saga itself."""
    market = await desk.markets.get(act.market_id, act.now)
    assert market is not None, "a claim belongs to a market"
    moved = []
    for unit in units:
        reissue = await reserve_replacement(
            tx,
            act,
            reissue_key=_unit_key(claim, unit),
            claim_no=claim.claim_no,
            unit=unit.unit,
            value_minor=unit.unit_paid_minor,
            blocked=market.settings.blocked_categories,
            withdraw_first=needs_withdrawal(claim, [unit]),
        )
        moved.append(_goods_moved("reissue", reissue))
    return moved


async def _upgrade(
    tx: Connection, act: Act, claim: Claim, units: list[UnitFacts]
) -> list[e.MoneyMoved]:
    """The supplier puts a better product in the unit's place; booked as compensation."""
    assert claim.decision is not None, "an upgrade follows a decision"
    moved = []
    for unit in units:
        upgrade = await reserve_upgrade(
            tx,
            act,
            reissue_key=_unit_key(claim, unit),
            claim_no=claim.claim_no,
            unit=unit.unit,
            to_sku=claim.decision.upgrade_sku,
        )
        moved.append(_goods_moved("upgrade", upgrade))
    return moved


def _goods_moved(kind: Literal["reissue", "upgrade"], reissue: Reissue) -> e.MoneyMoved:
    return e.MoneyMoved(
        kind=kind,
        number=reissue.reissue_no,
        state="wanted",
        amount_minor=reissue.value_minor,
        channel=reissue.route,
        eta_at=reissue.eta_at,
    )


def _unit_key(claim: Claim, unit: UnitFacts) -> str:
    """Names one unit's remedy within one decision, so that it happens once."""
    assert claim.decision is not None, "a remedy follows a decision"
    return f"{claim.claim_no}/{claim.decision.number}/{unit.unit.unit_no}"


async def _give_coupon(
    tx: Connection, act: Act, desk: Desk, claim: Claim, units: list[UnitFacts]
) -> list[e.MoneyMoved]:
    decision = claim.decision
    if decision is None or (minor := _coupon_left(claim, decision)) <= 0:
        return []
    new = NewCoupon(
        claim_no=claim.claim_no,
        cause=f"decision-{decision.number}",
        money=Money(minor, claim.opened.currency),
        supplier_id=_late_supplier(decision, units),
        payer=payer_of(claim, taken(claim)) if _is_sellers_coupon(decision) else None,
    )
    given = await issue_coupon(tx, act, desk.vault, new)
    return [
        e.MoneyMoved(
            kind="coupon",
            number=given.coupon_no,
            state="arrived",
            amount_minor=given.amount_minor,
            channel=COUPON_CHANNEL,
            transfers=given.transfers,
        )
    ]


def _coupon_left(claim: Claim, decision: e.Decision) -> int:
    """What a decision gives beyond the coupons of those whose place an appeal had it take."""
    if decision.source != "appeal":
        return decision.coupon_minor
    given = sum(moved.amount_minor for moved in claim.money if moved.kind == "coupon")
    return decision.coupon_minor - given


def _is_sellers_coupon(decision: e.Decision) -> bool:
    """Whether the seller bears the coupon that a decision gives: agreed on, or ruled so."""
    return decision.remedy == COUPON and decision.shares.get("seller") == 100


def _late_supplier(decision: e.Decision, units: list[UnitFacts]) -> str:
    """The supplier whose own promise was broken, and who pays for the coupon; empty for none."""
    if decision.finding != SUPPLIER_LATE or not decision.shares.get("supplier"):
        return ""
    return next((unit.supplier_id for unit in units if unit.supplier_id), "")


def _repair(
    claim: Claim, units: list[UnitFacts], remedy: str, clocks: c.Clocks
) -> e.RepairOffered | e.MoneyMoved:
    """A repair that costs nothing begins; a paid one is offered with its price."""
    if remedy == "repair":
        return repair_moved(claim, "wanted", 0, [])
    assert claim.decision is not None, "a repair is offered by a decision"
    price = sum(unit.unit_paid_minor for unit in units) * PAID_REPAIR_PERCENT // 100
    if claim.decision.remedy == "paid_repair" and claim.decision.amount_minor:
        price = claim.decision.amount_minor
    deadline = msgspec.structs.replace(clocks.choice, kind="repair", then="lapse")
    return e.RepairOffered(price_minor=price, text=claim.decision.reason_text, deadline=deadline)


def repair_moved(
    claim: Claim, state: Literal["wanted", "arrived"], amount_minor: int, transfers: list[str]
) -> e.MoneyMoved:
    """The repair of the standing decision, begun or done."""
    assert claim.decision is not None, "a repair follows a decision"
    return e.MoneyMoved(
        kind="repair",
        number=f"{claim.claim_no}-R{claim.decision.number}",
        state=state,
        amount_minor=amount_minor,
        channel="repair",
        transfers=transfers,
    )


def returned_minor(claim: Claim) -> int:
    """What earlier decisions of this claim already sent back, arrived or under way."""
    return sum(m.amount_minor for m in claim.money if m.kind == "refund" and m.state != "refused")


def _spread(units: list[UnitFacts], amount_minor: int) -> list[tuple[UnitFacts, int]]:
    """The amount over the units, never more than each one cost."""
    spread: list[tuple[UnitFacts, int]] = []
    rest, price = amount_minor, sum(unit.unit_paid_minor for unit in units)
    for unit in units:
        part = min(unit.unit_paid_minor, rest * unit.unit_paid_minor // price if price else 0)
        price -= unit.unit_paid_minor
        rest -= part
        if part > 0:
            spread.append((unit, part))
    return spread


def _withdrawal(act: Act, claim: Claim) -> Job:
    assert claim.decision is not None, "goods are withdrawn for a decision"
    number = claim.decision.number
    return Job(
        kind=WITHDRAW_JOB,
        market_id=act.market_id,
        payload=WithdrawGoods(claim.claim_no, number),
        run_at=act.now,
        subject=claim.claim_no,
        request_id=act.request_id,
        job_id=f"withdraw:{claim.claim_no}:{number}",
    )


def unit_ref(claim: Claim, unit_no: int) -> UnitRef:
    """A unit of the claim by its number."""
    return UnitRef(claim.opened.order_no, claim.opened.line_no, unit_no)
