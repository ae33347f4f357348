"""What jobs do with a claim: finish its check, pass deadlines, note what money and goods did."""

from collections.abc import Sequence
from typing import Final, Literal

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import clock, notices
from makegood.claims import commands as c
from makegood.claims import events as e
from makegood.claims.carrying import carry_out, repair_moved
from makegood.claims.compensation import compensate
from makegood.claims.decide import decide
from makegood.claims.desk import Desk, lead_of, name_of
from makegood.claims.factsheet import withdrawn_fact
from makegood.claims.frame import clocks_now, frame, pack_of, units_of
from makegood.claims.offers import own_coupons, payer_of, reserved
from makegood.claims.outcome import LATE
from makegood.claims.restoring import correct_bearing_later
from makegood.claims.saving import Near, append, hold
from makegood.claims.silence import asks_the_rules
from makegood.claims.state import Claim
from makegood.claims.stepping import Make, carry_on, step_held
from makegood.claims.turns import after
from makegood.ledger.actions import post
from makegood.ledger.coupons.actions import release_coupon
from makegood.ledger.recipes import PaymentLeg, leg_paid, repair_done
from makegood.ledger.refund.actions import RefundOutcome
from makegood.orders.actions import withdraw_key
from makegood.orders.stock.rules import ReissueOutcome
from makegood.policy.priority import class_of
from makegood.store.database import Connection

COMPENSATED: Final = ("decision", "refund_order")
"""Promises of ours whose breach earns a coupon, once per claim."""

_GOODS_STATES: Final[dict[str, Literal["wanted", "sent", "arrived", "refused", "cancelled"]]] = {
    "reserved": "wanted",
    "sent": "sent",
    "delivered": "arrived",
    "failed": "refused",
    "cancelled": "cancelled",
}


async def finish_check(
    tx: Connection,
    act: Act,
    desk: Desk,
    claim_no: str,
    facts: Sequence[e.StatedFact],
    unanswered: Sequence[str],
) -> Claim:
    """Put on record what the sources said, then decide or give somebody a turn."""
    held = await hold(tx, act, claim_no)
    said = decide(held.claim, c.RecordFacts(facts=list(facts)), act)
    claim = after(held.claim, said, act)
    look = await frame(tx, act, desk, claim)
    over = c.FinishCheck(unanswered=list(unanswered), ruling=look.ruling, clocks=look.clocks)
    held = await append(tx, act, desk, held, [*said, *decide(claim, over, act)])
    return (await carry_out(tx, act, desk, held, look.units, look.clocks)).claim


async def pass_deadlines(tx: Connection, act: Act, desk: Desk, claim_no: str) -> bool:
    """Act on what has passed; False where nothing had (a moved deadline's job does nothing)."""
    try:
        held = await hold(tx, act, claim_no)
    except Refused:
        return False
    passed = {d.kind: d.at for d in clock.due(held.claim.deadlines, act.now)}
    if not passed:
        return False
    roster = await desk.rosters.get(act.market_id, act.now)
    to = lead_of(roster, held.claim.owner_id, held.claim.opened.about_staff)
    known = len(held.claim.escalations)
    held = await step_held(tx, act, desk, held, await _passing(act, desk, held.claim, to))
    late = held.claim.escalations[known:]
    if "decision" in late:
        given = c.Assign(owner_id=to, owner_name=name_of(roster, to), why="decision_late")
        held = await step_held(tx, act, desk, held, given)
    for kind in late:
        if kind in COMPENSATED:
            held = await compensate(tx, act, desk, held, LATE + kind, passed.get(kind, act.now))
    return True


async def note_deadline_near(tx: Connection, act: Act, desk: Desk, near: Near) -> None:
    """Little is left of a deadline: its side is told, or its claim becomes more urgent."""
    held = await hold(tx, act, near.claim_no)
    running = clock.running(held.claim.deadlines)
    deadline = next((d for d in running if d.kind == near.kind and d.at == near.at), None)
    if deadline is None or act.now >= deadline.at:
        return
    if near.kind != "decision":
        await notices.remind(tx, act, held.claim, deadline)
        return
    opened = held.claim.opened
    left = clock.SOON_PERCENT - 1
    urgent = class_of(
        await pack_of(desk, held.claim, act),
        opened.reason,
        amount_minor=opened.claimed_minor,
        repeats=0,
        deadline_left_percent=left,
    )
    if urgent < held.claim.priority:
        sooner = c.SetPriority(priority=urgent, why="deadline_near")
        await append(tx, act, desk, held, decide(held.claim, sooner, act))


async def note_refund(tx: Connection, act: Act, desk: Desk, outcome: RefundOutcome) -> None:
    """A refund reached a new state; the last arrival settles the claim."""
    moved = e.MoneyMoved(
        kind="refund",
        number=outcome.refund_no,
        state=outcome.state,
        amount_minor=outcome.amount_minor,
        channel=outcome.channel,
        eta_at=outcome.due_at,
        transfers=outcome.transfers,
    )
    await _note(tx, act, desk, outcome.claim_no, moved)


async def note_reissue(tx: Connection, act: Act, desk: Desk, outcome: ReissueOutcome) -> None:
    """A replacement or upgrade reached a new state, or has a new promised time."""
    reissue = outcome.reissue
    moved = e.MoneyMoved(
        kind=reissue.kind,
        number=reissue.reissue_no,
        state=_GOODS_STATES[reissue.state],
        amount_minor=reissue.value_minor,
        channel=reissue.route,
        eta_at=reissue.eta_at,
    )
    await _note(tx, act, desk, reissue.claim_no, moved)


async def note_goods_withdrawn(
    tx: Connection,
    act: Act,
    desk: Desk,
    claim_no: str,
    how: Literal["locked", "cancelled", "not_possible"],
) -> None:
    """Goods are out of reach: the money goes back. Where they cannot be, a person decides."""
    held = await hold(tx, act, claim_no)
    units = await units_of(tx, act.market_id, held.claim)
    clocks = await clocks_now(desk, held.claim, act)
    events: list[e.AnyEvent] = []
    for unit in units:
        noted = c.NoteGoodsWithdrawn(unit_no=unit.unit.unit_no, how=how)
        events += decide(held.claim, noted, act)
        if how != "not_possible":
            await withdraw_key(tx, act, unit.unit)
    said = c.RecordFacts(facts=[withdrawn_fact(how, act.now)])
    events += decide(held.claim, said, act)
    held = await append(tx, act, desk, held, events)
    if how == "not_possible" and held.claim.decision is not None and _by_machine(held.claim):
        failed = c.FailRemedy(kind="refund", why="goods_not_withdrawn", clocks=clocks)
        await append(tx, act, desk, held, decide(held.claim, failed, act))
        return
    await carry_out(tx, act, desk, held, units, clocks)


async def note_notice(
    tx: Connection, act: Act, desk: Desk, claim_no: str, about: int, kind: str, to: e.Party
) -> None:
    """A notice about the event of this version was delivered by mail."""
    held = await hold(tx, act, claim_no)
    noted = c.NoteNotice(about=about, kind=kind, to=to, channel="email")
    await append(tx, act, desk, held, decide(held.claim, noted, act))


async def note_reveal(
    tx: Connection, act: Act, desk: Desk, claim_no: str, unit_no: int, generation: int
) -> None:
    """A code of the claim's unit was shown on our pages."""
    held = await hold(tx, act, claim_no)
    noted = c.NoteReveal(unit_no=unit_no, generation=generation)
    await append(tx, act, desk, held, decide(held.claim, noted, act))


async def free_offers(tx: Connection, act: Act, claim_no: str) -> None:
    """Give the seller back what offers that have ended had reserved; nothing the second time."""
    claim = (await hold(tx, act, claim_no)).claim
    kept = reserved(claim)
    for number in own_coupons(claim):
        if number not in kept:
            await release_coupon(tx, act, payer_of(claim, number))


async def pay_repair(tx: Connection, act: Act, desk: Desk, claim_no: str, leg: PaymentLeg) -> Claim:
    """Book the buyer's payment for a repair, asked back from its gateway before, and begin.

    Raises:
        Refused: `not_paid` when it is less than the price, `claim_not_open` without an offer.
    """
    held = await hold(tx, act, claim_no)
    if held.claim.repair is None or held.claim.state != "decided":
        raise Refused("claim_not_open", state=held.claim.state, step="repair")
    order_no, currency = held.claim.opened.order_no, held.claim.opened.currency
    transfers = await post(tx, act, leg_paid(order_no, leg, currency, act.now))
    paid = c.NoteRepairPaid(
        trade_no=leg.trade_no, amount_minor=leg.amount_minor, transfers=transfers
    )
    events = decide(held.claim, paid, act)
    if events:
        events.append(repair_moved(held.claim, "wanted", leg.amount_minor, []))
    held = await append(tx, act, desk, held, events)
    return held.claim


async def finish_repair(tx: Connection, act: Act, desk: Desk, claim_no: str) -> Claim:
    """The goods work again: what was paid for it is earned, and the remedy is done.

    Raises:
        Refused: `claim_not_open` when no repair is under way.
    """
    held = await hold(tx, act, claim_no)
    claim = held.claim
    begun = next((m for m in claim.money if m.kind == "repair" and m.state == "wanted"), None)
    if begun is None:
        raise Refused("claim_not_open", state=claim.state, step="repair")
    transfers: list[str] = []
    if begun.amount_minor:
        done = repair_done(
            claim_no, claim.opened.order_no, begun.amount_minor, claim.opened.currency
        )
        transfers = await post(tx, act, [done])
    moved = repair_moved(claim, "arrived", begun.amount_minor, transfers)
    noted = c.NoteMoney(moved=moved, clocks=await clocks_now(desk, claim, act))
    return (await step_held(tx, act, desk, held, noted)).claim


async def _note(tx: Connection, act: Act, desk: Desk, claim_no: str, moved: e.MoneyMoved) -> None:
    """Record a movement; a definitive no goes to a person with the decision's own time."""
    try:
        held = await hold(tx, act, claim_no)
    except Refused:
        return  # Money can also be moved for what is not a claim of this market.
    noted = c.NoteMoney(moved=moved, clocks=await clocks_now(desk, held.claim, act))
    held = await append(tx, act, desk, held, decide(held.claim, noted, act))
    if moved.kind == "refund" and moved.state == "arrived":
        await correct_bearing_later(tx, act, held.claim)
    await carry_on(tx, act, desk, held)


async def _passing(act: Act, desk: Desk, claim: Claim, to: str) -> c.AnyCommand | Make:
    """Act on what has passed, looking at the rules only where the end of a turn asks them."""
    if asks_the_rules(claim):
        return lambda claim, look: c.PassDeadlines(
            ruling=look.ruling, clocks=look.clocks, escalate_to=to
        )
    return c.PassDeadlines(ruling=None, clocks=await clocks_now(desk, claim, act), escalate_to=to)


def _by_machine(claim: Claim) -> bool:
    return claim.decision is not None and claim.decision.source == "machine"
