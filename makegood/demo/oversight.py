"""The demo's outside eyes: a time stamp, a witness, one audit, and a regulator's request."""

import contextlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.bundles.exports import actions as exports
from makegood.bundles.exports.rules import Request
from makegood.demo.programs.witness import signer_in
from makegood.demo.stage import Stage
from makegood.demo.tree import Ports, witness_folder
from makegood.record.anchors import actions as anchors
from makegood.record.anchors.actions import NewPlace
from makegood.record.anchors.rules import Timestamper, Witness
from makegood.record.log.sequencer import run_round
from makegood.standing.audits import actions as audits
from makegood.standing.audits import store
from makegood.standing.audits.actions import Finding, NewAudit
from makegood.standing.audits.rules import Typed
from makegood.worker.registry import Rooms

ANNOUNCED: Final = timedelta(days=9)
DRAWN: Final = timedelta(days=8)
FINISHED: Final = timedelta(days=6)
BEACON: Final = Typed(name="体彩排列三 第 26309 期（演示）")
ASKED_FOR: Final = 3
VALUE: Final = "4 0 7"
NOTE: Final = "买家说退款晚到一天，记录写成当天到账"


async def add_places(rooms: Rooms, act: Act, ports: Ports, folder: Path) -> None:
    """Where the demo's checkpoints go from now on; both programs run beside the market."""
    tsa = f"http://127.0.0.1:{ports.tsa}"
    root = (await rooms.client.get(f"{tsa}/root.pem")).text
    key = str(signer_in(witness_folder(folder)).verifier)
    witness = Witness(url=f"http://127.0.0.1:{ports.witness}", vkey=key)
    places = (
        NewPlace(
            name="省发卡行业协会（演示）", interest="本站是会员", config=witness, every_minutes=1
        ),
        NewPlace(
            name="时间戳机构（演示）",
            interest="没有",
            config=Timestamper(url=tsa, root_pem=root),
            every_minutes=60,
        ),
    )
    async with rooms.db.transaction() as tx:
        for place in places:
            await anchors.add_place(tx, act, rooms.desk.vault, rooms.desk.ids, place)
        await anchors.need_witnesses(tx, act, rooms.desk.ids, 1)


def plan_audit(stage: Stage, rooms: Rooms, now: datetime) -> None:
    """An audit on the stage's agenda: announced, drawn a day later, recorded and published."""
    stage.plan(now - ANNOUNCED, lambda: _announce(stage, rooms))
    stage.plan(now - DRAWN, lambda: _draw(stage, rooms))
    stage.plan(now - FINISHED, lambda: _finish(stage, rooms))


async def _announce(stage: Stage, rooms: Rooms) -> None:
    act = stage.act("operator", "demo")
    new = NewAudit(
        beacon=BEACON,
        known_at=act.now + timedelta(hours=20),
        miss_bps=1000,
        since=act.now - timedelta(days=30),
        until=act.now,
    )
    with contextlib.suppress(Refused):  # A market of a few claims had none to audit by then.
        async with rooms.db.transaction() as tx:
            await audits.announce(tx, act, rooms.desk.ids, new)
        await run_round(rooms.log, act.market_id)


async def _draw(stage: Stage, rooms: Rooms) -> None:
    with contextlib.suppress(Refused):
        async with rooms.db.transaction() as tx:
            act = stage.act("operator", "demo")
            await audits.draw_sample(tx, act, rooms.desk.ids, 1, VALUE)


async def _finish(stage: Stage, rooms: Rooms) -> None:
    """The first does not match by the platform's doing, the second cannot be reached.

    A regulator asks for some of what was looked at.
    """
    auditor, ids = stage.act("auditor", "demo-auditor"), rooms.desk.ids
    act = stage.act("operator", "demo")
    found = {
        1: Finding(rank=1, result="mismatch", cause="platform", note=NOTE),
        2: Finding(rank=2, result="unreachable"),
    }
    with contextlib.suppress(Refused):
        async with rooms.db.transaction() as tx:
            for one in await store.drawn_of(tx, auditor.market_id, 1):
                matches = Finding(rank=one.rank, result="matches")
                await audits.record_finding(tx, auditor, ids, 1, found.get(one.rank, matches))
            await audits.finish(tx, auditor, ids, 1)
            claim_nos = tuple(one.claim_no for one in await store.drawn_of(tx, act.market_id, 1))
            await exports.take_request(tx, act, request_over(claim_nos[:ASKED_FOR]))


def request_over(claim_nos: tuple[str, ...]) -> Request:
    """What a regulator asks for after the audit."""
    return Request(
        asked_by="市消费者权益保护委员会（演示）",
        kind="regulator",
        basis="《消费者权益保护法》第三十二条，来函 2026-118 号（演示）",
        case_no="12315-2026-118",
        audience="outside",
        claim_nos=claim_nos,
    )
