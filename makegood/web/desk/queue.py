"""The queues of the desk: lists, one row, the preview, search, taking and assigning."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import msgspec
from litestar import get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect, ServerSentEvent

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims.listing import ClaimFilter
from makegood.claims.looking import list_claims, queue_counts, view_claim
from makegood.claims.staff_actions import assign
from makegood.claims.topics import queue_topic
from makegood.claims.view import ClaimRow, ClaimView
from makegood.people.markets import store as market_store
from makegood.people.staff.roster import RosterLine
from makegood.store.database import Connection
from makegood.web.common import local_path
from makegood.web.desk import present
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.desk.frame import KEYS_COOKIE, QUEUE_NAMES, frame
from makegood.web.desk.performing import offered
from makegood.web.page import YEAR_SECONDS, Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.sse import live
from makegood.web.things import TheThings, Things

QUEUE_COOKIE: Final = "mg_queue"
FILTERS: Final = ("q", "state", "priority", "owner", "seller")
SHOWN_STATES: Final = (
    "open",
    "verifying",
    "waiting_seller",
    "waiting_buyer",
    "waiting_supplier",
    "negotiating",
    "in_review",
    "decided",
    "executing",
    "appealed",
    "reopened",
)
FOUND_AT_ONCE: Final = 8
BULK_MOST: Final = 50


class Done(msgspec.Struct, frozen=True):
    """What was just done, in words, and the pairs that undo it."""

    text: str
    undo: list[str] = []


@get("/desk")
async def open_desk(page: ThisPage, request: AnyRequest) -> Redirect:
    """The queue that the person looked at last."""
    page.need("claim.list")
    kept = request.cookies.get(QUEUE_COOKIE, "")
    return page.go(f"/desk/q/{kept if kept in QUEUE_NAMES else 'mine'}")


@get("/desk/q/{queue:str}")
async def show_queue(
    page: ThisPage, things: TheThings, request: AnyRequest, queue: FromPath[str]
) -> Html:
    """One page of a queue, in the order of its static key, with the first claim's preview."""
    _need_desk(page, queue)
    wish = {name: request.query_params.get(name, "")[:100] for name in FILTERS}
    act = page.act()
    async with things.db.connection() as conn:
        found = await list_claims(conn, act, _filter(queue, wish, request))
        counts = await queue_counts(conn, act)
        sellers = await market_store.list_sellers(conn, act.market_id)
        peek = await _first(conn, act, things, found.items)
    people = await things.desk.rosters.get(act.market_id, page.now)
    shown = page.show(
        "desk/templates/queue.html",
        **frame(page, request, queue, counts),
        filter=wish,
        filtered=any(wish.values()),
        choices=_choices(page, people, {s.seller_id: s.name for s in sellers}),
        groups=present.grouped(found.items),
        total=counts.get(queue, len(found.items)),
        late=present.late_count(found.items, page.now),
        here=_here(queue, wish),
        live=f"/desk/q/{queue}/live?{_query(wish)}",
        next_cursor=found.next_cursor,
        next_page=f"{_here(queue, wish)}&cursor={found.next_cursor}",
        people=people,
        peek=peek and offered(peek, page.may),
        done=done_of(page, request),
    )
    shown.cookies.append(Cookie(key=QUEUE_COOKIE, value=queue, path="/desk", samesite="lax"))
    return shown


@get("/desk/q/{queue:str}/row/{claim_no:str}")
async def show_row(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    queue: FromPath[str],
    claim_no: FromPath[str],
) -> Html:
    """One row again, after its claim changed."""
    _need_desk(page, queue)
    async with things.db.connection() as conn:
        found = await list_claims(
            conn, page.act(), ClaimFilter(queue="everything", q=claim_no, limit=1)
        )
    if not found.items or found.items[0].claim_no != claim_no:
        raise not_found()
    return page.show(
        "desk/templates/row.html", **frame(page, request, queue, {}), row=found.items[0]
    )


@get("/desk/q/{queue:str}/live")
async def live_queue(
    page: ThisPage, things: TheThings, request: AnyRequest, queue: FromPath[str]
) -> ServerSentEvent:
    """The present rows of this page as `number:version`, again after every change."""
    _need_desk(page, queue)
    wish = {name: request.query_params.get(name, "")[:100] for name in FILTERS}
    act = page.act()

    async def rows() -> list[tuple[str, str]]:
        fresh = msgspec.structs.replace(act, now=things.clock.now())
        async with things.db.connection() as conn:
            found = await list_claims(conn, fresh, _filter(queue, wish, request))
        return [("rows", " ".join(f"{row.claim_no}:{row.version}" for row in found.items) or "-")]

    return live(things.hub, (queue_topic(act.market_id),), rows)


@get("/desk/c/{claim_no:str}/peek")
async def peek_claim(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html:
    """The preview beside the list."""
    page.need("claim.list")
    async with things.db.connection() as conn:
        claim = await view_claim(conn, page.act(), things.desk, claim_no)
    seen = offered(claim, page.may)
    return page.show("desk/templates/peek.html", **frame(page, request, "", {}), peek=seen)


@get("/desk/find")
async def find(page: ThisPage, things: TheThings, request: AnyRequest) -> Html:
    """Claims by number, order, goods, shop or words, over all queues."""
    page.need("claim.list")
    query = request.query_params.get("q", "").strip()[:100]
    async with things.db.connection() as conn:
        counts = {} if page.fragment else await queue_counts(conn, page.act())
        rows = await _found(conn, page.act(), query)
    if page.fragment:
        return page.show("desk/templates/found.html", rows=rows, q=query, fragment=True)
    around = frame(page, request, "", counts)
    return page.show("desk/templates/find.html", **around, section="find", rows=rows, q=query)


@post("/desk/bulk")
async def change_owners(page: ThisPage, things: TheThings, request: AnyRequest) -> Redirect:
    """Give the ticked claims to a person, or take an assignment back."""
    page.need("claim.assign")
    form = await read_form(request)
    back = local_path(form.text("back"))
    pairs = _owners_wanted(page, form)
    if not pairs:
        return page.go(with_done(back, "nothing"))
    async with things.db.transaction() as tx:
        before = [await _reassign(tx, page.act(), things, no, owner) for no, owner in pairs]
    if form.text("do") == "undo":
        return page.go(with_done(back, "undone"))
    return page.go(with_done(back, "assigned", was=",".join(filter(None, before))))


@post("/desk/take")
async def take_next(page: ThisPage, things: TheThings) -> Redirect:
    """Take the first claim to decide that is not one's own yet."""
    page.need("claim.take")
    act = page.act()
    async with things.db.transaction() as tx:
        found = await list_claims(tx, act, ClaimFilter(queue="review", limit=BULK_MOST))
        others = [row for row in found.items if row.owner_id != act.actor.id]
        if not others:
            return page.go(with_done("/desk/q/mine", "none_left"))
        claim_no = others[0].claim_no
        await assign(tx, act, things.desk, claim_no, act.actor.id, why="taken")
    return page.go(with_done(f"/desk/c/{claim_no}", "taken"))


@post("/desk/keys")
async def set_keys(page: ThisPage, request: AnyRequest) -> Redirect:
    """Turn single keys on or off for this browser."""
    page.need("claim.list")
    form = await read_form(request)
    off = form.text("keys") == "off"
    kept = Cookie(
        key=KEYS_COOKIE,
        value="off" if off else "on",
        path="/",
        max_age=YEAR_SECONDS,
        samesite="lax",
        secure=page.secure,
    )
    return Redirect(local_path(form.text("back")), status_code=303, cookies=[kept])


def with_done(path: str, what: str, **more: str) -> str:
    """The address with a note of what was done, shown once at its top."""
    mark = "&" if "?" in path else "?"
    return f"{path}{mark}{urlencode({'done': what, **more})}"


def done_of(page: Page, request: AnyRequest) -> Done | None:
    """The note of the address, in words; nothing for an unknown one."""
    what = request.query_params.get("done", "")
    key = f"desk.done.{what}"
    if not page.words.has(key):
        return None
    pairs = [pair for pair in request.query_params.get("was", "").split(",") if ":" in pair]
    return Done(page.words.text(key, n=len(pairs)), pairs[:BULK_MOST])


def _need_desk(page: Page, queue: str) -> None:
    page.need("claim.list")
    if page.caller.role in ("seller", "buyer", "market") or queue not in QUEUE_NAMES:
        raise not_found()


def _filter(queue: str, wish: Mapping[str, str], request: AnyRequest) -> ClaimFilter:
    return ClaimFilter(
        queue=queue,
        q=wish["q"],
        state=wish["state"],
        priority=wish["priority"],
        owner_id=wish["owner"],
        seller_id=wish["seller"],
        cursor=request.query_params.get("cursor", ""),
    )


def _query(wish: Mapping[str, str]) -> str:
    return urlencode({name: value for name, value in wish.items() if value})


def _here(queue: str, wish: Mapping[str, str]) -> str:
    return f"/desk/q/{quote(queue)}?{_query(wish)}"


def _choices(
    page: Page, people: list[RosterLine], sellers: Mapping[str, str]
) -> list[tuple[str, list[tuple[str, str]]]]:
    t = page.words.t
    return [
        ("state", [(state, str(t(f"desk.state.{state}"))) for state in SHOWN_STATES]),
        ("priority", [(name, str(t(f"desk.class.{name}"))) for name in ("P0", "P1", "P2", "P3")]),
        ("owner", [(line.account_id, line.display_name) for line in people]),
        ("seller", list(sellers.items())[:200]),
    ]


async def _first(
    conn: Connection, act: Act, things: Things, rows: list[ClaimRow]
) -> ClaimView | None:
    return await view_claim(conn, act, things.desk, rows[0].claim_no) if rows else None


async def _found(conn: Connection, act: Act, query: str) -> list[ClaimRow]:
    if not query:
        return []
    asked = ClaimFilter(queue="everything", q=query, limit=FOUND_AT_ONCE)
    return (await list_claims(conn, act, asked)).items


def _owners_wanted(page: Page, form: Form) -> list[tuple[str, str]]:
    """Claim numbers with the owner each shall get."""
    ticked = form.many("claim")[:BULK_MOST]
    match form.text("do"):
        case "undo":
            return [(no, owner) for no, _, owner in (pair.partition(":") for pair in ticked)]
        case "take":
            return [(claim_no, page.caller.account_id) for claim_no in ticked]
        case _:
            owner = form.text("owner")
            return [(claim_no, owner) for claim_no in ticked] if owner else []


async def _reassign(tx: Connection, act: Act, things: Things, claim_no: str, owner: str) -> str:
    """The pair that undoes it; empty where it could not be given."""
    found = await list_claims(tx, act, ClaimFilter(queue="everything", q=claim_no, limit=1))
    try:
        await assign(tx, act, things.desk, claim_no, owner)
    except Refused:
        return ""
    return f"{claim_no}:{found.items[0].owner_id}" if found.items else ""


ROUTES = [
    open_desk,
    show_queue,
    show_row,
    live_queue,
    peek_claim,
    find,
    change_owners,
    take_next,
    set_keys,
]
