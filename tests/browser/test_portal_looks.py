"""Every portal page in every state: no axe violation, no overflow, no console error."""

import pytest
from playwright.async_api import Browser

from tests.api.live import listening
from tests.browser.conftest import OVERFLOW
from tests.browser.looking import PAIR, Look, faults_seen
from tests.web import sample_forms, samples
from tests.web.sample_site import make_site

PAGES = [f"case/{name}" for name in samples.CLAIMS] + [
    f"page/{name}" for name in sample_forms.PAGES
]


@pytest.mark.parametrize("look", PAIR, ids=str)
async def test_portal_pages_are_clean(chromium: Browser, look: Look) -> None:
    paths = [f"/sample/{name}?lang={look.lang}&theme={look.theme}" for name in PAGES]
    async with listening(make_site()) as site:
        assert await faults_seen(chromium, site, [look], paths) == []


async def test_portal_pages_reflow_at_320_pixels(chromium: Browser) -> None:
    wide = []
    async with listening(make_site()) as site:
        page = await chromium.new_page(viewport={"width": 320, "height": 640})
        for name in PAGES:
            await page.goto(f"{site}/sample/{name}?lang=en")
            if await page.evaluate(OVERFLOW) > 0:
                wide.append(name)

    assert wide == []
