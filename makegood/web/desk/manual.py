"""A refund that no gateway could make: one person records it with proof, another confirms it."""

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from makegood.base.refusal import Refused
from makegood.claims.handmade import MANUAL, SentByHand, record_sent
from makegood.claims.looking import queue_counts, view_claim
from makegood.claims.view import ClaimView, MoneyView
from makegood.people.approvals.rules import Proposal
from makegood.people.approvals.store import open_of
from makegood.web.desk.claim import need_staff, queue_of
from makegood.web.desk.faults import fault_of, status_of
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.desk.frame import frame
from makegood.web.desk.queue import with_done
from makegood.web.kept_files import keep_file
from makegood.web.money_refusal import keep_refusal
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

PROOF_LIMIT = 20 * 1024 * 1024


@get("/desk/c/{claim_no:str}/money/{number:str}")
async def show_refund(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    claim_no: FromPath[str],
    number: FromPath[str],
) -> Html:
    """The form: reference and proof."""
    need_staff(page, "task.finish")
    return await _page(page, things, request, claim_no, number, Form({}))


@post("/desk/c/{claim_no:str}/money/{number:str}", request_max_body_size=PROOF_LIMIT)
async def confirm_refund(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    claim_no: FromPath[str],
    number: FromPath[str],
) -> Html | Redirect:
    """Keep the proof, and put the refund before a second person."""
    need_staff(page, "task.finish")
    form = await read_form(request)
    try:
        sent = SentByHand(
            refund_no=number,
            reference=form.text("reference", 120),
            file_sha256=await keep_file(things, page.market.market_id, form.files.get("file")),
        )
        async with things.db.transaction() as tx:
            _manual(await view_claim(tx, page.act(), things.desk, claim_no), number)
            caller = page.caller
            await record_sent(
                tx,
                page.act(),
                things.desk,
                sent,
                by=caller.account_id,
                by_name=caller.display_name,
            )
    except Refused as refused:
        await keep_refusal(page, things, "task.finish", refused)
        return await _page(page, things, request, claim_no, number, form, refused)
    return page.go(with_done(f"/desk/c/{claim_no}", "recorded"))


@get("/desk/c/{claim_no:str}/money/{number:str}/proof")
async def show_proof(
    page: ThisPage, things: TheThings, claim_no: FromPath[str], number: FromPath[str]
) -> Stream:
    """The proof that waits for confirmation, as a download that no browser runs."""
    need_staff(page, "task.finish")
    async with things.db.connection() as conn:
        _manual(await view_claim(conn, page.act(), things.desk, claim_no), number)
        waiting = await open_of(conn, page.market.market_id, MANUAL, number)
    if not waiting:
        raise not_found()
    sha256_ = str(waiting[0].payload["file_sha256"])
    return Stream(
        things.storage.open(page.market.market_id, sha256_),
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="proof-{number}"',
            "cache-control": "no-store",
        },
    )


def _manual(claim: ClaimView, number: str) -> MoneyView:
    """The movement of this claim that waits for a person; strangers' numbers are unknown."""
    for move in claim.money:
        if move.number == number and move.state == "manual":
            return move
    raise not_found()


async def _page(
    page: Page,
    things: Things,
    request: AnyRequest,
    claim_no: str,
    number: str,
    form: Form,
    refused: Refused | None = None,
) -> Html:
    async with things.db.connection() as conn:
        claim = await view_claim(conn, page.act(), things.desk, claim_no)
        counts = await queue_counts(conn, page.act())
        waiting = await open_of(conn, page.market.market_id, MANUAL, number)
    base = f"/desk/c/{claim_no}"
    return page.show(
        "desk/templates/ask_page.html",
        status_of(refused),
        **frame(page, request, queue_of(request), counts, rail=True),
        c=claim,
        base=base,
        here=f"{base}/money/{number}",
        kind="manual_waiting" if waiting else "manual",
        head=page.words.t("desk.manual.title"),
        button="" if waiting else page.words.t("desk.manual.button"),
        danger=False,
        multipart=True,
        fault=fault_of(page, refused),
        form=form,
        move=_manual(claim, number),
        waiting=_first(waiting),
    )


def _first(waiting: list[Proposal]) -> Proposal | None:
    return waiting[0] if waiting else None


ROUTES = [show_refund, confirm_refund, show_proof]
