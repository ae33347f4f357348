"""Every portal page in every state: no axe violation, no overflow, no console error."""

import pytest
from playwright.async_api import Browser

from tests.api.live import listening
from tests.browser.conftest import OVERFLOW, faults_of, listen
from tests.web import sample_forms, samples
from tests.web.sample_site import make_site

PAGES = [f"case/{name}" for name in samples.CLAIMS] + [
    f"page/{name}" for name in sample_forms.PAGES
]
LOOKS = [(390, "en", "dark"), (1440, "zh", "light")]
"""Both sizes, languages and themes, each once."""


@pytest.mark.parametrize(("width", "lang", "theme"), LOOKS)
async def test_portal_pages_are_clean(chromium: Browser, width: int, lang: str, theme: str) -> None:
    faults: dict[str, list[str]] = {}
    async with listening(make_site()) as site:
        context = await chromium.new_context(
            viewport={"width": width, "height": 844}, bypass_csp=True
        )
        for name in PAGES:
            page = await context.new_page()
            said = listen(page)
            await page.goto(f"{site}/sample/{name}?lang={lang}&theme={theme}")
            faults[name] = await faults_of(page, said)
            await page.close()
        await context.close()

    assert {name: found for name, found in faults.items() if found} == {}


async def test_portal_pages_reflow_at_320_pixels(chromium: Browser) -> None:
    wide = []
    async with listening(make_site()) as site:
        page = await chromium.new_page(viewport={"width": 320, "height": 640})
        for name in PAGES:
            await page.goto(f"{site}/sample/{name}?lang=en")
            if await page.evaluate(OVERFLOW) > 0:
                wide.append(name)

    assert wide == []
