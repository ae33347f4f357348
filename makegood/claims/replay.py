"""Proves that what is stored of a claim is what its events say, and that no event was changed."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from makegood.claims import replay_store, store
from makegood.claims.listed import row_of
from makegood.claims.rows import Row
from makegood.record import store as record_store
from makegood.record.chain import check_chain
from makegood.store.database import Connection

BATCH: Final = 200


class Replayed(msgspec.Struct, frozen=True):
    """One claim, folded again; `differences` is empty when all is as it should be."""

    claim_no: str
    differences: tuple[str, ...] = ()


async def replay_market(conn: Connection, market_id: str) -> AsyncIterator[Replayed]:
    """Every claim of the market, in the order of their numbers."""
    last = ""
    while numbers := await replay_store.claim_numbers(conn, market_id, last, BATCH):
        for replayed in await replay_claims(conn, market_id, numbers):
            yield replayed
        last = numbers[-1]


async def replay_claims(
    conn: Connection, market_id: str, claim_nos: Sequence[str]
) -> list[Replayed]:
    """These claims: the chain of each history, and its fold beside the stored row."""
    rows = await replay_store.stored_rows(conn, market_id, claim_nos)
    return [
        Replayed(number, await _differences(conn, market_id, number, rows.get(number)))
        for number in claim_nos
    ]


async def _differences(
    conn: Connection, market_id: str, claim_no: str, stored: Row | None
) -> tuple[str, ...]:
    loaded = await store.load(conn, market_id, claim_no)
    if loaded is None or stored is None:
        return ("there is no such claim",)
    sealed = await record_store.load(conn, market_id, claim_no)
    broken = [f"event {p.version}: {p.kind} {p.field}".rstrip() for p in check_chain(sealed)]
    return (*broken, *columns_that_differ(row_of(loaded.claim), stored))


def columns_that_differ(folded: Row, stored: Row) -> list[str]:
    """One line for each column whose stored value is not what the events say."""
    return [
        f"{name} is stored as {getattr(stored, name)!r}, the events say {getattr(folded, name)!r}"
        for name in Row.__struct_fields__
        if getattr(folded, name) != getattr(stored, name)
    ]
