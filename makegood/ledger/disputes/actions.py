"""What is done with disputes: told, told again, answered, ended; each with its money."""

from collections.abc import Sequence

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.ledger import actions as ledger
from makegood.ledger.accounts import escrow, refundable, seller_balance
from makegood.ledger.disputes import rules, store
from makegood.ledger.disputes.rules import ENDED, Source, StoredDispute
from makegood.ledger.posting import post
from makegood.ledger.recipes import PaymentLeg, refundable_leg
from makegood.ledger.refund.gateway import Dispute
from makegood.ledger.rules import resolve_all
from makegood.ledger.store import payments_by_trade, payments_of_order
from makegood.store.database import Connection

TRIES = 3
"""How often a reserve is planned again when somebody else's money moved meanwhile."""


class Disputed(msgspec.Struct, frozen=True, kw_only=True):
    """The payment that a dispute is about."""

    order_no: str
    leg: PaymentLeg


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a word about a dispute led to; `before` is None for the first word."""

    before: StoredDispute | None
    now: StoredDispute

    @property
    def changed(self) -> bool:
        """Whether this was more than a repetition."""
        return self.before is None or self.before.state != self.now.state


async def payment_of(
    conn: Connection, market_id: str, channel: str, dispute: Dispute
) -> Disputed | None:
    """The payment in our book that a dispute speaks of, by its numbers, else by its order."""
    numbers = [one for one in (dispute.trade_no, dispute.also_no) if one]
    found = await payments_by_trade(conn, market_id, [(channel, one) for one in numbers])
    order_no = found[0].order_no if found else dispute.order_no
    rows = await payments_of_order(conn, market_id, order_no) if order_no else []
    wanted = {one.trade_no for one in found}
    for row in rows:
        fits = (row["channel"], row["currency"]) == (channel, dispute.currency)
        if fits and (not wanted or row["trade_no"] in wanted):
            leg = PaymentLeg(
                channel=channel,
                trade_no=row["trade_no"],
                amount_minor=row["amount_minor"],
                kind=row["kind"],
            )
            return Disputed(order_no=order_no, leg=leg)
    return None


async def note_dispute(
    tx: Connection,
    act: Act,
    dispute: Dispute,
    about: Disputed,
    *,
    units: Sequence[UnitRef],
    seller_id: str,
    source: Source,
    claim_no: str = "",
) -> Told:
    """Keep what the channel says of a dispute, and reserve, post or free its money.

    `units` are the order's, those under complaint first. Telling it again changes nothing.

    Raises:
        Refused: `amount_not_positive`, or `exceeds_paid` for more than the payment was.
    """
    known = await store.lock_dispute(tx, act.market_id, about.leg.channel, dispute.dispute_ref)
    if known is not None and known.state in ENDED:
        return Told(before=known, now=known)
    if known is None:
        first = rules.first_told(
            about.leg.channel, dispute, about.leg, about.order_no, source, act.now
        )
        first = msgspec.structs.replace(first, claim_no=claim_no)
        await store.insert_dispute(tx, act.market_id, first)
    else:
        first = known
    now = rules.told_again(first, dispute, act.now)
    if now.kind == "chargeback" and now.reserve is None:
        now = await _reserve(tx, act, now, about.leg, units, seller_id)
    if now.state in ENDED and now.reserve is not None:
        await _end(tx, act, now, about.leg)
    await store.save_dispute(tx, act.market_id, now)
    return Told(before=known, now=now)


async def attach(tx: Connection, act: Act, dispute: StoredDispute, claim_no: str) -> StoredDispute:
    """Say which claim a dispute belongs to."""
    joined = msgspec.structs.replace(dispute, claim_no=claim_no)
    await store.save_dispute(tx, act.market_id, joined)
    return joined


async def mark_answered(tx: Connection, act: Act, channel: str, dispute_ref: str) -> StoredDispute:
    """A person sent the evidence to the channel; its decision is awaited.

    Raises:
        Refused: `not_found`, or `already_decided` after its end.
    """
    known = await store.lock_dispute(tx, act.market_id, channel, dispute_ref)
    if known is None:
        raise Refused("not_found")
    if known.state in ENDED:
        raise Refused("already_decided")
    answered = msgspec.structs.replace(
        known, state="under_review", answered_at=known.answered_at or act.now
    )
    await store.save_dispute(tx, act.market_id, answered)
    return answered


async def held_minor(conn: Connection, market_id: str, order_no: str) -> int:
    """How much of an order open chargebacks keep away from everybody else."""
    return sum(
        one.amount_minor
        for one in await store.disputes_of_order(conn, market_id, order_no)
        if one.kind == "chargeback" and one.state not in ENDED
    )


async def _reserve(
    tx: Connection,
    act: Act,
    dispute: StoredDispute,
    leg: PaymentLeg,
    units: Sequence[UnitRef],
    seller_id: str,
) -> StoredDispute:
    """Take unit, leg and money out of everybody's reach, as far as they are still there."""
    for _ in range(TRIES):
        planned = await _plan(tx, act.market_id, dispute, leg, units, seller_id)
        try:
            await post(tx, act, rules.opened(planned, leg))
        except Refused:
            # Somebody else's money moved between reading and posting: look again.
            continue
        return planned
    planned = await _plan(tx, act.market_id, dispute, leg, units, seller_id)
    await post(tx, act, rules.opened(planned, leg))
    return planned


async def _plan(
    tx: Connection,
    market_id: str,
    dispute: StoredDispute,
    leg: PaymentLeg,
    units: Sequence[UnitRef],
    seller_id: str,
) -> StoredDispute:
    of_leg = refundable_leg(dispute.order_no, leg)
    codes = [refundable(unit) for unit in units]
    givers = [escrow(dispute.order_no), *([seller_balance(seller_id)] if seller_id else [])]
    found = await ledger.balances(tx, market_id, [*codes, of_leg, *givers], dispute.currency)
    left = {code: balance.available_minor for code, balance in found.items()}
    reserve = rules.plan_reserve(
        dispute.amount_minor,
        {unit: left[refundable(unit)] for unit in units},
        left[of_leg],
        rules.sources_of(dispute.order_no, seller_id, left),
    )
    reserved = sum(part.amount_minor for part in reserve.units)
    return msgspec.structs.replace(
        dispute, reserve=reserve, after_minor=dispute.amount_minor - reserved
    )


async def _end(tx: Connection, act: Act, dispute: StoredDispute, leg: PaymentLeg) -> None:
    pendings = rules.reserved(dispute, leg)
    if dispute.state == "lost":
        posts = resolve_all(pendings, "post")
        await post(tx, act, [*posts, *rules.lost(dispute)])
    else:
        back = rules.given_back(dispute, dispute.ended_at or act.now)
        await post(tx, act, [*resolve_all(pendings, "void"), back])
