"""A buyer disputes a payment at its channel: the dispute joins its claim, or opens one.

From the first word on nothing else goes back for the disputed units: refunds that were not sent
yet are stopped, and what may still go back is reserved until the channel has decided.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.claims import commands as c
from makegood.claims import store
from makegood.claims.desk import Desk
from makegood.claims.intake import open_claim
from makegood.claims.opening import OpenClaim
from makegood.claims.rows import Intake
from makegood.claims.stepping import Make, step
from makegood.claims.system_actions import note_refund
from makegood.ledger.disputes import actions as disputes
from makegood.ledger.disputes import store as dispute_store
from makegood.ledger.disputes.actions import Disputed
from makegood.ledger.disputes.rules import ENDED, Source, StoredDispute
from makegood.ledger.refund.gateway import Dispute
from makegood.ledger.refund.stopping import stop_unsent
from makegood.orders import rules as order_rules
from makegood.store.database import Connection

DEPARTMENT: Final = "finance"
TAG: Final = "chargeback"
KIND_WORDS: Final = {"chargeback": ("拒付", "Chargeback"), "complaint": ("投诉", "Complaint")}
AFTER_REFUND: Final = "chargeback_after_refund"
ANSWER_WITHIN: Final = timedelta(hours=24)
"""How soon we answer where the channel sets no deadline."""

UNAUTHORISED: Final = "PAY04"
"""May be complained about at any time and of any goods: what a dispute is where its word fails."""

REASONS: Final[dict[str, str]] = {
    "duplicate": "PAY02",
    "duplicate_transaction": "PAY02",
    "incorrect_amount": "PAY03",
    "credit_not_processed": "PAY05",
    "product_not_received": "DLV01",
    "merchandise_or_service_not_received": "DLV01",
    "product_unacceptable": "SND03",
    "merchandise_or_service_not_as_described": "SND03",
    "subscription_canceled": "MBR04",
}
"""The channels' own words for a dispute, as our reasons."""


async def note_dispute(
    tx: Connection, act: Act, desk: Desk, channel: str, dispute: Dispute, source: Source
) -> StoredDispute:
    """Take a word about a dispute, whoever brings it; told again it changes nothing.

    Raises:
        Refused: `not_found` for a payment that is not ours, `amount_not_positive`, `exceeds_paid`.
    """
    about = await disputes.payment_of(tx, act.market_id, channel, dispute)
    intake = await store.load_intake(tx, act.market_id, about.order_no) if about else None
    if about is None or intake is None:
        raise Refused("not_found")
    known = await dispute_store.read_dispute(
        tx, act.market_id, about.leg.channel, dispute.dispute_ref
    )
    if dispute.kind == "chargeback" and known is None:
        await _stop_refunds(tx, act, desk, about)
    claim_no = known.claim_no if known else await _claim_of(tx, act, desk, intake, dispute)
    told = await disputes.note_dispute(
        tx,
        act,
        dispute,
        about,
        units=_units(intake, claim_no),
        seller_id=intake.order.seller.id,
        source=source,
        claim_no=claim_no,
    )
    if told.before is None:
        await _ask_answer(tx, act, desk, told.now)
    if told.changed and told.now.state in ENDED:
        await _tell_end(tx, act, desk, told.now)
    return told.now


async def _stop_refunds(tx: Connection, act: Act, desk: Desk, about: Disputed) -> None:
    """Refunds of this payment that never left are given up: the channel has the money now."""
    stopped = await stop_unsent(
        tx, act, about.leg.channel, about.leg.trade_no, "the payment is disputed at the channel"
    )
    for outcome in stopped:
        await note_refund(tx, act, desk, outcome)


async def _claim_of(tx: Connection, act: Act, desk: Desk, intake: Intake, dispute: Dispute) -> str:
    """The claim that a dispute belongs to: a live one, else the newest, else a new one."""
    live = await store.open_claims_of_order(tx, act.market_id, intake.order.order_no)
    bound = [one.claim_no for one in live] or [one.claim_no for one in intake.bound]
    if bound:
        return bound[-1]
    for reason in dict.fromkeys([REASONS.get(dispute.reason.lower(), ""), UNAUTHORISED]):
        if reason:
            opened = await _open(tx, act, desk, intake, dispute, reason)
            if opened:
                return opened
    return ""


def _said(dispute: Dispute) -> str:
    """What both sides read instead of the buyer's own words; the reason is the channel's."""
    zh, en = KIND_WORDS[dispute.kind]
    reason = dispute.reason[:80]
    return f"支付渠道转来的{zh}，理由：{reason} / {en} passed on by the payment channel: {reason}"


async def _open(
    tx: Connection, act: Act, desk: Desk, intake: Intake, dispute: Dispute, reason: str
) -> str:
    """A claim in the buyer's name, about the order's first line; empty where rules forbid it."""
    command = OpenClaim(
        order_no=intake.order.order_no,
        line_no=intake.order.lines[0].line_no,
        reason=reason,
        description=_said(dispute),
        wants="refund",
        channel=TAG,
        external_id=f"{TAG}:{dispute.dispute_ref}",
    )
    by_system = msgspec.structs.replace(act, actor=SYSTEM)
    try:
        async with tx.transaction():
            return (await open_claim(tx, by_system, desk, command)).claim_no
    except Refused:
        return ""


def _units(intake: Intake, claim_no: str) -> Sequence[UnitRef]:
    """The order's units, those of the dispute's claim first, the payment itself last."""
    mine = {(one.line_no, one.unit_no) for one in intake.bound if one.claim_no == claim_no}
    values = order_rules.unit_values(intake.order)
    return sorted(
        values, key=lambda unit: ((unit.line_no, unit.unit_no) not in mine, unit.line_no == 0, unit)
    )


async def _ask_answer(tx: Connection, act: Act, desk: Desk, dispute: StoredDispute) -> None:
    """Tags on the claim, and a task with the channel's deadline for whoever answers disputes."""
    if not dispute.claim_no:
        return
    tags = [TAG, *([AFTER_REFUND] if dispute.after_minor else [])]
    await _try(
        tx,
        act,
        desk,
        dispute.claim_no,
        lambda claim, look: c.SetTags(tags=sorted({*claim.tags, *tags})),
    )
    due_at = dispute.due_at or act.now + ANSWER_WITHIN
    asked = c.HandOver(
        task_id=_task_id(dispute),
        department=DEPARTMENT,
        owner_id="",
        question=f"{dispute.kind} {dispute.channel} {dispute.dispute_ref}: {dispute.reason}",
        due_at=max(due_at, act.now + timedelta(minutes=1)),
    )
    await _try(tx, act, desk, dispute.claim_no, asked)


async def _tell_end(tx: Connection, act: Act, desk: Desk, dispute: StoredDispute) -> None:
    """The channel has decided: the task is answered with its word."""
    if dispute.claim_no:
        answered = c.AnswerTask(task_id=_task_id(dispute), text=dispute.state)
        await _try(tx, act, desk, dispute.claim_no, answered)


async def _try(
    tx: Connection, act: Act, desk: Desk, claim_no: str, command: c.AnyCommand | Make
) -> None:
    """A step that a closed claim refuses: the dispute's own row holds what matters."""
    by_system = msgspec.structs.replace(act, actor=SYSTEM)
    try:
        async with tx.transaction():
            await step(tx, by_system, desk, claim_no, command)
    except Refused:
        return


def _task_id(dispute: StoredDispute) -> str:
    return f"dispute-{dispute.channel}-{dispute.dispute_ref}"[:64]
