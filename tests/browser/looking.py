"""How pages are looked at: width, language, theme, and who is signed in."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import msgspec
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page as Tab

from makegood.web.session import STAFF_COOKIE
from tests.browser.conftest import faults_of, listen

PHONE, DESK = 390, 1440
SHOTS = os.environ.get("MAKEGOOD_SHOTS", "")
"""A folder to keep pictures in, for eyes."""


class Look(msgspec.Struct, frozen=True):
    """One way to look at a page."""

    width: int
    lang: Literal["zh", "en"]
    theme: Literal["light", "dark"]


LOOKS = (
    Look(PHONE, "zh", "light"),
    Look(PHONE, "en", "dark"),
    Look(DESK, "zh", "dark"),
    Look(DESK, "en", "light"),
)
PAIR = (LOOKS[1], Look(DESK, "zh", "light"))
"""Both sizes, languages and themes, each once: enough where there are many pages."""
OTHER_PAIR = (Look(PHONE, "zh", "dark"), LOOKS[3])
"""The same, put together the other way."""


@asynccontextmanager
async def tab_of(
    chromium: Chromium, address: str, look: Look, token: str = ""
) -> AsyncIterator[tuple[Tab, list[str]]]:
    """A tab with its language, theme and session; the list collects what the console says."""
    context = await chromium.new_context(
        viewport={"width": look.width, "height": 844 if look.width == PHONE else 900},
        locale="zh-CN" if look.lang == "zh" else "en-GB",
        reduced_motion="reduce",
    )
    cookies: dict[str, str] = {"mg_lang": look.lang, "mg_theme": look.theme}
    if token:
        cookies[STAFF_COOKIE] = token
    await context.add_cookies(
        [{"name": name, "value": value, "url": address} for name, value in cookies.items()]
    )
    tab = await context.new_page()
    yield tab, listen(tab)
    await context.close()


async def faults_seen(
    chromium: Chromium,
    address: str,
    looks: Iterable[Look],
    paths: Iterable[str],
    token: str = "",
    *,
    shot: str = "",
) -> list[str]:
    """What is wrong with these pages in these looks; pictures are kept under names with `shot`."""
    faults: list[str] = []
    for look in looks:
        async with tab_of(chromium, address, look, token) as (tab, said):
            for path in paths:
                answer = await tab.goto(address + path)
                assert answer is not None
                assert answer.status == 200, f"{path} answered {answer.status}"
                where = f"{path} {look.width} {look.lang} {look.theme}"
                faults += [f"{where}: {fault}" for fault in await faults_of(tab, said)]
                await _keep(tab, f"{shot}{path}", look)
    return faults


async def _keep(tab: Tab, name: str, look: Look) -> None:
    """A picture of the page, where somebody asked for pictures."""
    if SHOTS:
        plain = name.replace("?", "_").replace("/", "_")
        file = Path(SHOTS) / f"{plain}-{look.width}-{look.lang}.png"
        await tab.screenshot(path=file, full_page=look.width == PHONE)
