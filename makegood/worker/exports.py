"""Exports to those who asked for them, made in the background while other jobs go on."""

from datetime import timedelta
from typing import Final

from makegood.bundles.exports.actions import MakeExport
from makegood.bundles.exports.making import ExportRoom, make_export
from makegood.store import jobs
from makegood.store.jobs import TakenJob

STAY: Final = timedelta(seconds=60)
TRIES: Final = 5
"""How often an unknown trouble is tried again before a person is told: about half a minute."""


async def carry_out(room: ExportRoom, job: TakenJob) -> None:
    """Make the file of the request that the job names."""

    async def stay() -> None:
        async with room.db.connection() as conn:
            await jobs.stay(conn, job, room.clock.now() + STAY)

    await make_export(
        room,
        job.market_id,
        job.payload_as(MakeExport).export_no,
        stay,
        last_try=job.attempts >= TRIES,
        request_id=job.request_id,
    )
