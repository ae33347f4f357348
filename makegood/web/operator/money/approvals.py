"""What waits for a second person: every proposal with its reason, released or sent back here."""

from typing import Final

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims import approving
from makegood.people.approvals import store
from makegood.people.approvals.actions import approver_of, prove_again, withdraw_proposal
from makegood.people.approvals.outside import approver_by_id, ask_outside, outside_approvers
from makegood.people.approvals.rules import KINDS, Proposal, Verdict
from makegood.store.database import Connection
from makegood.talk.actions import queue_mail
from makegood.talk.mail import ApprovalAsked, Mail, Said
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.money_refusal import keep_refusal
from makegood.web.operator.cookies import visitor_of
from makegood.web.operator.money.links import subject_link
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

STATES: Final = {"open": ["open"], "decided": ["approved", "returned", "withdrawn"]}


@get("/ops/approvals")
async def show_approvals(
    page: ThisPage,
    things: TheThings,
    show: FromQuery[str] = "open",
    kind: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Html:
    """Proposals, those that wait first; filters are links."""
    page.need("approval.read")
    return await _page(page, things, show if show in STATES else "open", kind, done=done)


@post("/ops/approvals/{proposal_no:str}")
async def decide(
    page: ThisPage, things: TheThings, request: AnyRequest, proposal_no: FromPath[str]
) -> Html | Redirect:
    """Release a proposal, send it back, or take an own one back."""
    page.need("approval.read")
    form = await read_form(request)
    do = form.text("do", 20)
    try:
        if do == "withdrawn":
            async with things.db.transaction() as tx:
                await withdraw_proposal(tx, page.act(), proposal_no, page.caller.account_id)
        elif do == "outside":
            page.need("proposal.make")
            async with things.db.transaction() as tx:
                await send_outside(tx, page, things, proposal_no, form.text("approver", 40))
        else:
            await _decide(page, things, visitor_of(request).address, proposal_no, form)
    except Refused as refused:
        fault = await keep_refusal(page, things, "approval.give", refused)
        return await _page(page, things, "open", "", fault=fault, at=proposal_no)
    return page.go(f"/ops/approvals?done={do}")


async def _decide(page: Page, things: Things, address: str, proposal_no: str, form: Form) -> None:
    page.need("approval.give")
    verdict, act = _verdict(form.text("do", 20)), page.act()
    if code := form.text("code", 12):
        await prove_again(things.db, things.vault, act, page.caller, address, code)
    async with things.db.transaction() as tx:
        approver = await approver_of(tx, act.market_id, page.caller)
        await approving.decide(
            tx, act, things.desk, approver, proposal_no, verdict, form.text("text", 2000)
        )


async def send_outside(
    tx: Connection, page: Page, things: Things, proposal_no: str, approver_id: str
) -> None:
    """Mail a link to an approver from outside; the operator never sees it."""
    act = page.act()
    approver = await approver_by_id(tx, act.market_id, approver_id)
    proposal = await store.load_proposal(tx, act.market_id, proposal_no)
    if approver is None or proposal is None:
        raise not_found()
    asked = await ask_outside(tx, act, things.vault, things.ids, approver, proposal)
    name = f"books.approvals.kind.{proposal.kind}"
    catalogue = page.kit.catalogue
    content = ApprovalAsked(
        what=Said(str(catalogue["zh"][name]), str(catalogue["en"][name])),
        why=proposal.why,
        proposed_by=proposal.proposed_name or proposal.proposed_by,
        amount=Money(proposal.amount_minor, proposal.currency) if proposal.amount_minor else None,
        link_id=asked.link_id,
    )
    mail = Mail(
        key=f"approval:{asked.link_id}",
        to=approver.contact,
        content=content,
        language=page.words.lang,
        subject=proposal.proposal_no,
    )
    await queue_mail(tx, act, mail)


def _verdict(do: str) -> Verdict:
    match do:
        case "approved":
            return "approved"
        case "returned":
            return "returned"
        case _:
            raise not_found()


def _subject_link(page: Page, one: Proposal) -> str:
    """Where to look at the subject, for those who may look there: a lead reads no books."""
    link = subject_link(one)
    books = ("/ops/sellers/", "/ops/suppliers/", "/ops/ledger")
    return "" if link.startswith(books) and not page.may("ledger.read") else link


async def _page(
    page: Page,
    things: Things,
    state: str,
    kind: str,
    *,
    done: str = "",
    fault: Fault | None = None,
    at: str = "",
) -> Html:
    market_id = page.market.market_id
    async with things.db.connection() as conn:
        found = await store.list_proposals(
            conn, market_id, STATES[state], kind if kind in KINDS else ""
        )
        waiting = await store.count_open(conn, market_id)
        proven = await store.proven_at(conn, market_id, page.caller.session_id)
        approvers = await outside_approvers(conn, market_id)
    fresh = page.market.settings.money.fresh_minutes
    age = None if proven is None else (page.now - proven).total_seconds() / 60
    return page.show(
        "operator/templates/money/approvals.html",
        409 if fault else 200,
        section="approvals",
        proposals=[(one, _subject_link(page, one)) for one in found],
        waiting=waiting,
        state=state,
        kind=kind,
        kinds=[one for one in KINDS if one in waiting or one == kind],
        mine=_mine(page, found),
        needs_code=age is None or age > fresh,
        outside=approvers,
        done=done if done in ("approved", "returned", "withdrawn", "outside") else "",
        fault=fault,
        at=at,
    )


def _mine(page: Page, found: list[Proposal]) -> set[str]:
    me = page.caller.account_id
    return {one.proposal_no for one in found if one.proposed_by == me}


ROUTES: list[ControllerRouterHandler] = [show_approvals, decide]
