"""The handbook, precedents at the desk, a draft's backtest, and the decision letter, over HTTP."""

import re

from litestar import Litestar

from makegood.claims.precedents.actions import compute_night
from tests.claims.precedent_kit import draft_that_blames_the_seller, ended, opened
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import signed_in


async def looked_back(street: Town, count: int = 5) -> list[str]:
    """Ended claims, and what a night computes of them."""
    numbers = await ended(street, count, first=30)
    await compute_night(street.db, "main", street.clock.now())
    return numbers


async def test_every_rule_has_a_picture_a_sentence_and_who_bears_it(
    street: Town, buyer: Browser
) -> None:
    rules = [
        row.id
        for reason in street.desk.pack.reasons.values()
        for row in street.desk.pack.tables[reason.table].rows
    ]
    groups = re.findall(r'href="/library\?g=([A-Z]+)"', (await buyer.open("/library")).text)
    pages = [(await buyer.open(f"/library?g={group}")).text for group in groups]
    shown = {rule for page in pages for rule in re.findall(r'<article id="(R-[\d.]+)"', page)}
    assert set(rules) <= shown
    for page in pages:
        assert page.count("<article id=") == page.count('<svg class="pic"')


async def test_an_example_is_anonymous_and_needs_five_claims(street: Town, buyer: Browser) -> None:
    numbers = await looked_back(street, 4)
    few = (await buyer.open("/library/R-07.3")).text
    assert "真实案件" not in few
    assert "整批卡无效" in few, "the pack's written example stands in"

    numbers += await ended(street, 1, first=60)
    await compute_night(street.db, "main", street.clock.now())
    page = (await buyer.open("/library/R-07.3")).text

    assert "真实案件，从 5 件里按散列抽取" in page
    assert "付款" in page
    for secret in (*numbers, "小满会员店", "O-30", "b-30", "98.00", "2026-11-2"):
        assert secret not in page.replace('data-now="2026-11-2', "")


async def test_an_unknown_rule_is_not_found(buyer: Browser) -> None:
    assert (await buyer.open("/library/R-99.1")).status_code == 404
    assert (await buyer.open("/library/nothing")).status_code == 404


async def test_the_desk_sees_precedents_and_figures_and_strangers_do_not(
    street: Town, app: Litestar, buyer: Browser
) -> None:
    numbers = await looked_back(street)
    agent = await signed_in(street, app, "xu")

    page = (await agent.open(f"/desk/library?r=R-07&p={numbers[0]}")).text

    assert numbers[0] in page
    assert "100.0%" in page
    assert "5 件，10 对" in page
    assert "由机器裁定或给出建议" in page
    assert "R-07.1" in (await agent.open("/desk/library?view=gaps")).text
    assert (await buyer.open("/desk/library")).status_code == 404


async def test_a_claim_shows_its_like_claims_with_what_differs(street: Town, app: Litestar) -> None:
    numbers = await looked_back(street)
    claim_no = await opened(street, 70, "unknown")
    agent = await signed_in(street, app, "xu")

    page = (await agent.open(f"/desk/c/{claim_no}")).text

    assert any(number in page for number in numbers)
    assert "不同：</span>卡源答复 无效" in page.replace("\n", "")


async def test_an_operator_starts_a_backtest_and_an_agent_may_only_read_it(
    street: Town, app: Litestar
) -> None:
    draft = await draft_that_blames_the_seller(street)
    address = f"/ops/rules/drafts/{draft.draft_id}/backtest"
    operator, agent = await signed_in(street, app, "op"), await signed_in(street, app, "xu")

    assert "还没有跑过回测" in (await operator.open(address)).text
    await operator.send(address)
    assert "已跑 0 / 0" in (await operator.open(address)).text
    assert (await agent.open(address)).status_code == 200
    assert (await agent.send(f"{address}/cancel")).status_code == 404
    await operator.send(f"{address}/cancel")
    assert "回测已停止" in (await operator.open(address)).text


async def test_a_letter_is_the_same_for_ever_and_names_law_rule_and_way_of_appeal(
    street: Town, buyer: Browser
) -> None:
    [claim_no] = await ended(street, 1, first=80)
    await buyer.prove("O-80", "x")

    first = sheet((await buyer.open(f"/c/{claim_no}/letter")).text)
    await street.file(claim_no, "other")
    await street.later(hours=50)
    await buyer.prove("O-80", "x")
    later = sheet((await buyer.open(f"/c/{claim_no}/letter")).text)

    assert first == later
    for wanted in ("《民法典》", "R-07.3", "/library/R-07.3", "/rules/default@1#R-07.3", "申诉"):
        assert wanted in first


def sheet(page: str) -> str:
    """The letter within its page."""
    found = re.search(r'<article class="sheet".*?</article>', page, re.DOTALL)
    assert found is not None
    return found[0]
