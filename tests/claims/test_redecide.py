"""The same facts under the same rules give the same decision, however often they are asked."""

import msgspec

from makegood.claims.events import ClaimDecided
from makegood.claims.frame import units_of
from makegood.claims.redecide import differences, redecide_market
from makegood.claims.store import load
from makegood.policy.judgement import Judgement
from tests.claims.precedent_kit import ended
from tests.claims.town import Town
from tests.policy.given import judged, known


async def test_no_decision_of_the_market_changes_when_it_is_made_again(town: Town) -> None:
    await ended(town, 3)
    async with town.db.connection() as conn:
        found = [one async for one in redecide_market(conn, town.desk, "main", town.clock.now())]
    assert len(found) == 3
    assert [one.differences for one in found] == [(), (), ()]


async def test_a_decision_that_the_rules_would_not_make_is_told(town: Town) -> None:
    [claim_no] = await ended(town, 1)
    async with town.db.connection() as conn:
        loaded = await load(conn, "main", claim_no)
    assert loaded is not None
    assert loaded.claim.decision is not None
    wrong = msgspec.structs.replace(loaded.claim.decision, shares={"buyer": 100})
    kinds = [type(recorded.event) for recorded in loaded.history]
    place = kinds.index(ClaimDecided)
    before = loaded.history[:place]
    async with town.db.connection() as conn:
        units = await units_of(conn, "main", loaded.claim)
    said = differences(town.desk.pack, before, units, wrong, loaded.history[place].at)
    assert [line.partition(":")[0] for line in said] == ["shares"]


def test_equal_facts_give_equal_bytes() -> None:
    facts = known(supplier__status="invalid", goods__source="supplier")
    once: Judgement = judged("KEY01", facts)
    assert once.encode() == judged("KEY01", dict(reversed(facts.items()))).encode()
