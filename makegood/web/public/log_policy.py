"""The market's own policy file (C2SP tlog-policy): its log's keys, its witnesses, how many."""

from litestar import Response, get

from makegood.record.anchors.files import policy_of_market
from makegood.record.log.guard import Trouble
from makegood.record.log.policy import format_policy
from makegood.record.log.store import load_head
from makegood.web.problem import not_found
from makegood.web.things import TheThings


@get("/public/log-policy")
async def show_log_policy(things: TheThings) -> Response[bytes]:
    """What the operator asks readers to hold the log to; keep a copy and compare."""
    market_id = things.settings.market_id
    async with things.db.connection() as conn:
        head = await load_head(conn, market_id)
        if head is None:
            raise not_found()
        try:
            keys = things.log.keys.open(market_id, head.origin).verifiers
        except Trouble:
            raise not_found() from None
        policy = await policy_of_market(conn, things.vault, market_id, keys)
    return Response(
        content=format_policy(policy),
        media_type="text/plain; charset=utf-8",
        headers={"cache-control": "public, max-age=60", "access-control-allow-origin": "*"},
    )


ROUTES = [show_log_policy]
