"""The effects of claims: asking everybody who knows, passing deadlines, withdrawing goods."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, Literal

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.time import Clock
from makegood.claims import events as e
from makegood.claims import store, system_actions
from makegood.claims.carrying import WithdrawGoods
from makegood.claims.desk import Desk
from makegood.claims.factsheet import stated, supplier_facts
from makegood.claims.frame import order_of, units_of
from makegood.claims.intake import CheckClaim, account_hash
from makegood.claims.offers import FreeOffers
from makegood.claims.restoring import CorrectBearing, correct_bearing
from makegood.claims.saving import CHECK_JOB, Near, Timer
from makegood.claims.state import Claim
from makegood.ledger.actions import payment_legs, post_payments
from makegood.ledger.recipes import PaymentBooking, PaymentLeg
from makegood.ledger.refund.actions import note_captures
from makegood.ledger.refund.gateway import Capture, GatewayUnavailable
from makegood.orders.actions import first_reveal_at, same_key_units
from makegood.orders.asking import supplier_question
from makegood.orders.facts import UnitFacts
from makegood.orders.rules import due_values
from makegood.orders.supplier import (
    WITHDRAWN,
    SupplierAnswer,
    SupplierGateway,
    Suppliers,
    SupplierUnavailable,
)
from makegood.store.database import Database
from makegood.store.jobs import Job, TakenJob, enqueue
from makegood.worker.refunds import Gateways

FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=30)
"""After silence a supplier is asked again, each pause twice as long, until its time is over."""


class ClaimDesk(msgspec.Struct, frozen=True, kw_only=True):
    """What every function here needs."""

    db: Database
    desk: Desk
    suppliers: Suppliers
    gateways: Callable[[str], Gateways]
    clock: Clock


class Answers(msgspec.Struct, frozen=True):
    """What the sources said, and which of them did not answer."""

    facts: list[e.StatedFact]
    unanswered: list[str]


async def check_claim(room: ClaimDesk, job: TakenJob) -> None:
    """Job `claim.check`: ask supplier, gateway and our own logs, then let the rules go on."""
    payload = job.payload_as(CheckClaim)
    async with room.db.connection() as conn:
        loaded = await store.load(conn, job.market_id, payload.claim_no)
        if loaded is None or not _wants_facts(loaded.claim):
            return
        units = await units_of(conn, job.market_id, loaded.claim)
    answers = await _ask_all(room, job, loaded.claim, units)
    async with room.db.transaction() as tx:
        act = _act(room, job)
        claim = await system_actions.finish_check(
            tx, act, room.desk, payload.claim_no, answers.facts, answers.unanswered
        )
        if claim.state == "waiting_supplier":
            await enqueue(tx, [_again(act, payload)])


async def pass_deadlines(room: ClaimDesk, job: TakenJob) -> None:
    """Job `claim.deadline`: act on what has passed; nothing where the deadline has moved."""
    async with room.db.transaction() as tx:
        claim_no = job.payload_as(Timer).claim_no
        await system_actions.pass_deadlines(tx, _act(room, job), room.desk, claim_no)


async def note_deadline_near(room: ClaimDesk, job: TakenJob) -> None:
    """Job `claim.deadline_near`: little time is left; nothing where the deadline has moved."""
    async with room.db.transaction() as tx:
        near = job.payload_as(Near)
        await system_actions.note_deadline_near(tx, _act(room, job), room.desk, near)


async def withdraw_goods(room: ClaimDesk, job: TakenJob) -> None:
    """Job `claim.withdraw_goods`: take live goods back before money returns."""
    payload = job.payload_as(WithdrawGoods)
    async with room.db.connection() as conn:
        loaded = await store.load(conn, job.market_id, payload.claim_no)
        if loaded is None or loaded.claim.withdrawn_goods:
            return
        units = await units_of(conn, job.market_id, loaded.claim)
    how = await _withdraw_all(room, job, loaded.claim, units, payload.number)
    async with room.db.transaction() as tx:
        await system_actions.note_goods_withdrawn(
            tx, _act(room, job), room.desk, payload.claim_no, how
        )


async def correct_who_bears(room: ClaimDesk, job: TakenJob) -> None:
    """Job `claim.bearing`: who bears what was refunded follows the standing decision."""
    async with room.db.transaction() as tx:
        claim_no = job.payload_as(CorrectBearing).claim_no
        await correct_bearing(tx, _act(room, job), room.desk, claim_no)


async def free_offers(room: ClaimDesk, job: TakenJob) -> None:
    """Job `claim.free_offers`: what ended offers had reserved is the seller's again."""
    async with room.db.transaction() as tx:
        claim_no = job.payload_as(FreeOffers).claim_no
        await system_actions.free_offers(tx, _act(room, job), claim_no)


async def sweep_overdue(room: ClaimDesk, limit: int = 200) -> int:
    """The net below the timers: acts on claims whose deadline passed a while ago; answers how many.

    Anything found here is an alarm: a timer was lost.
    """
    now = room.clock.now()
    async with room.db.connection() as conn:
        late = await store.overdue(conn, now - timedelta(seconds=60), limit)
    for market_id, claim_no in late:
        async with room.db.transaction() as tx:
            act = Act(market_id, SYSTEM, now)
            await system_actions.pass_deadlines(tx, act, room.desk, claim_no)
    return len(late)


def _wants_facts(claim: Claim) -> bool:
    """Until it is decided, whatever a source says belongs on record, also in a person's hands."""
    return claim.is_open and claim.decision is None


async def _ask_all(room: ClaimDesk, job: TakenJob, claim: Claim, units: list[UnitFacts]) -> Answers:
    facts = await _own_logs(room, job, units)
    unanswered: list[str] = []
    for unit in units:
        if unit.supplier_id is None:
            continue
        gateway = await _gateway(room, job.market_id, unit)
        # Nobody waits for a supplier of whom nobody said how it is reached: it was never asked.
        if gateway is not None or claim.state == "waiting_supplier":
            answer = await _ask_supplier(room, job, claim, unit, gateway)
            if answer is None:
                unanswered.append("supplier")
            else:
                by_buyer = await _by_buyer(room, job.market_id, claim, answer)
                facts += supplier_facts(answer, unit, by_buyer)
    if claim.opened.reason.startswith("PAY"):
        captures = await _ask_gateways(room, job, claim)
        if captures is None:
            unanswered.append("gateway")
        else:
            facts += await _payment_facts(room, job, claim, captures)
    return Answers(facts, list(dict.fromkeys(unanswered)))


async def _own_logs(room: ClaimDesk, job: TakenJob, units: list[UnitFacts]) -> list[e.StatedFact]:
    """What our own records add to the order: reads on our pages, keys given out twice."""
    now = room.clock.now()
    facts: list[e.StatedFact] = []
    async with room.db.connection() as conn:
        for unit in units:
            if not unit.has_key:
                continue
            twice = await same_key_units(conn, job.market_id, unit.unit)
            facts.append(stated("key.sold_twice", bool(twice), "platform_log", now))
            read_at = await first_reveal_at(conn, job.market_id, unit.unit)
            if read_at is not None:
                facts.append(stated("key.revealed", True, "platform_log", now))
                facts.append(stated("key.revealed_at", read_at, "platform_log", now))
    return facts


async def _ask_supplier(
    room: ClaimDesk,
    job: TakenJob,
    claim: Claim,
    unit: UnitFacts,
    gateway: SupplierGateway | None,
) -> SupplierAnswer | None:
    """The supplier's answer; None for silence, and for one who can be asked no longer."""
    if gateway is None:
        return None
    async with room.db.connection() as conn:
        question = await supplier_question(
            conn,
            room.desk.vault,
            job.market_id,
            unit.unit,
            claim_no=claim.claim_no,
            reason=claim.opened.reason,
        )
    if question is None:
        return None
    try:
        return await gateway.query(question)
    except SupplierUnavailable:
        return None


async def _gateway(room: ClaimDesk, market_id: str, unit: UnitFacts) -> SupplierGateway | None:
    if unit.supplier_id is None:
        return None
    return await room.suppliers.gateway_of(market_id, unit.supplier_id)


async def _by_buyer(
    room: ClaimDesk, market_id: str, claim: Claim, answer: SupplierAnswer
) -> bool | None:
    """Whether the redeeming account is the declared one, compared by keyed hash."""
    if not answer.redeemed_by:
        return None
    async with room.db.connection() as conn:
        account = await store.account_of(conn, market_id, claim.claim_no)
    return account_hash(room.desk, market_id, answer.redeemed_by) == account if account else None


async def _ask_gateways(room: ClaimDesk, job: TakenJob, claim: Claim) -> list[Capture] | None:
    """What the gateways hold of the order's payments; None when one of them does not answer."""
    async with room.db.connection() as conn:
        legs = await payment_legs(conn, job.market_id, claim.opened.order_no)
    gateways: Gateways = room.gateways(job.market_id)
    captures: list[Capture] = []
    for channel in dict.fromkeys(leg.channel for leg in legs if leg.kind == "online"):
        gateway = gateways.get(channel)
        if gateway is None:
            return None
        try:
            found = await gateway.query_payment(order_no=claim.opened.order_no)
        except GatewayUnavailable:
            return None
        await _book_unlisted(room, job, claim, channel, found)
        captures += found
    return captures


async def _payment_facts(
    room: ClaimDesk, job: TakenJob, claim: Claim, captures: list[Capture]
) -> list[e.StatedFact]:
    """What was charged beside what was due; a payment that the order lists twice is our own."""
    now = room.clock.now()
    async with room.db.connection() as conn:
        order = await order_of(conn, job.market_id, claim)
    paid = [capture for capture in captures if capture.state == "paid"]
    online = sum(capture.amount_minor for capture in paid)
    other = sum(p.amount_minor for p in order.payments if p.kind != "online")
    above = max(0, online + other - order.total.amount_minor)
    facts = [
        stated("payment.captures", len(paid), "gateway", now),
        stated("payment.gateway_confirms", bool(paid), "gateway", now),
        stated("payment.overcharged_minor", above, "gateway", now),
    ]
    listed = {payment.trade_no for payment in order.payments if payment.kind == "online"}
    if len(paid) > 1 and all(capture.trade_no in listed for capture in paid):
        facts.append(stated("payment.duplicate_cause", "platform", "platform_log", now))
    return facts


async def _book_unlisted(
    room: ClaimDesk, job: TakenJob, claim: Claim, channel: str, captures: Sequence[Capture]
) -> None:
    """A payment that the gateway holds for this order and the shop never told us is booked too.

    Only then can it go back by the way it came, and never more than what was captured.
    """
    act = _act(room, job)
    async with room.db.transaction() as tx:
        await note_captures(tx, act, channel, captures)
        order = await order_of(tx, job.market_id, claim)
        fresh = [
            PaymentLeg(channel=channel, trade_no=one.trade_no, amount_minor=one.amount_minor)
            for one in captures
            if one.state == "paid" and one.order_no == order.order_no
        ]
        if fresh and order.paid_at is not None:
            booking = PaymentBooking(
                order_no=order.order_no,
                due_minor=due_values(order),
                legs=tuple(fresh),
                paid_at=order.paid_at,
                currency=order.total.currency,
            )
            await post_payments(tx, act, [booking])


async def _withdraw_all(
    room: ClaimDesk, job: TakenJob, claim: Claim, units: list[UnitFacts], number: int
) -> Literal["locked", "cancelled", "not_possible"]:
    """Every unit's goods, or as good as none: what cannot be withdrawn counts as used."""
    for unit in units:
        if not await _withdraw(room, job, claim, unit, number):
            return "not_possible"
    return "locked"


async def _withdraw(
    room: ClaimDesk, job: TakenJob, claim: Claim, unit: UnitFacts, number: int
) -> bool:
    gateway = await _gateway(room, job.market_id, unit)
    if gateway is None or "withdraw" not in gateway.capabilities:
        return False
    async with room.db.connection() as conn:
        question = await supplier_question(
            conn, room.desk.vault, job.market_id, unit.unit, claim_no=claim.claim_no
        )
    if question is None:
        return False
    request_no = f"{claim.claim_no}-{number}-{unit.unit.unit_no}-w"
    answer = await gateway.withdraw(request_no, question)
    return answer.status in WITHDRAWN


def _again(act: Act, payload: CheckClaim) -> Job:
    return Job(
        kind=CHECK_JOB,
        market_id=act.market_id,
        payload=msgspec.structs.replace(payload, asked=payload.asked + 1),
        run_at=act.now + min(FIRST_PAUSE * 2 ** min(payload.asked, 10), LONGEST_PAUSE),
        subject=payload.claim_no,
        request_id=act.request_id,
    )


def _act(room: ClaimDesk, job: TakenJob) -> Act:
    return Act(job.market_id, SYSTEM, room.clock.now(), job.request_id)
