"""Anchors as actions: add and remove places, plan what is due, note what came of it."""

from datetime import timedelta
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.record.anchors import events, store
from makegood.record.anchors.gateway import Lost, Proof, Statement, Waiting
from makegood.record.anchors.rules import Anchor, Config, Place, is_due, pause_after, quorum
from makegood.record.appending import append_events, event_of
from makegood.record.log.checkpoint import parse_checkpoint
from makegood.record.log.note import parse_note
from makegood.record.log.store import Head
from makegood.record.log.store import load_head as load_log_head
from makegood.store.database import Connection
from makegood.store.jobs import Job, enqueue
from makegood.store.vault import Vault

ANCHOR_JOB: Final = "record.anchor"
PURPOSE: Final = "anchor_place"


class AnchorJob(msgspec.Struct, frozen=True):
    """The payload of `record.anchor`."""

    anchor_id: str


class NewPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place as an operator enters it."""

    name: str
    interest: str
    config: Config
    every_minutes: int
    counts: bool = True


async def add_place(tx: Connection, act: Act, vault: Vault, ids: Ids, new: NewPlace) -> Place:
    """Let checkpoints go to a place from now on; its settings are sealed."""
    kind = str(new.config.__struct_config__.tag)
    place = Place(
        market_id=act.market_id,
        place_id=ids.uuid(),
        name=new.name,
        interest=new.interest,
        kind=kind,
        every_minutes=new.every_minutes,
        counts=new.counts,
        added_at=act.now,
    )
    config = msgspec.json.encode(new.config)
    sealed = vault.seal(act.market_id, PURPOSE, place.place_id, config)
    await store.insert_place(tx, place, sealed, act.actor.id)
    told = events.PlaceAdded(
        place_id=place.place_id,
        kind=kind,
        name=place.name,
        interest=place.interest,
        counts=place.counts,
    )
    await _tell(tx, act, ids, told)
    return place


async def remove_place(tx: Connection, act: Act, ids: Ids, place_id: str) -> None:
    """Use a place no longer. Refused: `not_found`."""
    place = await store.end_place(tx, act.market_id, place_id, act.now)
    if place is None:
        raise Refused("not_found")
    await _tell(tx, act, ids, events.PlaceRemoved(place_id=place_id, name=place.name))
    await _lower_quorum(tx, act, ids)


async def need_witnesses(tx: Connection, act: Act, ids: Ids, needed: int) -> None:
    """Decide how many witnesses a checkpoint needs; not more than there are."""
    there = quorum(await store.list_places(tx, act.market_id))
    if not 0 <= needed <= there:
        raise Refused("setting_invalid", fields=["witnesses_needed"])
    await store.put_witnesses_needed(tx, act.market_id, needed)
    await _tell(tx, act, ids, events.WitnessesNeeded(needed=needed, of=there))


async def plan_anchors(tx: Connection, act: Act, ids: Ids) -> int:
    """Write an anchor and its job for every place that is due; answers how many."""
    head = await load_log_head(tx, act.market_id)
    if head is None or head.note is None or head.trouble is not None:
        return 0
    newest = await store.newest_by_place(tx, act.market_id)
    planned = 0
    for place in await store.list_places(tx, act.market_id):
        if is_due(place, newest.get(place.place_id), head.signed_size, act.now):
            planned += await _plan(tx, act, ids, place, head, head.note)
    return planned


async def send_now(tx: Connection, act: Act, ids: Ids, place_id: str) -> None:
    """Send the newest checkpoint out of turn. Refused: `not_found`, `anchor_not_ready`."""
    places = {one.place_id: one for one in await store.list_places(tx, act.market_id)}
    place = places.get(place_id)
    if place is None:
        raise Refused("not_found")
    head = await load_log_head(tx, act.market_id)
    if head is None or head.note is None or head.trouble is not None:
        raise Refused("anchor_not_ready")
    if not await _plan(tx, act, ids, place, head, head.note):
        raise Refused("anchor_not_ready")


async def let_count(tx: Connection, act: Act, ids: Ids, place_id: str, counts: bool) -> None:
    """Let a witness count, or put it on trial; a quorum that can no longer be met is lowered.

    Refused: `not_found`.
    """
    place = await store.set_counts(tx, act.market_id, place_id, counts)
    if place is None:
        raise Refused("not_found")
    told = events.PlaceAdded(
        place_id=place.place_id,
        kind=place.kind,
        name=place.name,
        interest=place.interest,
        counts=place.counts,
    )
    await _tell(tx, act, ids, told)
    await _lower_quorum(tx, act, ids)


def statement_of(anchor: Anchor) -> Statement:
    """What an anchor says outside."""
    note = parse_note(anchor.checkpoint)
    checkpoint = parse_checkpoint(note.text, anchor.origin)
    return Statement(
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root,
        body=note.text,
        checkpoint=anchor.checkpoint,
    )


async def note_prepared(tx: Connection, act: Act, anchor: Anchor, prepared: bytes) -> Anchor:
    """Keep what is about to leave; the caller commits before it does."""
    fresh = msgspec.structs.replace(anchor, prepared=prepared, state="sent", tried_at=act.now)
    await store.save_anchor(tx, fresh)
    return fresh


async def note_proof(tx: Connection, act: Act, anchor: Anchor, proof: Proof) -> None:
    """The place has answered for good."""
    done = msgspec.structs.replace(
        anchor,
        state="done",
        proof=proof.data,
        proven_at=proof.at,
        detail=proof.detail,
        problem="",
        tried_at=act.now,
    )
    await store.save_anchor(tx, done)


async def note_waiting(tx: Connection, act: Act, anchor: Anchor, waiting: Waiting) -> None:
    """It left; look again later."""
    later = msgspec.structs.replace(
        anchor, detail={**anchor.detail, **waiting.detail}, problem="", tried_at=act.now
    )
    await store.save_anchor(tx, later)
    await enqueue(tx, [_job(act, anchor, waiting.seconds)])


async def note_silence(tx: Connection, act: Act, anchor: Anchor, why: str) -> None:
    """No answer; the same is tried again, each time a little later."""
    failures = anchor.failures + 1
    failed = msgspec.structs.replace(anchor, failures=failures, problem=why, tried_at=act.now)
    await store.save_anchor(tx, failed)
    await enqueue(tx, [_job(act, failed, pause_after(failures).total_seconds())])


async def note_lost(tx: Connection, act: Act, anchor: Anchor, lost: Lost) -> None:
    """What was prepared cannot arrive any more: begin again from the newest checkpoint.

    A place that has seen more of the log than there is now proves that it was rewound.
    """
    head = await load_log_head(tx, act.market_id)
    if head is None or head.note is None or head.signed_size < lost.seen:
        await note_refusal(tx, act, anchor, lost.why, contradicted=True)
        return
    again = msgspec.structs.replace(
        anchor,
        state="due",
        prepared=None,
        size=head.signed_size,
        checkpoint=head.note,
        failures=anchor.failures + 1,
        problem=lost.why,
        tried_at=act.now,
    )
    await store.save_anchor(tx, again)
    await enqueue(tx, [_job(act, again, pause_after(again.failures).total_seconds())])


async def note_refusal(
    tx: Connection, act: Act, anchor: Anchor, why: str, *, contradicted: bool = False
) -> None:
    """The place said no, or what it said is wrong; the next round tries afresh."""
    refused = msgspec.structs.replace(
        anchor,
        state="refused",
        problem=why,
        contradicted=contradicted,
        failures=anchor.failures + 1,
        tried_at=act.now,
    )
    await store.save_anchor(tx, refused)


def open_config(vault: Vault, sealed: store.SealedConfig) -> Config:
    """The settings of a place."""
    place = sealed.place
    plain = vault.open_sealed(place.market_id, PURPOSE, place.place_id, sealed.sealed)
    config: Config = msgspec.json.decode(plain, type=Config)
    return config


async def _plan(tx: Connection, act: Act, ids: Ids, place: Place, head: Head, note: bytes) -> int:
    anchor = Anchor(
        market_id=act.market_id,
        anchor_id=ids.uuid(),
        place_id=place.place_id,
        origin=head.origin,
        size=head.signed_size,
        checkpoint=note,
        state="due",
        planned_at=act.now,
    )
    if not await store.insert_anchor(tx, anchor):
        return 0
    await enqueue(tx, [_job(act, anchor, 0.0)])
    return 1


def _job(act: Act, anchor: Anchor, wait_seconds: float) -> Job:
    return Job(
        kind=ANCHOR_JOB,
        market_id=act.market_id,
        payload=AnchorJob(anchor.anchor_id),
        run_at=act.now + timedelta(seconds=wait_seconds),
        subject=anchor.place_id,
        request_id=act.request_id,
    )


async def _lower_quorum(tx: Connection, act: Act, ids: Ids) -> None:
    there = quorum(await store.list_places(tx, act.market_id))
    if await store.witnesses_needed(tx, act.market_id) > there:
        await need_witnesses(tx, act, ids, there)


async def _tell(tx: Connection, act: Act, ids: Ids, fact: msgspec.Struct) -> None:
    public = fact.__struct_fields__
    await append_events(tx, act, ids, events.STREAM, [event_of(fact, public)])
