"""The log's errands: rounds of the sequencer, the static files, and the full check."""

from typing import Final

from makegood.record.anchors.files import cosignatures_of
from makegood.record.log import store
from makegood.record.log.guard import Trouble
from makegood.record.log.publish import publish
from makegood.record.log.sequencer import LogRoom, run_rounds
from makegood.record.log.store import Head
from makegood.store.database import Connection
from makegood.worker.loop import Errand

ROUND_SECONDS: Final = 0.5
PUBLISH_SECONDS: Final = 5.0


def log_errands(room: LogRoom) -> tuple[Errand, ...]:
    """What any worker may do for the log; the head's row lock lets one at a time."""
    return (
        Errand(name="log rounds", every_seconds=ROUND_SECONDS, run=lambda: run_rounds(room)),
        Errand(name="log files", every_seconds=PUBLISH_SECONDS, run=lambda: publish_all(room)),
    )


async def publish_all(room: LogRoom) -> None:
    """Bring the static files of every log up to its newest checkpoint."""
    async with room.db.connection() as conn:
        markets = await store.markets_with_work(conn)
        heads = [await store.load_head(conn, market_id) for market_id in markets]
    for head in heads:
        if head is None or head.note is None or head.trouble is not None:
            continue
        try:
            keys = room.keys.open(head.market_id, head.origin)
        except Trouble:
            continue  # The rounds say so.
        await publish(room.db, room.published, head.market_id, keys.verifiers, _witnessed)


async def _witnessed(conn: Connection, head: Head) -> bytes:
    """The signature lines of witnesses for the checkpoint that is about to be published."""
    assert head.note is not None, "only signed checkpoints are published"
    return await cosignatures_of(conn, head.market_id, head.signed_size, head.note)
