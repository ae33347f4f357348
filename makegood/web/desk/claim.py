"""One claim at the desk: the page, its live notice, its neighbours, messages, task answers."""

from typing import Final, get_args

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, ServerSentEvent

from makegood.base.refusal import Refused
from makegood.claims.actions import post_message
from makegood.claims.lease import read_lease, take_lease
from makegood.claims.listing import ClaimFilter
from makegood.claims.looking import list_claims, queue_counts, view_claim
from makegood.claims.precedents.actions import family_of
from makegood.claims.staff_actions import answer_task, assign
from makegood.claims.view import Audience, ClaimView
from makegood.ledger.disputes.store import disputes_of_claim
from makegood.people.markets import store as market_store
from makegood.web.desk import present
from makegood.web.desk.forms import AnyRequest, read_form
from makegood.web.desk.frame import QUEUE_NAMES, frame
from makegood.web.desk.performing import offered
from makegood.web.desk.queue import QUEUE_COOKIE, done_of, with_done
from makegood.web.moved_on import moved_on
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings

AUDIENCES: Final = ("all", "buyer", "seller", "platform")
STAFF_ROLES: Final = ("agent", "lead", "operator", "auditor")
READY: Final = ("received", "more", "decided")


@get("/desk/c/{claim_no:str}")
async def show_claim(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Html:
    """Facts, the talk and the proposal of one claim."""
    need_staff(page, "claim.read")
    async with things.db.connection() as conn:
        claim = await view_claim(conn, page.act(), things.desk, claim_no)
        counts = await queue_counts(conn, page.act())
        lease = await read_lease(conn, page.act(), claim_no)
        likes = await family_of(conn, page.act(), things.desk, claim_no)
        disputes = await disputes_of_claim(conn, page.market.market_id, claim_no)
        departments = await market_store.list_departments(conn, page.market.market_id)
    names = {d.department_id: page.words.pick(d.name_zh, d.name_en) for d in departments}
    tab = present.tab_of(request.query_params.get("tab", ""))
    return page.show(
        "desk/templates/claim.html",
        **frame(page, request, queue_of(request), counts, rail=True),
        c=offered(claim, page.may),
        base=f"/desk/c/{claim_no}",
        tab=tab,
        tabs=present.tabs_of(claim.steps),
        steps=[step for step in claim.steps if present.in_tab(step, tab)],
        to="seller" if tab == "seller" else "platform" if tab == "internal" else "all",
        ready=_ready(page, claim),
        people=await things.desk.rosters.get(page.market.market_id, page.now),
        lease=lease,
        likes=likes,
        disputes=disputes,
        department_name=lambda code: names.get(code, code),
        done=done_of(page, request),
    )


@get("/desk/c/{claim_no:str}/live")
async def live_claim(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> ServerSentEvent:
    """Says that the claim moved on since the page was made; the page itself stays as it is."""
    need_staff(page, "claim.read")
    return moved_on(page, things, request, claim_no)


@get("/desk/c/{claim_no:str}/{way:str}/of/{queue:str}")
async def show_neighbour(
    page: ThisPage,
    things: TheThings,
    claim_no: FromPath[str],
    way: FromPath[str],
    queue: FromPath[str],
) -> Redirect:
    """The claim before or after this one in its queue; the queue itself at an end."""
    need_staff(page, "claim.list")
    if queue not in QUEUE_NAMES or way not in ("next", "previous"):
        raise not_found()
    async with things.db.connection() as conn:
        found = await list_claims(conn, page.act(), ClaimFilter(queue=queue))
    numbers = [row.claim_no for row in found.items]
    at = numbers.index(claim_no) if claim_no in numbers else -1
    wanted = at + (1 if way == "next" else -1)
    if at < 0 or not 0 <= wanted < len(numbers):
        return page.go(f"/desk/q/{queue}")
    return page.go(f"/desk/c/{numbers[wanted]}")


@post("/desk/c/{claim_no:str}/messages")
async def write(
    page: ThisPage, things: TheThings, request: AnyRequest, claim_no: FromPath[str]
) -> Redirect:
    """Write to one side, both, or only to colleagues."""
    form = await read_form(request)
    audience = _audience(form.text("audience"))
    need_staff(page, "claim.message_internal" if audience == "platform" else "claim.message")
    text = form.text("text")
    if text:
        async with things.db.transaction() as tx:
            await post_message(tx, page.act(), things.desk, claim_no, text, audience)
    done = "noted" if audience == "platform" else "sent"
    return page.go(with_done(f"/desk/c/{claim_no}", done))


@post("/desk/c/{claim_no:str}/take")
async def take(page: ThisPage, things: TheThings, claim_no: FromPath[str]) -> Redirect:
    """Make the claim one's own."""
    need_staff(page, "claim.take")
    act = page.act()
    async with things.db.transaction() as tx:
        await assign(tx, act, things.desk, claim_no, act.actor.id, why="taken")
    return page.go(with_done(f"/desk/c/{claim_no}", "taken"))


@post("/desk/c/{claim_no:str}/tasks/{task_id:str}")
async def answer(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    claim_no: FromPath[str],
    task_id: FromPath[str],
) -> Redirect:
    """Answer a hand-over."""
    need_staff(page, "claim.message_internal")
    text = (await read_form(request)).text("text")
    async with things.db.transaction() as tx:
        await answer_task(tx, page.act(), things.desk, claim_no, task_id, text)
    return page.go(with_done(f"/desk/c/{claim_no}", "answered"))


def need_staff(page: Page, action: str) -> None:
    """The matrix allows it and the caller works here; parties have pages of their own."""
    page.need(action)
    if page.caller.role not in STAFF_ROLES:
        raise not_found()


def queue_of(request: AnyRequest) -> str:
    """The queue that the person came from."""
    kept = request.cookies.get(QUEUE_COOKIE, "")
    return kept if kept in QUEUE_NAMES else "mine"


def _audience(text: str) -> Audience:
    for audience in get_args(Audience):
        if text == audience and text in AUDIENCES:
            return audience  # type: ignore[no-any-return]
    raise Refused("not_found")


def _ready(page: Page, claim: ClaimView) -> list[tuple[str, str]]:
    """Ready replies with this claim's goods and outcome filled in."""
    outcome = claim.decision or claim.suggestion
    remedy = str(page.words.code("remedy", outcome.remedy)) if outcome else ""
    amount = ""
    if outcome and outcome.amount_minor:
        amount = f" {page.words.amount(outcome.amount_minor, outcome.currency)}"
    filled = {"title": claim.order.title, "remedy": remedy, "amount": amount}
    names = READY if outcome else READY[:-1]
    return [(name, page.words.t(f"desk.ready.{name}.text", **filled)) for name in names]


@post("/desk/c/{claim_no:str}/lease")
async def renew_lease(page: ThisPage, things: TheThings, claim_no: FromPath[str]) -> Html:
    """Keep ruling for another minute; the chip says whose turn it is."""
    need_staff(page, "claim.decide")
    async with things.db.transaction() as tx:
        lease = await take_lease(tx, page.act(), claim_no, page.caller.display_name)
    base = f"/desk/c/{claim_no}"
    return page.show("desk/templates/lease.html", lease=lease, base=base, fragment=True)


ROUTES = [renew_lease, show_claim, live_claim, show_neighbour, write, take, answer]
