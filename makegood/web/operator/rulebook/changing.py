"""What is posted on the pages of the rules: drafts begun, edited, reviewed, announced, stopped."""

from collections.abc import Awaitable, Callable
from typing import Final

from litestar import get, post
from litestar.enums import MediaType
from litestar.params import FromPath
from litestar.response import Redirect, Response
from litestar.types import ControllerRouterHandler

from makegood.base.refusal import Refused
from makegood.people.approvals.actions import approver_of, prove_again
from makegood.policy.draft import actions, releasing
from makegood.policy.draft.looking import sketch
from makegood.policy.draft.model import Draft, Named
from makegood.policy.faults import PackRefused
from makegood.policy.packfile import MAX_FILE_BYTES
from makegood.store.database import Connection
from makegood.web.desk.faults import Fault, fault_of, status_of
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.errors import refusal_words
from makegood.web.operator.cookies import visitor_of
from makegood.web.operator.money.approvals import send_outside
from makegood.web.operator.rulebook import forms
from makegood.web.operator.rulebook.reading import draft_page, draft_table_page, load, rules_page
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

MOST_SENT: Final = 16_000_000
"""Bytes taken from a sender, so that a file that is too large is told on its page."""
Step = Callable[[Connection], Awaitable[Draft | None]]


@post("/ops/rules/drafts")
async def begin_draft(page: ThisPage, things: TheThings, request: AnyRequest) -> Redirect:
    """A new draft from the version in force."""
    page.need("rule.edit")
    form = await read_form(request)
    title = form.text("title", 120) or page.words.text("rules.untitled")
    async with things.db.transaction() as tx:
        draft = await actions.start_draft(
            tx, page.act(), things.ids, things.desk.shelf, title, _me(page)
        )
    table = form.text("table", 40)
    return page.go(_table_url(table, draft.draft_id) if table else _url(draft.draft_id))


@post("/ops/rules/import", request_max_body_size=MOST_SENT)
async def take_file(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """A pack's one file as a new draft; refused with file, row and column."""
    page.need("rule.edit")
    form = await read_form(request)
    sent = form.files.get("file")
    raw = await sent.read(MAX_FILE_BYTES + 1) if sent is not None else b""
    title = form.text("title", 120) or page.words.text("rules.imported")
    try:
        async with things.db.transaction() as tx:
            draft = await actions.import_draft(
                tx, page.act(), things.ids, things.desk.shelf, raw, title, _me(page)
            )
    except PackRefused as refused:
        return await rules_page(page, things, problems=refused.faults)
    return page.go(_url(draft.draft_id))


@get("/ops/rules/drafts/{draft_id:str}/file")
async def export_draft(
    page: ThisPage, things: TheThings, draft_id: FromPath[str]
) -> Response[bytes]:
    """A draft's one file."""
    page.need("rule.read")
    async with things.db.connection() as conn:
        draft = await load(conn, page, draft_id)
    name = f"{draft.pack_id}-draft-{draft.draft_id}.json"
    return Response(
        content=draft.source,
        media_type=MediaType.JSON,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@post("/ops/rules/drafts/{draft_id:str}/edit")
async def edit_draft(
    page: ThisPage, things: TheThings, request: AnyRequest, draft_id: FromPath[str]
) -> Html | Redirect:
    """One edit, or undoing the last one."""
    page.need("rule.edit")
    form = await read_form(request)
    table = form.text("table", 40)
    try:
        async with things.db.transaction() as tx:
            await _edit(tx, page, things, draft_id, form)
    except Refused as refused:
        fault, status = fault_of(page, refused), status_of(refused)
        if table:
            return await draft_table_page(
                page, things, table, draft_id, edit=form.text("row", 40), fault=fault, status=status
            )
        return await draft_page(page, things, draft_id, fault=fault, status=status)
    return page.go(_table_url(table, draft_id) if table else _url(draft_id))


@post("/ops/rules/drafts/{draft_id:str}/{step:str}")
async def take_step(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    draft_id: FromPath[str],
    step: FromPath[str],
) -> Html | Redirect:
    """Describe, submit, take back, review, ask outside, widen, roll back or withdraw."""
    right = RIGHTS.get(step)
    if right is None:
        raise not_found()
    page.need(right)
    form = await read_form(request)
    try:
        if step == "review" and (code := form.text("code", 12)):
            address = visitor_of(request).address
            await prove_again(things.db, things.vault, page.act(), page.caller, address, code)
        async with things.db.transaction() as tx:
            await _step(tx, page, things, draft_id, step, form)
            if step in releasing.ENDS:
                await releasing.end_proposals(tx, page.act(), draft_id)
    except Refused as refused:
        fault = fault_of(page, refused) or Fault(*refusal_words(page, refused))
        status, typed = status_of(refused), (step, form)
        return await draft_page(page, things, draft_id, fault=fault, status=status, typed=typed)
    finally:
        things.desk.shelf.forget(page.market.market_id)
    return page.go(f"{_url(draft_id)}?done=outside" if step == "outside" else _url(draft_id))


async def _edit(tx: Connection, page: Page, things: Things, draft_id: str, form: Form) -> None:
    act, seen = page.act(), form.whole("seen")
    if form.text("do", 20) == "undo":
        await actions.undo_last(tx, act, draft_id, seen, _me(page))
        return
    draft = await load(tx, page, draft_id)
    base = await things.desk.shelf.in_force(act.market_id, act.now)
    for edit in forms.edits_of(form, sketch(draft, base), page.words.currency):
        draft = await actions.edit_draft(tx, act, draft_id, seen, edit, _me(page))
        seen = draft.edit_no


async def _step(
    tx: Connection, page: Page, things: Things, draft_id: str, step: str, form: Form
) -> None:
    act, ids, shelf, seen = page.act(), things.ids, things.desk.shelf, form.whole("seen")
    match step:
        case "describe":
            await actions.describe(tx, act, draft_id, seen, forms.described(form), _me(page))
        case "submit":
            await actions.submit(tx, act, shelf, draft_id, seen)
        case "back":
            await actions.take_back(tx, act, draft_id)
        case "review":
            await _review(tx, page, things, draft_id, form)
        case "outside":
            await _ask_outside(tx, page, things, draft_id, form)
        case "widen":
            share = form.whole("share")
            await actions.step_version(tx, act, ids, shelf, draft_id, expected=share)
        case "rollback":
            await actions.roll_back(tx, act, ids, shelf, draft_id, form.text("why"))
        case "withdraw":
            if (await load(tx, page, draft_id)).state == "notice":
                page.need("rule.publish")
            await actions.withdraw(tx, act, ids, draft_id, form.text("why"))


async def _ask_outside(
    tx: Connection, page: Page, things: Things, draft_id: str, form: Form
) -> None:
    """Put the draft before an approver from outside, by a link that the operator never sees."""
    early = form.text("early") == "yes"
    proposal = await releasing.propose_release(
        tx, page.act(), things.ids, draft_id, early=early, by=_me(page)
    )
    await send_outside(tx, page, things, proposal.proposal_no, form.text("approver", 40))


async def _review(tx: Connection, page: Page, things: Things, draft_id: str, form: Form) -> None:
    act, text = page.act(), form.text("text")
    reviewer = await approver_of(tx, act.market_id, page.caller)
    if form.text("do", 20) == "return":
        await actions.return_draft(tx, act, draft_id, reviewer, text)
        return
    await actions.announce(
        tx,
        act,
        things.ids,
        things.desk.shelf,
        draft_id,
        reviewer,
        text,
        early=form.text("early") == "yes",
    )


def _me(page: Page) -> Named:
    return page.caller.account_id, page.caller.display_name


def _url(draft_id: str) -> str:
    return f"/ops/rules/drafts/{draft_id}"


def _table_url(table: str, draft_id: str) -> str:
    return f"/ops/rules/{table}?draft={draft_id}"


RIGHTS: Final = {
    "describe": "rule.edit",
    "submit": "rule.edit",
    "back": "rule.edit",
    "review": "rule.review",
    "outside": "proposal.make",
    "widen": "rule.publish",
    "rollback": "rule.publish",
    "withdraw": "rule.edit",
}
ROUTES: Final[list[ControllerRouterHandler]] = [
    begin_draft,
    take_file,
    export_draft,
    edit_draft,
    take_step,
]
