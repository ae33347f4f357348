"""Files on a bad line: an upload goes on from where it was, a refused one says why."""

from pathlib import Path

from playwright.async_api import Browser, Page, Route, expect

from tests.browser.test_buyer_journey import PHONE, SAID, prove
from tests.claims.evidence_kit import picture
from tests.claims.town import Town

DONE = ".file[data-s=done]"
FAILED = ".file[data-s=fail]"


async def at_evidence(chromium: Browser, address: str) -> Page:
    """The form with a reason chosen, at its evidence."""
    page = await chromium.new_page(viewport=PHONE, locale="zh-CN")
    await prove(page, address)
    await page.goto(f"{address}/o/O-1/claim?group=KEY")
    await page.locator("input[name=reason][value=KEY02]").check()
    await page.get_by_label("用一两句话说清楚").fill(SAID)
    await page.get_by_role("button", name="下一步").click()
    await expect(page.locator("input[type=file][data-slot]").first).to_be_attached()
    return page


async def test_an_upload_goes_on_after_the_line_was_lost(
    chromium: Browser, street: Town, address: str, tmp_path: Path
) -> None:
    shot = tmp_path / "error.png"
    shot.write_bytes(picture())
    page = await at_evidence(chromium, address)
    lost: list[str] = []

    async def lose_first(route: Route) -> None:
        if route.request.method == "PATCH" and not lost:
            lost.append(route.request.url)
            await route.abort("connectionreset")
        else:
            await route.continue_()

    await page.route("**/my/uploads/*", lose_first)
    await page.locator("input[type=file][data-slot]").first.set_input_files(shot)

    await expect(page.locator(DONE)).to_be_visible()
    assert len(lost) == 1


async def test_a_file_of_the_wrong_kind_says_what_is_accepted(
    chromium: Browser, street: Town, address: str, tmp_path: Path
) -> None:
    page_file = tmp_path / "error.html"
    page_file.write_text("<html><script>alert(1)</script></html>")
    page = await at_evidence(chromium, address)

    await page.locator("input[type=file][data-slot]").first.set_input_files(page_file)

    await expect(page.locator(FAILED)).to_contain_text("这种文件不能作为凭证")
