"""An order in another currency than the market's: caps and limits are no amounts of it."""

import pytest

from makegood.claims import actions, staff_actions
from makegood.claims.staff_actions import Ruled
from tests.claims.test_appeals import claim_of
from tests.claims.test_payouts import STORY
from tests.claims.test_statements import dead_key
from tests.claims.town import Town, unit_line

DOLLARS = {"amount_minor": 9800, "currency": "USD"}
RULED = Ruled(finding="not_as_described", remedy="refund_full", shares={"seller": 100})


async def test_a_machine_refunds_in_the_markets_currency_alone(town: Town) -> None:
    at_home = await claim_of(town, await dead_key(town))
    abroad = await claim_of(town, await dead_key(town, "O-2", total=DOLLARS))

    assert (at_home.state, at_home.opened.currency) == ("settled", "CNY")
    assert (abroad.state, abroad.opened.currency) == ("in_review", "USD")
    assert abroad.money == ()


@pytest.mark.parametrize(("currency", "waits"), [("CNY", False), ("USD", True)])
async def test_a_person_who_decides_there_needs_another_ones_release(
    town: Town, currency: str, waits: bool
) -> None:
    await town.order(lines=unit_line(supplier=None), total=DOLLARS | {"currency": currency})
    opened = await town.open("SND01", description=STORY)
    await town.file_all(opened.claim_no)
    async with town.db.transaction() as tx:
        await actions.decide_now(tx, town.buyer, town.desk, opened.claim_no)
    async with town.db.transaction() as tx:
        claim = await staff_actions.decide_claim(tx, town.agent, town.desk, opened.claim_no, RULED)

    assert (claim.proposed is not None, claim.decision is None) == (waits, waits)
