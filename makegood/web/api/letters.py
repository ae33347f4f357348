"""The decision letter: the shape for programs, the page for people."""

from datetime import datetime
from typing import Final

import msgspec
from litestar import Request
from litestar.datastructures import State

from makegood.base.money import Money
from makegood.claims.looking import view_claim
from makegood.claims.view import (
    ClaimView,
    ConditionView,
    EvidenceView,
    FactView,
    PersonView,
)
from makegood.web.api.access import own_claim
from makegood.web.api.faults import Fault
from makegood.web.api.operation import Answer, Call, Operation
from makegood.web.page import page_of
from makegood.web.portal.case import shares_of


class ShareShown(msgspec.Struct, frozen=True):
    """Who bears which part, to the cent."""

    party: str
    percent: int
    amount_minor: int


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A decision with everything it rests on."""

    claim_no: str
    order_no: str
    title: str
    seller_name: str
    opened_at: datetime
    decided_at: datetime
    decided_by: PersonView
    machine: bool
    finding: str
    remedy: str
    amount: Money
    coupon_minor: int
    facts: list[FactView]
    description: str
    rule_id: str
    rule_version: str
    clause_zh: str
    clause_en: str
    conditions: list[ConditionView]
    reason_text: str
    shares: list[ShareShown]
    evidence: list[EvidenceView]
    would_change: list[str]
    appeal_until: datetime | None


async def read(call: Call) -> Answer:
    """The letter, as HTML where that is asked for; 404 before there is a decision."""
    claim_no = await own_claim(call)
    claim = await view_claim(call.conn, call.act, call.things.desk, claim_no)
    if claim.decision is None:
        raise Fault("not_found")
    if "text/html" in call.header(b"accept"):
        return Answer(body=await _page(call, claim), media_type="text/html; charset=utf-8")
    return Answer(body=_letter(claim))


async def _page(call: Call, claim: ClaimView) -> bytes:
    request: Request[object, object, State] = Request(call.scope, call.receive)
    market = await call.things.markets.get(call.act.market_id, call.act.now)
    if market is None:
        raise Fault("not_found")
    kit = call.scope["litestar_app"].state.kit
    page = page_of(request, call.things, kit, market, call.caller)
    text = page.html("portal/templates/letter.html", claim=claim, shares=shares_of(claim))
    return text.encode()


def _letter(claim: ClaimView) -> Letter:
    decision = claim.decision
    assert decision is not None
    return Letter(
        claim_no=claim.claim_no,
        order_no=claim.order.order_no,
        title=claim.order.title,
        seller_name=claim.order.seller_name,
        opened_at=claim.opened_at,
        decided_at=decision.decided_at,
        decided_by=decision.decided_by,
        machine=decision.machine,
        finding=decision.finding,
        remedy=decision.remedy,
        amount=Money(decision.amount_minor, decision.currency),
        coupon_minor=decision.coupon_minor,
        facts=claim.facts,
        description=claim.description,
        rule_id=decision.rule_id,
        rule_version=decision.rule_version,
        clause_zh=decision.clause_zh,
        clause_en=decision.clause_en,
        conditions=decision.conditions,
        reason_text=decision.reason_text,
        shares=[ShareShown(row.party, row.percent, row.amount_minor) for row in shares_of(claim)],
        evidence=claim.evidence,
        would_change=decision.would_change,
        appeal_until=decision.appeal_until,
    )


OPERATIONS: Final = (
    Operation(
        name="readLetter",
        method="GET",
        path="/claims/{claim_no}/letter",
        action="claim.read",
        summary="The decision letter: JSON, or HTML with `Accept: text/html`.",
        run=read,
        uses="connection",
        answer=Letter,
        other_media=("text/html",),
    ),
)
