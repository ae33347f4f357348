"""An appeal on both sides' pages: who answers until when, then the answer point by point."""

import msgspec
from litestar import Litestar

from makegood.claims import actions, staff_actions
from tests.claims.test_promises import waiting_for_seller
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import signed_in
from tests.web.test_seller import shopkeeper

RULED = staff_actions.Ruled(
    finding="not_as_described",
    remedy="refund_full",
    shares={"seller": 100},
    reason_text="对照下单时的页面，实际收到的是教育版",
    reason_for_departure="卖家没有给出来源",
)


async def decided(street: Town) -> str:
    """A claim that a person decided against the seller, who had contested it."""
    claim_no = await waiting_for_seller(street, "O-9")
    async with street.db.transaction() as tx:
        await actions.answer_as_seller(
            tx, street.seller, street.desk, claim_no, "contest", "页面没有写专业版"
        )
        await staff_actions.state_fact(
            tx, street.agent, street.desk, claim_no, "goods.matches_listing", False
        )
        decided = await staff_actions.decide_claim(tx, street.agent, street.desk, claim_no, RULED)
    if decided.proposed is not None:
        async with street.db.transaction() as tx:
            lead = street.act("lead", "qi")
            await staff_actions.approve_decision(tx, lead, street.desk, claim_no)
    await street.settle()
    return claim_no


async def appealed(street: Town, claim_no: str, label: str) -> None:
    async with street.db.transaction() as tx:
        await actions.appeal(
            tx, street.seller, street.desk, claim_no, disputed=[label], text="请看页面快照"
        )


async def first_point(street: Town, claim_no: str) -> tuple[str, str]:
    """The first condition of the decision, in both languages."""
    decision = (await street.view(claim_no)).decision
    assert decision is not None
    assert decision.conditions, "a person's ruling keeps the conditions of the proposal"
    return decision.conditions[0].label_zh, decision.conditions[0].label_en


async def test_both_sides_read_who_reviews_an_appeal_until_when(
    street: Town, app: Litestar, buyer: Browser
) -> None:
    claim_no = await decided(street)
    label, _ = await first_point(street, claim_no)
    await appealed(street, claim_no, label)
    seller = await shopkeeper(street, app)
    await buyer.prove("O-9")

    for page in (await buyer.open(f"/c/{claim_no}"), await seller.open(f"/seller/c/{claim_no}")):
        assert "卖家的申诉" in page.text
        assert "最晚答复" in page.text
        assert "复核人" in page.text
        assert "还没有答复" in page.text


async def test_the_answer_is_told_point_by_point_to_both_sides_in_both_languages(
    street: Town, app: Litestar, buyer: Browser
) -> None:
    claim_no = await decided(street)
    label, english = await first_point(street, claim_no)
    await appealed(street, claim_no, label)
    async with street.db.transaction() as tx:
        await staff_actions.decide_appeal(
            tx,
            street.act("agent", "chen"),
            street.desk,
            claim_no,
            text="快照与实物不符，原裁定没有错",
            views={english: "keep"},
            ruled=None,
        )
    seller, reader = await shopkeeper(street, app), Browser(app, "en")
    await buyer.prove("O-9")
    await reader.prove("O-9")

    for page in (await buyer.open(f"/c/{claim_no}"), await seller.open(f"/seller/c/{claim_no}")):
        assert "原裁定不变。理由" in page.text
        assert "快照与实物不符" in page.text
        assert "陈默" in page.text
    english_page = (await reader.open(f"/c/{claim_no}")).text
    assert "The seller’s appeal" in english_page
    assert "stands" in english_page


async def test_a_reviewer_who_reads_another_language_sees_the_points_that_were_named(
    street: Town, app: Litestar
) -> None:
    claim_no = await decided(street)
    label, english = await first_point(street, claim_no)
    await appealed(street, claim_no, label)

    page = await (await signed_in(street, app, "qi", "en")).open(f"/desk/appeals/{claim_no}")

    decision = (await street.view(claim_no)).decision
    assert decision is not None
    assert page.text.count('name="view_p') == 3, "three views of the one point that was named"
    assert english in page.text


async def test_a_seller_reads_the_decision_letter_once_there_is_a_decision(
    street: Town, app: Litestar, buyer: Browser
) -> None:
    claim_no = await waiting_for_seller(street, "O-8")
    seller = await shopkeeper(street, app)
    assert (await seller.open(f"/seller/c/{claim_no}/letter")).status_code == 404
    claim_no = await decided(street)

    page = await seller.open(f"/seller/c/{claim_no}/letter")

    assert "裁定书" in page.text
    assert "卖家提出过异议" in page.text
    assert (await buyer.open(f"/seller/c/{claim_no}/letter")).status_code == 404
    agent = await signed_in(street, app, "xu")
    assert f"/desk/c/{claim_no}/letter" in (await agent.open(f"/desk/c/{claim_no}")).text
    assert "裁定书" in (await agent.open(f"/desk/c/{claim_no}/letter")).text
    assert (await seller.open(f"/desk/c/{claim_no}/letter")).status_code == 404


async def test_a_changed_decision_says_whose_appeal_it_answers(street: Town, app: Litestar) -> None:
    claim_no = await decided(street)
    label, _ = await first_point(street, claim_no)
    seller = await shopkeeper(street, app)
    assert "取代第 1 次裁定" not in (await seller.open(f"/seller/c/{claim_no}/letter")).text
    await appealed(street, claim_no, label)
    async with street.db.transaction() as tx:
        await staff_actions.decide_appeal(
            tx,
            street.act("agent", "chen"),
            street.desk,
            claim_no,
            text="商品页由平台改错",
            views={label: "change"},
            ruled=msgspec.structs.replace(RULED, shares={"platform": 100}),
        )
    await street.settle()

    page = await seller.open(f"/seller/c/{claim_no}/letter")

    assert "因卖家在" in page.text
    assert "取代第 1 次裁定" in page.text
