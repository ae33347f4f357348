"""Releasing public rows: a day's ended claims of one seller after the other, in shuffled order."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.claims import store as claim_store
from makegood.insight.rows import store
from makegood.insight.rows.rules import (
    PublicRow,
    release_before,
    row_of,
    says_the_same,
    shuffled,
    stream_of,
)
from makegood.insight.rows.store import Ended
from makegood.record.appending import append_events
from makegood.record.rules import NewEvent
from makegood.store.database import Connection

BATCH: Final = 200
CLAIM_NO: Final = "claim_no"
"""The one private field of a row's event: its commitment can be opened to a party."""
SCHEMA_VERSION: Final = 1


async def release_rows(tx: Connection, act: Act, ids: Ids) -> int:
    """Release the rows of claims that ended before the last whole day; answers how many claims
    were looked at. Call again, each time in a transaction of its own, until it answers 0."""
    before = release_before(act.now)
    ended = await store.ended_claims(tx, act.market_id, before, BATCH)
    for seller_id, of_seller in groupby(ended, key=lambda one: one.seller_id):
        await _release_seller(tx, act, ids, seller_id, list(of_seller))
    return len(ended)


async def _release_seller(
    tx: Connection, act: Act, ids: Ids, seller_id: str, ended: list[Ended]
) -> None:
    by_no = {one.claim_no: one for one in ended}
    number = await store.last_number(tx, act.market_id, seller_id)
    fresh: list[tuple[Ended, PublicRow]] = []
    for claim_no in shuffled(list(by_no), ids.secret()):
        loaded = await claim_store.load(tx, act.market_id, claim_no)
        assert loaded is not None, "a listed claim has a history"
        known = by_no[claim_no]
        last = known.last
        row = row_of(loaded.claim, number + 1, last.number if last is not None else 0)
        if last is not None and says_the_same(row, last):
            await store.note_unchanged(tx, act.market_id, claim_no, known.version)
            continue
        number += 1
        fresh.append((known, row))
    await _append(tx, act, ids, seller_id, fresh)


async def _append(
    tx: Connection, act: Act, ids: Ids, seller_id: str, fresh: Sequence[tuple[Ended, PublicRow]]
) -> None:
    events = [_event(known.claim_no, row) for known, row in fresh]
    sealed = await append_events(tx, act, ids, stream_of(seller_id), events)
    for event, (known, row) in zip(sealed, fresh, strict=True):
        assert event.version == row.number, "a row's number is its place in its stream"
        await store.insert_row(
            tx, act.market_id, known.claim_no, known.version, row, event.entry, act.now
        )


def _event(claim_no: str, row: PublicRow) -> NewEvent:
    fields = msgspec.to_builtins(row)
    name = str(fields.pop("type"))
    public = frozenset(fields)
    return NewEvent(name, SCHEMA_VERSION, {**fields, CLAIM_NO: claim_no}, public)
