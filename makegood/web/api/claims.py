"""Claims: opened, read by their parties, listed and searched."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims import listing, looking
from makegood.claims.intake import Opened, open_claim
from makegood.claims.listing import ClaimFilter
from makegood.claims.opening import OpenClaim
from makegood.claims.payment_intake import PaymentComplaint, open_payment_claim
from makegood.claims.view import ClaimRow, ClaimView, StepView
from makegood.web.api.access import own_claim
from makegood.web.api.faults import Fault, input_fault
from makegood.web.api.operation import Answer, Call, Operation
from makegood.web.api.shapes import (
    At,
    Code,
    DeadlineShown,
    Input,
    MaybeCode,
    MaybeText,
    Number,
    deadlines_shown,
)

Wants = Literal["refund", "reissue", "repair", "compensation", "explanation"]
Queue = Literal[
    "mine",
    "review",
    "waiting",
    "overdue",
    "approvals",
    "appeals",
    "tasks",
    "all",
    "done",
    "everything",
]
State = Literal[
    "open",
    "verifying",
    "waiting_seller",
    "waiting_buyer",
    "waiting_supplier",
    "negotiating",
    "in_review",
    "decided",
    "executing",
    "settled",
    "closed",
    "appealed",
    "reopened",
    "withdrawn",
    "declined",
    "external",
]


class ClaimWanted(Input, frozen=True, kw_only=True):
    """A complaint about units of an order line, or about a payment that made no order.

    With `order_no`: `reason`, `description` and `wants` are needed. With `trade_no`: `amount`
    and `contact`. `external_id` is the channel's own number; the same one never makes a second
    claim. `account` is where the goods were redeemed to, `began_at` when the problem began.
    """

    order_no: Number | None = None
    line_no: Annotated[int, Meta(ge=0, le=200)] | None = None
    units: Annotated[tuple[Annotated[int, Meta(ge=0, le=1000)], ...], Meta(max_length=1000)] = ()
    reason: MaybeCode = ""
    description: MaybeText = ""
    wants: Wants | None = None
    channel: Code = "api"
    external_id: Annotated[str, Meta(max_length=128)] = ""
    account: Annotated[str, Meta(max_length=200)] = ""
    began_at: At | None = None
    trade_no: Number | None = None
    amount: Money | None = None
    contact: Annotated[str, Meta(min_length=1, max_length=200)] | None = None

    def __post_init__(self) -> None:
        if (self.order_no is None) == (self.trade_no is None):
            raise ValueError("send either order_no or trade_no")
        if self.order_no is not None and not (self.reason and self.description and self.wants):
            raise ValueError("order_no needs reason, description and wants")
        if self.trade_no is not None and (self.amount is None or self.contact is None):
            raise ValueError("trade_no needs amount and contact")


class ClaimOpened(msgspec.Struct, frozen=True, kw_only=True):
    """The claim that a complaint led to. `receipt` is the hash of its history so far, in hex."""

    claim_no: str
    state: str
    deadlines: list[DeadlineShown]
    receipt: str


class ClaimsWanted(Input, frozen=True, kw_only=True):
    """Filters of a list; `q` searches the text in Chinese and English."""

    state: State | None = None
    queue: Queue = "everything"
    seller: MaybeCode = ""
    q: Annotated[str, Meta(max_length=200)] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, Meta(max_length=300)] = ""


class ClaimPage(msgspec.Struct, frozen=True):
    """One page; `next_cursor` is null at the end."""

    items: list[ClaimRow]
    next_cursor: str | None


class Events(msgspec.Struct, frozen=True):
    """The ordered history that this reader may see; `version` is the claim's newest event."""

    claim_no: str
    version: int
    items: list[StepView]


async def open_one(call: Call) -> Answer:
    """Open a claim (201), or answer with the live one of the same unit or external id (200)."""
    wanted = call.body_as(ClaimWanted)
    if wanted.trade_no is not None:
        return await _open_payment(call, wanted, wanted.trade_no)
    assert wanted.order_no is not None
    caller = call.caller
    if caller.role == "buyer" and not caller.holds_order(wanted.order_no):
        raise Fault("not_found")
    command = OpenClaim(
        order_no=wanted.order_no,
        line_no=wanted.line_no,
        units=wanted.units,
        reason=wanted.reason,
        description=wanted.description,
        wants=wanted.wants or "explanation",
        channel=wanted.channel,
        external_id=_external_id(call, wanted),
        account=wanted.account,
        began_at=wanted.began_at,
    )
    return _answer(await open_claim(call.conn, call.act, call.things.desk, command))


async def read_one(call: Call) -> Answer:
    """The claim as this reader may see it."""
    return Answer(body=await _view(call))


async def read_events(call: Call) -> Answer:
    """Its history as this reader may see it."""
    view = await _view(call)
    return Answer(body=Events(view.claim_no, view.version, view.steps))


async def list_all(call: Call) -> Answer:
    """Claims page by page: all of the market, or the caller's own."""
    wanted = call.query_as(ClaimsWanted)
    _check_cursor(wanted.cursor)
    order_nos: tuple[str, ...] = ()
    if call.caller.role == "buyer":
        order_nos = call.caller.order_nos
        if not order_nos:
            return Answer(body=ClaimPage([], None))
    filter_ = ClaimFilter(
        queue=wanted.queue,
        state=wanted.state or "",
        seller_id=wanted.seller,
        q=wanted.q,
        order_nos=order_nos,
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    page = await looking.list_claims(call.conn, call.act, filter_)
    return Answer(body=ClaimPage(page.items, page.next_cursor or None))


async def _open_payment(call: Call, wanted: ClaimWanted, trade_no: str) -> Answer:
    assert wanted.amount is not None
    assert wanted.contact is not None
    complaint = PaymentComplaint(
        trade_no=trade_no,
        amount=wanted.amount,
        contact=wanted.contact,
        description=wanted.description,
        channel=wanted.channel,
        external_id=_external_id(call, wanted),
    )
    return _answer(await open_payment_claim(call.conn, call.act, call.things.desk, complaint))


def _external_id(call: Call, wanted: ClaimWanted) -> str:
    """A channel's numbers are the market's; a buyer's own numbers stay the buyer's."""
    if call.caller.role == "buyer" and wanted.external_id:
        return f"{call.act.actor.id}/{wanted.external_id}"
    return wanted.external_id


def _answer(opened: Opened) -> Answer:
    body = ClaimOpened(
        claim_no=opened.claim_no,
        state=opened.state,
        deadlines=deadlines_shown(opened.deadlines),
        receipt=opened.receipt,
    )
    location = {"location": f"/api/v1/claims/{opened.claim_no}"}
    return Answer(status=200 if opened.existing else 201, body=body, headers=location)


async def _view(call: Call) -> ClaimView:
    claim_no = await own_claim(call)
    return await looking.view_claim(call.conn, call.act, call.things.desk, claim_no)


def _check_cursor(cursor: str) -> None:
    try:
        if cursor:
            listing.parse_cursor(cursor)
    except Refused as refused:
        raise input_fault("cursor", "not one that a list gave out") from refused


OPERATIONS: Final = (
    Operation(
        name="openClaim",
        method="POST",
        path="/claims",
        action="claim.open",
        summary="Open a claim about a unit of an order, or about a payment without an order.",
        run=open_one,
        reads="json",
        uses="connection",
        body=ClaimWanted,
        answer=ClaimOpened,
        status=201,
        other_answers={200: ClaimOpened},
        refusals=(
            "already_decided",
            "not_a_unit",
            "not_paid",
            "reason_not_for_product",
            "too_early",
            "window_closed",
        ),
        example={
            "order_no": "O-1001",
            "line_no": 1,
            "units": [1],
            "reason": "KEY02",
            "description": "兑换时提示已被使用，今天上午第一次兑换就这样",
            "wants": "refund",
        },
    ),
    Operation(
        name="listClaims",
        method="GET",
        path="/claims",
        action="claim.list",
        summary="Claims by queue, state, seller or text, page by page.",
        run=list_all,
        uses="connection",
        query=ClaimsWanted,
        answer=ClaimPage,
    ),
    Operation(
        name="readClaim",
        method="GET",
        path="/claims/{claim_no}",
        action="claim.read",
        summary="A claim as this reader may see it: state, deadlines, facts, decision, money.",
        run=read_one,
        uses="connection",
        answer=ClaimView,
    ),
    Operation(
        name="readEvents",
        method="GET",
        path="/claims/{claim_no}/events",
        action="claim.read",
        summary="The ordered history that this reader may see.",
        run=read_events,
        uses="connection",
        answer=Events,
    ),
)
