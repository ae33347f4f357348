"""Charged without an order: only a gateway's own word opens the way to money."""

import pytest

from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.claims.intake import Opened
from makegood.claims.payment_intake import PaymentComplaint, open_payment_claim
from makegood.ledger.refund.gateway import Capture, GatewayUnavailable
from tests.claims.town import Town


@pytest.fixture
async def town(town: Town) -> Town:
    """A town whose gateway holds one payment that made no order."""
    town.gateway.captures = [paid("T-77", 9800)]
    return town


def paid(trade_no: str, amount_minor: int, order_no: str = "lost") -> Capture:
    return Capture(trade_no=trade_no, order_no=order_no, amount_minor=amount_minor, state="paid")


async def tell(town: Town, trade_no: str = "T-77", contact: str = "p@example.com") -> Opened:
    complaint = PaymentComplaint(
        trade_no=trade_no,
        amount=Money(9800),
        contact=contact,
        description="付款成功了，但是查不到订单",
    )
    async with town.db.connection() as conn:
        return await open_payment_claim(conn, town.act("market"), town.desk, complaint)


async def test_nothing_is_accepted_before_a_gateway_was_asked(town: Town) -> None:
    opened = await tell(town)
    assert (opened.state, opened.existing) == ("open", False)
    assert town.gateway.paid_back == {}


async def test_a_confirmed_payment_without_an_order_goes_back_where_it_came_from(
    town: Town,
) -> None:
    opened = await tell(town)
    await town.settle()
    view = await town.view(opened.claim_no)
    facts = {fact.name: fact.value for fact in view.facts}
    assert facts["order.exists"] is False
    assert facts["payment.gateway_confirms"] is True
    assert view.decision is not None
    assert view.decision.finding == "charged_no_order_platform"
    assert list(town.gateway.paid_back.values()) == [9800]


async def test_a_payment_that_no_gateway_knows_is_looked_at_by_a_person(town: Town) -> None:
    opened = await tell(town, "T-78")
    await town.settle()
    view = await town.view(opened.claim_no)
    assert (view.state, view.decision) == ("in_review", None)
    assert town.gateway.paid_back == {}


async def test_another_amount_than_was_told_is_looked_at_by_a_person(town: Town) -> None:
    town.gateway.captures = [paid("T-77", 100)]
    opened = await tell(town)
    await town.settle()
    assert (await town.view(opened.claim_no)).state == "in_review"


async def test_a_payment_that_an_order_has_is_looked_at_by_a_person(town: Town) -> None:
    await town.order("O-1")
    town.gateway.captures = [paid("T-O-1", 9800, "O-1")]
    opened = await tell(town, "T-O-1")
    await town.settle()
    view = await town.view(opened.claim_no)
    assert (view.state, town.gateway.paid_back) == ("in_review", {})


async def test_a_silent_gateway_is_asked_again(town: Town) -> None:
    captures, town.gateway.captures = town.gateway.captures, []

    async def silent(**_number: str) -> list[Capture]:
        raise GatewayUnavailable("away")

    spoken = town.gateway.query_payment
    town.gateway.query_payment = silent  # type: ignore[method-assign]
    opened = await tell(town)
    await town.settle()
    assert (await town.view(opened.claim_no)).state == "open"
    town.gateway.captures = captures
    town.gateway.query_payment = spoken  # type: ignore[method-assign]
    await town.later(minutes=1)
    assert (await town.view(opened.claim_no)).decision is not None


async def test_the_same_payment_told_again_is_the_same_claim(town: Town) -> None:
    first = await tell(town)
    again = await tell(town)
    assert (again.claim_no, again.existing) == (first.claim_no, True)


async def test_who_gives_another_contact_learns_nothing_of_the_claim(town: Town) -> None:
    await tell(town)
    with pytest.raises(Refused, match="claim_exists"):
        await tell(town, contact="q@example.com")
