"""Desk, seller, operator, supplier and sign-in pages look right for everyone who uses them."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page as Tab

from tests.browser.conftest import faults_of
from tests.browser.desk_scenes import furnish
from tests.browser.looking import PAIR, Look, tab_of
from tests.claims.town import Town
from tests.web.staff_kit import session_of

SHOTS = os.environ.get("MAKEGOOD_SHOTS", "")
"""A folder to keep pictures in, for eyes."""


@pytest.mark.parametrize("person", ["xu", "seller", "op", "supplier", "nobody"])
async def test_pages_have_no_faults(
    street: Town, address: str, chromium: Chromium, person: str
) -> None:
    scene = await furnish(street)
    token = "" if person == "nobody" else await session_of(street, person)

    faults: list[str] = []
    for look in PAIR:
        async with tab_of(chromium, address, look, token) as (tab, said):
            for path in scene.paths(person):
                answer = await tab.goto(address + path)
                assert answer is not None
                assert answer.status == 200, f"{path} answered {answer.status}"
                await tab.wait_for_timeout(100)
                where = f"{path} {look.width} {look.lang}"
                faults += [f"{where}: {fault}" for fault in await faults_of(tab, said)]
                await keep(tab, f"{person}{path}", look)

    assert faults == []


async def keep(tab: Tab, name: str, look: Look) -> None:
    """A picture of the page, where somebody asked for pictures."""
    if SHOTS:
        file = f"{name.split('?')[0].replace('/', '_')}-{look.width}-{look.lang}.png"
        await tab.screenshot(path=Path(SHOTS) / file, full_page=look.width < 500)
