"""Chargebacks and complaints at the payment channels: deadlines, evidence packet, outcome."""

from datetime import UTC, datetime, time
from typing import Final, get_args

import msgspec
from litestar import get, post
from litestar.params import FromQuery
from litestar.response import Redirect

from makegood.base.refusal import Refused
from makegood.claims.chargebacks import note_dispute
from makegood.ledger.disputes import store
from makegood.ledger.disputes.actions import mark_answered
from makegood.ledger.disputes.rules import ENDED, StoredDispute
from makegood.ledger.refund.gateway import Dispute, DisputeState
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.money_refusal import keep_refusal
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

STATES: Final[tuple[DisputeState, ...]] = get_args(DisputeState)
OPEN: Final = tuple(state for state in STATES if state not in ENDED)


@get("/ops/disputes")
async def show_disputes(page: ThisPage, things: TheThings, show: FromQuery[str] = "open") -> Html:
    """Disputes of one state, or all that are open, the nearest deadline first."""
    page.need("dispute.read")
    return await _page(page, things, show)


@post("/ops/disputes")
async def enter_dispute(page: ThisPage, things: TheThings, request: AnyRequest) -> Html | Redirect:
    """Write down a dispute that the channel told by letter or panel, or what became of it."""
    page.need("dispute.answer")
    form = await read_form(request)
    try:
        if form.text("do") == "answered":
            await _answered(page, things, form)
        else:
            async with things.db.transaction() as tx:
                told, channel = await _told(page, things, form)
                await note_dispute(tx, page.act(), things.desk, channel, told, "person")
    except Refused as refused:
        fault = await keep_refusal(page, things, "dispute.answer", refused)
        return await _page(page, things, "open", fault, form)
    return page.go("/ops/disputes")


async def _answered(page: Page, things: Things, form: Form) -> None:
    async with things.db.transaction() as tx:
        await mark_answered(tx, page.act(), form.text("channel", 64), form.text("ref", 128))


async def _told(page: Page, things: Things, form: Form) -> tuple[Dispute, str]:
    """The dispute of a form: an outcome of one that is known, or a new one."""
    channel, ref = form.text("channel", 64), form.text("ref", 128)
    if form.text("do") in ENDED:
        return await _with_outcome(page, things, channel, ref, form.text("do"))
    if not channel or not ref or not form.text("number", 128):
        raise Refused("setting_invalid", fields=["channel", "ref", "number"])
    money = form.money("amount", form.text("currency", 3) or page.market.settings.currency)
    told = Dispute(
        dispute_ref=ref,
        trade_no=form.text("number", 128),
        order_no=form.text("number", 128),
        amount_minor=money.amount_minor,
        currency=money.currency,
        kind="complaint" if form.text("kind") == "complaint" else "chargeback",
        state="needs_response",
        reason=form.text("reason", 200),
        opened_at=page.now,
        due_at=_due(page, form.text("due", 10)),
    )
    return told, channel


async def _with_outcome(
    page: Page, things: Things, channel: str, ref: str, outcome: str
) -> tuple[Dispute, str]:
    async with things.db.connection() as conn:
        known = await store.read_dispute(conn, page.market.market_id, channel, ref)
    if known is None:
        raise not_found()
    told = Dispute(
        dispute_ref=known.dispute_ref,
        trade_no=known.trade_no,
        order_no=known.order_no,
        amount_minor=known.amount_minor,
        currency=known.currency,
        kind=known.kind,
        state=next(state for state in ENDED if state == outcome),
    )
    return told, channel


def _due(page: Page, text: str) -> datetime | None:
    """The end of the day by which the channel wants an answer."""
    if not text:
        return None
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError:
        raise Refused("setting_invalid", fields=["due"]) from None
    return datetime.combine(day, time(23, 59), page.words.zone).astimezone(UTC)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One dispute as the list shows it."""

    dispute: StoredDispute
    late: bool


async def _page(
    page: Page,
    things: Things,
    show: str,
    fault: Fault | None = None,
    form: Form = Form({}),  # noqa: B008 - frozen
) -> Html:
    market_id = page.market.market_id
    states = (show,) if show in STATES else OPEN
    async with things.db.connection() as conn:
        found = await store.list_disputes(conn, market_id, states)
        counts = await store.counts_by_state(conn, market_id)
    rows = [
        Shown(dispute=one, late=one.due_at is not None and one.due_at < page.now) for one in found
    ]
    return page.show(
        "operator/templates/disputes.html",
        409 if fault else 200,
        section="disputes",
        rows=rows,
        counts=counts,
        states=STATES,
        shown=show if show in STATES else "open",
        open_count=sum(counts.get(state, 0) for state in OPEN),
        fault=fault,
        form=form,
    )


ROUTES = [show_disputes, enter_dispute]
