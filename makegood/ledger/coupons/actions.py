"""What is done with coupons: given, shown to their buyer, used once by a shop system, lapsed."""

from datetime import datetime
from typing import Literal

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.money import Money, plain_amount
from makegood.base.refusal import Refused
from makegood.ledger import rules as book
from makegood.ledger import store as book_store
from makegood.ledger.actions import balances
from makegood.ledger.advance.actions import note_coupon_cost
from makegood.ledger.amounts import check_money
from makegood.ledger.coupons import rules, store
from makegood.ledger.coupons.codes import code_hash, code_of
from makegood.ledger.coupons.rules import Coupon, NewCoupon, Payer
from makegood.ledger.posting import post
from makegood.ledger.recipes import Funding
from makegood.ledger.rules import Transfer
from makegood.store.database import Connection
from makegood.store.vault import Vault

_AT_ONCE = 200


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon that was given: its public number, and the transfers that booked it now."""

    coupon_no: str
    amount_minor: int
    transfers: list[str]


class BatchFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One month's coupons, in minor units; `open_minor` may still be used."""

    batch: str
    coupons: int
    issued_minor: int
    used_minor: int
    expired_minor: int
    open_minor: int


async def issue_coupon(tx: Connection, act: Act, vault: Vault, new: NewCoupon) -> Given:
    """Give a coupon; the same claim and cause again gives none.

    Raises:
        Refused: as `check_money`; `insufficient_funds` where a seller pays and cannot.
    """
    check_money(new.money)
    number = rules.coupon_no(act.market_id, new.claim_no, new.cause)
    code = code_of(vault, act.market_id, number)
    coupon = _coupon(act, new, number, code)
    if not await store.insert(tx, act.market_id, coupon, code_hash(vault, act.market_id, code)):
        return Given(coupon_no=number, amount_minor=coupon.amount_minor, transfers=[])
    if new.supplier_id:
        await note_coupon_cost(tx, act, new.claim_no, new.supplier_id, new.money)
    transfers = await post(tx, act, await _paid(tx, act, new, coupon))
    return Given(coupon_no=number, amount_minor=coupon.amount_minor, transfers=transfers)


async def reserve_coupon(
    tx: Connection, act: Act, payer: Payer, claim_no: str, money: Money
) -> None:
    """Set a seller's money aside for a coupon that it offers; the same offer again reserves none.

    Raises:
        Refused: `offer_not_covered` with what the seller has, as it is written, where that is less.
    """
    try:
        async with tx.transaction():
            sources = await sources_of_payer(tx, act.market_id, payer, money)
            await post(tx, act, rules.offered(payer, claim_no, sources, money.currency))
    except Refused as refused:
        if refused.code != "insufficient_funds":
            raise
        found = await balances(tx, act.market_id, payer.accounts, money.currency)
        has = sum(max(0, one.available_minor) for one in found.values())
        left = plain_amount(has, money.currency)
        raise Refused("offer_not_covered", left=left, currency=money.currency) from refused


async def release_coupon(tx: Connection, act: Act, payer: Payer) -> list[str]:
    """Give back what is still reserved for an offer; answers the new transfers, none if nothing."""
    return await post(tx, act, book.resolve_all(await _reserved(tx, act, payer), "void"))


async def sources_of_payer(
    conn: Connection, market_id: str, payer: Payer, money: Money
) -> list[Funding]:
    """Out of which of its accounts a seller would pay for a coupon now.

    Raises:
        Refused: `insufficient_funds`.
    """
    found = await balances(conn, market_id, payer.accounts, money.currency)
    left = {code: balance.available_minor for code, balance in found.items()}
    return rules.sources_of(payer, left, money.amount_minor)


async def redeem_coupon(
    tx: Connection,
    act: Act,
    vault: Vault,
    code: str,
    order_no: str = "",
    amount: Money | None = None,
) -> Coupon:
    """A shop system takes a coupon for an order, exactly once; answers what it is worth.

    The same order again is the same use.

    Raises:
        Refused: `not_found` for a code that was never given, `coupon_used` when another order
            used it or its time is over, `coupon_whole` for a part of it.
    """
    hashed = code_hash(vault, act.market_id, code)
    coupon = await store.lock_by_code(tx, act.market_id, hashed)
    if coupon is None:
        raise Refused("not_found")
    if rules.check_use(coupon, order_no, amount, act.now):
        await post(tx, act, [rules.closed(coupon, "used", order_no)])
        await store.close(tx, act.market_id, coupon.coupon_no, "used", act.now, order_no)
    return coupon


async def expire_coupons(tx: Connection, now: datetime, limit: int = _AT_ONCE) -> int:
    """Book what was never used, in all markets; answers how many coupons ended."""
    lapsed = await store.lock_expired(tx, now, limit)
    for market_id, coupon in lapsed:
        await post(tx, Act(market_id, SYSTEM, now), [rules.closed(coupon, "expired")])
        await store.close(tx, market_id, coupon.coupon_no, "expired", now, "")
    return len(lapsed)


async def coupons_of_claim(conn: Connection, market_id: str, claim_no: str) -> list[Coupon]:
    """The coupons of a claim, oldest first, without their codes."""
    return await store.of_claim(conn, market_id, claim_no)


async def coupon_figures(conn: Connection, market_id: str, currency: str) -> list[BatchFigures]:
    """What each month's coupons were worth and what became of them, the latest month first."""
    rows = await store.batches(conn, market_id, currency)
    return [msgspec.convert(dict(row), BatchFigures) for row in rows]


async def _paid(tx: Connection, act: Act, new: NewCoupon, coupon: Coupon) -> list[Transfer]:
    """Whose cost a coupon is; a seller's comes out of what its offer reserved, where one did."""
    if new.payer is None:
        return rules.issued(coupon)
    held = await _reserved(tx, act, new.payer)
    if not held:
        return rules.issued(coupon, await sources_of_payer(tx, act.market_id, new.payer, new.money))
    whole = sum(one.amount_minor for one in held)
    assert whole == coupon.amount_minor, "an offer reserves what its coupon is worth"
    given = Funding(held[0].credit, whole)
    return [*book.resolve_all(held, "post"), *rules.issued(coupon, [given])]


async def _reserved(tx: Connection, act: Act, payer: Payer) -> list[Transfer]:
    """What is reserved for an offer and neither used nor given back."""
    if not payer.offer:
        return []
    ids = [rules.reserve_id(payer, account) for account in payer.accounts]
    held = await book_store.transfers_by_id(tx, act.market_id, ids)
    ends = {book.resolve(one, "void").id: one for one in held.values()}
    ended = await book_store.transfers_by_id(tx, act.market_id, ends)
    return [one for id_, one in ends.items() if id_ not in ended]


def _bearer(new: NewCoupon) -> Literal["platform", "supplier", "seller"]:
    if new.payer is not None:
        return "seller"
    return "supplier" if new.supplier_id else "platform"


def _coupon(act: Act, new: NewCoupon, number: str, code: str) -> Coupon:
    return Coupon(
        coupon_no=number,
        code_end=code[-4:],
        batch=rules.batch_of(act.now),
        claim_no=new.claim_no,
        cause=new.cause,
        amount_minor=new.money.amount_minor,
        currency=new.money.currency,
        borne_by=_bearer(new),
        state="issued",
        issued_at=act.now,
        expires_at=act.now + rules.LIFE,
    )
