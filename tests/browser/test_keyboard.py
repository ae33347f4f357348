"""The desk by keyboard: moving, picking, opening, single keys off, live arrivals behind a pill."""

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.browser.desk_scenes import furnish
from tests.browser.looking import LOOKS, tab_of
from tests.claims.town import Town
from tests.web.staff_kit import session_of

WIDE = LOOKS[2]


async def test_keys_move_pick_and_open(street: Town, address: str, chromium: Chromium) -> None:
    await furnish(street)
    async with tab_of(chromium, address, WIDE, await session_of(street, "xu")) as (tab, _):
        await tab.goto(f"{address}/desk/q/all")
        await tab.keyboard.press("j")
        second = tab.locator("[data-row]").nth(1)
        await expect(second).to_have_attribute("data-at", "")
        await tab.keyboard.press("x")
        await expect(second.locator(".check")).to_be_checked()
        await expect(tab.locator(".bulk")).to_be_visible()
        await tab.keyboard.press("Escape")
        await expect(second.locator(".check")).not_to_be_checked()
        number = await second.get_attribute("data-row")
        await expect(tab.locator("#peek")).to_contain_text(number or "")
        await tab.keyboard.press("Enter")
        await tab.wait_for_url(f"**/desk/c/{number}")


async def test_typing_is_never_a_key(street: Town, address: str, chromium: Chromium) -> None:
    await furnish(street)
    async with tab_of(chromium, address, WIDE, await session_of(street, "xu")) as (tab, _):
        await tab.goto(f"{address}/desk/q/all")
        await tab.keyboard.press("/")
        await tab.keyboard.type("jx?")
        await expect(tab.locator("[name=q]").first).to_have_value("jx?")
        await expect(tab.locator("#keys")).not_to_be_visible()


async def test_single_keys_can_be_turned_off(
    street: Town, address: str, chromium: Chromium
) -> None:
    await furnish(street)
    async with tab_of(chromium, address, WIDE, await session_of(street, "xu")) as (tab, _):
        await tab.goto(f"{address}/desk/q/all")
        await tab.keyboard.press("?")
        await expect(tab.locator("#keys")).to_be_visible()
        await tab.get_by_role("button", name="关闭单键").click()
        await tab.wait_for_load_state()
        await tab.keyboard.press("?")
        await expect(tab.locator("#keys")).not_to_be_visible()


async def test_new_claims_wait_behind_a_pill(
    street: Town, address: str, chromium: Chromium
) -> None:
    await furnish(street)
    async with tab_of(chromium, address, WIDE, await session_of(street, "xu")) as (tab, _):
        await tab.goto(f"{address}/desk/q/all")
        await expect(tab.locator("[data-row]")).to_have_count(3)
        await street.order("O-20")
        await street.open("SND01", "O-20", description="商品页写的是专业版，激活后显示教育版")
        await street.settle()
        await expect(tab.locator("#fresh")).to_be_visible()
        await expect(tab.locator("[data-row]")).to_have_count(3)
        await tab.keyboard.press(".")
        await expect(tab.locator("[data-row]")).to_have_count(4)


HEARD = """document.addEventListener("htmx:sseBeforeMessage",
  () => { document.documentElement.dataset.heard = "" }, true)"""


async def test_an_empty_queue_announces_nothing(
    street: Town, address: str, chromium: Chromium
) -> None:
    await furnish(street)
    async with tab_of(chromium, address, WIDE, await session_of(street, "xu")) as (tab, _):
        await tab.add_init_script(HEARD)
        await tab.goto(f"{address}/desk/q/overdue")
        await expect(tab.locator("html[data-heard]")).to_be_attached()
        await expect(tab.locator("[data-row]")).to_have_count(0)
        await expect(tab.locator("#fresh")).to_be_hidden()


async def test_money_needs_a_second_key(street: Town, address: str, chromium: Chromium) -> None:
    scene = await furnish(street)
    async with tab_of(chromium, address, WIDE, await session_of(street, "xu")) as (tab, _):
        await tab.goto(f"{address}/desk/c/{scene.to_decide}")
        await tab.keyboard.press("e")
        await tab.wait_for_url(f"**/desk/c/{scene.to_decide}/depart")
    assert (await street.view(scene.to_decide)).decision is None
