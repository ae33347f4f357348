"""A corrected part on the pages: the statement's line, the appeal's card, the seller's funds."""

import re

from litestar import Litestar

from tests.claims.test_corrections import overturn, ruled
from tests.claims.test_statements import SUPPLIER, dead_key
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import signed_in
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
