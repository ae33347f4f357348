"""The operator's start page: jobs, alarms, refunds that need a person."""

from litestar import get, post
from litestar.response import Redirect

from makegood.claims.listing import ClaimFilter
from makegood.claims.looking import list_claims, queue_counts
from makegood.ledger.refund.actions import list_refunds, refund_board
from makegood.record.health import read_health
from makegood.store.jobs import backlog, dead_jobs, revive
from makegood.web.desk.forms import AnyRequest, read_form
from makegood.web.page import Html, ThisPage
from makegood.web.things import TheThings

ALARMS_SHOWN = 20


@get("/ops")
async def show_ops(page: ThisPage, things: TheThings) -> Html:
    """How the market runs now."""
    page.need("job.read")
    act = page.act()
    async with things.db.connection() as conn:
        jobs = await backlog(conn, act.now)
        dead = [job for job in await dead_jobs(conn) if job.market_id == act.market_id]
        counts = await queue_counts(conn, act)
        late = await list_claims(conn, act, ClaimFilter(queue="overdue", limit=ALARMS_SHOWN))
        manual = await list_refunds(conn, act.market_id, ["manual"])
        board = await refund_board(conn, act.market_id, act.now)
        health = await read_health(conn, act.market_id, act.now)
    return page.show(
        "operator/templates/home.html",
        section="home",
        jobs=jobs,
        dead=dead,
        counts=counts,
        late=late.items,
        manual=manual,
        board=board,
        health=health,
        mails=things.settings.mails,
    )


@post("/ops/jobs/revive")
async def revive_jobs(page: ThisPage, things: TheThings, request: AnyRequest) -> Redirect:
    """Try a dead job again."""
    page.need("job.retry")
    form = await read_form(request)
    async with things.db.transaction() as tx:
        dead = [job for job in await dead_jobs(tx) if job.market_id == page.market.market_id]
        wanted = [job.job_id for job in dead if job.job_id in form.many("job")]
        if wanted:
            await revive(tx, page.now, wanted)
    return page.go("/ops")


ROUTES = [show_ops, revive_jobs]
