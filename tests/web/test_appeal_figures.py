"""The page of appeals: counts, no rate for a few, hidden from agents."""

from litestar import Litestar

from tests.claims.test_appeals import MARKET_BEARS, appeal, refunded, reviewed
from tests.claims.town import Town
from tests.web.staff_kit import signed_in


async def test_the_page_counts_changed_decisions_and_gives_no_rate_for_a_few(
    street: Town, app: Litestar
) -> None:
    claim_no = await refunded(street, "O-9")
    await appeal(street, claim_no)
    await reviewed(street, claim_no, MARKET_BEARS)
    operator = await signed_in(street, app, "op")
    page = await operator.open("/ops/appeals")
    assert page.status_code == 200
    assert claim_no in page.text
    assert "不足 30 件" in page.text


async def test_without_appeals_the_page_says_so(street: Town, app: Litestar) -> None:
    operator = await signed_in(street, app, "op")
    assert "没有结案的申诉" in (await operator.open("/ops/appeals?days=30")).text


async def test_agents_do_not_find_it(street: Town, app: Litestar) -> None:
    agent = await signed_in(street, app, "xu")
    assert (await agent.open("/ops/appeals")).status_code == 404
