"""A corrected part on the pages: the statement's line, the appeal's card, the seller's funds."""

import re
from datetime import timedelta

import msgspec
from litestar import Litestar

from makegood.people.markets.actions import change_settings
from makegood.people.markets.store import load_market
from tests.claims.test_corrections import overturn, ruled
from tests.claims.test_statements import PRICE, SUPPLIER, dead_key, settle
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in
from tests.web.test_money_pages import table
from tests.web.test_seller import shopkeeper


async def test_a_statement_shows_what_a_line_corrects_and_why_on_every_form(
    street: Town, app: Litestar
) -> None:
    claim_no = await dead_key(street, "O-9")
    await overturn(street, claim_no, "seller", ruled(platform=100))
    operator = await signed_in(street, app, "op")
    english = await signed_in(street, app, "op", "en")
    base = f"/ops/suppliers/{SUPPLIER}"

    page = (await operator.open(base)).text
    rows = table((await operator.open(f"{base}/statement.csv")).text)
    pdf = await operator.open(f"{base}/statement.pdf")

    assert "每一行都与账本一致" in page
    assert re.search(r"更正 MG\w{26}：申诉 1 之后的第 2 次裁定", page)
    assert f"已由 {claim_no}-K1 更正" in page
    assert [row[8] for row in rows[1:]] == ["0.00", "98.00", "-98.00", "0.00"]
    assert rows[3][13] == rows[2][10], "the line that is corrected, by its number"
    assert "申诉 1 之后的第 2 次裁定" in rows[3][14]
    assert pdf.content.startswith(b"%PDF-")
    assert "decision 2, after appeal 1" in (await english.open(base)).text


async def test_the_appeal_says_what_moved_to_those_whom_it_concerns(
    street: Town, app: Litestar, buyer: Browser
) -> None:
    claim_no = await dead_key(street, "O-9")
    await overturn(street, claim_no, "seller", ruled(platform=40, seller=60))
    seller, agent = await shopkeeper(street, app), await signed_in(street, app, "xu")
    await buyer.prove("O-9")

    own = (await seller.open(f"/seller/c/{claim_no}")).text
    ours = (await agent.open(f"/desk/c/{claim_no}")).text
    theirs = (await buyer.open(f"/c/{claim_no}")).text

    assert "供货商的部分改由卖家承担" in own
    assert "¥58.80" in own
    assert "供货商的部分改由平台承担" not in own
    assert "供货商的部分改由卖家承担" in ours
    assert "供货商的部分改由平台承担" in ours
    assert "改由" not in theirs

    await overturn(street, claim_no, "buyer", ruled(platform=100))
    funds = table((await seller.open("/seller/funds.csv")).text)
    assert [row[5] for row in funds[1:] if row[1] == "改判更正"] == ["58.80"]


async def test_a_suppliers_credit_is_paid_out_by_two_persons_above_the_limit(
    street: Town, app: Litestar
) -> None:
    claim_no = await dead_key(street, "O-9")
    await settle(street, PRICE)
    await overturn(street, claim_no, "seller", ruled(platform=100))
    await limit_payouts(street, {"operator": 50_00})
    await add_person(street, "op2", "operator")
    operator = await signed_in(street, app, "op")
    base = f"/ops/suppliers/{SUPPLIER}"
    page = await operator.open(base)
    assert "供应商余额" in page.text
    assert "平台应退还" in page.text

    assert (await operator.send(base, do="pay_out", amount="98.01")).status_code == 409
    asked = await operator.send(base, do="pay_out", amount="98")
    assert "已提交复核" in asked.text
    number = re.findall(r"PO[\w-]+", (await operator.open("/ops/payouts")).text)[0]
    early = await operator.send(base, do="pay", payout=number, reference="B-9")
    assert early.status_code == 409

    second = await signed_in(street, app, "op2")
    waiting = (await second.open("/ops/approvals")).text
    assert f'href="{base}"' in waiting
    proposal = waiting.split('action="/ops/approvals/')[1].split('"')[0]
    await second.send(f"/ops/approvals/{proposal}", do="approved")
    street.clock.at += timedelta(minutes=1)
    await operator.open(base)
    done = await operator.send(base, do="pay", payout=number, reference="B-9")

    assert "已登记打款" in done.text
    rows = table((await operator.open(f"{base}/statement.csv")).text)
    assert [row[8] for row in rows[1:]] == ["0.00", "98.00", "-98.00", "-98.00", "98.00", "0.00"]
    assert rows[5][1] == "余额退还"
    assert rows[5][10] == "B-9"
    assert (await operator.open(f"{base}/statement.pdf")).content.startswith(b"%PDF-")
    await add_person(street, "bei", "supplier", supplier_id=SUPPLIER, name="北辰")
    own = (await (await signed_in(street, app, "bei")).open("/supplier/statement")).text
    assert "余额退还" in own
    assert "B-9" in own


async def test_a_sellers_page_knows_no_suppliers_payout(street: Town, app: Litestar) -> None:
    claim_no = await dead_key(street, "O-9")
    await settle(street, PRICE)
    await overturn(street, claim_no, "seller", ruled(platform=100))
    operator = await signed_in(street, app, "op")
    await operator.open(f"/ops/suppliers/{SUPPLIER}")
    await operator.send(f"/ops/suppliers/{SUPPLIER}", do="pay_out", amount="98")
    number = re.findall(r"PO[\w-]+", (await operator.open("/ops/payouts")).text)[0]

    refused = await operator.send("/ops/sellers/s-1", do="pay", payout=number, reference="B-9")

    assert refused.status_code == 404


async def limit_payouts(town: Town, by_role: dict[str, int]) -> None:
    """What one person may release alone, by role."""
    async with town.db.transaction() as tx:
        market = await load_market(tx, "main")
        assert market is not None
        money = market.settings.money
        limits = {**money.limits, "payout": by_role}
        changed = msgspec.structs.replace(
            market.settings, money=msgspec.structs.replace(money, limits=limits)
        )
        await change_settings(tx, town.act("operator", "op"), changed, market.version)
    town.desk.markets.forget("main")


async def test_what_a_channel_bears_is_a_page_and_a_table_under_its_own_name(
    street: Town, app: Litestar
) -> None:
    claim_no = await dead_key(street, "O-9")
    await overturn(street, claim_no, "seller", ruled(channel=100))
    operator = await signed_in(street, app, "op")
    owing = (await operator.open("/ops/advances?party=channel")).text
    link = re.findall(r'href="(/ops/channels\?channel=[^"]+)"', owing)[0]
    channel = link.partition("=")[2]
    page = await operator.open(link)
    assert claim_no in page.text
    assert "¥98.00" in plain(page.text)

    street.clock.at += timedelta(minutes=1)
    form = {"do": "recover", "claim": claim_no, "party": "channel", "reference": "B-8"}
    await operator.open("/ops/advances")
    await operator.send("/ops/advances", **form, amount="98")

    rows = table((await operator.open(f"/ops/channels.csv?channel={channel}")).text)
    assert [(row[1], row[2], row[3], row[5]) for row in rows[1:]] == [
        ("更正", channel, claim_no, "98.00"),
        ("已付款", channel, claim_no, "-98.00"),
    ]
    assert len(table((await operator.open("/ops/channels.csv?channel=other")).text)) == 1
    seller = await shopkeeper(street, app)
    assert (await seller.open("/ops/channels")).status_code == 404
    assert (await seller.open("/ops/channels.csv")).status_code == 404


def plain(text: str) -> str:
    """A page without its marks, so that an amount is one word."""
    return re.sub(r"<[^>]+>", "", text)
