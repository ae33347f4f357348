"""A dispute's life: what is reserved when it opens, and what its end does with the money."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from makegood.base.ids import UnitRef, derived_id
from makegood.base.refusal import Refused
from makegood.ledger.accounts import (
    clearing,
    dispute_held,
    escrow,
    paid_memo,
    refundable,
    seller_balance,
    shared,
)
from makegood.ledger.recipes import Funding, PaymentLeg, refundable_leg
from makegood.ledger.refund.gateway import Dispute, DisputeKind, DisputeState
from makegood.ledger.rules import Transfer

Source = Literal["channel", "person", "shop"]
ENDED: Final[tuple[DisputeState, ...]] = ("won", "lost", "withdrawn")


class UnitPart(msgspec.Struct, frozen=True):
    """How much of a dispute falls on one unit."""

    line_no: int
    unit_no: int
    amount_minor: int


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """What an open chargeback keeps from everybody else.

    `units` is what may no longer go back to the buyer another way, `funding` who gives the
    money, `missing_minor` what nobody has and the market itself will bear.
    """

    units: tuple[UnitPart, ...]
    funding: tuple[Funding, ...]
    missing_minor: int


class StoredDispute(msgspec.Struct, frozen=True, kw_only=True):
    """One dispute as we keep it. Times are aware UTC, amounts minor units.

    `after_minor` is what of the payment had gone back already when it was disputed.
    """

    channel: str
    dispute_ref: str
    kind: DisputeKind
    state: DisputeState
    trade_no: str
    amount_minor: int
    currency: str
    source: Source
    opened_at: datetime
    told_at: datetime
    order_no: str = ""
    reason: str = ""
    claim_no: str = ""
    after_minor: int = 0
    reserve: Reserve | None = None
    due_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None


def first_told(
    channel: str, dispute: Dispute, leg: PaymentLeg, order_no: str, source: Source, now: datetime
) -> StoredDispute:
    """A dispute that was not known before, of a payment that is.

    Raises:
        Refused: `amount_not_positive`, or `exceeds_paid` for more than was ever paid.
    """
    if dispute.amount_minor <= 0:
        raise Refused("amount_not_positive")
    if dispute.amount_minor > leg.amount_minor:
        raise Refused("exceeds_paid", missing_minor=dispute.amount_minor - leg.amount_minor)
    return StoredDispute(
        channel=channel,
        dispute_ref=dispute.dispute_ref,
        kind=dispute.kind,
        state="needs_response",
        trade_no=leg.trade_no,
        order_no=order_no,
        amount_minor=dispute.amount_minor,
        currency=dispute.currency,
        reason=dispute.reason,
        source=source,
        opened_at=dispute.opened_at or now,
        due_at=dispute.due_at,
        told_at=now,
    )


def told_again(known: StoredDispute, dispute: Dispute, now: datetime) -> StoredDispute:
    """What a newer word of the channel changes; an ended dispute stays ended.

    A complaint may become a chargeback, never the reverse while money is away.
    """
    if known.state in ENDED:
        return known
    kind: DisputeKind = "chargeback" if "chargeback" in (known.kind, dispute.kind) else "complaint"
    return msgspec.structs.replace(
        known,
        kind=kind,
        state=dispute.state,
        reason=dispute.reason or known.reason,
        due_at=dispute.due_at or known.due_at,
        told_at=now,
        ended_at=now if dispute.state in ENDED else None,
    )


def plan_reserve(
    amount_minor: int,
    units: Mapping[UnitRef, int],
    leg_left_minor: int,
    sources: Sequence[Funding],
) -> Reserve:
    """Spread a chargeback over the units in the order given, each up to what is left of it.

    `units` holds what may still go back for each, `sources` what escrow and seller can give.
    """
    rest = min(amount_minor, leg_left_minor)
    parts = []
    for unit, left in units.items():
        part = min(rest, max(left, 0))
        rest -= part
        if part:
            parts.append(UnitPart(unit.line_no, unit.unit_no, part))
    need = amount_minor
    funding = []
    for source in sources:
        given = min(need, max(source.amount_minor, 0))
        need -= given
        if given:
            funding.append(Funding(source.account, given))
    return Reserve(units=tuple(parts), funding=tuple(funding), missing_minor=need)


def sources_of(order_no: str, seller_id: str, available: Mapping[str, int]) -> list[Funding]:
    """Who gives the money of a lost chargeback: the order's escrow, then its seller."""
    accounts = [escrow(order_no), *([seller_balance(seller_id)] if seller_id else [])]
    return [Funding(account, available[account]) for account in accounts]


def opened(dispute: StoredDispute, leg: PaymentLeg) -> list[Transfer]:
    """The channel takes the money back until the dispute ends; the rest of the world waits."""
    assert dispute.reserve is not None, "a chargeback has its reserve"
    return [_taken(dispute), *_reserved(dispute, dispute.reserve, leg)]


def lost(dispute: StoredDispute) -> list[Transfer]:
    """The money is gone: whoever was reserved gives it, and the market what nobody has."""
    assert dispute.reserve is not None, "a chargeback has its reserve"
    held = dispute_held(dispute.channel, dispute.order_no)
    cost = shared("compensation_cost", dispute.order_no)
    missing = dispute.reserve.missing_minor
    return [_transfer(dispute, "missing", cost, held, missing)] if missing else []


def given_back(dispute: StoredDispute, now: datetime) -> Transfer:
    """The channel returns the money of a dispute that was not lost."""
    held = dispute_held(dispute.channel, dispute.order_no)
    back = clearing(dispute.channel, dispute.order_no, now)
    return _transfer(dispute, "back", back, held, dispute.amount_minor)


def reserved(dispute: StoredDispute, leg: PaymentLeg) -> list[Transfer]:
    """The pending transfers of an open chargeback, to be posted or voided at its end."""
    assert dispute.reserve is not None, "a chargeback has its reserve"
    return _reserved(dispute, dispute.reserve, leg)


def _taken(dispute: StoredDispute) -> Transfer:
    """What the channel took away at once stands in `dispute_held` until the end."""
    held = dispute_held(dispute.channel, dispute.order_no)
    gone = clearing(dispute.channel, dispute.order_no, dispute.opened_at)
    return _transfer(dispute, "taken", held, gone, dispute.amount_minor)


def _reserved(dispute: StoredDispute, reserve: Reserve, leg: PaymentLeg) -> list[Transfer]:
    held = dispute_held(dispute.channel, dispute.order_no)
    memo = paid_memo(dispute.order_no)
    moves = [(part.account, held, part.amount_minor) for part in reserve.funding]
    for part in reserve.units:
        unit = UnitRef(dispute.order_no, part.line_no, part.unit_no)
        moves.append((refundable(unit), memo, part.amount_minor))
    of_leg = sum(part.amount_minor for part in reserve.units)
    if of_leg:
        moves.append((refundable_leg(dispute.order_no, leg), memo, of_leg))
    return [
        msgspec.structs.replace(
            _transfer(dispute, f"reserve {debit}", debit, credit, amount), kind="pending"
        )
        for debit, credit, amount in moves
    ]


def _transfer(
    dispute: StoredDispute, step: str, debit: str, credit: str, amount_minor: int
) -> Transfer:
    return Transfer(
        id=derived_id("dispute", dispute.channel, dispute.dispute_ref, step),
        debit=debit,
        credit=credit,
        amount_minor=amount_minor,
        currency=dispute.currency,
        recipe="chargeback",
        order_no=dispute.order_no,
        claim_no=dispute.claim_no,
    )
