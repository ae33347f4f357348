"""Adding events to streams that are no claim: settings of the record, audits, exports, rows."""

from collections.abc import Sequence
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.record import rules, store
from makegood.record.store import StaleStream
from makegood.store.database import Connection

__all__ = ["StaleStream", "append_events", "event_of"]

FIRST_VERSION: Final = 1


async def append_events(
    tx: Connection, act: Act, ids: Ids, stream: str, events: Sequence[rules.NewEvent]
) -> list[rules.SealedEvent]:
    """Append decided events to a stream, which begins with the first of them.

    They are entered into the public log like every other event. Raises StaleStream when
    another writer was faster: roll back and do it again.
    """
    if not events:
        return []
    head = await store.load_head(tx, act.market_id, stream) or rules.StreamHead(
        market_id=act.market_id, stream=stream, pseudonym=ids.secret(rules.PSEUDONYM_BYTES)
    )
    keys = [ids.secret(rules.KEY_BYTES) for _ in events]
    sealed = rules.seal(head, events, keys, act.now, act.actor)
    await store.append(tx, sealed)
    return sealed


def event_of(fact: msgspec.Struct, public: Sequence[str]) -> rules.NewEvent:
    """An event whose name is the struct's tag and whose fields are its own."""
    fields = msgspec.to_builtins(fact)
    name = str(fields.pop("type"))
    return rules.NewEvent(name, FIRST_VERSION, fields, frozenset(public))
