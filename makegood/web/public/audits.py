"""The results of audits for everybody: how they were drawn, how many matched, with the interval."""

from litestar import get

from makegood.policy.backtest.intervals import wilson
from makegood.standing.audits import store
from makegood.standing.audits.rules import Typed, tally
from makegood.web.page import Html, ThisPage
from makegood.web.things import TheThings


@get("/audits")
async def show_audits(page: ThisPage, things: TheThings) -> Html:
    """Every audit that was announced, finished or not."""
    page.need("public.read")
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        audits = await store.list_audits(conn, market_id)
        drawn = {
            one.audit_no: await store.drawn_of(conn, market_id, one.audit_no) for one in audits
        }
    tallies = {number: tally(found) for number, found in drawn.items()}
    return page.show(
        "public/templates/audits.html",
        audits=audits,
        tallies=tallies,
        intervals={n: wilson(one.mismatches, one.audited) for n, one in tallies.items()},
        typed=[one.audit_no for one in audits if isinstance(one.beacon, Typed)],
    )


ROUTES = [show_audits]
