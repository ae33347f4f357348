"""Bundles and receipts over the API: each side its own, anybody a receipt by its number."""

from pathlib import Path

import msgspec
from litestar import Litestar

from makegood.record.log.given_store import given_in_stream
from makegood.record.log.policy import policy_of
from makegood.record.log.sequencer import run_round
from makegood.verify.judge import judge
from makegood.verify.pins import Pin
from tests.api.kit import Line, key_of
from tests.claims.town import Town
from tests.record.log.rooms import ORIGIN, log_room


async def test_a_program_gets_its_sides_bundle_and_another_seller_none(
    town: Town, app: Litestar, market: Line, seller: Line, tmp_path: Path
) -> None:
    opened = await town.open()
    room = msgspec.structs.replace(log_room(town.db, tmp_path / "record"), clock=town.clock)
    await run_round(room, "main")
    pin = Pin(policy_of(*room.keys.open("main", ORIGIN).verifiers))
    path = f"/claims/{opened.claim_no}/bundle"
    for line, side in ((market, b'"audience":"buyer"'), (seller, b'"audience":"seller"')):
        answer = await line.get(path, **{"for": "platform"})
        assert judge(answer.content, town.clock.now().timestamp(), pin).state == "intact"
        assert side in answer.content
    async with town.db.transaction() as tx:
        await tx.execute(
            "insert into seller (market_id, seller_id, name, created_at, updated_at) "
            "values ('main', 's-9', 'x', now(), now())"
        )
    other = Line(app, await key_of(town, "seller", "s-9"))
    assert (await other.get(path)).status_code == 404


async def test_anybody_may_ask_for_a_receipt_by_number(
    town: Town, stranger: Line, tmp_path: Path
) -> None:
    opened = await town.open()
    room = msgspec.structs.replace(log_room(town.db, tmp_path / "record"), clock=town.clock)
    await run_round(room, "main")
    async with town.db.connection() as conn:
        given = await given_in_stream(
            conn, "main", opened.claim_no, ["buyer"], [], town.clock.now()
        )
    found = (await stranger.get(f"/receipts/{given[0].number}")).json()
    assert (found["state"], found["number"]) == ("merged", given[0].number)
    assert found["proof"].startswith("c2sp.org/tlog-proof@v1\n")
    assert (await stranger.get("/receipts/0000-0000")).status_code == 404
