"""A coupon for a promise of ours that was broken; a good customer's larger one by two people."""

from datetime import datetime
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.money import Money
from makegood.claims import commands as c
from makegood.claims.decide import decide
from makegood.claims.desk import Desk
from makegood.claims.frame import units_of
from makegood.claims.saving import Held, append, hold
from makegood.ledger.coupons.actions import issue_coupon
from makegood.ledger.coupons.rules import NewCoupon, coupon_no
from makegood.orders.facts import UnitFacts
from makegood.people.approvals.actions import propose
from makegood.people.approvals.rules import NewProposal, Proposal
from makegood.people.markets.terms import LateTerms, late_terms
from makegood.policy.remedy import late_coupon
from makegood.store.database import Connection

KIND: Final = "compensation"
MACHINE: Final = "machine"
MORE: Final = "level:"
"""How the cause of a good customer's second coupon begins."""
LEVEL_FACTOR: Final = 2
LEAST_MINUTES: Final = 10
"""The deadline itself gives the coupon, so the first ten minutes count from its first second."""


async def compensate(
    tx: Connection, act: Act, desk: Desk, held: Held, cause: str, since: datetime
) -> Held:
    """A coupon for a promise of ours that was broken at `since`, booked with the event, once.

    What a good customer's doubled cap allows beyond the usual one is put before a person.
    """
    units = await units_of(tx, act.market_id, held.claim)
    minutes = max(LEAST_MINUTES, int((act.now - since).total_seconds()) // 60)
    market = await desk.markets.get(act.market_id, act.now)
    assert market is not None, "a claim belongs to a market"
    terms = late_terms(market.settings.money)
    paid = sum(unit.unit_paid_minor for unit in units)
    usual = late_coupon(paid, minutes, terms)
    known = len(held.claim.compensations)
    held = await _give(tx, act, desk, held, cause, usual)
    more = late_coupon(paid, minutes, for_level(terms, units)) - usual
    if more > 0 and len(held.claim.compensations) > known:
        await _propose(tx, act, desk, held, cause, more)
    return held


def for_level(terms: LateTerms, units: list[UnitFacts]) -> LateTerms:
    """The terms of a good customer: twice the cap, and twice as fast towards it."""
    if not any(unit.buyer_level for unit in units):
        return terms
    return msgspec.structs.replace(
        terms,
        cap_percent=terms.cap_percent * LEVEL_FACTOR,
        per_step_bp=terms.per_step_bp * LEVEL_FACTOR,
    )


async def give_more(tx: Connection, act: Act, desk: Desk, proposal: Proposal) -> None:
    """What a second person released: the rest of a good customer's compensation."""
    held = await hold(tx, act, proposal.subject)
    cause = str(proposal.payload["cause"])
    await _give(tx, act, desk, held, cause, proposal.amount_minor)


async def _propose(
    tx: Connection, act: Act, desk: Desk, held: Held, cause: str, amount_minor: int
) -> None:
    claim = held.claim
    new = NewProposal(
        kind=KIND,
        subject=claim.claim_no,
        amount_minor=amount_minor,
        currency=claim.opened.currency,
        payload={"cause": MORE + cause},
        why="会员补偿按双倍上限补足。 A valued customer: twice the usual cap.",
        key=f"{claim.claim_no}:{cause}",
    )
    await propose(tx, act, desk.ids, new, by=MACHINE, by_name=MACHINE)


async def _give(
    tx: Connection, act: Act, desk: Desk, held: Held, cause: str, amount_minor: int
) -> Held:
    """One coupon for one cause, with its event; nothing where the claim has it already."""
    claim = held.claim
    number = coupon_no(act.market_id, claim.claim_no, cause)
    command = c.Compensate(cause=cause, coupon=number, amount_minor=amount_minor)
    events = decide(claim, command, act)
    if not events or amount_minor <= 0:
        return held
    money = Money(amount_minor, claim.opened.currency)
    new = NewCoupon(claim_no=claim.claim_no, cause=cause, money=money)
    await issue_coupon(tx, act, desk.vault, new)
    return await append(tx, act, desk, held, events)
