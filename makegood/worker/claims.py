"""The effects of claims: asking everybody who knows, passing deadlines, withdrawing goods."""

from collections.abc import Callable
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
from makegood.claims.frame import units_of
from makegood.claims.intake import CheckClaim, account_hash
from makegood.claims.opening import PAYMENT_LINE
from makegood.claims.saving import CHECK_JOB, Timer
from makegood.claims.state import Claim
from makegood.ledger.actions import payment_legs
from makegood.ledger.refund.actions import note_captures
from makegood.ledger.refund.gateway import Capture, GatewayUnavailable
from makegood.orders.actions import first_reveal_at, same_key_units
from makegood.orders.asking import supplier_question
from makegood.orders.facts import UnitFacts
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

ASK_AGAIN: Final = timedelta(seconds=30)
"""How long after silence a supplier is asked again, until its promised time is over."""
CHECKING: Final = ("open", "verifying", "waiting_supplier")


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
        if loaded is None or loaded.claim.state not in CHECKING:
            return
        units = await units_of(conn, job.market_id, loaded.claim)
    answers = await _ask_all(room, job, loaded.claim, units, payload.account)
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


async def _ask_all(
    room: ClaimDesk, job: TakenJob, claim: Claim, units: list[UnitFacts], account: str
) -> Answers:
    facts = await _own_logs(room, job, units)
    unanswered: list[str] = []
    for unit in units:
        if unit.supplier_id is not None and unit.unit.line_no != PAYMENT_LINE:
            answer = await _ask_supplier(room, job, claim, unit)
            if answer is None:
                unanswered.append("supplier")
            else:
                by_buyer = _by_buyer(room, job.market_id, answer, account)
                facts += supplier_facts(answer, unit, by_buyer)
    if claim.opened.reason.startswith("PAY"):
        captures = await _ask_gateways(room, job, claim)
        if captures is None:
            unanswered.append("gateway")
        else:
            facts += _payment_facts(room, claim, captures)
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
    room: ClaimDesk, job: TakenJob, claim: Claim, unit: UnitFacts
) -> SupplierAnswer | None:
    """The supplier's answer; None for silence, and for a supplier who cannot be asked."""
    gateway = await _gateway(room, job.market_id, unit)
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


def _by_buyer(room: ClaimDesk, market_id: str, answer: SupplierAnswer, account: str) -> bool | None:
    """Whether the redeeming account is the declared one, compared by keyed hash."""
    if not answer.redeemed_by or not account:
        return None
    return account_hash(room.desk, market_id, answer.redeemed_by) == account


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
        async with room.db.transaction() as tx:
            await note_captures(tx, _act(room, job), channel, found)
        captures += found
    return captures


def _payment_facts(room: ClaimDesk, claim: Claim, captures: list[Capture]) -> list[e.StatedFact]:
    now = room.clock.now()
    paid = [capture for capture in captures if capture.state == "paid"]
    return [
        stated("payment.captures", len(paid), "gateway", now),
        stated("payment.gateway_confirms", bool(paid), "gateway", now),
    ]


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
        payload=payload,
        run_at=act.now + ASK_AGAIN,
        subject=payload.claim_no,
        request_id=act.request_id,
    )


def _act(room: ClaimDesk, job: TakenJob) -> Act:
    return Act(job.market_id, SYSTEM, room.clock.now(), job.request_id)
