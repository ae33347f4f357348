"""The live notice on an open claim: it moved on elsewhere, what is being written stays."""

from litestar.response import ServerSentEvent

from makegood.claims.looking import view_claim
from makegood.claims.topics import claim_topic
from makegood.web.form_stream import AnyRequest
from makegood.web.page import Page
from makegood.web.sse import live
from makegood.web.things import Things


def moved_on(page: Page, things: Things, request: AnyRequest, claim_no: str) -> ServerSentEvent:
    """A stream that tells the page when its claim is no longer the `version` it shows."""
    seen = request.query_params.get("version", "0")
    act, href = page.act(), request.url.path.removesuffix("/live")

    async def changed() -> list[tuple[str, str]]:
        async with things.db.connection() as conn:
            claim = await view_claim(conn, act, things.desk, claim_no)
        if str(claim.version) == seen:
            return [("changed", "")]
        return [("changed", page.html("templates/moved_on.html", href=href))]

    return live(things.hub, (claim_topic(act.market_id, claim_no),), changed)
