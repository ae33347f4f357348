"""The postings: each thing that happens to money as a linked set of transfers, with stable ids.

Every function here is pure. Its ids are derived from what causes the posting, so the same
cause gives the same transfers however often it is told.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from makegood.base.ids import UnitRef, derived_id
from makegood.ledger.rules import QUOTA_SHARDS, Transfer, shard_of

LegKind = Literal["online", "balance", "coupon"]


class PaymentLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a payment. `channel` is the gateway account (or the coupon's batch).

    A leg without a trade number (a coupon may have none) is known by its order and kind.
    """

    channel: str
    trade_no: str
    amount_minor: int
    kind: LegKind = "online"


class PaymentBooking(msgspec.Struct, frozen=True, kw_only=True):
    """An order's payment as the shop system reports it.

    `due_minor` says what each unit costs the buyer, all discounts taken off; what is paid
    beyond the sum belongs to the payment itself (`payment_unit`). Telling all legs again is
    harmless; new legs are added.
    """

    order_no: str
    due_minor: Mapping[UnitRef, int]
    legs: Sequence[PaymentLeg]
    paid_at: datetime
    currency: str = "CNY"


class Funding(msgspec.Struct, frozen=True):
    """An account that gives a part of a refund."""

    account: str
    amount_minor: int


# --- names of accounts ------------------------------------------------------------------


def payment_unit(order_no: str) -> UnitRef:
    """The payment of an order as a thing that may be claimed: charged twice, or too much."""
    return UnitRef(order_no, 0, 0)


def escrow(order_no: str) -> str:
    """The buyer's money of one order before it is settled."""
    return f"escrow:{order_no}"


def refundable(unit: UnitRef) -> str:
    """What may still go back for one unit, by refund or by live replacement, on any path."""
    return f"refundable:{unit}"


def leg_no(order_no: str, leg: PaymentLeg) -> str:
    """The trade number of a leg, or a stable stand-in where the shop system gives none."""
    return leg.trade_no or f"{order_no}.{leg.kind}"


def refundable_leg(order_no: str, leg: PaymentLeg) -> str:
    """What may still go back to one leg of a payment."""
    return f"refundable_leg:{leg.channel}/{leg_no(order_no, leg)}"


def clearing(channel: str, order_no: str) -> str:
    """The gateway's account in our book; the order picks the shard."""
    return f"gateway_clearing:{channel}:{shard_of(order_no)}"


def paid_memo(order_no: str) -> str:
    """The other side of every `refundable` entry."""
    return f"paid_memo:{shard_of(order_no)}"


def leg_target(order_no: str, leg: PaymentLeg) -> str:
    """Where a refund to this leg goes: the gateway, or the coupon that was used."""
    if leg.kind == "coupon":
        return f"coupon_liability:{leg.channel}"
    return clearing(leg.channel, order_no)


# --- payment ----------------------------------------------------------------------------


def leg_paid(order_no: str, leg: PaymentLeg, currency: str) -> list[Transfer]:
    """Money of one leg into escrow, and the leg's own limit for refunds.

    A coupon of the shop system was issued outside our book, so it is issued in passing.
    """
    key = ("paid", leg.channel, leg_no(order_no, leg))
    base = Transfer(
        id=derived_id(*key, "escrow"),
        debit=leg_target(order_no, leg),
        credit=escrow(order_no),
        amount_minor=leg.amount_minor,
        currency=currency,
        recipe="payment",
        order_no=order_no,
    )
    limit = _change(
        base,
        id=derived_id(*key, "leg"),
        debit=paid_memo(order_no),
        credit=refundable_leg(order_no, leg),
    )
    if leg.kind != "coupon":
        return [base, limit]
    shop = f"shop_coupons:{leg.channel}"
    issued = _change(base, id=derived_id(*key, "issue"), debit=shop, credit=base.debit)
    return [issued, base, limit]


def units_paid(
    booking: PaymentBooking, credited_minor: Mapping[UnitRef, int], new_minor: int, cause: str
) -> list[Transfer]:
    """Spread newly paid money over the units: each up to its price, the rest to the payment.

    `credited_minor` is what earlier payments of this order gave to each unit.
    """
    transfers = []
    rest = new_minor
    for unit in sorted(booking.due_minor):
        part = min(rest, max(booking.due_minor[unit] - credited_minor.get(unit, 0), 0))
        rest -= part
        if part:
            transfers.append(_unit_paid(booking, unit, part, cause))
    if rest:
        transfers.append(_unit_paid(booking, payment_unit(booking.order_no), rest, cause))
    return transfers


def settled(order_no: str, seller_id: str, amount_minor: int, fee_minor: int) -> list[Transfer]:
    """Escrow to the seller's balance, and the market's fee out of it."""
    base = Transfer(
        id=derived_id("settled", order_no, str(amount_minor), str(fee_minor)),
        debit=escrow(order_no),
        credit=f"seller_balance:{seller_id}",
        amount_minor=amount_minor - fee_minor,
        recipe="settlement",
        order_no=order_no,
    )
    fee = _change(
        base, id=derived_id("settled", order_no, "fee"), credit="fee_income", amount_minor=fee_minor
    )
    return [base, fee] if fee_minor else [base]


# --- money that goes back --------------------------------------------------------------


def quota_accounts() -> set[str]:
    """The accounts of the cap on advanced money."""
    return {quota_account(shard) for shard in range(QUOTA_SHARDS)}


def with_memos(quota: Iterable[str]) -> set[str]:
    """Shards of the quota with their other sides."""
    return {code for account in quota for code in (account, quota_memo(account))}


def outside_refund(
    key: str, unit: UnitRef, leg: PaymentLeg, amount_minor: int, currency: str, source: str
) -> list[Transfer]:
    """A refund that somebody else made (the shop system, a chargeback): it counts all the same."""
    base = Transfer(
        id=derived_id("outside", key, "money"),
        debit=source,
        credit=leg_target(unit.order_no, leg),
        amount_minor=amount_minor,
        currency=currency,
        recipe="outside_refund",
        order_no=unit.order_no,
    )
    memo = paid_memo(unit.order_no)
    by_unit = _change(
        base, id=derived_id("outside", key, "unit"), debit=refundable(unit), credit=memo
    )
    by_leg = _change(
        base,
        id=derived_id("outside", key, "leg"),
        debit=refundable_leg(unit.order_no, leg),
        credit=memo,
    )
    return [base, by_unit, by_leg]


def recovered(
    key: str, receivable: str, sources: Sequence[Funding], currency: str, claim_no: str
) -> list[Transfer]:
    """Money that a debtor's accounts pay back to the platform, and the quota that this frees."""
    transfers = []
    for part in sources:
        base = Transfer(
            id=derived_id("recovered", key, receivable, part.account),
            debit=part.account,
            credit=receivable,
            amount_minor=part.amount_minor,
            currency=currency,
            recipe="recovery",
            claim_no=claim_no,
        )
        freed = _change(
            base,
            id=derived_id("recovered", key, receivable, part.account, "quota"),
            debit=quota_memo(quota_of(claim_no)),
            credit=quota_of(claim_no),
        )
        transfers += [base, freed]
    return transfers


# --- replacements -----------------------------------------------------------------------


def replacement_held(
    hold_key: str, unit: UnitRef, amount_minor: int, currency: str, claim_no: str
) -> Transfer:
    """A live replacement takes the unit's value out of what may still be refunded."""
    return Transfer(
        id=derived_id("replacement", hold_key),
        debit=refundable(unit),
        credit=paid_memo(unit.order_no),
        amount_minor=amount_minor,
        currency=currency,
        kind="pending",
        recipe="replacement",
        order_no=unit.order_no,
        claim_no=claim_no,
    )


def replacement_withdrawn(held: Transfer, hold_key: str) -> Transfer:
    """A delivered replacement was locked or revoked: its value may be refunded again."""
    return _change(
        held,
        id=derived_id("replacement", hold_key, "withdrawn"),
        debit=held.credit,
        credit=held.debit,
        kind="single",
    )


# --- coupons, repairs, the market's own money ---------------------------------------------


def coupon_ids(code: str) -> tuple[str, str]:
    """The ids of a coupon's two transfers: issued, and used or expired."""
    return derived_id("coupon", code, "issued"), derived_id("coupon", code, "closed")


def coupon_issued(code: str, batch: str, amount_minor: int, claim_no: str) -> Transfer:
    """Compensation as a coupon: a cost now, owed to the buyer until used or expired."""
    return Transfer(
        id=coupon_ids(code)[0],
        debit="compensation_cost",
        credit=f"coupon_liability:{batch}",
        amount_minor=amount_minor,
        recipe="coupon_issued",
        claim_no=claim_no,
    )


def coupon_closed(issued: Transfer, code: str, how: Literal["used", "expired"]) -> Transfer:
    """The end of a coupon: spent at the shop system, or never used."""
    return _change(
        issued,
        id=coupon_ids(code)[1],
        debit=issued.credit,
        credit="shop_coupons" if how == "used" else "breakage",
        recipe=f"coupon_{how}",
    )


def repair_done(claim_no: str, order_no: str, amount_minor: int, currency: str) -> Transfer:
    """A paid repair succeeded: what the buyer paid for it is earned."""
    return Transfer(
        id=derived_id("repair", claim_no, "done"),
        debit=escrow(order_no),
        credit="repair_income",
        amount_minor=amount_minor,
        currency=currency,
        recipe="repair_done",
        order_no=order_no,
        claim_no=claim_no,
    )


def deposit_paid(key: str, seller_id: str, amount_minor: int, currency: str) -> Transfer:
    """A seller's deposit arrives at the bank."""
    return Transfer(
        id=derived_id("deposit", key),
        debit="bank",
        credit=f"seller_deposit:{seller_id}",
        amount_minor=amount_minor,
        currency=currency,
        recipe="deposit",
    )


def quota_account(shard: int) -> str:
    """One shard of the cap on money that the platform may have advanced at once."""
    return f"guarantee_quota:{shard}"


def quota_of(claim_no: str) -> str:
    """The shard that a claim takes from first and gives back to."""
    return quota_account(shard_of(claim_no, QUOTA_SHARDS))


def quota_memo(quota: str) -> str:
    """The other side of every entry of one shard of the quota."""
    return f"quota_memo:{quota.partition(':')[2]}"


def quota_granted(key: str, amount_minor: int, currency: str) -> list[Transfer]:
    """The operator allows so much more to be advanced, spread over the shards."""
    share, rest = divmod(amount_minor, QUOTA_SHARDS)
    parts = [share + (1 if shard < rest else 0) for shard in range(QUOTA_SHARDS)]
    return [
        Transfer(
            id=derived_id("quota", key, str(shard)),
            debit=quota_memo(quota_account(shard)),
            credit=quota_account(shard),
            amount_minor=part,
            currency=currency,
            recipe="quota_granted",
        )
        for shard, part in enumerate(parts)
        if part
    ]


def _unit_paid(booking: PaymentBooking, unit: UnitRef, amount_minor: int, cause: str) -> Transfer:
    return Transfer(
        id=derived_id("paid", cause, str(unit)),
        debit=paid_memo(booking.order_no),
        credit=refundable(unit),
        amount_minor=amount_minor,
        currency=booking.currency,
        recipe="payment",
        order_no=booking.order_no,
    )


def _change(
    transfer: Transfer,
    *,
    id: str,  # noqa: A002 - the field's own name
    debit: str | None = None,
    credit: str | None = None,
    amount_minor: int | None = None,
    kind: Literal["single"] | None = None,
    recipe: str | None = None,
) -> Transfer:
    """A transfer like another one, except for what is named."""
    return msgspec.structs.replace(
        transfer,
        id=id,
        debit=debit or transfer.debit,
        credit=credit or transfer.credit,
        amount_minor=transfer.amount_minor if amount_minor is None else amount_minor,
        kind=kind or transfer.kind,
        recipe=recipe or transfer.recipe,
    )
