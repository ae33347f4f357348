"""Opening a page in a browser and naming everything that is wrong with how it looks and behaves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page as Tab

from makegood.web.session import STAFF_COOKIE

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESK = 390, 1440


class Look(msgspec.Struct, frozen=True):
    """How a page is looked at: width, language, theme."""

    width: int
    lang: Literal["zh", "en"]
    theme: Literal["light", "dark"]


LOOKS = (
    Look(PHONE, "zh", "light"),
    Look(PHONE, "en", "dark"),
    Look(DESK, "zh", "dark"),
    Look(DESK, "en", "light"),
)


@asynccontextmanager
async def tab_of(
    chromium: Chromium, address: str, look: Look, token: str = ""
) -> AsyncIterator[tuple[Tab, list[str]]]:
    """A tab with its language, theme and session; the list collects what the console complains."""
    context = await chromium.new_context(
        viewport={"width": look.width, "height": 844 if look.width == PHONE else 900},
        locale="zh-CN" if look.lang == "zh" else "en-GB",
        reduced_motion="reduce",
    )
    cookies = {"mg_lang": look.lang, "mg_theme": look.theme}
    if token:
        cookies[STAFF_COOKIE] = token
    await context.add_cookies(
        [{"name": name, "value": value, "url": address} for name, value in cookies.items()]
    )
    tab = await context.new_page()
    complaints: list[str] = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    yield tab, complaints
    await context.close()


async def faults_of(tab: Tab, complaints: list[str]) -> list[str]:
    """What axe, the layout and the console have to say about the present page; empty is well."""
    await tab.wait_for_timeout(150)
    await tab.evaluate(AXE.read_text("utf-8"))
    found = await tab.evaluate(
        """async () => (await axe.run(document, {resultTypes: ['violations']})).violations.map(
            v => v.id + ': ' + v.nodes.slice(0, 3).map(
                n => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).join(' | '))"""
    )
    over = await tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    page = urlsplit(tab.url).path
    faults = [f"{page} {text}" for text in [*found, *complaints]]
    return [*faults, f"{page} is {over} px too wide"] if over > 0 else faults
