"""What can be done with money: book payments, settle, hold, compensate, recover, read balances.

Every function works inside the caller's transaction. A refusal comes before anything of the
posting is written, so that transaction stays usable.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import UnitRef, derived_id
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger import accounts, recipes, rules, store
from makegood.ledger.advance.netting import net_off_later
from makegood.ledger.audits.pause import refuse_if_paused
from makegood.ledger.posting import post as post
from makegood.ledger.recipes import PaymentBooking, PaymentLeg
from makegood.ledger.rules import Balance, Transfer
from makegood.ledger.store import StoredLeg
from makegood.store.database import Connection


class AccountBalance(msgspec.Struct, frozen=True, kw_only=True):
    """One account as a person reads it, in minor units on its normal side."""

    code: str
    posted_minor: int
    pending_minor: int
    available_minor: int


class PaymentConflict(msgspec.Struct, frozen=True):
    """A payment leg that is stored already with other content; nothing of it was booked."""

    told: StoredLeg
    stored: StoredLeg


MOST_IN_A_SET: Final = 1500
"""Payments of many orders are one set as long as its event can name every transfer."""


async def post_payments(
    tx: Connection, act: Act, bookings: Sequence[PaymentBooking]
) -> list[PaymentConflict]:
    """Book the payments of many orders in a few statements; answers what could not be booked.

    Legs that were booked before are left alone, so telling an order again is harmless. A leg
    whose trade number is stored with another order, amount or currency is a conflict: the
    caller refuses that order (`payment_changed`), the others are booked.
    """
    conflicts = []
    for wave in _waves(bookings):
        conflicts += await _book(tx, act, wave)
    return conflicts


async def post_payment(tx: Connection, act: Act, booking: PaymentBooking) -> None:
    """Book one order's payment.

    Raises:
        Refused: `payment_changed` when a leg is stored already with other content.
    """
    for conflict in await post_payments(tx, act, [booking]):
        raise Refused("payment_changed", trade_no=conflict.told.trade_no)


async def settle_order(
    tx: Connection,
    act: Act,
    order_no: str,
    seller_id: str,
    money: Money,
    fee_minor: int = 0,
    key: str = "",
) -> None:
    """Move an order's escrow to the seller's balance, the market's fee taken off.

    The same order, amounts and `key` are the same settlement. What the seller owes the platform
    is taken off the balance right after.

    Raises:
        Refused: `insufficient_funds` when escrow holds less, refunds on their way included;
            `payouts_paused` while the books do not agree.
    """
    await refuse_if_paused(tx, act.market_id, money.currency)
    transfers = recipes.settled(order_no, seller_id, money.amount_minor, fee_minor, key)
    await post(tx, act, _in_currency(transfers, money.currency))
    await net_off_later(tx, act, seller_id, money.currency)


async def hold_replacement(
    tx: Connection, act: Act, hold_key: str, unit: UnitRef, money: Money, claim_no: str
) -> None:
    """Take a live replacement's value out of what may be refunded for the unit.

    `hold_key` names the replacement (its stable request number).

    Raises:
        Refused: `exceeds_paid` when refunds and live replacements already use up the payment.
    """
    held = recipes.replacement_held(hold_key, unit, money.amount_minor, money.currency, claim_no)
    await post(tx, act, [held])


async def keep_replacement(tx: Connection, act: Act, hold_key: str) -> None:
    """The replacement was delivered: the hold becomes final."""
    await post(tx, act, [rules.resolve(await _held(tx, act, hold_key), "post")])


async def release_replacement(tx: Connection, act: Act, hold_key: str) -> None:
    """The replacement was cancelled before delivery: its value may be refunded again."""
    await post(tx, act, [rules.resolve(await _held(tx, act, hold_key), "void")])


async def withdraw_replacement(tx: Connection, act: Act, hold_key: str) -> None:
    """A delivered replacement was locked or revoked: its value may be refunded again."""
    held = await _held(tx, act, hold_key)
    kept = await store.transfers_by_id(tx, act.market_id, [rules.resolve(held, "post").id])
    assert [transfer.kind for transfer in kept.values()] == ["post"], f"not delivered: {hold_key}"
    await post(tx, act, [recipes.replacement_withdrawn(held, hold_key)])


async def book_outside_refund(
    tx: Connection, act: Act, key: str, unit: UnitRef, leg: PaymentLeg, money: Money
) -> None:
    """Count a refund made by somebody else (shop system, chargeback) against the payment.

    The same `key` again is the same refund.

    Raises:
        Refused: `exceeds_paid` when it comes on top of what went back already, or
            `insufficient_funds` when the order's escrow was settled.
    """
    source = accounts.escrow(unit.order_no)
    transfers = recipes.outside_refund(
        key, unit, leg, money.amount_minor, money.currency, source, act.now
    )
    if not await store.transfers_by_id(tx, act.market_id, [transfers[0].id]):
        await post(tx, act, transfers)


async def pay_deposit(tx: Connection, act: Act, key: str, seller_id: str, money: Money) -> None:
    """Record a seller's deposit that arrived at the bank; `key` is the bank's reference."""
    await post(tx, act, [recipes.deposit_paid(key, seller_id, money.amount_minor, money.currency)])


async def grant_quota(tx: Connection, act: Act, key: str, money: Money) -> None:
    """Let the platform have this much more advanced at once; `key` makes it happen once."""
    await post(tx, act, recipes.quota_granted(key, money.amount_minor, money.currency))


async def finish_repair(
    tx: Connection, act: Act, claim_no: str, order_no: str, money: Money
) -> None:
    """Earn what a buyer paid for a repair; it was paid in like any order (`post_payment`)."""
    done = recipes.repair_done(claim_no, order_no, money.amount_minor, money.currency)
    await post(tx, act, [done])


async def balances(
    conn: Connection, market_id: str, codes: Iterable[str], currency: str = "CNY"
) -> dict[str, AccountBalance]:
    """The balances of accounts by code; one that was never used reads as zero."""
    found = await store.read_accounts(conn, market_id, codes, currency)
    return {code: _shown(code, balance) for code, balance in found.items()}


async def totals(
    conn: Connection, market_id: str, kinds: Collection[str], currency: str = "CNY"
) -> dict[str, AccountBalance]:
    """The balance of all accounts of each kind together, whatever their shards and days."""
    ranges = accounts.kinds_like(kinds)
    rows = await store.totals(conn, market_id, ranges, currency)
    return {row["first"][:-1]: _shown(row["first"], store.balance(row)) for row in rows}


async def clearing_of_day(
    conn: Connection, market_id: str, channel: str, day: str, currency: str = "CNY"
) -> tuple[int, int]:
    """What came in and went out at a gateway on one day (`yyyymmdd`), in minor units."""
    codes = accounts.clearing_shards(channel, day)
    found = await store.read_accounts(conn, market_id, codes, currency)
    came = sum(balance.debits_posted for balance in found.values())
    return came, sum(balance.credits_posted for balance in found.values())


async def refundable_minor(
    conn: Connection, market_id: str, unit: UnitRef, currency: str = "CNY"
) -> int:
    """How much may still be refunded or replaced for a unit."""
    code = accounts.refundable(unit)
    return (await balances(conn, market_id, [code], currency))[code].available_minor


async def credited_minor(
    conn: Connection, market_id: str, unit: UnitRef, currency: str = "CNY"
) -> int:
    """How much of what was paid belongs to a unit, whatever went back of it since."""
    code = accounts.refundable(unit)
    return (await _credited(conn, market_id, [code], currency))[code]


async def payment_legs(conn: Connection, market_id: str, order_no: str) -> list[PaymentLeg]:
    """The legs that were booked for an order, oldest first."""
    rows = await store.payments_of_order(conn, market_id, order_no)
    return [
        PaymentLeg(
            channel=row["channel"],
            trade_no=row["trade_no"],
            amount_minor=row["amount_minor"],
            kind=row["kind"],
        )
        for row in rows
    ]


async def transfers_of_claim(conn: Connection, market_id: str, claim_no: str) -> list[Transfer]:
    """Every transfer that names a claim, oldest first."""
    return await store.transfers_of_claim(conn, market_id, claim_no)


def _waves(bookings: Sequence[PaymentBooking]) -> list[list[PaymentBooking]]:
    """Cut a batch so that no order comes twice in one set and each set has one currency."""
    waves: dict[tuple[int, str], list[PaymentBooking]] = {}
    seen: Counter[str] = Counter()
    for booking in bookings:
        if booking.legs:
            waves.setdefault((seen[booking.order_no], booking.currency), []).append(booking)
            seen[booking.order_no] += 1
    return [waves[key] for key in sorted(waves)]


async def _book(
    tx: Connection, act: Act, bookings: Sequence[PaymentBooking]
) -> list[PaymentConflict]:
    new = await store.insert_payments(tx, act.market_id, bookings)
    conflicts = await _conflicts(tx, act.market_id, bookings, new)
    codes = [accounts.refundable(unit) for booking in bookings for unit in booking.due_minor]
    credited = await _credited(tx, act.market_id, codes, bookings[0].currency)
    transfers = [transfer for booking in bookings for transfer in _payment(booking, new, credited)]
    for start in range(0, len(transfers), MOST_IN_A_SET):
        await post(tx, act, transfers[start : start + MOST_IN_A_SET])
    return conflicts


def _payment(
    booking: PaymentBooking, new: set[StoredLeg], credited: Mapping[str, int]
) -> list[Transfer]:
    """The transfers for the legs of one order that were not booked before."""
    legs = {_as_stored(booking, leg): leg for leg in booking.legs}
    fresh = sorted(legs.keys() & new)
    transfers = [
        transfer
        for key in fresh
        for transfer in recipes.leg_paid(
            booking.order_no, legs[key], booking.currency, booking.paid_at
        )
    ]
    given = {unit: credited[accounts.refundable(unit)] for unit in booking.due_minor}
    paid = sum(key.amount_minor for key in fresh)
    cause = "|".join(f"{key.channel}/{key.trade_no}" for key in fresh)
    return transfers + recipes.units_paid(booking, given, paid, cause)


async def _credited(
    tx: Connection, market_id: str, codes: Sequence[str], currency: str
) -> dict[str, int]:
    found = await store.read_accounts(tx, market_id, codes, currency)
    return {code: balance.credits_posted for code, balance in found.items()}


async def _conflicts(
    tx: Connection, market_id: str, bookings: Sequence[PaymentBooking], new: set[StoredLeg]
) -> list[PaymentConflict]:
    """Legs whose trade number was stored before, where what is stored says something else."""
    told = {_as_stored(booking, leg) for booking in bookings for leg in booking.legs} - new
    trades = sorted({(key.channel, key.trade_no) for key in told})
    stored = await store.payments_by_trade(tx, market_id, trades) if trades else []
    by_trade = {(key.channel, key.trade_no): key for key in stored}
    return [
        PaymentConflict(told=key, stored=by_trade[key.channel, key.trade_no])
        for key in sorted(told - set(stored))
    ]


def _as_stored(booking: PaymentBooking, leg: PaymentLeg) -> StoredLeg:
    trade_no = recipes.leg_no(booking.order_no, leg)
    return StoredLeg(leg.channel, trade_no, booking.order_no, leg.amount_minor, booking.currency)


async def _held(tx: Connection, act: Act, hold_key: str) -> Transfer:
    """The pending transfer of a replacement hold, as it was stored."""
    id_ = derived_id("replacement", hold_key)
    found = await store.transfers_by_id(tx, act.market_id, [id_])
    assert id_ in found, f"no replacement is held under {hold_key!r}"
    return found[id_]


def _in_currency(transfers: Sequence[Transfer], currency: str) -> list[Transfer]:
    return [msgspec.structs.replace(transfer, currency=currency) for transfer in transfers]


def _shown(code: str, balance: Balance) -> AccountBalance:
    return AccountBalance(
        code=code,
        posted_minor=rules.settled_minor(code, balance),
        pending_minor=balance.debits_pending + balance.credits_pending,
        available_minor=rules.available_minor(code, balance),
    )
