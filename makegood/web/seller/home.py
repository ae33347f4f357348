"""The seller's start page: claims to answer first, several accepted at once, held money."""

from datetime import datetime
from typing import Final

import msgspec
from litestar import get, post
from litestar.params import FromQuery
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.claims.actions import answer_as_seller
from makegood.claims.listing import ClaimFilter
from makegood.claims.looking import list_claims
from makegood.claims.view import ClaimRow
from makegood.ledger.actions import balances
from makegood.people.markets.store import load_seller
from makegood.store.database import Connection
from makegood.web.desk.forms import AnyRequest, read_form
from makegood.web.desk.present import ring
from makegood.web.desk.queue import with_done
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings

TABS: Final = ("answer", "platform", "done")
TO_ANSWER: Final = ("waiting_seller", "negotiating")
HELD_STATES: Final = frozenset({"settled", "closed", "withdrawn", "declined"})
BATCH_MOST: Final = 50


class SellerMoney(msgspec.Struct, frozen=True, kw_only=True):
    """A seller's figures in minor units, from the ledger and the open claims."""

    deposit_minor: int
    free_minor: int
    held_minor: int
    owed_minor: int


@get("/seller")
async def show_home(
    page: ThisPage, things: TheThings, request: AnyRequest, tab: FromQuery[str] = "answer"
) -> Html:
    """One tab of the seller's claims, with money beside it."""
    need_seller(page)
    if tab not in TABS:
        raise not_found()
    async with things.db.connection() as conn:
        waiting, running, ended = await _lists(conn, page)
        money = await money_of(conn, page, [*waiting, *running])
        seller = await load_seller(conn, page.market.market_id, page.actor.id)
    rows = {"answer": waiting, "platform": running, "done": ended}
    return page.show(
        "seller/templates/home.html",
        tab=tab,
        rows=rows[tab],
        counts={name: len(found) for name, found in rows.items()},
        urgent=next((row for row in waiting if row.next_deadline_at), None),
        money=money,
        shop=seller.name if seller else page.caller.display_name,
        ring=ring,
        done=_done(page, request),
    )


@get("/seller/accept")
async def ask_accept(page: ThisPage, things: TheThings, request: AnyRequest) -> Html:
    """Several claims at once: what that costs, before anything is done."""
    need_seller(page)
    wanted = request.query_params.getall("claim", [])[:BATCH_MOST]
    async with things.db.connection() as conn:
        waiting, _, _ = await _lists(conn, page)
        seller = await load_seller(conn, page.market.market_id, page.actor.id)
    rows = [row for row in waiting if row.claim_no in wanted and row.state == "waiting_seller"]
    if not rows:
        raise Refused("not_your_turn")
    return page.show(
        "seller/templates/accept.html",
        rows=rows,
        total_minor=sum(row.amount_minor for row in rows),
        shop=seller.name if seller else page.caller.display_name,
        counts={"answer": len(waiting)},
    )


@post("/seller/accept")
async def accept_several(page: ThisPage, things: TheThings, request: AnyRequest) -> Redirect:
    """Accept each claim in a transaction of its own, so that one refusal stops no other."""
    need_seller(page)
    page.need("claim.answer")
    form = await read_form(request)
    failed = 0
    wanted = form.many("claim")[:BATCH_MOST]
    for claim_no in wanted:
        try:
            async with things.db.transaction() as tx:
                await answer_as_seller(tx, page.act(), things.desk, claim_no, "accept", "")
        except Refused:
            failed += 1
    done = "failed" if failed else "accepted"
    return page.go(with_done("/seller", done, n=str(failed or len(wanted))))


def need_seller(page: Page) -> None:
    """Only a signed-in person of a seller."""
    if page.caller.role != "seller" or page.caller.via != "staff_session":
        raise not_found()
    page.need("claim.list")


async def money_of(conn: Connection, page: Page, running: list[ClaimRow]) -> SellerMoney:
    """Deposit and debts by the ledger; held is what open claims ask for."""
    seller = page.actor.id
    codes = [f"{kind}:{seller}" for kind in ("seller_deposit", "seller_receivable")]
    found = await balances(conn, page.market.market_id, codes, page.market.settings.currency)
    deposit, owed = (found[code].available_minor for code in codes)
    held = sum(row.amount_minor for row in running if row.state not in HELD_STATES)
    return SellerMoney(
        deposit_minor=deposit, free_minor=max(0, deposit - owed), held_minor=held, owed_minor=owed
    )


async def _lists(
    conn: Connection, page: Page
) -> tuple[list[ClaimRow], list[ClaimRow], list[ClaimRow]]:
    """Claims to answer by deadline, the other running ones, and the newest ended ones."""
    running = (await list_claims(conn, page.act(), ClaimFilter(queue="all", limit=200))).items
    ended = (await list_claims(conn, page.act(), ClaimFilter(queue="done"))).items
    waiting = [row for row in running if row.state in TO_ANSWER]
    others = [row for row in running if row.state not in TO_ANSWER]
    return sorted(waiting, key=_by_deadline), others, ended


def _by_deadline(row: ClaimRow) -> tuple[bool, datetime]:
    return row.next_deadline_at is None, row.next_deadline_at or row.opened_at


def _done(page: Page, request: AnyRequest) -> str:
    key = f"seller.done.{request.query_params.get('done', '')}"
    count = request.query_params.get("n", "1")
    if not page.words.has(key):
        return ""
    return page.words.text(key, n=int(count) if count.isdigit() else 1)


ROUTES = [show_home, ask_accept, accept_several]
