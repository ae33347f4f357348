"""How often decisions are changed on appeal, per rule and per decider."""

from datetime import timedelta
from typing import Final

from litestar import get
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from makegood.claims.overturned import FEWEST, appeals_between, by_decider, by_rule
from makegood.web.page import Html, ThisPage
from makegood.web.things import TheThings

SPANS: Final = (30, 90, 365)
A_MOMENT: Final = timedelta(seconds=1)
"""What was decided in this very second counts too."""


@get("/ops/appeals")
async def show_appeals(page: ThisPage, things: TheThings, days: FromQuery[int] = 90) -> Html:
    """Appeals decided in the last days; the span is a link."""
    page.need("appeal.read")
    span = days if days in SPANS else SPANS[1]
    since = page.now - timedelta(days=span)
    async with things.db.connection() as conn:
        appeals = await appeals_between(conn, page.market.market_id, since, page.now + A_MOMENT)
    return page.show(
        "operator/templates/appeals.html",
        section="appeals",
        appeals=sorted(appeals, key=lambda one: one.at, reverse=True),
        rules=by_rule(appeals),
        deciders=by_decider(appeals),
        span=span,
        spans=SPANS,
        fewest=FEWEST,
    )


ROUTES: list[ControllerRouterHandler] = [show_appeals]
