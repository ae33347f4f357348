"""Desk, seller, operator and sign-in pages look right for everyone who uses them."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium

from tests.browser.desk_scenes import Scene, furnish
from tests.browser.looking import LOOKS, Look, faults_of, tab_of
from tests.claims.town import Town
from tests.web.staff_kit import session_of

SHOTS = os.environ.get("MAKEGOOD_SHOTS", "")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.width}-{look.lang}")
@pytest.mark.parametrize("person", ["xu", "seller", "op", "nobody"])
async def test_pages_have_no_faults(
    street: Town, address: str, chromium: Chromium, look: Look, person: str
) -> None:
    scene = await furnish(street)
    token = "" if person == "nobody" else await session_of(street, person)

    faults = []
    async with tab_of(chromium, address, look, token) as (tab, complaints):
        for path in scene.paths(person):
            answer = await tab.goto(address + path)
            assert answer is not None
            assert answer.status == 200, f"{path} answered {answer.status}"
            faults += await faults_of(tab, complaints)
            await _keep(tab, person, path, look)

    assert faults == []


async def _keep(tab: object, person: str, path: str, look: Look) -> None:
    if SHOTS:
        name = f"{person}{path.split('?')[0].replace('/', '_')}-{look.width}-{look.lang}.png"
        await tab.screenshot(path=Path(SHOTS) / name, full_page=look.width < 500)  # type: ignore[attr-defined]


def test_every_person_has_pages() -> None:
    scene = Scene("A", "B", "C", "D")
    assert all(scene.paths(person) for person in ("xu", "seller", "op", "nobody"))
