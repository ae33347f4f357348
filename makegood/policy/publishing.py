"""Rule changes in the public record: announced, tried, in force, taken back. Stream `rules`."""

from collections.abc import Mapping
from typing import Final

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.record import rules, store
from makegood.record.canonical import Value
from makegood.store.database import Connection

STREAM: Final = "rules"
SCHEMA: Final = 1


async def record(
    tx: Connection, act: Act, ids: Ids, name: str, fields: Mapping[str, Value]
) -> rules.SealedEvent:
    """Append one event whose fields are all public: versions, digests, times, shares."""
    head = await store.load_head(tx, act.market_id, STREAM)
    if head is None:
        head = rules.StreamHead(
            market_id=act.market_id, stream=STREAM, pseudonym=ids.secret(rules.PSEUDONYM_BYTES)
        )
    event = rules.NewEvent(name, SCHEMA, dict(fields), frozenset(fields))
    sealed = rules.seal(head, [event], [ids.secret(rules.KEY_BYTES)], act.now, act.actor)
    await store.append(tx, sealed)
    return sealed[0]
