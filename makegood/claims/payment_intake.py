"""Charged without an order: a claim about a payment that only its gateway can confirm."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims import clock, opening, saving, store, system_actions
from makegood.claims import commands as c
from makegood.claims import events as e
from makegood.claims.desk import Desk, owner_for
from makegood.claims.factsheet import stated
from makegood.claims.fold import evolve
from makegood.claims.grams import grams_of
from makegood.claims.intake import Opened, cluster_of, pack_for, with_free_number
from makegood.claims.listed import row_of
from makegood.claims.opening import OpenClaim, Owner
from makegood.claims.rows import Intake
from makegood.claims.state import Claim, Recorded
from makegood.claims.stepping import step_held
from makegood.ledger.refund.gateway import Capture
from makegood.ledger.store import payments_by_trade
from makegood.orders.actions import put_order
from makegood.orders.order import Buyer, Delivery, Line, Order, Payment, SellerRef
from makegood.orders.sealing import contact_hash
from makegood.orders.store import load_order_contact
from makegood.reading.rules import read_message
from makegood.store.database import Connection
from makegood.store.jobs import Job

CONFIRM_JOB: Final = "claim.confirm_payment"
REASON: Final = "PAY01"
STAND_IN: Final = "PAY-"
"""Numbers of orders that we put in place of the one that a payment should have made."""
MARKET_SELLER: Final = "market"


class PaymentComplaint(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that made no order, as the payer tells it."""

    trade_no: str
    amount: Money
    contact: str
    description: str = ""
    channel: str = "web"
    external_id: str = ""


class ConfirmPayment(msgspec.Struct, frozen=True):
    """The payload of the job that asks every gateway account for the payment."""

    claim_no: str
    trade_no: str


class Found(msgspec.Struct, frozen=True):
    """A payment as one of our gateway accounts states it."""

    channel: str
    capture: Capture


async def open_payment_claim(
    conn: Connection, act: Act, desk: Desk, complaint: PaymentComplaint
) -> Opened:
    """Open a claim that waits in `open` until a gateway confirms the payment.

    The same payment told again by the same contact is the same claim.

    Raises:
        Refused: `claim_exists` when somebody else told of this payment.
    """
    market = await desk.markets.get(act.market_id, act.now)
    assert market is not None, "an act belongs to a market"
    order = stand_in(complaint, market.settings.name_zh, act.now)
    async with conn.transaction():
        await _put_once(conn, act, desk, order, complaint.contact)
        return await _open_or_join(conn, act, desk, _command(complaint, order.order_no))


def stand_in(complaint: PaymentComplaint, seller_name: str, now: datetime) -> Order:
    """The order that stands for the missing one: one line worth what the payer says was paid.

    It lists no payment, so no money can flow back before a gateway confirmed one.
    """
    line = Line(
        line_no=1,
        sku="payment",
        title=complaint.trade_no,
        category="other",
        unit_price_minor=complaint.amount.amount_minor,
        delivery=Delivery(kind="top_up"),
    )
    return Order(
        order_no=f"{STAND_IN}{complaint.trade_no}",
        placed_at=now,
        paid_at=now,
        updated_at=now,
        state="paid",
        total=complaint.amount,
        buyer=Buyer(id=f"{STAND_IN}{complaint.trade_no}", contact=complaint.contact),
        seller=SellerRef(id=MARKET_SELLER, name=seller_name),
        lines=(line,),
    )


async def settle_payment(
    tx: Connection, act: Act, desk: Desk, claim_no: str, trade_no: str, found: Sequence[Found]
) -> Claim | None:
    """What the gateways said of the payment; None when the claim is past waiting for it.

    One paid capture of the told amount, and no order that it belongs to: the claim is accepted
    and the rules go on. Anything else is looked at by a person.
    """
    held = await saving.hold(tx, act, claim_no)
    if held.claim.state != "open":
        return None
    paid = [one for one in found if one.capture.state == "paid"]
    if not await _is_orphan(tx, act, held.claim, trade_no, paid):
        unclear = c.DoubtPayment(facts=_facts(paid, act.now, exists=None))
        return (await step_held(tx, act, desk, held, unclear)).claim
    await _book(tx, act, desk, held.claim, paid[0])
    known = c.ConfirmPayment(facts=_facts(paid, act.now, exists=False))
    await step_held(tx, act, desk, held, known)
    return await system_actions.finish_check(tx, act, desk, claim_no, (), ())


async def _open_or_join(conn: Connection, act: Act, desk: Desk, command: OpenClaim) -> Opened:
    """The live claim of this payment, or a new one; of two at once, the first is for both."""
    intake = await _intake(conn, act, command)
    live = _live(intake, command)
    if live is None:
        try:
            return await with_free_number(conn, lambda: _open(conn, act, desk, intake, command))
        except asyncpg.UniqueViolationError:
            live = _live(await _intake(conn, act, command), command)
    if live is None:
        raise Refused("claim_exists")
    return await _existing(conn, act, live)


async def _intake(conn: Connection, act: Act, command: OpenClaim) -> Intake:
    intake = await store.load_intake(conn, act.market_id, command.order_no)
    assert intake is not None, "it has just been put"
    return intake


def _live(intake: Intake, command: OpenClaim) -> str | None:
    units = opening.claimed_units(intake, command)
    existing = opening.existing_claim(intake, units, command)
    return existing.claim_no if existing else None


async def _put_once(tx: Connection, act: Act, desk: Desk, order: Order, contact: str) -> None:
    """Put the stand-in unless it is there; whoever gives another contact is somebody else."""
    known = await load_order_contact(tx, act.market_id, order.order_no)
    if known is None:
        system = msgspec.structs.replace(act, actor=SYSTEM)
        await put_order(tx, system, desk.vault, order)
    elif known.contact_hash != contact_hash(desk.vault, act.market_id, contact):
        raise Refused("claim_exists")


async def _open(
    conn: Connection, act: Act, desk: Desk, intake: Intake, command: OpenClaim
) -> Opened:
    units = opening.claimed_units(intake, command)
    claim_no = desk.ids.claim_no(act.now)
    pack = await pack_for(desk, intake, command, act)
    context = opening.order_context(intake.order, units, pack.reasons[REASON])
    [begun, *_] = opening.opened(
        pack,
        intake,
        units,
        command,
        read_message(command.description, context),
        claim_no=claim_no,
        owner=await _owner(act, desk),
        repeats=0,
        act=act,
    )
    sealed = saving.seal(saving.new_head(act, claim_no, desk.ids), [begun], desk.ids, act)
    claim = evolve(None, Recorded(1, act.now, act.actor, begun))
    excerpt, searched = opening.texts(command, claim_no, units[0])
    await store.insert_opened(
        conn,
        sealed,
        claim,
        row_of(claim),
        (excerpt, searched, grams_of(searched)),
        cluster_of(desk, act, intake),
        _jobs(act, claim, units[0].title),
    )
    receipt = sealed[-1].entry_hash.hex()
    return Opened(claim_no, claim.state, claim.deadlines, existing=False, receipt=receipt)


async def _existing(conn: Connection, act: Act, claim_no: str) -> Opened:
    loaded = await store.load(conn, act.market_id, claim_no)
    assert loaded is not None, "a binding claim has a history"
    claim, receipt = loaded.claim, loaded.head.entry_hash.hex()
    return Opened(claim_no, claim.state, claim.deadlines, existing=True, receipt=receipt)


def _command(complaint: PaymentComplaint, order_no: str) -> OpenClaim:
    return OpenClaim(
        order_no=order_no,
        line_no=1,
        units=(1,),
        reason=REASON,
        description=complaint.description,
        wants="refund",
        channel=complaint.channel,
        external_id=complaint.external_id,
    )


async def _owner(act: Act, desk: Desk) -> Owner:
    roster = await desk.rosters.get(act.market_id, act.now)
    line = owner_for(roster, desk.ids.secret(8))
    return Owner(line.account_id, line.display_name)


def _jobs(act: Act, claim: Claim, trade_no: str) -> list[Job]:
    confirm = Job(
        kind=CONFIRM_JOB,
        market_id=act.market_id,
        payload=ConfirmPayment(claim.claim_no, trade_no),
        run_at=act.now,
        subject=claim.claim_no,
        request_id=act.request_id,
    )
    upcoming = clock.next_of(claim.deadlines)
    assert upcoming is not None, "an opened claim has deadlines"
    return [confirm, saving.timer_job(act, claim.claim_no, upcoming)]


async def _is_orphan(
    tx: Connection, act: Act, claim: Claim, trade_no: str, paid: Sequence[Found]
) -> bool:
    """Exactly one payment of exactly this amount, which no order of ours counts as its own."""
    if len(paid) != 1:
        return False
    capture = paid[0].capture
    told = (claim.opened.claimed_minor, claim.opened.currency)
    if (capture.amount_minor, capture.currency) != told:
        return False
    stored = await payments_by_trade(tx, act.market_id, [(paid[0].channel, trade_no)])
    return all(leg.order_no == claim.opened.order_no for leg in stored)


async def _book(tx: Connection, act: Act, desk: Desk, claim: Claim, paid: Found) -> None:
    """The stand-in order gets its payment, so that money can flow back to where it came from."""
    found = await store.load_intake(tx, act.market_id, claim.opened.order_no)
    assert found is not None, "an order is never removed"
    payment = Payment(
        gateway=paid.channel,
        trade_no=paid.capture.trade_no,
        amount_minor=paid.capture.amount_minor,
        paid_at=paid.capture.paid_at or act.now,
    )
    order = msgspec.structs.replace(found.order, payments=(payment,), updated_at=act.now)
    await put_order(tx, act, desk.vault, order)


def _facts(paid: Sequence[Found], now: datetime, *, exists: bool | None) -> list[e.StatedFact]:
    return [
        stated("order.exists", exists, "platform_log", now),
        stated("payment.captures", len(paid), "gateway", now),
        stated("payment.gateway_confirms", bool(paid), "gateway", now),
    ]
