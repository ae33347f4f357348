"""The postings: each thing that happens to money as a linked set of transfers, with stable ids.

Every function here is pure. Its ids are derived from what causes the posting, so the same
cause gives the same transfers however often it is told.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from makegood.base.ids import UnitRef, derived_id
from makegood.ledger.accounts import (
    clearing,
    clearing_of_day,
    coupon_batch,
    cover_shard,
    escrow,
    paid_memo,
    payment_unit,
    quota_memo,
    refundable,
    seller_balance,
    seller_deposit,
    shared,
    split_shards,
    transit,
)
from makegood.ledger.rules import Transfer

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
    """An account that gives a part of a refund, or covers it.

    `to` is the other side of a cover; a receivable's `debtor` is who owes it in the end.
    """

    account: str
    amount_minor: int
    to: str = ""
    debtor: str = ""


# --- legs of a payment ------------------------------------------------------------------


def leg_no(order_no: str, leg: PaymentLeg) -> str:
    """The trade number of a leg, or a stable stand-in where the shop system gives none."""
    return leg.trade_no or f"{order_no}.{leg.kind}"


def refundable_leg(order_no: str, leg: PaymentLeg) -> str:
    """What may still go back to one leg of a payment."""
    return f"refundable_leg:{leg.channel}/{leg_no(order_no, leg)}"


def leg_source(order_no: str, leg: PaymentLeg, paid_at: datetime) -> str:
    """Where the money of a leg came from: the gateway's day, or the coupons of a batch."""
    if leg.kind == "coupon":
        return coupon_batch(leg.channel, order_no)
    return clearing(leg.channel, order_no, paid_at)


def leg_target(order_no: str, leg: PaymentLeg) -> str:
    """Where a refund to this leg is reserved: on its way, or back in the coupon's batch."""
    if leg.kind == "coupon":
        return coupon_batch(leg.channel, order_no)
    return transit(leg.channel, order_no)


# --- payment ----------------------------------------------------------------------------


def leg_paid(order_no: str, leg: PaymentLeg, currency: str, paid_at: datetime) -> list[Transfer]:
    """Money of one leg into escrow, and the leg's own limit for refunds.

    A coupon of the shop system was issued outside our book, so it is issued in passing.
    """
    key = ("paid", leg.channel, leg_no(order_no, leg))
    base = Transfer(
        id=derived_id(*key, "escrow"),
        debit=leg_source(order_no, leg, paid_at),
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


def settled(
    order_no: str, seller_id: str, amount_minor: int, fee_minor: int, key: str = ""
) -> list[Transfer]:
    """Escrow to the seller's balance, and the market's fee out of it.

    `key` tells two settlements of the same order and amounts apart.
    """
    cause = ("settled", order_no, str(amount_minor), str(fee_minor), *([key] if key else []))
    base = Transfer(
        id=derived_id(*cause),
        debit=escrow(order_no),
        credit=seller_balance(seller_id),
        amount_minor=amount_minor - fee_minor,
        recipe="settlement",
        order_no=order_no,
    )
    fee = _change(
        base,
        id=derived_id(*cause, "fee"),
        credit=shared("fee_income", order_no),
        amount_minor=fee_minor,
    )
    return [transfer for transfer in (base, fee) if transfer.amount_minor]


# --- money that goes back --------------------------------------------------------------


def outside_refund(
    key: str,
    unit: UnitRef,
    leg: PaymentLeg,
    amount_minor: int,
    currency: str,
    source: str,
    at: datetime,
) -> list[Transfer]:
    """A refund that somebody else made (the shop system, a chargeback): it counts all the same."""
    base = Transfer(
        id=derived_id("outside", key, "money"),
        debit=source,
        credit=leg_source(unit.order_no, leg, at),
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


def refund_arrived(
    refund_no: str,
    order_no: str,
    leg: PaymentLeg,
    amount_minor: int,
    currency: str,
    at: datetime,
    claim_no: str,
) -> list[Transfer]:
    """A refund left the gateway: from its way into the bill of the day it arrived."""
    if leg.kind == "coupon":
        return []
    return [
        Transfer(
            id=derived_id("refund_arrived", refund_no),
            debit=transit(leg.channel, order_no),
            credit=clearing(leg.channel, order_no, at),
            amount_minor=amount_minor,
            currency=currency,
            recipe="refund_arrived",
            order_no=order_no,
            claim_no=claim_no,
        )
    ]


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


# --- repairs, the market's own money ---------------------------------------------


def repair_done(claim_no: str, order_no: str, amount_minor: int, currency: str) -> Transfer:
    """A paid repair succeeded: what the buyer paid for it is earned."""
    return Transfer(
        id=derived_id("repair", claim_no, "done"),
        debit=escrow(order_no),
        credit=shared("repair_income", claim_no),
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
        debit=shared("bank", key),
        credit=seller_deposit(seller_id),
        amount_minor=amount_minor,
        currency=currency,
        recipe="deposit",
    )


def quota_granted(key: str, amount_minor: int, currency: str) -> list[Transfer]:
    """The operator allows so much more to be advanced, spread over the shards."""
    return [
        Transfer(
            id=derived_id("quota", key, str(shard)),
            debit=quota_memo(cover_shard("guarantee_quota", shard)),
            credit=cover_shard("guarantee_quota", shard),
            amount_minor=part,
            currency=currency,
            recipe="quota_granted",
        )
        for shard, part in enumerate(split_shards(key, amount_minor))
        if part
    ]


def gateway_fee(
    key: str, channel: str, order_no: str, at: datetime, amount_minor: int, currency: str
) -> Transfer:
    """What a gateway keeps for itself, as its bill of the day says."""
    return Transfer(
        id=derived_id("gateway_fee", channel, key),
        debit=shared("refund_fee_cost", order_no),
        credit=clearing(channel, order_no, at),
        amount_minor=amount_minor,
        currency=currency,
        recipe="gateway_fee",
        order_no=order_no,
    )


def paid_out(key: str, channel: str, day: str, amount_minor: int, currency: str) -> Transfer:
    """A gateway pays what it holds of a day into the market's bank account."""
    return Transfer(
        id=derived_id("paid_out", channel, day, key),
        debit=shared("bank", key),
        credit=clearing_of_day(channel, key, day),
        amount_minor=amount_minor,
        currency=currency,
        recipe="paid_out",
    )


def moved_day(
    key: str,
    channel: str,
    order_no: str,
    amount_minor: int,
    from_day: str,
    to_day: str,
    currency: str,
) -> Transfer:
    """A payment (positive) or refund (negative) that the gateway lists under another day."""
    days = (to_day, from_day) if amount_minor > 0 else (from_day, to_day)
    return Transfer(
        id=derived_id("moved_day", channel, key, from_day, to_day),
        debit=clearing_of_day(channel, order_no, days[0]),
        credit=clearing_of_day(channel, order_no, days[1]),
        amount_minor=abs(amount_minor),
        currency=currency,
        recipe="moved_day",
        order_no=order_no,
    )


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
