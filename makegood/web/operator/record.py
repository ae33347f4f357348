"""The public record as its operator sees it: size, witnesses, anchors, checks, and every alarm."""

from litestar import get, post
from litestar.response import Redirect

from makegood.privacy.store import list_erasures
from makegood.record.anchors.store import recent_anchors
from makegood.record.health import ask_for_check, read_health
from makegood.record.log.store import load_restarts
from makegood.web.page import Html, ThisPage
from makegood.web.things import TheThings

ANCHORS_SHOWN = 8
ERASURES_SHOWN = 6


@get("/ops/record")
async def show_record(page: ThisPage, things: TheThings) -> Html:
    """How the record fares now."""
    page.need("record.read")
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        health = await read_health(conn, market_id, page.now)
        anchors = await recent_anchors(conn, market_id, ANCHORS_SHOWN)
        erasures = await list_erasures(conn, market_id, ERASURES_SHOWN)
        restarts = await load_restarts(conn, market_id)
    names = {one.place.place_id: one.place for one in health.places}
    return page.show(
        "operator/templates/record.html",
        section="record",
        health=health,
        anchors=anchors,
        places=names,
        erasures=erasures,
        restarts=[statement.decode("utf-8", "replace") for statement in restarts],
        note=(health.head.note or b"").decode() if health.head is not None else "",
    )


@post("/ops/record/check")
async def check_now(page: ThisPage, things: TheThings) -> Redirect:
    """Ask for a full check; a worker does it."""
    page.need("record.manage")
    async with things.db.transaction() as tx:
        await ask_for_check(tx, page.act())
    return page.go("/ops/record")


ROUTES = [show_record, check_now]
