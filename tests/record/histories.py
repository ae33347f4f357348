"""Small sealed histories for tests, from given or drawn fields."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from hypothesis import strategies as st

from makegood.base.actor import Actor
from makegood.record.canonical import LARGEST_INTEGER, Value
from makegood.record.rules import NewEvent, SealedEvent, StreamHead, head_after, seal

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
BUYER = Actor(role="buyer", id="b-17")
HEAD = StreamHead(market_id="main", stream="AS-261121-7K3QFX", pseudonym=bytes(range(16)))

texts = st.text(st.characters(codec="utf-8"), max_size=20)
scalars: st.SearchStrategy[Value] = st.one_of(
    texts, st.booleans(), st.none(), st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
field_sets = st.dictionaries(texts.filter(lambda name: name != "actor_id"), values, max_size=5)


def key(number: int) -> bytes:
    """A key that looks random and is the same in every run."""
    return sha256(f"key {number}".encode()).digest()


def history(
    *field_lists: dict[str, Value], public: frozenset[str] = frozenset()
) -> list[SealedEvent]:
    """One stream of events, one per set of fields, an hour apart."""
    head, events = HEAD, []
    for number, fields in enumerate(field_lists):
        event = NewEvent("message_sent", 1, fields, public)
        events += seal(head, [event], [key(number)], AT + timedelta(hours=number), BUYER)
        head = head_after(events[-1])
    return events


histories = st.lists(field_sets, min_size=1, max_size=4).map(lambda sets: history(*sets))
