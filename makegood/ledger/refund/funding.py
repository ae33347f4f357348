"""Who gives a refund's money: sources, payment legs, quota, and the reserve they make."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from makegood.base.ids import UnitRef, derived_id
from makegood.base.refusal import Refused
from makegood.ledger.accounts import (
    Party,
    cover,
    cover_shards,
    escrow,
    paid_memo,
    quota_used,
    receivable,
    refundable,
    seller_balance,
)
from makegood.ledger.advance.rules import COVERS
from makegood.ledger.recipes import Funding, LegKind, PaymentLeg, leg_target, refundable_leg
from makegood.ledger.rules import Transfer

PaidBy = Literal["escrow", "platform"]

LEG_ORDER: dict[LegKind, int] = {"online": 0, "balance": 1, "coupon": 2}
"""A refund goes back to the online payment first, then to the balance, then to the coupon."""


ADVANCED: tuple[Party, ...] = ("seller", "supplier", "channel")
"""Whose part the platform can pay first."""


class LegRefund(msgspec.Struct, frozen=True, kw_only=True):
    """All that the postings of one refund to one payment leg depend on.

    `quota` holds the covers of what is advanced: quota, cash of the fund, the day's cap.
    """

    refund_no: str
    claim_no: str
    unit: UnitRef
    leg: PaymentLeg
    amount_minor: int
    currency: str
    sources: Sequence[Funding]
    quota: Sequence[Funding]
    rule: str


def split_over_legs(
    amount_minor: int, legs: Sequence[PaymentLeg], left_minor: Sequence[int]
) -> list[tuple[PaymentLeg, int]]:
    """How much goes back to each leg, in the stated order, none above what is left of it.

    Raises:
        Refused: `exceeds_paid` when the legs together have less left than the amount.
    """
    parts = []
    rest = amount_minor
    order = sorted(zip(legs, left_minor, strict=True), key=lambda item: LEG_ORDER[item[0].kind])
    for leg, left in order:
        part = min(rest, left)
        rest -= part
        if part > 0:
            parts.append((leg, part))
    if rest > 0:
        raise Refused("exceeds_paid", missing_minor=rest)
    return parts


def is_receivable(account: str) -> bool:
    """Whether an account says what somebody owes to the platform."""
    return account.partition(":")[0].endswith("_receivable")


def advanced_minor(sources: Sequence[Funding]) -> int:
    """How much of the sources is money that somebody owes back to the platform."""
    return sum(part.amount_minor for part in sources if is_receivable(part.account))


def accounts_of_refund(unit: UnitRef, legs: Sequence[PaymentLeg], seller_id: str) -> set[str]:
    """Every account with a limit that a refund of a unit touches when nothing is advanced."""
    touched = {refundable(unit), escrow(unit.order_no)}
    touched |= {refundable_leg(unit.order_no, leg) for leg in legs}
    touched |= {leg_target(unit.order_no, leg) for leg in legs}
    return touched | ({seller_balance(seller_id)} if seller_id else set())


def accounts_of_advance(
    claim_no: str, seller_id: str, supplier_id: str, day: str, *, all_shards: bool
) -> set[str]:
    """What an advance touches beside that: receivables and covers, its own shard or all.

    As above, accounts without a limit are left out: nobody waits for them before the commit.
    """
    touched = {receivable(party, claim_no) for party in ADVANCED}
    touched |= {quota_used("seller", seller_id, claim_no)}
    touched |= {quota_used("supplier", supplier_id, claim_no), quota_used("channel", "", claim_no)}
    for kind in COVERS:
        own = {cover(kind, claim_no, day)}
        touched |= set(cover_shards(kind, day)) if all_shards else own
    return touched


def refund_pending(refund: LegRefund) -> list[Transfer]:
    """Reserve one leg's refund: the money, the unit's limit, the leg's limit, the covers."""
    target = leg_target(refund.unit.order_no, refund.leg)
    memo = paid_memo(refund.unit.order_no)
    moves = [(part.account, target, part.amount_minor) for part in refund.sources]
    moves.append((refundable(refund.unit), memo, refund.amount_minor))
    moves.append((refundable_leg(refund.unit.order_no, refund.leg), memo, refund.amount_minor))
    moves += [(part.account, part.to, part.amount_minor) for part in refund.quota]
    return [
        Transfer(
            id=derived_id("refund", refund.refund_no, debit, credit),
            debit=debit,
            credit=credit,
            amount_minor=amount_minor,
            currency=refund.currency,
            kind="pending",
            recipe="refund",
            order_no=refund.unit.order_no,
            claim_no=refund.claim_no,
            rule=refund.rule,
        )
        for debit, credit, amount_minor in moves
    ]
