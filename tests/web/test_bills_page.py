"""Handing in a bill, its result, its differences as links and CSV; chargebacks on their page."""

import msgspec
from litestar import Litestar

from makegood.ledger.refund.account_store import put_account
from tests.api.kit import Line, key_of
from tests.claims.town import Town
from tests.ledger.bills.papers import Move, plain
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in


async def with_channel(street: Town) -> None:
    async with street.db.transaction() as tx:
        config = {"kind": "manual", "channel": "epay", "currency": "CNY"}
        act = street.act("operator", "op")
        await put_account(tx, act, street.vault, "epay", "manual", msgspec.json.encode(config))


async def hand_in(operator: Browser, content: bytes, day: str = "2026-11-20") -> str:
    """Hand a file in and answer the page that follows."""
    await operator.open("/ops/bills")
    page = await operator.client.post(
        f"/ops/bills?_token={operator.token}",
        data={"channel": "epay", "form": "plain", "day": day},
        files={"file": ("bill.csv", content, "text/csv")},
    )
    assert page.url.path.startswith("/ops/bills/"), page.text[:4000]
    return page.text


async def test_a_bill_is_compared_and_its_differences_are_tasks(
    street: Town, app: Litestar
) -> None:
    await with_channel(street)
    operator = await signed_in(street, app, "op")
    shown = await hand_in(operator, plain([Move(trade_no="T-O-1"), Move(trade_no="T-X")]))
    assert "1 处不一致" in shown
    listed = (await operator.open("/ops/bills?what=missing_here")).text
    assert "T-X" in listed
    assert "T-X" not in (await operator.open("/ops/bills?what=missing_there")).text
    exported = (await operator.open("/ops/bills.csv")).text
    assert "epay,2026-11-20,收款,T-X,O-1,账本里没有,98.00,,CNY" in exported
    await operator.open("/ops/bills")
    page = await operator.send(
        "/ops/bills/differences", channel="epay", kind="payment", number="T-X", text="别的店"
    )
    assert "两边一致" in page.text
    assert "别的店" in (await operator.open("/ops/bills?show=closed")).text


async def test_a_refused_bill_says_where_and_the_same_bill_again_is_known(
    street: Town, app: Litestar
) -> None:
    await with_channel(street)
    operator = await signed_in(street, app, "op")
    wrong = await hand_in(
        operator, "时间,类型,系统订单号,金额\n2026-11-20,支付,T-1,abc".encode("gbk")
    )
    assert "第 2 行“amount”的“abc”不是正确的金额" in wrong
    assert "原文件已留底" in wrong
    good = plain([Move(trade_no="T-O-1")])
    assert "两边完全一致" in await hand_in(operator, good)
    assert "以前交过" in await hand_in(operator, good)


async def test_an_auditor_reads_and_an_agent_finds_no_such_page(
    street: Town, app: Litestar
) -> None:
    await add_person(street, "audit-9", "auditor")
    await add_person(street, "agent-9", "agent")
    auditor, agent = [await signed_in(street, app, one) for one in ("audit-9", "agent-9")]
    page = await auditor.open("/ops/bills")
    assert page.status_code == 200
    assert "交一份账单" not in page.text
    assert (await agent.open("/ops/bills")).status_code == 404


async def test_a_dispute_is_entered_answered_and_ended_on_its_page(
    street: Town, app: Litestar
) -> None:
    operator = await signed_in(street, app, "op")
    await operator.open("/ops/disputes")
    entered = {"channel": "epay", "ref": "dp_1", "number": "T-O-1", "amount": "98.00"}
    page = await operator.send("/ops/disputes", due="2026-11-30", reason="fraudulent", **entered)
    assert page.status_code == 200, page.text[-2000:]
    assert "待我方答复" in page.text
    assert "dp_1" in page.text
    page = await operator.send("/ops/disputes", do="answered", channel="epay", ref="dp_1")
    assert "渠道审理中" in page.text
    await operator.send("/ops/disputes", do="lost", channel="epay", ref="dp_1")
    assert "dp_1" in (await operator.open("/ops/disputes?show=lost")).text


async def test_a_dispute_above_the_payment_is_refused_in_words(street: Town, app: Litestar) -> None:
    operator = await signed_in(street, app, "op")
    await operator.open("/ops/disputes")
    page = await operator.send(
        "/ops/disputes", channel="epay", ref="dp_1", number="T-O-1", amount="98.01"
    )
    assert page.status_code == 409
    assert "金额超过了实付" in page.text


async def test_the_shop_tells_a_chargeback_by_api(street: Town, app: Litestar) -> None:
    line = Line(app, await key_of(street, "market"))
    body = {
        "channel": "epay",
        "dispute_ref": "dp_7",
        "order_no": "O-1",
        "amount": {"amount_minor": 9800, "currency": "CNY"},
    }
    first = await line.post("/chargebacks", body)
    assert first.status_code == 200, first.text
    again = await line.post("/chargebacks", body)
    assert again.json() == first.json()
    assert first.json()["claim_no"]
    too_much = body | {"dispute_ref": "dp_8", "amount": {"amount_minor": 9801, "currency": "CNY"}}
    assert (await line.post("/chargebacks", too_much)).status_code == 409
