"""A seller's coupon is paid for before the buyer reads of it: reserved, then used or given back."""

import asyncio
from datetime import timedelta

import pytest

from makegood.base.actor import Act
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims import actions, staff_actions, system_actions
from makegood.claims.staff_actions import Ruled
from makegood.claims.state import Claim
from makegood.ledger.accounts import escrow, offer_held, seller_balance
from makegood.ledger.actions import balances, settle_order, totals
from makegood.ledger.audit import audit
from makegood.ledger.audits.minute import audit_minute
from makegood.ledger.coupons.actions import coupons_of_claim
from tests.claims.test_promises import waiting_for_seller
from tests.claims.town import Town

PRICE = 9800
COUPON = 1250


async def offered(town: Town, amount_minor: int = COUPON, order_no: str = "O-1") -> str:
    """A claim in which the seller offers a coupon."""
    claim_no = await waiting_for_seller(town, order_no)
    await offer(town, town.seller, claim_no, amount_minor)
    return claim_no


async def offer(
    town: Town, act: Act, claim_no: str, amount_minor: int, remedy: str = "coupon"
) -> Claim:
    async with town.db.transaction() as tx:
        return await actions.make_offer(
            tx, act, town.desk, claim_no, remedy=remedy, amount_minor=amount_minor, text=""
        )


async def take(town: Town, claim_no: str, number: int = 0) -> Claim:
    async with town.db.transaction() as tx:
        return await actions.accept_offer(tx, town.buyer, town.desk, claim_no, number)


async def funds(town: Town, claim_no: str, order_no: str = "O-1") -> tuple[int, int]:
    """What the order's escrow has available, and what is set aside for the claim's offers."""
    codes = [escrow(order_no), offer_held(claim_no)]
    async with town.db.connection() as conn:
        found = await balances(conn, "main", codes)
        assert await audit(conn, "main", town.clock.now()) == []
    assert await audit_minute(town.db, town.clock.now()) == []
    assert found[codes[1]].posted_minor == 0, "nothing stays between seller and coupon"
    return found[codes[0]].available_minor, found[codes[1]].pending_minor


async def worth(town: Town, claim_no: str) -> list[int]:
    """The coupons that were given for the claim."""
    async with town.db.connection() as conn:
        return [one.amount_minor for one in await coupons_of_claim(conn, "main", claim_no)]


async def test_an_offer_reserves_its_coupon_at_once(town: Town) -> None:
    claim_no = await offered(town)
    assert await funds(town, claim_no) == (PRICE - COUPON, COUPON)
    assert await worth(town, claim_no) == []


async def test_what_the_buyer_takes_is_paid_out_of_what_was_reserved(town: Town) -> None:
    claim_no = await offered(town)
    await take(town, claim_no)
    await town.settle()
    assert await funds(town, claim_no) == (PRICE - COUPON, 0)
    assert await worth(town, claim_no) == [COUPON]


async def test_the_buyer_gets_the_coupon_though_the_rest_of_the_money_has_gone(
    town: Town,
) -> None:
    claim_no = await offered(town)
    async with town.db.transaction() as tx:
        act = town.act("system")
        rest = Money(PRICE - COUPON)
        await settle_order(tx, act, "O-1", "s-1", rest, fee_minor=PRICE - COUPON)
    await take(town, claim_no)
    await town.settle()
    assert await funds(town, claim_no) == (0, 0)
    assert await worth(town, claim_no) == [COUPON]


async def test_an_offer_that_the_money_does_not_cover_is_refused_with_what_is_left(
    town: Town,
) -> None:
    first = await offered(town, 6000)
    other = await waiting_for_seller(town, "O-2")
    async with town.db.transaction() as tx:
        rest = Money(PRICE - 1000)
        await settle_order(tx, town.act("system"), "O-2", "s-1", rest, fee_minor=PRICE - 1000)

    with pytest.raises(Refused) as refused:
        await offer(town, town.seller, other, 1001)

    assert refused.value.code == "offer_not_covered"
    assert refused.value.detail == {"left": "10.00", "currency": "CNY"}
    assert (await town.view(other)).offers == [], "nothing of the offer stays"
    assert await funds(town, first) == (PRICE - 6000, 6000), "the other claim keeps its own"
    await offer(town, town.seller, other, 1000)


async def test_the_same_offer_again_reserves_nothing_more(town: Town) -> None:
    claim_no = await offered(town)
    with pytest.raises(Refused, match="not_your_turn"):
        await offer(town, town.seller, claim_no, COUPON)
    assert await funds(town, claim_no) == (PRICE - COUPON, COUPON)


@pytest.mark.parametrize("end", ["declined", "countered", "withdrawn", "out of time", "asked"])
async def test_an_offer_that_ends_gives_its_money_back_once(town: Town, end: str) -> None:
    claim_no = await offered(town)
    async with town.db.transaction() as tx:
        match end:
            case "declined":
                await actions.decline_offer(tx, town.buyer, town.desk, claim_no, 0)
            case "countered":
                await actions.make_offer(
                    tx,
                    town.buyer,
                    town.desk,
                    claim_no,
                    remedy="price_reduction",
                    amount_minor=3000,
                    text="",
                )
            case "withdrawn":
                await actions.withdraw(tx, town.buyer, town.desk, claim_no)
            case "asked":
                await actions.decide_now(tx, town.buyer, town.desk, claim_no)
            case _:
                town.clock.at += timedelta(days=30)
    await town.settle()
    for _ in range(2):
        async with town.db.transaction() as tx:
            await system_actions.free_offers(tx, town.act("system"), claim_no)
    assert await funds(town, claim_no) == (PRICE, 0)
    assert await worth(town, claim_no) == []
    with pytest.raises(Refused):
        await take(town, claim_no)


async def test_an_offer_is_not_taken_after_its_time_whether_or_not_a_timer_ran(
    town: Town,
) -> None:
    claim_no = await offered(town)
    until = next(d.at for d in (await town.view(claim_no)).deadlines if d.kind == "negotiation")
    town.clock.at = until
    with pytest.raises(Refused, match="negotiation_over"):
        await take(town, claim_no)
    await town.settle()
    assert await funds(town, claim_no) == (PRICE, 0)
    with pytest.raises(Refused, match="claim_not_open"):
        await take(town, claim_no)


async def test_of_taking_and_ending_at_once_exactly_one_happens(town: Town) -> None:
    """The claim's lock puts them in an order; the money is used or given back, never both."""
    claim_no = await offered(town)

    async def end() -> bool:
        async with town.db.transaction() as tx:
            await actions.decide_now(tx, town.buyer, town.desk, claim_no)
        return True

    async def accept() -> bool:
        return (await take(town, claim_no)).decision is not None

    found = await asyncio.gather(end(), accept(), accept(), return_exceptions=True)
    await town.settle()

    assert sum(one is True for one in found) == 1
    assert all(one is True or isinstance(one, Refused) for one in found)
    given = await worth(town, claim_no)
    assert given in ([], [COUPON])
    assert await funds(town, claim_no) == (PRICE - sum(given), 0)


@pytest.mark.parametrize(
    ("finding", "bearer", "account"),
    [
        ("delivered_late", "platform", "compensation_cost"),
        ("delivered_late_supplier", "supplier", "sla_receivable"),
        ("not_as_described", "seller", "escrow"),
    ],
)
async def test_a_coupon_that_is_ruled_is_paid_by_whom_the_ruling_names(
    town: Town, finding: str, bearer: str, account: str
) -> None:
    await town.order("O-1")
    town.supplier.silent = True
    opened = await town.open("SND01", "O-1", description="买的是国服卡，收到的是国际服")
    await town.settle()
    await town.file_all(opened.claim_no)
    kinds = ["compensation_cost", "sla_receivable", "escrow"]
    async with town.db.transaction() as tx:
        before = await totals(tx, "main", kinds)
        ruled = Ruled(
            finding=finding,
            remedy="coupon",
            amount_minor=COUPON,
            shares={bearer: 100},
            reason_text="看过记录",
            reason_for_departure="记录在案",
        )
        await staff_actions.decide_claim(tx, town.agent, town.desk, opened.claim_no, ruled)
    await town.settle()
    async with town.db.connection() as conn:
        after = await totals(conn, "main", kinds)
        [coupon] = await coupons_of_claim(conn, "main", opened.claim_no)
    moved = {kind: after[kind].posted_minor - before[kind].posted_minor for kind in kinds}
    assert {kind: minor for kind, minor in moved.items() if minor} == {
        account: -COUPON if account == "escrow" else COUPON
    }
    assert coupon.borne_by == bearer
    assert (await funds(town, opened.claim_no))[1] == 0


async def test_what_is_reserved_cannot_be_settled_or_paid_out(town: Town) -> None:
    claim_no = await offered(town)
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="insufficient_funds"):
            await settle_order(tx, town.act("system"), "O-1", "s-1", Money(PRICE))
        async with town.db.connection() as conn:
            found = await balances(conn, "main", [seller_balance("s-1")])
    assert found[seller_balance("s-1")].available_minor == 0
    assert await funds(town, claim_no) == (PRICE - COUPON, COUPON)


async def test_a_coupon_that_the_buyer_asks_for_reserves_nothing_until_it_is_taken(
    town: Town,
) -> None:
    claim_no = await offered(town)
    await offer(town, town.buyer, claim_no, 2000)
    await town.settle()
    assert await funds(town, claim_no) == (PRICE, 0)
    async with town.db.transaction() as tx:
        await actions.accept_offer(tx, town.seller, town.desk, claim_no, 1)
    await town.settle()
    assert await funds(town, claim_no) == (PRICE - 2000, 0)
    assert await worth(town, claim_no) == [2000]
