"""Deciding again changes nothing, and a changed fact or another version is noticed."""

import msgspec
import pytest

from makegood.claims import events as e
from makegood.claims import store
from makegood.claims.frame import units_of
from makegood.claims.redeciding import redecide, redecide_market
from makegood.policy.draft.editing import SetResult, apply
from makegood.policy.packfile import read_pack_file, read_parts, write_parts
from tests.claims.town import Town
from tests.policy.given import PACK


@pytest.fixture
async def claim_no(town: Town) -> str:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    opened = await town.open("KEY01")
    await town.settle()
    return opened.claim_no


async def test_a_machine_decision_comes_out_the_same_again(town: Town, claim_no: str) -> None:
    async with town.db.connection() as conn:
        made = [one async for one in redecide_market(conn, "main")]
    assert [(one.claim_no, one.differences) for one in made] == [(claim_no, ())]


async def test_another_version_of_the_rules_is_noticed(town: Town, claim_no: str) -> None:
    async with town.db.connection() as conn:
        loaded = await store.load(conn, "main", claim_no)
        assert loaded is not None
        units = await units_of(conn, "main", loaded.claim)
    decided = next(r.event for r in loaded.history if isinstance(r.event, e.ClaimDecided))
    rule = decided.decision.rule_id
    edit = SetResult(rule.partition(".")[0], rule, "key_works", "yes", {"buyer": 100})
    other = read_pack_file(write_parts(apply(read_parts(PACK.source), edit)))
    (again,) = redecide(other, loaded.history, units)
    assert "finding" in again.differences


async def test_a_changed_decision_is_noticed(town: Town, claim_no: str) -> None:
    async with town.db.connection() as conn:
        loaded = await store.load(conn, "main", claim_no)
        assert loaded is not None
        units = await units_of(conn, "main", loaded.claim)
    changed = [
        msgspec.structs.replace(
            recorded,
            event=e.ClaimDecided(
                **{
                    **msgspec.structs.asdict(recorded.event),
                    "decision": msgspec.structs.replace(recorded.event.decision, amount_minor=1),
                }
            ),
        )
        if isinstance(recorded.event, e.ClaimDecided)
        else recorded
        for recorded in loaded.history
    ]
    (again,) = redecide(PACK, changed, units)
    assert again.differences == ("amount_minor",)
