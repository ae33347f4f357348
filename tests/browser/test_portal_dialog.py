"""A step that cannot be undone asks once more, in a dialog that keyboard and eyes can use."""

from playwright.async_api import Browser, expect

from tests.browser.conftest import faults_of, listen
from tests.browser.test_buyer_journey import PHONE, prove
from tests.claims.town import Town


async def test_withdrawing_asks_once_more(chromium: Browser, street: Town, address: str) -> None:
    claim_no = (await street.open()).claim_no
    page = await chromium.new_page(viewport=PHONE, locale="zh-CN")
    said = listen(page)
    await prove(page, address)
    await page.goto(f"{address}/c/{claim_no}")

    await page.get_by_role("link", name="撤回售后").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("处理停止")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await page.get_by_role("link", name="撤回售后").click()
    await dialog.get_by_role("button", name="撤回售后").click()

    await expect(page.locator("#now h1")).to_have_text("您已撤回")
    assert said == []


async def test_the_theme_switch_works_at_once_and_stays(
    chromium: Browser, street: Town, address: str
) -> None:
    page = await chromium.new_page(viewport=PHONE, locale="zh-CN", color_scheme="light")
    await page.goto(address)

    await page.get_by_role("button", name="切换深浅色").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_a_real_claim_page_is_clean_under_its_own_content_policy(
    chromium: Browser, street: Town, address: str
) -> None:
    street.supplier.answers["UP-77"] = {"status": "invalid"}
    claim_no = (await street.open()).claim_no
    await street.settle()
    context = await chromium.new_context(viewport=PHONE, locale="zh-CN")
    page = await context.new_page()
    said = listen(page)
    await prove(page, address)
    for path in ("/", "/o/O-1", f"/c/{claim_no}", f"/c/{claim_no}/letter", "/proof", "/charged"):
        await page.goto(address + path)
        assert await faults_of(page, said) == [], path
    await context.close()
