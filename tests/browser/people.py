"""What people do in a browser: prove, file a claim, become somebody, look up a claim."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import listen

PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1440, "height": 900}
SOON_MS = 60_000
"""Money and news arrive by jobs of the worker, which shares the machine with other tests."""


@asynccontextmanager
async def somebody(
    chromium: Browser, size: ViewportSize = PHONE, locale: str = "zh-CN"
) -> AsyncIterator[Page]:
    """A person's own browser window; at the end its console must have been quiet."""
    context = await chromium.new_context(viewport=size, locale=locale, reduced_motion="reduce")
    page = await context.new_page()
    said = listen(page)
    yield page
    await context.close()
    assert said == []


async def prove(page: Page, address: str, order_no: str, password: str) -> None:
    """From the start page to the order, by the query password."""
    await page.goto(address)
    await page.get_by_label("订单号").fill(order_no)
    await page.get_by_role("button", name="查找").click()
    await page.get_by_label("取卡密码").fill(password)
    await page.get_by_role("button", name="确认", exact=True).click()
    await expect(page.get_by_role("heading", name=f"订单 {order_no}")).to_be_visible()


async def file_claim(page: Page, reason: str, said: str, shot: Path) -> str:
    """The four steps of the guided claim on a phone; answers the claim's number."""
    await page.get_by_role("link", name="申请售后").click()
    choice = page.locator(f"input[name=reason][value={reason}]")
    group = page.locator("details.reason-group", has=choice)
    if await group.get_attribute("open") is None:
        await group.locator("summary").click()
    await choice.check()
    await page.get_by_label("用一两句话说清楚").fill(said)
    await page.get_by_role("button", name="下一步").click()
    await _file_evidence(page, shot)
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_role("heading", name="自动核验")).to_be_visible()
    await page.get_by_role("button", name="下一步").click()
    await page.locator("input[name=wants][value=refund]").check()
    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.get_by_text("已提交，申请时间从现在算起")).to_be_visible()
    return page.url.split("?")[0].rsplit("/", 1)[1]


async def _file_evidence(page: Page, shot: Path) -> None:
    """Everything that the template of this reason requires."""
    await expect(page.locator(".step[data-step='2']")).to_be_visible()
    wanted = page.locator(".need > li[data-required-for]")
    for number in range(await wanted.count()):
        item = wanted.nth(number)
        if await item.locator("input[type=file]").count():
            await item.locator("input[type=file]").set_input_files(shot)
            await expect(item.locator(".file[data-s=done]")).to_be_visible(timeout=SOON_MS)
        else:
            await item.locator("input[type=text]").fill("8820 4412 2260")


async def become(page: Page, address: str, name: str) -> None:
    """One press on the demo's start page."""
    await page.goto(address)
    await page.get_by_role("button", name=name).click()
    await page.wait_for_load_state()
