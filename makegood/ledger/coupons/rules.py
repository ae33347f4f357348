"""What a coupon is, how long it lives, and what its beginning and end do to the book."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from makegood.base.ids import derived_id
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger import accounts
from makegood.ledger.recipes import Funding
from makegood.ledger.rules import Transfer

LIFE: Final = timedelta(days=180)
"""How long a coupon may be used; what lapses then is the market's again."""

CouponState = Literal["issued", "used", "expired"]


class Payer(msgspec.Struct, frozen=True):
    """A seller who pays for a coupon: out of the balance, the deposit, then this order's escrow.

    `offer` names the offer for which the money is reserved; empty where nothing was.
    """

    seller_id: str
    order_no: str
    offer: str = ""

    @property
    def accounts(self) -> tuple[str, ...]:
        """Where its money is looked for, in this order."""
        return (
            accounts.seller_balance(self.seller_id),
            accounts.seller_deposit(self.seller_id),
            accounts.escrow(self.order_no),
        )


class NewCoupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon to give; the same claim and cause is the same coupon.

    `supplier_id` names the supplier who pays for it because its own promise was broken, `payer` the
    seller who settled with it and the order it is about; both empty where the market pays.
    """

    claim_no: str
    cause: str
    money: Money
    supplier_id: str = ""
    payer: Payer | None = None


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon as it is stored, without its code. Times are aware UTC."""

    coupon_no: str
    code_end: str
    batch: str
    claim_no: str
    cause: str
    amount_minor: int
    currency: str
    borne_by: Literal["platform", "supplier", "seller"]
    state: CouponState
    issued_at: datetime
    expires_at: datetime
    closed_at: datetime | None = None
    order_no: str = ""

    @property
    def money(self) -> Money:
        """What it is worth."""
        return Money(self.amount_minor, self.currency)


def coupon_no(market_id: str, claim_no: str, cause: str) -> str:
    """The public number of the one coupon of a claim for a cause; it buys nothing."""
    digest = derived_id("coupon_no", market_id, claim_no, cause)
    return "CP" + digest.replace("-", "")[:14].upper()


def batch_of(at: datetime) -> str:
    """Coupons are counted and lapse by the month in which they were given."""
    return f"compensation-{accounts.day_of(at)[:6]}"


def check_use(coupon: Coupon, order_no: str, amount: Money | None, now: datetime) -> bool:
    """Whether this use is new; False when the same order used the coupon before.

    A coupon is used whole: what an order does not need of it lapses.

    Raises:
        Refused: `coupon_used` for one that another order used or that has lapsed,
            `coupon_whole` for any other amount than all of it.
    """
    if coupon.state == "used" and order_no and coupon.order_no == order_no:
        return False
    if coupon.state != "issued" or now >= coupon.expires_at:
        raise Refused("coupon_used")
    if amount is not None and amount != coupon.money:
        raise Refused("coupon_whole", amount_minor=coupon.amount_minor, currency=coupon.currency)
    return True


def issued(coupon: Coupon, sources: Sequence[Funding] = ()) -> list[Transfer]:
    """A coupon is given: somebody's cost now, owed to the buyer until it is used or lapses.

    `sources` is a seller's own money where the seller pays.
    """
    cost = (
        accounts.sla_receivable(coupon.claim_no)
        if coupon.borne_by == "supplier"
        else accounts.shared("compensation_cost", coupon.claim_no)
    )
    parts = sources or [Funding(cost, coupon.amount_minor)]
    return [
        Transfer(
            id=derived_id(
                "coupon", coupon.coupon_no, "issued", *([part.account] if sources else ())
            ),
            debit=part.account,
            credit=accounts.coupon_batch(coupon.batch, coupon.coupon_no),
            amount_minor=part.amount_minor,
            currency=coupon.currency,
            recipe="coupon_issued",
            claim_no=coupon.claim_no,
            rule=coupon.cause,
        )
        for part in parts
    ]


def offered(
    payer: Payer, claim_no: str, sources: Sequence[Funding], currency: str
) -> list[Transfer]:
    """A seller offers a coupon: its money is reserved until the offer is taken or ends."""
    return [
        Transfer(
            id=reserve_id(payer, part.account),
            debit=part.account,
            credit=accounts.offer_held(claim_no),
            amount_minor=part.amount_minor,
            currency=currency,
            kind="pending",
            recipe="coupon_offered",
            order_no=payer.order_no,
            claim_no=claim_no,
            rule=payer.offer,
        )
        for part in sources
    ]


def reserve_id(payer: Payer, account: str) -> str:
    """What one account gives for one offer has this id, so it is reserved once."""
    return derived_id("coupon_offered", payer.offer, account)


def sources_of(payer: Payer, left_minor: Mapping[str, int], amount_minor: int) -> list[Funding]:
    """What each of a seller's accounts gives for a coupon.

    Raises:
        Refused: `insufficient_funds` when all of them together have less.
    """
    found, rest = [], amount_minor
    for account in payer.accounts:
        part = min(rest, max(0, left_minor.get(account, 0)))
        rest -= part
        if part:
            found.append(Funding(account, part))
    if rest:
        raise Refused("insufficient_funds", missing_minor=rest)
    return found


def closed(coupon: Coupon, how: Literal["used", "expired"], order_no: str = "") -> Transfer:
    """The end of a coupon: spent at the shop system, or never used. It has only one."""
    gone = (
        f"shop_coupons:{coupon.batch}"
        if how == "used"
        else accounts.shared("breakage", coupon.coupon_no)
    )
    return Transfer(
        id=derived_id("coupon", coupon.coupon_no, "closed"),
        debit=accounts.coupon_batch(coupon.batch, coupon.coupon_no),
        credit=gone,
        amount_minor=coupon.amount_minor,
        currency=coupon.currency,
        recipe=f"coupon_{how}",
        order_no=order_no,
        claim_no=coupon.claim_no,
        rule=coupon.cause,
    )
