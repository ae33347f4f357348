"""A repair at a price: paid in the shop, asked back from the gateway, nothing else believed."""

from litestar import Litestar

from makegood.claims import actions, staff_actions
from makegood.claims.staff_actions import Ruled
from makegood.claims.system_actions import finish_repair
from makegood.ledger.refund.gateway import Capture
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import signed_in

STORY = "账号登录后提示封号，买来之后自己和朋友一起用过两天，想知道能不能修复"


async def priced(street: Town) -> str:
    """A claim whose cause was the buyer's, with a repair at 19.60 offered."""
    opened = await street.open("SND01", description=STORY)
    await street.file_all(opened.claim_no)
    async with street.db.transaction() as tx:
        await actions.decide_now(tx, street.buyer, street.desk, opened.claim_no)
    ruled = Ruled(
        finding="as_described", remedy="paid_repair", amount_minor=1960, shares={"buyer": 100}
    )
    async with street.db.transaction() as tx:
        await staff_actions.decide_claim(tx, street.agent, street.desk, opened.claim_no, ruled)
    return opened.claim_no


async def test_m96_a_buyer_pays_for_a_repair_that_the_gateway_confirms(
    street: Town, buyer: Browser
) -> None:
    claim_no = await priced(street)
    await buyer.prove()
    page = await buyer.open(f"/c/{claim_no}/repair")
    assert "19<s>.60</s>" in page.text
    assert claim_no in page.text

    early = await buyer.send(f"/c/{claim_no}/repair")
    assert early.status_code == 409
    street.gateway.captures = [
        Capture(trade_no="T-9", order_no=claim_no, amount_minor=1960, state="paid")
    ]
    done = await buyer.send(f"/c/{claim_no}/repair")

    assert "已付费，等待修复" in done.text
    async with street.db.transaction() as tx:
        await finish_repair(tx, street.agent, street.desk, claim_no)
    view = await street.view(claim_no)
    assert [(m.kind, m.state, m.amount_minor) for m in view.money] == [("repair", "arrived", 1960)]


async def test_a_payment_under_another_number_or_too_small_is_none(
    street: Town, buyer: Browser
) -> None:
    claim_no = await priced(street)
    await buyer.prove()
    await buyer.open(f"/c/{claim_no}/repair")
    street.gateway.captures = [
        Capture(trade_no="T-9", order_no="O-1", amount_minor=1960, state="paid"),
        Capture(trade_no="T-8", order_no=claim_no, amount_minor=100, state="paid"),
    ]

    answers = [await buyer.send(f"/c/{claim_no}/repair", trade_no=no) for no in ("T-9", "T-8")]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert (await street.view(claim_no)).money == []


async def test_only_the_buyer_finds_the_page(street: Town, app: Litestar) -> None:
    claim_no = await priced(street)
    agent = await signed_in(street, app, "xu")

    assert (await Browser(app).open(f"/c/{claim_no}/repair")).status_code == 404
    assert (await agent.open(f"/c/{claim_no}/repair")).status_code == 404
