"""Folding a claim's events again gives what is stored, and a changed store is noticed."""

import pytest

from makegood.claims.replay import replay_claims, replay_market
from tests.claims.town import Town


@pytest.fixture
async def claim_no(town: Town) -> str:
    await town.order()
    opened = await town.open()
    await town.settle()
    return opened.claim_no


async def test_an_untouched_claim_replays_without_a_difference(town: Town, claim_no: str) -> None:
    async with town.db.connection() as conn:
        replayed = [one async for one in replay_market(conn, "main")]
    assert [(one.claim_no, one.differences) for one in replayed] == [(claim_no, ())]


async def test_a_changed_row_is_noticed(town: Town, claim_no: str) -> None:
    async with town.db.connection() as conn:
        await conn.execute("UPDATE claim SET refunded_minor = 1, state = 'closed'")
        (replayed,) = await replay_claims(conn, "main", [claim_no])
    columns = [words.split()[0] for words in replayed.differences]
    assert columns[:1] == ["state"]
    assert "refunded_minor" in columns


async def test_a_changed_event_is_noticed(town: Town, claim_no: str) -> None:
    async with town.db.connection() as conn:
        await conn.execute("ALTER TABLE event DISABLE TRIGGER USER")
        await conn.execute("UPDATE event SET at = at + interval '1 second' WHERE version = 1")
        (replayed,) = await replay_claims(conn, "main", [claim_no])
    assert any("column_differs" in words for words in replayed.differences)


async def test_an_unknown_claim_is_told(town: Town) -> None:
    async with town.db.connection() as conn:
        (replayed,) = await replay_claims(conn, "main", ["AS-261121-00000"])
    assert replayed.differences == ("there is no such claim",)
