"""Drawing audits' samples when their beacon is known."""

import msgspec

from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import Ids
from makegood.base.time import Clock
from makegood.standing.audits import store
from makegood.standing.audits.actions import DrawJob, draw_sample
from makegood.standing.audits.beacon import Beacons
from makegood.standing.audits.rules import Drand
from makegood.store.database import Database
from makegood.store.jobs import TakenJob


class AuditRoom(msgspec.Struct, frozen=True, kw_only=True):
    """What drawing needs."""

    db: Database
    clock: Clock
    ids: Ids
    beacons: Beacons


async def draw_audit(room: AuditRoom, job: TakenJob) -> None:
    """Job `audit.draw`: ask the beacon, then draw. A silent beacon is asked again later."""
    audit_no = job.payload_as(DrawJob).audit_no
    async with room.db.connection() as conn:
        audit = await store.load_audit(conn, job.market_id, audit_no)
    if audit is None or audit.drawn_at is not None or not isinstance(audit.beacon, Drand):
        return
    value = await room.beacons.value(audit.beacon)
    async with room.db.transaction() as tx:
        act = Act(job.market_id, SYSTEM, room.clock.now(), job.request_id)
        await draw_sample(tx, act, room.ids, audit_no, value)
