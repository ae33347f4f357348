"""Desk, seller, operator, supplier and sign-in pages look right for everyone who uses them."""

import pytest
from playwright.async_api import Browser as Chromium

from tests.browser.desk_scenes import furnish
from tests.browser.looking import PAIR, faults_seen
from tests.claims.town import Town
from tests.web.staff_kit import session_of


@pytest.mark.parametrize("person", ["xu", "seller", "op", "supplier", "nobody"])
async def test_pages_have_no_faults(
    street: Town, address: str, chromium: Chromium, person: str
) -> None:
    scene = await furnish(street)
    token = "" if person == "nobody" else await session_of(street, person)
    paths = scene.paths(person)
    assert await faults_seen(chromium, address, PAIR, paths, token, shot=person) == []
