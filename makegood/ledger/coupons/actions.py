"""What is done with coupons: given, shown to their buyer, used once by a shop system, lapsed."""

from datetime import datetime
from typing import Literal

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger.actions import balances
from makegood.ledger.advance.actions import note_coupon_cost
from makegood.ledger.amounts import check_money
from makegood.ledger.coupons import rules, store
from makegood.ledger.coupons.codes import code_hash, code_of
from makegood.ledger.coupons.rules import Coupon, NewCoupon, Payer
from makegood.ledger.posting import post
from makegood.ledger.recipes import Funding
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
    sources = await sources_of_payer(tx, act.market_id, new.payer, new.money) if new.payer else []
    transfers = await post(tx, act, rules.issued(coupon, sources))
    return Given(coupon_no=number, amount_minor=coupon.amount_minor, transfers=transfers)


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
