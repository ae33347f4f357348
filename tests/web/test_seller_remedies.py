"""A seller settles by itself: by an offer of any remedy, early, and a coupon of its own."""

import pytest
from litestar import Litestar

from makegood.base.money import Money
from makegood.ledger.actions import balances, pay_deposit, settle_order
from makegood.ledger.audit import audit
from makegood.ledger.coupons.actions import coupons_of_claim
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.test_seller import STORY, shopkeeper


async def proven(app: Litestar, order_no: str = "O-1") -> Browser:
    """The buyer of an order."""
    buyer = Browser(app)
    await buyer.prove(order_no)
    return buyer


async def paid_claim(street: Town) -> str:
    """A claim on a paid order that waits for its seller."""
    opened = await street.open("SND01", description=STORY)
    await street.file_all(opened.claim_no)
    return opened.claim_no


async def with_deposit(street: Town, minor: int) -> None:
    """The seller has this much."""
    async with street.db.transaction() as tx:
        await pay_deposit(tx, street.act("operator", "op"), "B-1", "s-1", Money(minor))


async def offer(seller: Browser, claim_no: str, remedy: str, amount: str = "") -> str:
    """Make an offer on the claim's page; answers the page after it."""
    await seller.open(f"/seller/c/{claim_no}")
    path = f"/seller/c/{claim_no}/answer"
    return (await seller.send(path, kind="offer", remedy=remedy, amount=amount)).text


async def taken(app: Litestar, claim_no: str) -> str:
    """The buyer takes the standing offer; answers the page after it."""
    buyer = await proven(app)
    await buyer.open(f"/c/{claim_no}")
    return (await buyer.send(f"/c/{claim_no}/offers/0/accept")).text


async def test_a_coupon_that_the_buyer_takes_is_paid_by_the_seller(
    street: Town, app: Litestar
) -> None:
    claim_no = await paid_claim(street)
    await with_deposit(street, 500)
    seller = await shopkeeper(street, app)

    assert "方案已发给买家" in await offer(seller, claim_no, "coupon", "12.5")
    assert "¥12.50 已从您的余额" in (await seller.open(f"/seller/c/{claim_no}")).text
    await taken(app, claim_no)
    assert "已从您的余额" not in (await seller.open(f"/seller/c/{claim_no}")).text
    await street.settle()

    view = await street.view(claim_no)
    assert view.decision is not None
    assert (view.decision.remedy, view.decision.amount_minor) == ("coupon", 0)
    assert street.gateway.paid_back == {}
    async with street.db.connection() as conn:
        (coupon,) = await coupons_of_claim(conn, "main", claim_no)
        codes = ["seller_deposit:s-1", "escrow:O-1"]
        left = await balances(conn, "main", codes, "CNY")
        assert await audit(conn, "main", street.clock.now()) == []
    assert (coupon.amount_minor, coupon.borne_by) == (1250, "seller")
    assert left["seller_deposit:s-1"].available_minor == 0, "the deposit before the escrow"
    assert left["escrow:O-1"].available_minor == 9800 - 750


async def test_a_coupon_that_the_seller_cannot_pay_is_not_offered(
    street: Town, app: Litestar
) -> None:
    claim_no = await paid_claim(street)
    async with street.db.transaction() as tx:
        gone = Money(9000)
        await settle_order(tx, street.act("system"), "O-1", "s-1", gone, fee_minor=9000)
    seller = await shopkeeper(street, app)

    refused = await offer(seller, claim_no, "coupon", "8.01")

    assert "方案已发给买家" not in refused
    assert "余额不够开出这张券" in refused
    assert "还有 8.00 CNY 可用" in refused
    assert (await street.view(claim_no)).offers == []


@pytest.mark.parametrize(
    ("remedy", "amount", "back_minor"),
    [("price_reduction", "30", 3000), ("refund_full", "", 9800), ("reissue", "", 0)],
)
async def test_every_remedy_can_be_offered_while_a_check_still_waits(
    street: Town, app: Litestar, remedy: str, amount: str, back_minor: int
) -> None:
    street.supplier.silent = True
    opened = await street.open("KEY01")
    await street.settle()
    assert (await street.view(opened.claim_no)).state == "waiting_supplier"
    seller = await shopkeeper(street, app)
    assert 'id="offer"' in (await seller.open(f"/seller/c/{opened.claim_no}")).text

    await offer(seller, opened.claim_no, remedy, amount)
    view = await street.view(opened.claim_no)

    assert view.state == "negotiating"
    assert [(one.remedy, one.amount_minor) for one in view.offers] == [(remedy, back_minor)]


async def test_a_declined_early_offer_leads_on_and_loses_nothing(
    street: Town, app: Litestar
) -> None:
    street.supplier.silent = True
    opened = await street.open("KEY01")
    await street.settle()
    seller = await shopkeeper(street, app)
    await offer(seller, opened.claim_no, "price_reduction", "30")
    buyer = await proven(app)
    await buyer.open(f"/c/{opened.claim_no}")

    await buyer.send(f"/c/{opened.claim_no}/offers/0/decline")

    view = await street.view(opened.claim_no)
    assert view.state in ("waiting_seller", "waiting_buyer", "in_review")
    assert view.deadlines, "somebody has a time by which to act"
