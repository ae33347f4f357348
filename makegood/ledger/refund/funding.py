"""Who gives a refund's money: sources, payment legs, quota, and the reserve they make."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from makegood.base.ids import UnitRef, derived_id
from makegood.base.refusal import Refused
from makegood.ledger.recipes import (
    Funding,
    LegKind,
    PaymentLeg,
    escrow,
    leg_target,
    paid_memo,
    quota_account,
    quota_memo,
    refundable,
    refundable_leg,
)
from makegood.ledger.rules import QUOTA_SHARDS, Transfer, shard_of

PaidBy = Literal["escrow", "platform"]

LEG_ORDER: dict[LegKind, int] = {"online": 0, "balance": 1, "coupon": 2}
"""A refund goes back to the online payment first, then to the balance, then to the coupon."""


BEARERS = ("seller", "supplier", "platform", "channel")
"""Who can bear a refund in the end; a buyer's share is simply not refunded."""


class LegRefund(msgspec.Struct, frozen=True, kw_only=True):
    """All that the postings of one refund to one payment leg depend on."""

    refund_no: str
    claim_no: str
    unit: UnitRef
    leg: PaymentLeg
    amount_minor: int
    currency: str
    sources: Sequence[Funding]
    quota: Sequence[Funding]
    rule: str


def funding(
    paid_by: PaidBy,
    borne_by: Mapping[str, int],
    *,
    claim_no: str,
    order_no: str,
    seller_id: str,
    escrow_minor: int,
) -> list[Funding]:
    """Which accounts give a refund, from who bears it and who pays first.

    Parties are named as the liability table names them: `seller`, `supplier`, `platform`,
    `channel`. Paid out of escrow, the seller's part comes from the order's escrow and, once
    that is settled, from the seller's balance; every other party's part, and the seller's too
    when the platform pays first, is advanced against a receivable of the claim.
    """
    parts: list[Funding] = []
    for party, amount_minor in borne_by.items():
        if party == "seller" and paid_by == "escrow":
            parts += _from_seller(order_no, seller_id, amount_minor, escrow_minor)
        else:
            parts.append(Funding(_advance_account(party, claim_no), amount_minor))
    return [part for part in parts if part.amount_minor > 0]


def advanced_minor(sources: Sequence[Funding]) -> int:
    """How much of the sources is money that somebody owes back to the platform."""
    return sum(part.amount_minor for part in sources if _is_receivable(part.account))


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


def take_from(parts: Sequence[Funding], amount_minor: int) -> tuple[list[Funding], list[Funding]]:
    """Cut an amount off the front of the parts; answers what was taken and what is left."""
    taken: list[Funding] = []
    left: list[Funding] = []
    rest = amount_minor
    for part in parts:
        cut = min(rest, part.amount_minor)
        rest -= cut
        if cut:
            taken.append(Funding(part.account, cut))
        if part.amount_minor > cut:
            left.append(Funding(part.account, part.amount_minor - cut))
    assert rest == 0, "a refund has less funding than its amount"
    return taken, left


def accounts_of_refund(
    unit: UnitRef,
    legs: Sequence[PaymentLeg],
    claim_no: str,
    seller_id: str,
    bearers: Iterable[str] = BEARERS,
) -> set[str]:
    """Every account that a refund of a unit may touch, except the quota.

    `bearers` are those who bear it: a cost account that all claims share is left alone by the
    others.
    """
    accounts = {refundable(unit), escrow(unit.order_no), paid_memo(unit.order_no)}
    accounts |= {refundable_leg(unit.order_no, leg) for leg in legs}
    accounts |= {leg_target(unit.order_no, leg) for leg in legs}
    accounts |= {_advance_account(party, claim_no) for party in bearers}
    return accounts | ({f"seller_balance:{seller_id}"} if seller_id else set())


def quota_parts(amount_minor: int, claim_no: str, available: Callable[[str], int]) -> list[Funding]:
    """Take quota for advanced money: the claim's own shard first, then wherever some is left.

    Raises:
        Refused: `insufficient_funds` when all shards together have less left.
    """
    first = shard_of(claim_no, QUOTA_SHARDS)
    parts = []
    rest = amount_minor
    for step in range(QUOTA_SHARDS):
        account = quota_account((first + step) % QUOTA_SHARDS)
        part = min(rest, max(available(account), 0))
        rest -= part
        if part:
            parts.append(Funding(account, part))
    if rest:
        raise Refused("insufficient_funds", account="guarantee_quota", missing_minor=rest)
    return parts


def refund_pending(refund: LegRefund) -> list[Transfer]:
    """Reserve one leg's refund: the money, the unit's limit, the leg's limit, the quota."""
    target = leg_target(refund.unit.order_no, refund.leg)
    memo = paid_memo(refund.unit.order_no)
    moves = [(part.account, target, part.amount_minor) for part in refund.sources]
    moves.append((refundable(refund.unit), memo, refund.amount_minor))
    moves.append((refundable_leg(refund.unit.order_no, refund.leg), memo, refund.amount_minor))
    moves += [(part.account, quota_memo(part.account), part.amount_minor) for part in refund.quota]
    return [
        Transfer(
            id=derived_id("refund", refund.refund_no, debit),
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


def _from_seller(
    order_no: str, seller_id: str, amount_minor: int, escrow_minor: int
) -> list[Funding]:
    held = min(amount_minor, max(escrow_minor, 0))
    rest = amount_minor - held
    if rest and not seller_id:
        raise Refused("insufficient_funds", account=escrow(order_no), missing_minor=rest)
    return [Funding(escrow(order_no), held), Funding(f"seller_balance:{seller_id}", rest)]


def _advance_account(party: str, claim_no: str) -> str:
    assert party in BEARERS, f"nobody can bear a refund as {party!r}"
    return "compensation_cost" if party == "platform" else f"{party}_receivable:{claim_no}"


def _is_receivable(account: str) -> bool:
    return account.partition(":")[0].endswith("_receivable")
