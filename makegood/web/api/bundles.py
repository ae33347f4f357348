"""The bundle of a claim for programs, and everything about one receipt."""

from datetime import datetime
from typing import Final, Literal

import msgspec
from litestar import Request
from litestar.datastructures import State

from makegood.claims.looking import view_claim
from makegood.record.log.reading import ReceiptState, find_by_number, receipt_status
from makegood.record.log.receipt import number_of
from makegood.web.api.access import own_claim
from makegood.web.api.faults import Fault
from makegood.web.api.operation import Answer, Call, Operation, Stream
from makegood.web.bundle.answer import MEDIA_TYPE, audience_of, packed_bundle, pieces_of
from makegood.web.bundle.question import question_of
from makegood.web.checking import proven, receipt_file, record_of
from makegood.web.page import Page, page_of


class BundleQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"side": "for"}):
    """Whose bundle: a party gets its own whatever it asks for."""

    side: Literal["", "buyer", "seller", "outside", "platform"] = ""


class Outage(msgspec.Struct, frozen=True):
    """What the operator states about a time in which nothing was logged."""

    began_at: datetime
    ended_at: datetime | None
    statement: str


class ReceiptShown(msgspec.Struct, frozen=True, kw_only=True):
    """One receipt: how it stands, and its files as text."""

    number: str
    state: ReceiptState
    at: datetime
    merged_at: datetime | None
    index: int | None
    receipt: str
    proof: str | None
    """The proof with the receipt inside; null while the entry waits for its place."""
    outages: list[Outage]


async def read_bundle(call: Call) -> Stream:
    """Everything the caller may have of a claim, in one zip file."""
    claim_no = await own_claim(call)
    claim = await view_claim(call.conn, call.act, call.things.desk, claim_no)
    side = audience_of(call.caller.role, call.query_as(BundleQuery).side)
    asked = None
    if side == "outside":
        asked = await question_of(call.conn, call.act.market_id, claim_no)
    packed = await packed_bundle(
        call.conn, await _page(call), call.things, claim, side, beside=asked
    )
    return Stream(pieces_of(packed, call.things, call.act.market_id), MEDIA_TYPE)


async def read_receipt(call: Call) -> Answer:
    """How a receipt stands; anybody may ask."""
    market_id = call.act.market_id
    record = await record_of(call.conn, call.things, market_id)
    found = await find_by_number(call.conn, market_id, call.path["number"][:40])
    if record is None or not found:
        raise Fault("not_found")
    placed = found[0]
    status = await receipt_status(call.conn, market_id, placed.leaf_hash, placed.at, call.act.now)
    proof = await proven(call.conn, call.things, record, placed)
    return Answer(
        body=ReceiptShown(
            number=number_of(placed.leaf_hash),
            state=status.state,
            at=placed.at,
            merged_at=placed.merged_at,
            index=placed.idx,
            receipt=receipt_file(record, placed).decode(),
            proof=proof.file.decode() if proof else None,
            outages=[Outage(o.began_at, o.ended_at, o.statement) for o in status.outages],
        )
    )


async def _page(call: Call) -> Page:
    """The frame that renders the bundle's pages."""
    request: Request[object, object, State] = Request(call.scope, call.receive)
    market = await call.things.markets.get(call.act.market_id, call.act.now)
    if market is None:
        raise Fault("not_found")
    kit = call.scope["litestar_app"].state.kit
    return page_of(request, call.things, kit, market, call.caller)


OPERATIONS: Final = (
    Operation(
        name="readBundle",
        method="GET",
        path="/claims/{claim_no}/bundle",
        action="claim.bundle",
        summary="A zip with history, proofs, opened fields, evidence, anchors, rules and letters.",
        run=read_bundle,
        uses="connection",
        query=BundleQuery,
        media_type=MEDIA_TYPE,
        refusals=("record_not_ready",),
    ),
    Operation(
        name="readReceipt",
        method="GET",
        path="/receipts/{number}",
        action="log.read",
        summary="How a receipt stands, with its signed text and its proof.",
        run=read_receipt,
        uses="connection",
        answer=ReceiptShown,
    ),
)
