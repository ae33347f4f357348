"""Anchoring as jobs: plan what is due, bring each checkpoint to its place, note what came back."""

from datetime import timedelta
from typing import Final

import httpx
import msgspec
import structlog

from makegood.base.actor import SYSTEM, Act
from makegood.base.ids import Ids
from makegood.base.time import Clock
from makegood.gateways.anchors.registry import anchorer_of
from makegood.record.anchors import actions, store
from makegood.record.anchors.actions import AnchorJob, statement_of
from makegood.record.anchors.gateway import (
    AnchorContradicted,
    Anchorer,
    AnchorRefused,
    AnchorUnavailable,
    Lost,
    Proof,
    Submitted,
    Waiting,
)
from makegood.record.anchors.rules import Anchor
from makegood.record.log.reading import prove_consistency
from makegood.store.database import Database
from makegood.store.jobs import TakenJob
from makegood.store.vault import Vault
from makegood.worker.loop import Errand

PLAN_SECONDS: Final = 10.0
FORGET_SECONDS: Final = 3600.0
COSIGNATURES_KEPT: Final = timedelta(days=30)
"""A newer cosignature covers all that an older one did; older ones are kept for looking back."""

log = structlog.get_logger("makegood.anchors")


class AnchorRoom(msgspec.Struct, frozen=True, kw_only=True):
    """What every function here needs."""

    db: Database
    clock: Clock
    ids: Ids
    vault: Vault
    client: httpx.AsyncClient


def anchor_errands(room: AnchorRoom) -> tuple[Errand, ...]:
    """What any worker may do; one anchor at a time is under way to each place."""
    return (
        Errand(name="anchors", every_seconds=PLAN_SECONDS, run=lambda: plan_all(room)),
        Errand(name="old cosignatures", every_seconds=FORGET_SECONDS, run=lambda: forget_old(room)),
    )


async def plan_all(room: AnchorRoom) -> int:
    """Plan what is due in every market; answers how many anchors."""
    async with room.db.connection() as conn:
        markets = await store.markets_with_places(conn)
    planned = 0
    for market_id in markets:
        async with room.db.transaction() as tx:
            planned += await actions.plan_anchors(tx, _act(room, market_id), room.ids)
    return planned


async def forget_old(room: AnchorRoom) -> None:
    """Drop cosignatures that newer ones of the same witness cover."""
    async with room.db.connection() as conn:
        before = room.clock.now() - COSIGNATURES_KEPT
        for market_id in await store.markets_with_places(conn):
            await store.drop_old_cosignatures(conn, market_id, before)


async def run_anchor(room: AnchorRoom, job: TakenJob) -> None:
    """Job `record.anchor`: prepare once, commit, submit, note the answer. May run any number
    of times."""
    anchor_id = job.payload_as(AnchorJob).anchor_id
    async with room.db.connection() as conn:
        anchor = await store.load_anchor(conn, job.market_id, anchor_id)
    if anchor is None or anchor.state in ("done", "refused"):
        return
    outcome: Submitted | Exception
    try:
        outcome = await _bring(room, anchor)
    except AnchorUnavailable as silence:
        outcome = silence
    except AnchorRefused as refusal:
        outcome = refusal
    await _note(room, job, anchor_id, outcome)


async def _bring(room: AnchorRoom, anchor: Anchor) -> Submitted:
    anchorer = await _anchorer(room, anchor)
    statement, prepared = statement_of(anchor), anchor.prepared
    if prepared is None:
        prepared = await anchorer.prepare(statement)
        async with room.db.transaction() as tx:
            await actions.note_prepared(tx, _act(room, anchor.market_id), anchor, prepared)
    return await anchorer.submit(statement, prepared)


async def _anchorer(room: AnchorRoom, anchor: Anchor) -> Anchorer:
    async with room.db.connection() as conn:
        place = await store.load_place(conn, anchor.market_id, anchor.place_id)
        done = (await store.done_by_place(conn, anchor.market_id)).get(anchor.place_id)
    if place is None or place.place.removed_at is not None:
        raise AnchorRefused("this place was removed")

    async def prove(old: int, new: int) -> list[bytes]:
        async with room.db.connection() as conn:
            return await prove_consistency(conn, anchor.market_id, old, new)

    config = actions.open_config(room.vault, place)
    return anchorer_of(config, room.client, prove, done.size if done is not None else 0)


async def _note(
    room: AnchorRoom, job: TakenJob, anchor_id: str, outcome: Submitted | Exception
) -> None:
    async with room.db.transaction() as tx:
        act = _act(room, job.market_id, job.request_id)
        anchor = await store.load_anchor(tx, job.market_id, anchor_id, lock=True)
        if anchor is None or anchor.state in ("done", "refused"):
            return
        match outcome:
            case Proof():
                await actions.note_proof(tx, act, anchor, outcome)
            case Waiting():
                await actions.note_waiting(tx, act, anchor, outcome)
            case Lost():
                await actions.note_lost(tx, act, anchor, outcome)
            case AnchorContradicted():
                log.error("a place outside holds another history", place=anchor.place_id)
                await actions.note_refusal(tx, act, anchor, str(outcome), contradicted=True)
            case AnchorRefused():
                log.warning("an anchor was refused", place=anchor.place_id, why=str(outcome))
                await actions.note_refusal(tx, act, anchor, str(outcome))
            case _:
                await actions.note_silence(tx, act, anchor, str(outcome))


def _act(room: AnchorRoom, market_id: str, request_id: str = "") -> Act:
    return Act(market_id, SYSTEM, room.clock.now(), request_id)
