"""Every way that a page shows leads somewhere for the person who sees it."""

import re
from collections import Counter
from html import unescape

import pytest
from litestar import Litestar

from tests.browser.desk_scenes import furnish
from tests.claims.town import Town
from tests.web.staff_kit import add_person, signed_in

LINK = re.compile(r'href="(/[^"#]*)')
NAMED = re.compile(r"[^/]*\d[^/]*")
ELSEWHERE = ("/static/", "/sse/", "/log/", "/files/", "/library", "/rules", "/ops/rules")
"""No pages, files that this town does not hold, and the many pages of the rules, open to all."""
ALIKE = 3
"""So many pages of one kind are opened: the first may be in another state than the next."""
WORKERS = {"lee": "lead", "ada": "auditor", "ono": "operator"}


@pytest.mark.parametrize("person", WORKERS)
async def test_no_link_of_a_page_is_closed_to_its_reader(
    street: Town, app: Litestar, person: str
) -> None:
    await furnish(street)
    await add_person(street, person, WORKERS[person])
    browser = await signed_in(street, app, person)
    seen: Counter[str] = Counter()
    waiting, closed = [("the start", "/account/home")], []
    async with browser.client:
        while waiting:
            source, path = waiting.pop()
            kind = NAMED.sub("*", path.split("?")[0])
            seen[kind] += 1
            if seen[kind] > ALIKE or path.startswith(ELSEWHERE):
                continue
            page = await browser.open(path)
            if page.status_code == 404:
                closed.append(f"{path} on {source}")
            elif "html" in page.headers["content-type"]:
                waiting += [(path, unescape(link)) for link in LINK.findall(page.text)]
    assert len(seen) > ALIKE, "the walk found pages"
    assert closed == []
