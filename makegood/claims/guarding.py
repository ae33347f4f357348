"""After a false description a seller's money waits in escrow until nobody can claim any more."""

from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.claims import events as e
from makegood.claims.desk import Desk
from makegood.claims.saving import Held, append
from makegood.claims.state import Claim
from makegood.claims.store import by_hand, by_hand_stream
from makegood.orders.escrow_store import escrow_minor
from makegood.people.markets.actions import hold_in_escrow, lift_escrow
from makegood.record.appending import append_events
from makegood.record.rules import NewEvent
from makegood.store.database import Connection

FALSELY_DESCRIBED: Final = frozenset(
    {
        "not_as_described",
        "false_description",
        "not_disclosed",
        "hidden_defect",
        "assets_missing",
        "fraud_seller",
    }
)
"""Findings that say the goods were not what the seller sold them as."""
BY_HAND: Final = "by_hand"
"""The rule of a hold that a person placed or lifted."""


async def guard_sales(tx: Connection, act: Act, desk: Desk, held: Held) -> Held:
    """Put the seller into escrow mode for such a finding; an appeal that takes it back lifts it.

    Both are events of the claim, with the rule that found it and what lies in escrow.
    """
    claim, seller_id = held.claim, held.claim.opened.seller_id
    decision = claim.decision
    if decision is None or not seller_id:
        return held
    event: e.SalesHeld | e.SalesFreed | None = None
    if decision.finding in FALSELY_DESCRIBED and decision.shares.get("seller", 0) > 0:
        if await hold_in_escrow(tx, act, seller_id, claim.claim_no):
            event = await _held(tx, act, claim, decision)
    elif decision.number > 1 and await lift_escrow(tx, act, seller_id, claim.claim_no) is not None:
        event = await _freed(tx, act, claim, decision)
    return await append(tx, act, desk, held, [event] if event else [])


async def hold_sales(
    tx: Connection, act: Act, ids: Ids, seller_id: str, currency: str, why: str
) -> None:
    """Put a seller into escrow mode by hand; nothing happens where it is so.

    Raises:
        Refused: `reason_needed`.
    """
    _need_reason(why)
    if await hold_in_escrow(tx, act, seller_id, ""):
        event = e.SalesHeld(
            claim_no="",
            seller_id=seller_id,
            amount_minor=await escrow_minor(tx, act.market_id, seller_id, currency),
            currency=currency,
            rule=BY_HAND,
            why=why.strip(),
        )
        await _record(tx, act, ids, event)


async def free_sales(
    tx: Connection, act: Act, ids: Ids, seller_id: str, currency: str, why: str
) -> None:
    """End escrow mode by hand, whatever began it.

    Raises:
        Refused: `reason_needed`.
    """
    _need_reason(why)
    claim_no = await lift_escrow(tx, act, seller_id)
    if claim_no is not None:
        event = e.SalesFreed(
            claim_no=claim_no,
            seller_id=seller_id,
            amount_minor=await escrow_minor(tx, act.market_id, seller_id, currency),
            currency=currency,
            rule=BY_HAND,
            why=why.strip(),
        )
        await _record(tx, act, ids, event)


async def reason_by_hand(conn: Connection, market_id: str, seller_id: str) -> str:
    """Why a person put the seller into escrow mode the last time; empty where nobody did."""
    for event in reversed(await by_hand(conn, market_id, seller_id)):
        if isinstance(event, e.SalesHeld):
            return event.why
    return ""


async def _held(tx: Connection, act: Act, claim: Claim, decision: e.Decision) -> e.SalesHeld:
    return e.SalesHeld(
        claim_no=claim.claim_no,
        seller_id=claim.opened.seller_id,
        amount_minor=await _in_escrow(tx, act, claim),
        currency=claim.opened.currency,
        rule=_rule(decision),
    )


async def _freed(tx: Connection, act: Act, claim: Claim, decision: e.Decision) -> e.SalesFreed:
    return e.SalesFreed(
        claim_no=claim.claim_no,
        seller_id=claim.opened.seller_id,
        amount_minor=await _in_escrow(tx, act, claim),
        currency=claim.opened.currency,
        rule=_rule(decision),
    )


async def _in_escrow(tx: Connection, act: Act, claim: Claim) -> int:
    opened = claim.opened
    return await escrow_minor(tx, act.market_id, opened.seller_id, opened.currency)


def _rule(decision: e.Decision) -> str:
    return f"{decision.rule_id}@{decision.rule_version}"


async def _record(tx: Connection, act: Act, ids: Ids, event: e.SalesHeld | e.SalesFreed) -> None:
    """By hand it belongs to no claim: it is an event of the seller's own stream."""
    fields = msgspec.to_builtins(event)
    name = str(fields.pop("event"))
    new = NewEvent(name, 1, fields, frozenset())
    await append_events(tx, act, ids, by_hand_stream(event.seller_id), [new])


def _need_reason(why: str) -> None:
    if not why.strip():
        raise Refused("reason_needed")
