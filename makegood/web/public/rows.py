"""Public rows for download: one line per ended claim, each an entry of the public log."""

import re
from collections.abc import AsyncIterator
from typing import Final

from litestar import get
from litestar.params import FromQuery
from litestar.response import Stream

from makegood.insight.rows.store import load_page
from makegood.web.things import TheThings, Things

JSON_LINES: Final = "application/jsonl"
SELLER: Final = re.compile(r"[\w.:@-]{0,64}")


@get("/public/rows.jsonl")
async def show_rows(things: TheThings, seller: FromQuery[str] = "") -> Stream:
    """All released rows of the market, or one seller's, each seller's in the order of numbers."""
    wanted = seller if SELLER.fullmatch(seller) else "-"
    return Stream(
        _lines(things, wanted),
        media_type=JSON_LINES,
        headers={
            "cache-control": "public, max-age=300",
            "access-control-allow-origin": "*",
            "content-disposition": 'attachment; filename="rows.jsonl"',
        },
    )


async def _lines(things: Things, seller: str) -> AsyncIterator[bytes]:
    """Page by page; a slow reader holds no connection of ours while it reads."""
    after = ("", 0)
    while True:
        async with things.db.connection() as conn:
            page = await load_page(conn, things.settings.market_id, seller, after)
        if not page.entries:
            return
        yield b"".join(entry + b"\n" for entry in page.entries)
        after = page.last


ROUTES = [show_rows]
