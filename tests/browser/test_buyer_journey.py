"""A buyer on a phone: from the order number to the refund, live, in a real browser."""

from pathlib import Path

from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import OVERFLOW, listen
from tests.claims.evidence_kit import picture
from tests.claims.town import Town

PHONE: ViewportSize = {"width": 390, "height": 844}
SAID = "今天上午第一次兑换就提示卡密无效，没有给过别人"
LONG_WORD = f"https://shop.example/{'a' * 150}"


async def prove(page: Page, address: str) -> None:
    """From the start page to the order, by the query password."""
    await page.goto(address)
    await page.get_by_label("订单号").fill("O-1")
    await page.get_by_role("button", name="查找").click()
    await page.get_by_label("取卡密码").fill("open sesame")
    await page.get_by_role("button", name="确认", exact=True).click()
    await expect(page.get_by_role("heading", name="订单 O-1")).to_be_visible()


async def test_a_claim_on_a_phone_ends_in_a_refund_seen_live(
    chromium: Browser, street: Town, address: str, tmp_path: Path
) -> None:
    street.supplier.answers["UP-77"] = {"status": "invalid"}
    shot = tmp_path / "error.png"
    shot.write_bytes(picture())
    page = await chromium.new_page(viewport=PHONE, locale="zh-CN")
    said = listen(page)
    await prove(page, address)

    await page.get_by_role("link", name="申请售后").click()
    await expect(page.locator("[data-missing]")).to_have_text("先选一个问题")
    await page.get_by_text("卡密无效或用过").first.click()
    await page.get_by_label("卡密无效", exact=False).first.check()
    await page.get_by_label("用一两句话说清楚").fill(f"{SAID} {LONG_WORD}")
    await page.get_by_role("button", name="下一步").click()

    await page.locator("input[type=file][data-slot]").first.set_input_files(shot)
    await expect(page.locator(".file[data-s=done]")).to_be_visible()
    await page.locator("input[name=slot_redeem_account]").fill("8820 4412 2260")
    await expect(page.locator("[data-missing]")).to_have_text("可以提交")
    await page.get_by_role("button", name="下一步").click()

    await expect(page.get_by_role("heading", name="自动核验")).to_be_visible()
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_label("退款 ¥98.00").check()
    await page.get_by_role("button", name="提交", exact=True).click()

    await expect(page.get_by_text("已提交，申请时间从现在算起")).to_be_visible()
    await expect(page.locator("#evidence figure")).to_have_count(1)
    await expect(page.get_by_text(LONG_WORD)).to_be_visible()
    assert await page.evaluate(OVERFLOW) <= 0, "what was written does not widen the page"
    await street.settle()
    await expect(page.locator("#money")).to_contain_text("已到账")
    await expect(page.locator("#why")).to_contain_text("R-")
    await expect(page.locator("#evidence summary")).to_have_text("补充新凭证")
    assert said == []


async def test_what_was_typed_survives_a_lost_connection(
    chromium: Browser, street: Town, address: str
) -> None:
    context = await chromium.new_context(viewport=PHONE, locale="zh-CN")
    page = await context.new_page()
    await prove(page, address)
    await page.goto(f"{address}/o/O-1/claim")

    await context.set_offline(True)
    await expect(page.locator(".netbar")).to_be_visible()
    await page.get_by_label("用一两句话说清楚").fill("断网时写的一句话")
    await context.set_offline(False)
    await expect(page.locator("form[data-draft-saved]")).to_be_attached()
    await page.reload()

    await expect(page.get_by_label("用一两句话说清楚")).to_have_value("断网时写的一句话")
    await context.close()


async def test_the_whole_claim_works_without_script(
    chromium: Browser, street: Town, address: str, tmp_path: Path
) -> None:
    shot = tmp_path / "error.png"
    shot.write_bytes(picture())
    context = await chromium.new_context(
        viewport={"width": 1440, "height": 900}, locale="zh-CN", java_script_enabled=False
    )
    page = await context.new_page()
    await prove(page, address)

    await page.get_by_role("link", name="申请售后").click()
    await page.get_by_text("卡密无效或用过").first.click()
    await page.get_by_label("卡密无效", exact=False).first.check()
    await page.get_by_label("用一两句话说清楚").fill(SAID)
    await page.get_by_role("button", name="显示需要的证据").click()
    await page.get_by_role("link", name="添加文件").first.click()
    await page.locator("input[type=file]").set_input_files(shot)
    await page.get_by_role("button", name="上传").click()
    await page.locator("input[name=slot_redeem_account]").fill("8820 4412 2260")
    await page.get_by_label("退款 ¥98.00").check()
    await page.get_by_role("button", name="提交", exact=True).click()

    await expect(page.get_by_text("已提交，申请时间从现在算起")).to_be_visible()
    await context.close()
