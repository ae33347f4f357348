"""The refund's state machine: what an answer of the gateway, or its silence, leads to."""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never

import msgspec

from makegood.base.ids import UnitRef, derived_id
from makegood.base.refusal import Refused
from makegood.ledger.recipes import Funding, PaymentLeg
from makegood.ledger.refund.funding import LegRefund, PaidBy
from makegood.ledger.refund.gateway import (
    Abilities,
    Accepted,
    Arrived,
    Declined,
    NotFound,
    NotSent,
    RefundReply,
    RefundRequest,
    Unknown,
    Unsupported,
)

RefundState = Literal["wanted", "sent", "accepted", "arrived", "refused", "manual"]
ENDED: frozenset[RefundState] = frozenset({"arrived", "refused"})


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """How long the saga waits, in seconds. The lease is longer than any call may take."""

    lease: float = 45
    first_check: float = 2
    longest_pause: float = 240
    unknown_to_person: float = 1800
    accepted_to_person: float = 3 * 86400
    person_promise: float = 86400
    manual_check: float = 3600
    give_up_checking: float = 7 * 86400


class RefundOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The wish to refund a unit; `refund_key` names the decision, so it happens once.

    `borne_by` says in minor units who finally bears it (`seller`, `supplier`, `platform`,
    `channel`); its sum is the amount. No `legs` means all legs booked for the order.
    """

    refund_key: str
    claim_no: str
    unit: UnitRef
    amount_minor: int
    borne_by: dict[str, int]
    paid_by: PaidBy = "escrow"
    currency: str = "CNY"
    legs: tuple[PaymentLeg, ...] = ()
    seller_id: str = ""
    supplier_id: str = ""
    rule: str = ""
    reason: str = ""


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """One refund to one payment leg, as it is stored. Times are aware UTC.

    `open_attempts` counts requests that may have left and whose outcome is not known.
    `due_at` is the time promised for a person's part.
    """

    refund_no: str
    refund_key: str
    claim_no: str
    unit: UnitRef
    leg: PaymentLeg
    amount_minor: int
    currency: str
    sources: tuple[Funding, ...]
    quota: tuple[Funding, ...]
    rule: str
    reason: str
    state: RefundState
    ordered_at: datetime
    changed_at: datetime
    open_attempts: int = 0
    before_minor: int | None = None
    checks: int = 0
    gateway_ref: str = ""
    answer: str = ""
    contradiction: str = ""
    sent_at: datetime | None = None
    lease_until: datetime | None = None
    due_at: datetime | None = None


class Send(msgspec.Struct, frozen=True, tag=True):
    """Send the request (again) at this time."""

    at: datetime


class Check(msgspec.Struct, frozen=True, tag=True):
    """Ask the gateway at this time."""

    at: datetime


Next: TypeAlias = Send | Check | None
Money = Literal["keep", "post", "void"]


class Step(msgspec.Struct, frozen=True):
    """What follows from an answer: the new refund, the money, and what to do next."""

    refund: Refund
    money: Money = "keep"
    next: Next = None


class Wait(msgspec.Struct, frozen=True):
    """Not now: somebody else is at it."""

    until: datetime


def refund_no(market_id: str, refund_key: str, leg: PaymentLeg) -> str:
    """The stable number of a refund, letters and digits only, as gateways want it."""
    digest = derived_id("refund_no", market_id, refund_key, leg.channel, leg.trade_no, leg.kind)
    return "MG" + digest.replace("-", "")[:26].upper()


def check_order(order: RefundOrder) -> None:
    """Refuse a senseless amount; assert what only our own code can get wrong."""
    if order.amount_minor <= 0:
        raise Refused("amount_not_positive")
    assert sum(order.borne_by.values()) == order.amount_minor, f"shares do not sum up: {order}"
    assert all(amount >= 0 for amount in order.borne_by.values()), f"negative share: {order}"


def posting_of(refund: Refund) -> LegRefund:
    """What the ledger's postings of this refund depend on."""
    return LegRefund(
        refund_no=refund.refund_no,
        claim_no=refund.claim_no,
        unit=refund.unit,
        leg=refund.leg,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        sources=refund.sources,
        quota=refund.quota,
        rule=refund.rule,
    )


def request_of(refund: Refund) -> RefundRequest:
    """What the gateway is asked for; the same in every attempt."""
    return RefundRequest(
        refund_no=refund.refund_no,
        trade_no=refund.leg.trade_no,
        order_no=refund.unit.order_no,
        amount_minor=refund.amount_minor,
        paid_minor=refund.leg.amount_minor,
        currency=refund.currency,
        reason=refund.reason,
        before_minor=refund.before_minor,
    )


def claim(refund: Refund, now: datetime, timings: Timings) -> Refund | Wait | None:
    """Take a refund for sending; None when there is nothing to send any more.

    What it answers is stored before the request leaves: from then on it may be executed.
    """
    if refund.state not in ("wanted", "sent"):
        return None
    if refund.lease_until is not None and refund.lease_until > now:
        return Wait(refund.lease_until)
    return msgspec.structs.replace(
        refund,
        state="sent",
        open_attempts=refund.open_attempts + 1,
        before_minor=refund.before_minor if refund.open_attempts else None,
        sent_at=refund.sent_at or now,
        changed_at=now,
        lease_until=now + timedelta(seconds=timings.lease),
    )


def may_ask(abilities: Abilities, refund: Refund) -> bool:
    """Whether a gateway's answer would be about this refund.

    Without refund numbers it only tells sums: while nothing of ours is open, a sum that changed
    was changed by somebody else.
    """
    return abilities.stable_refund_no or refund.open_attempts > 0


def may_send_again(abilities: Abilities, asked: RefundReply) -> bool:
    """Whether, after an unknown outcome and this answer to a query, sending again is harmless."""
    return abilities.stable_refund_no and isinstance(asked, NotFound)


def after_reply(refund: Refund, reply: RefundReply, now: datetime, timings: Timings) -> Step:
    """What an answer leads to. The same answer again changes nothing."""
    if refund.state in ENDED:
        return _after_end(refund, reply, now)
    noted = msgspec.structs.replace(refund, answer=reply.text or refund.answer, lease_until=None)
    match reply:
        case Arrived():
            return _ended(noted, "arrived", "post", reply.gateway_ref, now)
        case Declined() if refund.state != "manual" and refund.open_attempts > 1:
            # An earlier request may still be executed, so its money stays reserved.
            return _watched(_to_person(noted, now, timings), now, timedelta(), timings)
        case Declined() if refund.state != "manual":
            return _ended(noted, "refused", "void", "", now)
        case Accepted():
            return _accepted(noted, reply.gateway_ref, now, timings)
        case Unsupported():
            return Step(_to_person(_not_executed(noted), now, timings))
        case NotSent():
            return _again(_not_executed(noted), now, timings, sends=True)
        case NotFound():
            return _again(noted, now, timings, sends=refund.state == "sent")
        case Unknown() | Declined():
            return _again(noted, now, timings, sends=False)
    assert_never(reply)


def after_person(refund: Refund, paid: bool, reference: str, now: datetime) -> Step:
    """A person says, with proof, that the money was sent by hand or was not sent at all."""
    if refund.state in ENDED:
        raise Refused("already_decided")
    if refund.state != "manual":
        raise Refused("not_your_turn")
    if paid:
        return _ended(refund, "arrived", "post", reference, now)
    return _ended(refund, "refused", "void", reference, now)


def pause(checks: int, timings: Timings) -> timedelta:
    """How long to wait before the next question: doubling, up to the longest pause."""
    return timedelta(
        seconds=min(timings.first_check * 2.0 ** min(checks, 30), timings.longest_pause)
    )


def _after_end(refund: Refund, reply: RefundReply, now: datetime) -> Step:
    """An ended refund stays as it is; a contradiction is kept for a person to see."""
    says_paid = isinstance(reply, Arrived)
    says_not = isinstance(reply, Declined)
    if (refund.state == "refused" and says_paid) or (refund.state == "arrived" and says_not):
        text = f"{type(reply).__name__}: {reply.text}"
        return Step(msgspec.structs.replace(refund, contradiction=text, changed_at=now))
    return Step(refund)


def _ended(
    refund: Refund, state: Literal["arrived", "refused"], money: Money, ref: str, now: datetime
) -> Step:
    ended = msgspec.structs.replace(
        refund,
        state=state,
        gateway_ref=ref or refund.gateway_ref,
        changed_at=now,
        open_attempts=0,
        lease_until=None,
        due_at=None,
    )
    return Step(ended, money)


def _accepted(refund: Refund, ref: str, now: datetime, timings: Timings) -> Step:
    """Accepted is not arrived: ask on, and after long silence let a person look."""
    if refund.state == "manual":
        return _again(refund, now, timings, sends=False)
    checks = 0 if refund.state != "accepted" else refund.checks + 1
    noted = msgspec.structs.replace(
        refund,
        state="accepted",
        gateway_ref=ref or refund.gateway_ref,
        checks=checks,
        changed_at=now if refund.state != "accepted" else refund.changed_at,
    )
    if now - (refund.sent_at or refund.ordered_at) > timedelta(seconds=timings.accepted_to_person):
        noted = _to_person(noted, now, timings)
    return Step(noted, "keep", Check(now + pause(checks, timings)))


def _again(refund: Refund, now: datetime, timings: Timings, *, sends: bool) -> Step:
    """Still not known: once more after a pause, and after a while with a person beside it."""
    refund = msgspec.structs.replace(refund, checks=refund.checks + 1)
    age = now - (refund.sent_at or refund.ordered_at)
    if refund.state == "manual":
        return _watched(refund, now, age, timings)
    limit = timings.accepted_to_person if refund.state == "accepted" else timings.unknown_to_person
    if age > timedelta(seconds=limit):
        refund = _to_person(refund, now, timings)
        return _watched(refund, now, age, timings)
    at = now + pause(refund.checks - 1, timings)
    return Step(refund, "keep", Send(at) if sends else Check(at))


def _watched(refund: Refund, now: datetime, age: timedelta, timings: Timings) -> Step:
    """With a person at it nothing is sent any more, but the gateway is still asked."""
    if not refund.open_attempts or age > timedelta(seconds=timings.give_up_checking):
        return Step(refund)
    return Step(refund, "keep", Check(now + timedelta(seconds=timings.manual_check)))


def _to_person(refund: Refund, now: datetime, timings: Timings) -> Refund:
    return msgspec.structs.replace(
        refund,
        state="manual",
        changed_at=now,
        due_at=refund.due_at or now + timedelta(seconds=timings.person_promise),
    )


def _not_executed(refund: Refund) -> Refund:
    """This attempt certainly had no effect; an earlier one may still have had."""
    return msgspec.structs.replace(refund, open_attempts=max(refund.open_attempts - 1, 0))
