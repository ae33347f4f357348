"""Amounts that cannot be meant: refused on every form with the reason, kept, and nothing moves."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from litestar import Litestar
from msgspec.structs import replace

from makegood.ledger.refund.actions import note_notice
from makegood.ledger.refusals import note_refusal
from makegood.web.operator.money.refusals import ROWS
from tests.claims.test_statements import SUPPLIER, dead_key
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import signed_in
from tests.web.test_seller import shopkeeper, waiting

FORMS = {
    "/ops/ledger/fund": {"what": "fund", "reference": "B-1"},
    "/ops/sellers/s-1": {"do": "deposit", "reference": "B-2"},
    f"/ops/suppliers/{SUPPLIER}": {"do": "settle", "reference": "B-3"},
    "/seller/funds": {"do": "payout"},
}
WRONG = {
    "-5": "金额必须大于零",
    "0": "金额必须大于零",
    "9" * 25: "金额超出上限",
    "1.005": "小数位过多",
    "$5": "币种不符",
    "5 元": "看不懂这个金额",
}


async def moved(street: Town) -> int:
    async with street.db.connection() as conn:
        count: int = await conn.fetchval("SELECT count(*) FROM transfer")
        return count


@pytest.mark.parametrize("path", FORMS)
async def test_every_form_refuses_what_cannot_be_meant_and_a_page_keeps_it(
    street: Town, app: Litestar, path: str
) -> None:
    await dead_key(street, "O-9")
    operator = await signed_in(street, app, "op")
    person = operator if path.startswith("/ops") else await shopkeeper(street, app)
    await person.open(path.removesuffix("/fund"))
    before = await moved(street)

    for typed, reason in WRONG.items():
        refused = await person.send(path, **FORMS[path], amount=typed)
        assert refused.status_code == 409, typed
        assert reason in refused.text, typed

    assert await moved(street) == before
    kept = (await operator.open("/ops/refusals")).text
    assert [kept.count(reason) for reason in dict.fromkeys(WRONG.values())] == [2, 1, 1, 1, 1]


async def test_a_refusal_says_how_much_there_is_and_the_page_keeps_it_in_words(
    street: Town, app: Litestar
) -> None:
    await dead_key(street, "O-9")
    operator, seller = await signed_in(street, app, "op"), await shopkeeper(street, app)
    base = f"/ops/suppliers/{SUPPLIER}"
    await operator.open(base)
    await seller.open("/seller/funds")

    above = await operator.send(base, do="settle", amount="98.01", reference="B-1")
    unnamed = await operator.send(base, do="settle", amount="5", reference=" ")
    other = await operator.send(base, do="settle", amount="$5", reference="B-1")
    much = await seller.send("/seller/funds", do="payout", amount="5")

    assert "对方只欠 ¥98.00" in above.text
    assert "请填写这笔钱的银行流水号" in unnamed.text
    assert "这里要填 CNY 的金额" in other.text
    assert "现在最多能付出 ¥0.00" in much.text
    kept = (await operator.open("/ops/refusals")).text
    assert all(words in kept for words in ("还欠：¥98.00", "应为：CNY", "可付：¥0.00"))
    assert "_minor" not in kept


async def test_an_offer_and_a_ruling_are_kept_too(street: Town, app: Litestar) -> None:
    claim_no = await waiting(street)
    seller = await shopkeeper(street, app)
    await seller.open(f"/seller/c/{claim_no}")

    offered = await seller.send(
        f"/seller/c/{claim_no}/answer", kind="offer", remedy="price_reduction", amount="9.999"
    )
    agent = await signed_in(street, app, "xu")
    await agent.open(f"/desk/c/{claim_no}")
    ruled = await agent.send(f"/desk/c/{claim_no}/depart", finding="x", amount="9999999")

    assert "小数位过多" in offered.text
    assert ruled.status_code != 303
    operator = await signed_in(street, app, "op")
    kept = (await operator.open("/ops/refusals")).text
    assert "卖家处理售后" in kept
    assert "裁定金额" in kept


async def test_a_notification_that_is_not_believed_is_on_the_page(
    street: Town, app: Litestar
) -> None:
    async with street.db.transaction() as tx:
        act = street.act("system", "system")
        await note_notice(tx, act, "epay", b"1" * 32, "wrong signature")
        await note_notice(tx, act, "epay", b"1" * 32, "wrong signature")
        await note_notice(tx, act, "epay", b"2" * 32, "confirmed")
        await note_notice(tx, act, "epay", b"3" * 32, "no matter: unpaid")
    operator = await signed_in(street, app, "op")

    shown = (await operator.open("/ops/refusals?show=notices")).text

    assert "wrong signature" in shown
    assert '<td class="num">2</td>' in shown
    assert "confirmed" not in shown
    assert "no matter" not in shown


async def test_nobody_else_finds_the_page_and_an_empty_one_says_so(
    street: Town, app: Litestar
) -> None:
    seller, agent = await shopkeeper(street, app), await signed_in(street, app, "xu")
    assert [(await one.open("/ops/refusals")).status_code for one in (seller, agent)] == [404, 404]

    operator = await signed_in(street, app, "op")
    assert "没有被拒的记录" in (await operator.open("/ops/refusals")).text


async def test_a_buyer_answers_an_offer_with_another_amount(street: Town, app: Litestar) -> None:
    claim_no = await waiting(street)
    seller = await shopkeeper(street, app)
    await seller.open(f"/seller/c/{claim_no}")
    await seller.send(
        f"/seller/c/{claim_no}/answer", kind="offer", remedy="price_reduction", amount="20"
    )
    buyer = await street_buyer(app)

    await buyer.send(f"/c/{claim_no}/offers", amount="60.5", text="至少退六成")

    page = await seller.open(f"/seller/c/{claim_no}")
    assert "60<s>.50</s>" in page.text


async def street_buyer(app: Litestar) -> Browser:
    buyer = Browser(app)
    await buyer.prove("O-9")
    return buyer


async def test_refusals_of_one_moment_are_all_shown_where_a_page_ends(
    street: Town, app: Litestar
) -> None:
    late, early = street.act("market", "m"), street.act("market", "m")
    early = replace(early, now=late.now - timedelta(minutes=1))
    for number in range(ROWS + 3):
        await note_refusal(street.db, late, f"one-{number}.", "amount_not_positive", {})
    await note_refusal(street.db, early, "earlier.", "amount_not_positive", {})
    operator = await signed_in(street, app, "op")

    first = (await operator.open("/ops/refusals")).text
    older = await operator.open(f"/ops/refusals?before={quote(late.now.isoformat())}")

    assert all(f"one-{number}." in first for number in range(ROWS + 3))
    assert f"before={quote(late.now.isoformat())}" in first
    assert "one-" not in older.text
    assert "earlier." in older.text
