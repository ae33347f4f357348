"""What a draft would have done: the page, its live progress, starting and stopping."""

from typing import Final

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, ServerSentEvent
from litestar.types import ControllerRouterHandler

from makegood.claims.backtests import store
from makegood.claims.backtests.actions import backtest_topic, cancel_backtest, start_backtest
from makegood.claims.backtests.store import Backtest
from makegood.policy.draft.model import Draft
from makegood.store.database import Connection
from makegood.web.operator.rulebook.reading import load
from makegood.web.page import Html, Page, ThisPage
from makegood.web.sse import live
from makegood.web.things import TheThings

FOLDER: Final = "operator/templates/rules"
TOUCHED_PERCENT: Final = 5
"""A seller that would pay this part of its turnover more is worth a look before the start."""


@get("/ops/rules/drafts/{draft_id:str}/backtest")
async def show_backtest(
    page: ThisPage, things: TheThings, draft_id: FromPath[str], box: FromQuery[str] = ""
) -> Html:
    """The newest backtest of a draft; `box` asks for the short form within the draft's page."""
    page.need("rule.read")
    async with things.db.connection() as conn:
        draft, found = await _both(conn, page, draft_id)
    part = "backtest_short.html" if box else "backtest.html"
    return page.show(f"{FOLDER}/{part}", section="rules", draft=draft, **_facts(page, draft, found))


@get("/sse/backtest/{draft_id:str}")
async def live_backtest(
    page: ThisPage, things: TheThings, draft_id: FromPath[str]
) -> ServerSentEvent:
    """How far a backtest is, and its figures when they are there."""
    page.need("rule.read")

    async def fragments() -> list[tuple[str, str]]:
        fresh = page.at(things.clock.now())
        async with things.db.connection() as conn:
            draft, found = await _both(conn, fresh, draft_id)
        html = fresh.html(
            f"{FOLDER}/backtest_parts.html", draft=draft, **_facts(fresh, draft, found)
        )
        return [("backtest", html)]

    return live(things.hub, (backtest_topic(page.market.market_id, draft_id),), fragments)


@post("/ops/rules/drafts/{draft_id:str}/backtest")
async def start(page: ThisPage, things: TheThings, draft_id: FromPath[str]) -> Redirect:
    """Ask for a backtest of the draft as it is now."""
    page.need("rule.edit")
    async with things.db.transaction() as tx:
        draft = await load(tx, page, draft_id)
        await start_backtest(tx, page.act(), things.ids, draft, page.caller.display_name)
    return page.go(f"/ops/rules/drafts/{draft_id}/backtest")


@post("/ops/rules/drafts/{draft_id:str}/backtest/cancel")
async def cancel(page: ThisPage, things: TheThings, draft_id: FromPath[str]) -> Redirect:
    """Stop it."""
    page.need("rule.edit")
    async with things.db.transaction() as tx:
        await load(tx, page, draft_id)
        await cancel_backtest(tx, page.act(), draft_id)
    return page.go(f"/ops/rules/drafts/{draft_id}/backtest")


async def _both(conn: Connection, page: Page, draft_id: str) -> tuple[Draft, Backtest | None]:
    draft = await load(conn, page, draft_id)
    return draft, await store.newest(conn, page.market.market_id, draft_id)


def _facts(page: Page, draft: Draft, found: Backtest | None) -> dict[str, object]:
    """What the templates show; all arithmetic is done here."""
    result = found.result if found is not None else None
    facts: dict[str, object] = {
        "found": found,
        "r": result,
        "stale": found is not None and found.edit_no != draft.edit_no,
    }
    if result is None or found is None:
        return facts
    touched = result.most_touched
    percent = -100 * touched.delta_minor / max(1, touched.paid_minor) if touched else 0.0
    days = (result.until - result.since).days + 1 if result.since and result.until else 0
    buyer = result.delta("buyer")
    took = (found.ended_at - found.started_at) if found.ended_at and found.started_at else None
    return facts | {
        "took": took,
        "most": max((flow.claims for flow in result.flows), default=1),
        "touched_percent": percent,
        "touched_much": percent > TOUCHED_PERCENT,
        "hours": abs(result.hours_saved),
        "saves": result.hours_saved >= 0,
        "monthly_minor": round(buyer.delta_minor * 30 / days) if days else 0,
        "same": result.claims - result.changed,
        "fewer": abs(result.to_person_before - result.to_person_after),
        "may_open": page.may("claim.read"),
    }


ROUTES: list[ControllerRouterHandler] = [show_backtest, live_backtest, start, cancel]
