"""Erasing personal values from a stream, with an event that says so."""

from collections.abc import Collection, Mapping

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.record import rules, store
from makegood.record.canonical import Value
from makegood.record.chain import FIELDS_ERASED
from makegood.store.database import Connection

FIELDS_ERASED_VERSION = 1


async def erase_fields(
    tx: Connection,
    act: Act,
    stream: str,
    erased: Mapping[int, Collection[str]],
    reason: str,
    ids: Ids,
) -> list[rules.SealedEvent]:
    """Erase private fields of events of a stream: version → field names (`actor_id` is one).

    The values, and the keys that open their commitments, are gone from the table when the
    transaction commits; entries and hashes stay. One event `fields_erased` records which
    fields and why; `reason` must not be personal, because it is public. Fields erased before
    are left alone, and if nothing is left to erase no event is added.
    """
    events = await store.load(tx, act.market_id, stream)
    by_version = {event.version: event for event in events}
    done: dict[str, list[str]] = {}
    for version, names in sorted(erased.items()):
        event = by_version[version]
        fresh = sorted(name for name in names if rules.salt_of(event, name) is not None)
        if fresh:
            await store.overwrite_erased(tx, rules.erase(event, fresh), act.now)
            done[str(version)] = fresh
    if not done:
        return []
    return await _record_erasure(tx, act, rules.head_after(events[-1]), done, reason, ids)


async def _record_erasure(
    tx: Connection,
    act: Act,
    head: rules.StreamHead,
    erased: dict[str, list[str]],
    reason: str,
    ids: Ids,
) -> list[rules.SealedEvent]:
    fields: dict[str, Value] = {"erased": erased, "reason": reason}
    event = rules.NewEvent(FIELDS_ERASED, FIELDS_ERASED_VERSION, fields, frozenset(fields))
    key = ids.secret(rules.KEY_BYTES)
    sealed = rules.seal(head, [event], [key], act.now, act.actor)
    await store.append(tx, sealed)
    return sealed
