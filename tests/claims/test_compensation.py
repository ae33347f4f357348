"""A broken promise earns one coupon; a good customer's doubled cap needs a second person."""

from datetime import timedelta

import pytest

from makegood.base.refusal import Refused
from makegood.claims import store
from makegood.claims.approving import decide
from makegood.claims.compensation import KIND, compensate
from makegood.claims.outcome import LATE
from makegood.claims.saving import hold
from makegood.ledger.actions import totals
from makegood.ledger.coupons.actions import coupons_of_claim
from makegood.people.approvals.rules import Approver
from makegood.people.approvals.store import list_proposals
from tests.claims.town import Town

CAUSE = LATE + "decision"


async def late_claim(town: Town, level: str | None) -> str:
    """A claim of a 98.00 order whose decision is two days late, compensated twice over."""
    buyer = {"id": "b-1", "contact": "b-1@example.com"} | ({"level": level} if level else {})
    await town.order(buyer=buyer)
    opened = await town.open()
    act = town.act("system")
    since = act.now - timedelta(days=2)
    for _ in range(2):
        async with town.db.transaction() as tx:
            held = await hold(tx, act, opened.claim_no)
            await compensate(tx, act, town.desk, held, CAUSE, since)
    return opened.claim_no


async def coupons(town: Town, claim_no: str) -> list[int]:
    async with town.db.connection() as conn:
        return [c.amount_minor for c in await coupons_of_claim(conn, "main", claim_no)]


async def test_anybody_gets_five_percent_at_most_and_once(town: Town) -> None:
    claim_no = await late_claim(town, None)
    assert await coupons(town, claim_no) == [490]
    async with town.db.connection() as conn:
        assert await list_proposals(conn, "main", ["open"]) == []


async def test_a_good_customer_gets_the_rest_of_the_doubled_cap_when_another_person_agrees(
    town: Town,
) -> None:
    claim_no = await late_claim(town, "gold")
    assert await coupons(town, claim_no) == [490]
    async with town.db.connection() as conn:
        [proposal] = await list_proposals(conn, "main", ["open"])
    assert (proposal.kind, proposal.amount_minor) == (KIND, 490)
    approver = Approver(person_id="qi", name="周琪", role="lead", proven_at=town.clock.now())
    for again in (False, True):
        async with town.db.transaction() as tx:
            act = town.act("lead", "qi")
            if again:
                with pytest.raises(Refused, match="already_approved"):
                    await decide(tx, act, town.desk, approver, proposal.proposal_no, "approved")
            else:
                await decide(tx, act, town.desk, approver, proposal.proposal_no, "approved")
    assert await coupons(town, claim_no) == [490, 490]
    async with town.db.connection() as conn:
        cost = (await totals(conn, "main", ["compensation_cost"]))["compensation_cost"]
        loaded = await store.load(conn, "main", claim_no)
    assert cost.posted_minor == 980
    assert loaded is not None
    assert len(loaded.claim.compensations) == 2


async def test_a_buyer_sees_the_code_and_nobody_else_does(town: Town) -> None:
    claim_no = await late_claim(town, None)
    [mine] = [m for m in (await town.view(claim_no, town.buyer)).money if m.kind == "coupon"]
    assert mine.code.startswith("MC-")
    for other in (town.agent, town.act("seller", "s-1")):
        shown = [m for m in (await town.view(claim_no, other)).money if m.kind == "coupon"]
        assert [m.code for m in shown] == [""]
