"""What is done with refunds: order, take for sending, finish, confirm by hand, list.

None of this talks to a gateway; the worker does, between two of these transactions.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.ledger import accounts as book_accounts
from makegood.ledger import actions as ledger
from makegood.ledger import recipes
from makegood.ledger import rules as book
from makegood.ledger.advance.actions import note_arrived
from makegood.ledger.advance.recipes import levelled
from makegood.ledger.advance.rules import Look, levelling
from makegood.ledger.audits.pause import CHECK_AGAIN, PROMISE, paused_since
from makegood.ledger.refund import funding, locking, rules, store
from makegood.ledger.refund.gateway import Capture, RefundReply, Unsupported
from makegood.ledger.refund.plan import plan_refunds
from makegood.ledger.refund.rules import (
    Check,
    Refund,
    RefundOrder,
    RefundState,
    Send,
    Step,
    Timings,
    Wait,
)
from makegood.ledger.rules import Transfer
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue

SEND = "refund.send"
QUERY = "refund.query"
_NEIGHBOUR_PAUSE = timedelta(seconds=10)


class RefundJob(msgspec.Struct, frozen=True):
    """The payload of both refund jobs."""

    refund_no: str


class RefundOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a claim is told after every step of a refund. `at` is aware UTC.

    `changed` is False when the step only repeated what was known. `transfers` are the ids that
    this step posted.
    """

    refund_no: str
    refund_key: str
    claim_no: str
    unit: UnitRef
    channel: str
    amount_minor: int
    currency: str
    state: RefundState
    changed: bool
    answer: str
    contradiction: str
    at: datetime
    due_at: datetime | None
    transfers: list[str]


class ManualProof(msgspec.Struct, frozen=True, kw_only=True):
    """What people show for a refund made by hand: its reference, and the stored file.

    `person` sent the money, `confirmed_by` is somebody else who looked at the proof.
    """

    paid: bool
    reference: str
    file_sha256: str
    person: str
    confirmed_by: str
    text: str = ""


class BoardColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One state of the refund board."""

    state: RefundState
    refunds: int
    amount_minor: int
    oldest_seconds: float


async def order_refund(tx: Connection, act: Act, order: RefundOrder) -> list[Refund]:
    """Reserve a refund's money and ask for its sending, one refund per payment leg.

    The same `refund_key` again answers the refunds that exist.

    Raises:
        Refused: `exceeds_paid` when unit or legs have less left than the amount,
            `insufficient_funds` when whoever pays lacks it, `amount_not_positive`.
    """
    rules.check_order(order)
    known = await store.refunds_by_key(tx, act.market_id, order.refund_key)
    if known:
        return known
    legs = list(order.legs) or await ledger.payment_legs(tx, act.market_id, order.unit.order_no)
    look, terms = await locking.lock(tx, act, order, legs)
    known = await store.refunds_by_key(tx, act.market_id, order.refund_key)
    if known:
        return known
    refunds = plan_refunds(act.market_id, act.now, order, legs, look, terms)
    for refund in refunds:
        await store.insert_refund(tx, act.market_id, refund)
    await ledger.post(tx, act, [*_levelled(act, order, refunds, look), *_pendings(refunds)])
    await enqueue(tx, [_job(act, refund, SEND, act.now) for refund in refunds])
    return refunds


async def claim_for_sending(
    tx: Connection,
    act: Act,
    refund_no: str,
    *,
    alone: bool = False,
    timings: Timings = Timings(),  # noqa: B008 - frozen
) -> Refund | RefundOutcome | None:
    """Take a refund for sending; commit before the request leaves.

    `alone` is for gateways without stable refund numbers: then only one refund of a payment
    may be under way. Answers None when there is nothing to send now (ended, or somebody else
    is at it and a later job was enqueued), or an outcome when it went to a person instead.
    """
    refund = await store.lock_refund(tx, act.market_id, refund_no)
    if refund is None:
        return None
    if refund.state == "wanted" and await paused_since(tx, act.market_id, refund.currency):
        return await _wait_for_the_books(tx, act, refund)
    if alone and await _is_blocked(tx, act, refund):
        return await _wait_for_neighbour(tx, act, refund, timings)
    taken = rules.claim(refund, act.now, timings)
    if isinstance(taken, Wait):
        await enqueue(tx, [_job(act, refund, SEND, taken.until)])
        return None
    if taken is not None:
        await store.save_refund(tx, act.market_id, taken)
    return taken


async def note_before(tx: Connection, act: Act, refund_no: str, before_minor: int | None) -> None:
    """Keep what the gateway says went back of this payment before our own request leaves.

    Asked after the refund was claimed `alone`, so that no other refund of ours is counted.
    """
    refund = await store.lock_refund(tx, act.market_id, refund_no)
    if refund is not None:
        noted = msgspec.structs.replace(refund, before_minor=before_minor)
        await store.save_refund(tx, act.market_id, noted)


async def finish(
    tx: Connection,
    act: Act,
    refund_no: str,
    reply: RefundReply,
    *,
    timings: Timings = Timings(),  # noqa: B008 - frozen
) -> RefundOutcome | None:
    """Book what the gateway said, whoever brought the answer; harmless when told again.

    Answers None for a refund number that is not ours.
    """
    refund = await store.lock_refund(tx, act.market_id, refund_no)
    if refund is None:
        return None
    return await _take_step(tx, act, refund, rules.after_reply(refund, reply, act.now, timings))


async def confirm_manual(
    tx: Connection, act: Act, refund_no: str, proof: ManualProof
) -> RefundOutcome:
    """Two persons close a refund that no gateway could do: paid by hand, or certainly not paid.

    Raises:
        Refused: `approval_needs_other_person` when one person is both, `evidence_missing`
            without reference and file, `not_found`,
            `not_your_turn` when the refund is not with a person, `already_decided`.
    """
    if not proof.confirmed_by or proof.confirmed_by == proof.person:
        raise Refused("approval_needs_other_person")
    if proof.paid and not (proof.reference.strip() and proof.file_sha256.strip()):
        raise Refused("evidence_missing")
    refund = await store.lock_refund(tx, act.market_id, refund_no)
    if refund is None:
        raise Refused("not_found")
    step = rules.after_person(refund, proof.paid, proof.reference, act.now)
    return await _take_step(tx, act, refund, step, proof)


async def read_refund(conn: Connection, market_id: str, refund_no: str) -> Refund | None:
    """One refund as it is now."""
    return await store.read_refund(conn, market_id, refund_no)


async def refunds_of_claim(conn: Connection, market_id: str, claim_no: str) -> list[Refund]:
    """Every refund of a claim, oldest first."""
    return await store.refunds_of_claim(conn, market_id, claim_no)


async def list_refunds(
    conn: Connection, market_id: str, states: Sequence[RefundState], limit: int = 50
) -> list[Refund]:
    """Refunds in these states, the longest waiting first."""
    return await store.refunds_in_state(conn, market_id, states, limit)


async def refund_board(conn: Connection, market_id: str, now: datetime) -> list[BoardColumn]:
    """How many refunds each state holds, how much money, and how long the oldest waits."""
    return [
        BoardColumn(
            state=row["state"],
            refunds=row["refunds"],
            amount_minor=row["amount_minor"],
            oldest_seconds=(now - row["oldest_at"]).total_seconds(),
        )
        for row in await store.counts_by_state(conn, market_id)
    ]


async def wake_idle(tx: Connection, now: datetime, idle: timedelta = timedelta(minutes=5)) -> int:
    """Give a job to every refund on its way that has none; a safety net, answers how many."""
    idle_refunds = await store.idle_refunds(tx, now - idle)
    jobs = []
    for market_id, refund in idle_refunds:
        act = Act(market_id, SYSTEM, now)
        jobs.append(_job(act, refund, QUERY if refund.state == "accepted" else SEND, now))
    await enqueue(tx, jobs)
    return len(jobs)


async def note_captures(
    tx: Connection, act: Act, channel: str, captures: Sequence[Capture]
) -> None:
    """Keep what a gateway states about payments."""
    await store.save_captures(tx, act.market_id, channel, captures, act.now)


async def captures_of_order(
    conn: Connection, market_id: str, order_no: str
) -> list[tuple[str, Capture]]:
    """What gateways stated about an order's payments, as (channel, capture).

    More than one in state `paid` is a duplicate charge.
    """
    return await store.captures_of_order(conn, market_id, order_no)


async def note_notice(tx: Connection, act: Act, channel: str, digest: bytes, verdict: str) -> None:
    """Record that a notification came, and what became of it."""
    await store.note_notice(tx, act.market_id, channel, digest, verdict, act.now)


def _levelled(
    act: Act, order: RefundOrder, refunds: Sequence[Refund], look: Look
) -> list[Transfer]:
    """What other shards give to the claim's own one before it is taken from."""
    need = sum(funding.advanced_minor(refund.sources) for refund in refunds)
    if not need:
        return []
    day = book_accounts.day_of(act.now)
    moves = levelling(look, order.claim_no, day, need)
    return levelled(moves, order.refund_key, order.claim_no, day, order.currency)


def _pendings(refunds: Sequence[Refund]) -> list[Transfer]:
    return [t for refund in refunds for t in funding.refund_pending(rules.posting_of(refund))]


async def _is_blocked(tx: Connection, act: Act, refund: Refund) -> bool:
    """Whether another refund of this payment is unclear; it could not be told from this one."""
    trade_no = recipes.leg_no(refund.unit.order_no, refund.leg)
    await store.lock_payment(tx, act.market_id, refund.leg.channel, trade_no)
    return await store.has_open_neighbour(tx, act.market_id, refund)


async def _wait_for_the_books(tx: Connection, act: Act, refund: Refund) -> RefundOutcome | None:
    """While payouts are paused nothing new is sent; whoever waits is told once until when."""
    await enqueue(tx, [_job(act, refund, SEND, act.now + CHECK_AGAIN)])
    if refund.due_at is not None:
        return None
    promised = msgspec.structs.replace(refund, due_at=act.now + PROMISE)
    await store.save_refund(tx, act.market_id, promised)
    return _outcome(act, refund, promised, [])


async def _wait_for_neighbour(
    tx: Connection, act: Act, refund: Refund, timings: Timings
) -> RefundOutcome | None:
    if act.now - refund.ordered_at < timedelta(seconds=timings.unknown_to_person):
        await enqueue(tx, [_job(act, refund, SEND, act.now + _NEIGHBOUR_PAUSE)])
        return None
    reply = Unsupported(text="another refund of this payment is unclear")
    return await _take_step(tx, act, refund, rules.after_reply(refund, reply, act.now, timings))


async def _take_step(
    tx: Connection, act: Act, before: Refund, step: Step, proof: ManualProof | None = None
) -> RefundOutcome:
    """Store a step, move its money, enqueue what comes next."""
    posted: list[str] = []
    if step.money != "keep":
        posted = await _book(tx, act, step.refund, step.money)
    if step.refund != before or proof is not None:
        await store.save_refund(tx, act.market_id, step.refund, proof)
    match step.next:
        case Send(at):
            await enqueue(tx, [_job(act, step.refund, SEND, at)])
        case Check(at):
            await enqueue(tx, [_job(act, step.refund, QUERY, at)])
        case None:
            pass
    return _outcome(act, before, step.refund, posted)


async def _book(
    tx: Connection, act: Act, refund: Refund, money: Literal["post", "void"]
) -> list[str]:
    """Post or void a refund's reserve; what arrived is in that day's bill, and may be owed."""
    transfers = book.resolve_all(funding.refund_pending(rules.posting_of(refund)), money)
    if money == "post":
        order_no = refund.unit.order_no
        # The debt's row before the debt's accounts, as everybody does who recovers it.
        debts = [part for part in refund.sources if funding.is_receivable(part.account)]
        await note_arrived(tx, act, refund.claim_no, order_no, refund.currency, debts)
        transfers += recipes.refund_arrived(
            refund.refund_no,
            order_no,
            refund.leg,
            refund.amount_minor,
            refund.currency,
            act.now,
            refund.claim_no,
        )
    return await ledger.post(tx, act, transfers)


def _outcome(act: Act, before: Refund, after: Refund, posted: list[str]) -> RefundOutcome:
    return RefundOutcome(
        refund_no=after.refund_no,
        refund_key=after.refund_key,
        claim_no=after.claim_no,
        unit=after.unit,
        channel=after.leg.channel,
        amount_minor=after.amount_minor,
        currency=after.currency,
        state=after.state,
        changed=_told(before) != _told(after),
        answer=after.answer,
        contradiction=after.contradiction,
        at=act.now,
        due_at=after.due_at,
        transfers=posted,
    )


def _told(refund: Refund) -> tuple[object, ...]:
    """What a claim is told of a refund; told again only when it changed."""
    return refund.state, refund.contradiction, refund.due_at


def _job(act: Act, refund: Refund, kind: str, at: datetime) -> Job:
    return Job(
        kind=kind,
        market_id=act.market_id,
        payload=RefundJob(refund.refund_no),
        run_at=at,
        subject=refund.refund_no,
        request_id=act.request_id,
    )
