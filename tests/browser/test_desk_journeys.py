"""Whole journeys in a browser: an agent rules, a seller answers, a supplier replies, no script."""

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.browser.desk_scenes import furnish
from tests.browser.looking import LOOKS, tab_of
from tests.claims.town import Town
from tests.web.staff_kit import session_of

WIDE, PHONE = LOOKS[2], LOOKS[0]
REASON = "商品页标题写专业版，收到的是教育版，快照和激活截图都能对上。"


async def test_an_agent_states_a_fact_and_rules(
    street: Town, address: str, chromium: Chromium
) -> None:
    scene = await furnish(street)
    async with tab_of(chromium, address, WIDE, await session_of(street, "xu")) as (tab, said):
        await tab.goto(f"{address}/desk/c/{scene.to_decide}")
        await tab.get_by_text("更多操作").click()
        await tab.get_by_role("link", name="认定事实").click()
        await tab.locator("#fact").select_option(value="goods.matches_listing=False")
        await tab.get_by_role("button", name="记下").click()
        await expect(tab.get_by_text("事实已记下")).to_be_visible()
        await tab.goto(f"{address}/desk/c/{scene.to_decide}/depart")
        await tab.locator("#finding").select_option(index=1)
        await tab.locator("#amount").fill("150.00")
        await tab.locator("#share-seller").fill("60")
        await tab.locator("#share-platform").fill("40")
        await expect(tab.locator("[data-total]")).to_have_text("100%")
        for box in await tab.locator("[name=differs]").all():
            await box.check()
        await tab.locator("#why").fill(REASON)
        await tab.locator("#why").press("Control+Enter")
        await tab.wait_for_url(f"**/desk/c/{scene.to_decide}?done=*")
    assert said == []
    claim = await street.view(scene.to_decide)
    assert claim.decision is not None or claim.state == "decided"


async def test_a_seller_sees_the_cost_and_contests_on_a_phone(
    street: Town, address: str, chromium: Chromium
) -> None:
    scene = await furnish(street)
    async with tab_of(chromium, address, PHONE, await session_of(street, "seller")) as (tab, said):
        await tab.goto(f"{address}/seller")
        await tab.get_by_role("link", name="申辩").click()
        await expect(tab.get_by_text("先选一种回应")).to_be_visible()
        await tab.locator("[value=contest]").check()
        await expect(tab.get_by_text("提交后由平台裁定")).to_be_visible()
        await tab.locator("#text").fill("标题写的就是教育版，买家下单时确认过")
        await tab.get_by_role("button", name="下一步").click()
        await expect(tab.get_by_text("申辩已提交，等平台裁定")).to_be_visible()
    assert said == []
    assert (await street.view(scene.to_answer)).state == "in_review"


async def test_a_supplier_answers_on_the_page(
    street: Town, address: str, chromium: Chromium
) -> None:
    await furnish(street)
    async with tab_of(chromium, address, PHONE, await session_of(street, "supplier")) as (
        tab,
        said,
    ):
        await tab.goto(f"{address}/supplier")
        await tab.locator("select[name=status]").select_option(value="redeemed")
        await tab.get_by_role("button", name="提交答复").click()
        await expect(tab.get_by_text("答复已提交")).to_be_visible()
        await expect(tab.get_by_text("没有要答复的问题")).to_be_visible()
    assert said == []


async def test_the_desk_works_without_script(
    street: Town, address: str, chromium: Chromium
) -> None:
    scene = await furnish(street)
    context = await chromium.new_context(java_script_enabled=False, locale="zh-CN")
    token = await session_of(street, "xu")
    await context.add_cookies([{"name": "mg_staff", "value": token, "url": address}])
    tab = await context.new_page()
    await tab.goto(f"{address}/desk/q/all?q=教育版")
    await tab.locator(".ttl a").first.click()
    await tab.locator("#reply").fill("正在核对")
    await tab.get_by_role("button", name="发送").click()
    await expect(tab.get_by_text("已发出")).to_be_visible()
    await tab.goto(f"{address}/desk/c/{scene.to_decide}/escalate")
    await tab.locator("#text").fill("金额和说法对不上，请组长看")
    await tab.locator("form.act-form button").click()
    await expect(tab.locator(".flash strong")).to_have_text("已升级")
    await context.close()
