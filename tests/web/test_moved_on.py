"""An open claim says that it moved on elsewhere, and keeps what somebody is writing in it."""

import asyncio
from typing import Any

from litestar import Litestar

from tests.claims.town import Town
from tests.web.site_kit import ORIGIN, Browser
from tests.web.staff_kit import signed_in

PATIENCE = 60


async def first_words(app: Litestar, browser: Browser, path: str) -> str:
    """What a live page is sent first, up to the first whole message; then it is left."""
    request = browser.client.build_request("GET", ORIGIN + path)
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": (request.url.host, 80),
    }
    told, came = bytearray(), asyncio.Event()

    async def receive() -> dict[str, Any]:
        await came.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        told.extend(message.get("body", b""))
        if b"\r\n\r\n" in told or b"\n\n" in told:
            came.set()

    await asyncio.wait_for(app(scope, receive, send), PATIENCE)  # type: ignore[arg-type]
    return told.decode()


async def test_a_claim_that_moved_on_is_told_with_the_way_to_its_present(
    street: Town, app: Litestar
) -> None:
    opened = await street.open("SND01", "O-1", description="和商品页写的不一样")
    agent = await signed_in(street, app, "xu")

    told = await first_words(app, agent, f"/desk/c/{opened.claim_no}/live?version=1")

    assert "event: changed" in told
    assert f'href="/desk/c/{opened.claim_no}"' in told


async def test_a_claim_as_it_is_shown_says_nothing(street: Town, app: Litestar) -> None:
    opened = await street.open("SND01", "O-1", description="和商品页写的不一样")
    agent = await signed_in(street, app, "xu")
    page = await agent.open(f"/desk/c/{opened.claim_no}")
    version = page.text.split("/live?version=")[1].split('"')[0]

    told = await first_words(app, agent, f"/desk/c/{opened.claim_no}/live?version={version}")

    assert "event: changed" in told
    assert "href" not in told
