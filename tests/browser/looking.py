"""How pages are looked at: width, language, theme, and who is signed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import msgspec
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page as Tab

from makegood.web.session import STAFF_COOKIE
from tests.browser.conftest import listen

PHONE, DESK = 390, 1440


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
