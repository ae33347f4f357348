"""Erasing personal values from a stream, with an event that says so."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.record import rules, store
from makegood.record.canonical import Value, canonical
from makegood.record.chain import FIELDS_ERASED, LEFT, left_over
from makegood.record.erased import ERASED_VALUE
from makegood.store.database import Connection

FIELDS_ERASED_VERSION: Final = 1


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What goes from one event: field names, and what may stay of some of them."""

    names: Collection[str]
    left: Mapping[str, Value] = {}
    """By name, what still stands of an erased field with its personal parts taken out."""


async def erase_fields(
    tx: Connection,
    act: Act,
    stream: str,
    erased: Mapping[int, Erasure],
    reason: str,
    ids: Ids,
) -> list[rules.SealedEvent]:
    """Erase private fields of events of a stream by version (`actor_id` is a field, too).

    The values, and the keys that open their commitments, are gone from the table when the
    transaction commits; entries and hashes stay. One event `fields_erased` records which
    fields and why, and commits to what is left of them; `reason` must not be personal, because
    it is public. Fields erased before are left alone, and if nothing is left to erase no event
    is added.
    """
    events = await store.load(tx, act.market_id, stream)
    return await erase_loaded(tx, act, events, erased, reason, ids)


async def erase_loaded(
    tx: Connection,
    act: Act,
    events: Sequence[rules.SealedEvent],
    erased: Mapping[int, Erasure],
    reason: str,
    ids: Ids,
) -> list[rules.SealedEvent]:
    """`erase_fields` on a stream that the caller has loaded under its lock."""
    by_version = {event.version: event for event in events}
    left = left_over(events)
    changed, done = [], {}
    for version, erasure in sorted(erased.items()):
        event = by_version[version]
        fresh = _fresh(event, erasure)
        if fresh:
            kept = {name: erasure.left[name] for name in fresh if name in erasure.left}
            changed.append(rules.erase(event, fresh, kept))
            done[version] = fresh
            left.update({(version, name): value for name, value in kept.items()})
    if not done:
        return []
    for event in _outdated(events):
        changed.append(rules.erase(event, [LEFT]))
        done[event.version] = [LEFT]
    await store.overwrite_erased(tx, changed, act.now)
    return await _record_erasure(tx, act, rules.head_after(events[-1]), done, left, reason, ids)


def _fresh(event: rules.SealedEvent, erasure: Erasure) -> list[str]:
    """The fields that still say more than they may: unerased ones, or more of them now."""
    fields = event.fields()
    return sorted(
        name
        for name in erasure.names
        if rules.salt_of(event, name) is not None
        or (
            name in fields
            and canonical(fields[name]) != canonical(erasure.left.get(name, ERASED_VALUE))
        )
    )


def _outdated(events: Sequence[rules.SealedEvent]) -> list[rules.SealedEvent]:
    """Earlier erasures' remainders: the next erasure commits to what is left of them all."""
    return [
        event
        for event in events
        if event.name == FIELDS_ERASED
        and LEFT in event.fields()
        and rules.salt_of(event, LEFT) is not None
    ]


async def _record_erasure(
    tx: Connection,
    act: Act,
    head: rules.StreamHead,
    erased: Mapping[int, list[str]],
    left: Mapping[tuple[int, str], Value],
    reason: str,
    ids: Ids,
) -> list[rules.SealedEvent]:
    named = {str(version): names for version, names in sorted(erased.items())}
    fields: dict[str, Value] = {"erased": named, "reason": reason}
    public = frozenset(fields)
    if left:
        remains: dict[str, dict[str, Value]] = {}
        for (version, name), value in sorted(left.items()):
            remains.setdefault(str(version), {})[name] = value
        fields[LEFT] = remains
    event = rules.NewEvent(FIELDS_ERASED, FIELDS_ERASED_VERSION, fields, public)
    key = ids.secret(rules.KEY_BYTES)
    sealed = rules.seal(head, [event], [key], act.now, act.actor)
    await store.append(tx, sealed)
    return sealed
