"""Exports to those who asked for them, made in the background while other jobs go on."""

from typing import Final

from makegood.bundles.exports.actions import MakeExport
from makegood.bundles.exports.making import ExportRoom, make_export
from makegood.store.jobs import TakenJob
from makegood.worker.staying import staying

TRIES: Final = 5
"""How often an unknown trouble is tried again before a person is told: about half a minute."""


async def carry_out(room: ExportRoom, job: TakenJob) -> None:
    """Make the file of the request that the job names."""
    await make_export(
        room,
        job.market_id,
        job.payload_as(MakeExport).export_no,
        staying(room.db, room.clock, job),
        last_try=job.attempts >= TRIES,
        request_id=job.request_id,
    )
