"""The offline page in a browser, opened from disk, without any network."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.async_api import Page, async_playwright

from makegood.verify.page import offline_page, offline_page_hash
from makegood.verify.words import words_of
from tests.anchors.programs import TsaProgram
from tests.verify.making import KEY, bundle
from tests.verify.test_anchors import SOON, anchored, stamp

CHROMIUM = "/usr/bin/chromium"
MANUAL = Path(__file__).parents[2] / "docs" / "verifying.md"


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """The page from a folder on disk, in a browser whose network is off."""
    file = tmp_path / "verify.html"
    file.write_bytes(offline_page())
    (tmp_path / "bundle.zip").write_bytes(bundle())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM)
        context = await browser.new_context(offline=True, locale="en-GB")
        opened = await context.new_page()
        opened.on("pageerror", lambda error: pytest.fail(str(error)))
        await opened.goto(file.as_uri())
        yield opened
        await browser.close()


def status_of(command: str, folder: Path) -> int:
    """What a line typed into a terminal ends with."""
    return subprocess.run(["sh", "-c", command], cwd=folder, check=False).returncode


async def test_a_bundle_is_checked_from_disk_with_and_without_a_pin(
    page: Page, tmp_path: Path
) -> None:
    await page.set_input_files("#file", tmp_path / "bundle.zip")
    await page.click("button[type=submit]")
    await page.wait_for_selector("#result .head")
    unpinned = await page.inner_text("#result .head")
    await page.fill("#pin", str(KEY.verifier))
    await page.click("button[type=submit]")
    await page.wait_for_selector("#result[data-tone=ok]")
    intact = await page.inner_text("#result .head")
    facts = await page.inner_text("#result dl >> nth=0")
    steps = await page.locator("#result ol > li").count()
    await page.click("#language")
    chinese = await page.inner_text("#result .head")
    english, zh = words_of("en")["states"], words_of("zh")["states"]
    assert (unpinned, intact, chinese, steps) == (
        english["unpinned"]["title"],
        english["intact"]["title"],
        zh["intact"]["title"],
        4,
    )
    assert words_of("en")["cautions"]["no_witness_named"] in facts


async def test_what_the_page_leaves_unchecked_comes_with_the_commands_that_check_it(
    page: Page, tmp_path: Path, tsa: TsaProgram
) -> None:
    files = {"anchors/1-tsa.tsr": stamp(tsa), "anchors/2-evm.json": b"{}"}
    (tmp_path / "stamped.zip").write_bytes(anchored(files))
    (tmp_path / "AUTHORITY.pem").write_text(tsa.root_pem)
    await page.clock.set_fixed_time(SOON)
    await page.set_input_files("#file", tmp_path / "stamped.zip")
    await page.fill("#pin", str(KEY.verifier))
    await page.click("button[type=submit]")
    await page.wait_for_selector("#result[data-tone=ok]")
    unpack, *checks, ask = (await page.inner_text("#result pre.copy")).splitlines()
    assert unpack == "unzip -o stamped.zip checkpoint.txt 'anchors/*'"
    assert ask == "makegood verify stamped.zip --chain NODE"
    with ZipFile(tmp_path / "stamped.zip") as held:
        held.extractall(tmp_path)
    command = " && ".join(checks)
    assert status_of(command, tmp_path) == 0
    (tmp_path / "checkpoint.txt").write_text("another checkpoint\n\n")
    assert status_of(command, tmp_path) != 0


async def test_a_changed_bundle_is_refused_on_the_page(page: Page, tmp_path: Path) -> None:
    changed = bytearray(bundle())
    changed[len(changed) // 2] ^= 1
    (tmp_path / "changed.zip").write_bytes(changed)
    await page.set_input_files("#file", tmp_path / "changed.zip")
    await page.click("button[type=submit]")
    await page.wait_for_selector("#result[data-tone=bad] .head")
    assert await page.inner_text("#result .head") == words_of("en")["states"]["damaged"]["title"]


def test_the_manual_names_the_page_by_its_hash() -> None:
    assert offline_page_hash() in MANUAL.read_text("utf-8")


def test_the_page_loads_nothing() -> None:
    text = offline_page().decode()
    assert "https://" not in text
    assert "http://" not in text
    assert "fetch(" not in text
