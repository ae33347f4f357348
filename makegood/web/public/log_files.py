"""The log's static files for everybody: checkpoint, tiles, entry bundles, keys, restarts."""

import asyncio
import re
from typing import Final

from litestar import Response, get
from litestar.params import FromPath

from makegood.record.log.places import read_or_none
from makegood.record.log.publish import CHECKPOINT, KEYS, RESTARTS
from makegood.record.log.strict import Malformed
from makegood.record.log.tiles import parse_tile_path
from makegood.web.problem import not_found
from makegood.web.things import TheThings

MARKET_ID: Final = re.compile(r"[a-z0-9-]{1,40}")
TEXT: Final = "text/plain"
BINARY: Final = "application/octet-stream"
FRESH: Final = "public, max-age=2"
SETTLED: Final = "public, max-age=86400"
"""A tile never changes, except when a restart is stated: then copies may live on for a day."""


@get("/log/{market:str}/{name:path}")
async def log_file(
    things: TheThings, market: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """One file of a market's log, by its C2SP path; anything else is not found."""
    path = name.removeprefix("/")
    if not MARKET_ID.fullmatch(market) or not _is_published(path):
        raise not_found()
    place = things.log.published / market / path
    content = await asyncio.to_thread(read_or_none, place)
    if content is None:
        raise not_found()
    tile = path.startswith("tile/")
    return Response(
        content=content,
        media_type=BINARY if tile else TEXT,
        headers={
            "cache-control": SETTLED if tile else FRESH,
            "access-control-allow-origin": "*",
        },
    )


def _is_published(path: str) -> bool:
    """Whether this is the one spelling of a file that a log has."""
    if path in (CHECKPOINT, KEYS, RESTARTS):
        return True
    try:
        parse_tile_path(path)
    except Malformed:
        return False
    return True


ROUTES: Final = [log_file]
