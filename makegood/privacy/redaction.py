"""What goes from each event of a claim when its buyer, or one of the staff, is erased: pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, get_type_hints

from makegood.claims import events as e
from makegood.record.canonical import Value
from makegood.record.chain import FIELDS_ERASED
from makegood.record.erased import ERASED_VALUE
from makegood.record.rules import ACTOR_FIELD, SealedEvent, parse_entry

Gone = dict[str, Value]
"""Field → what is left of it; the mark of erasure where nothing is."""

_PERSONAL: Final[Mapping[str, frozenset[str]]] = {
    e.event_name(kind): frozenset(
        name for name, hint in get_type_hints(kind).items() if hint == e.Personal
    )
    for kind in e.AnyEvent.__args__
}
"""Fields that hold what a person wrote or is called, by the name of the event."""

_WORDS_ABOUT: Final[Mapping[str, Mapping[str, Value]]] = {
    "evidence_added": {"sha256": "", "notes": [], "has_thumb": False},
    "claim_opened": {"external_id": ""},
    "escalated": {"why": ""},
    "owner_changed": {"why": ""},
}
"""Fields of another type that tell of the person: what stands in their place."""

_STAFF_NAMES: Final = frozenset({"owner_name", "reviewer_name", "decided_by_name"})


def buyers_part(event: SealedEvent, traces: Iterable[str]) -> Gone:
    """What goes from an event when the buyer of its claim is erased.

    Everything that anybody wrote goes, because it is about the person; of the rest whatever
    holds a trace of them. Amounts, findings, rules, times and states stay.
    """
    if event.name == FIELDS_ERASED:
        return {}
    fields = event.fields()
    gone: Gone = {name: ERASED_VALUE for name in _PERSONAL[event.name] if name in fields}
    stand_in = _WORDS_ABOUT.get(event.name, {})
    gone.update({name: value for name, value in stand_in.items() if fields.get(name) != value})
    looked_for = tuple(traces)
    for name, value in fields.items():
        if name not in gone:
            left = _cleaned(value, lambda text: _has(text, looked_for))
            if left != value:
                gone[name] = left
    if event.actor_role == "buyer" and event.actor_id is not None:
        gone[ACTOR_FIELD] = ERASED_VALUE
    return _private(event, gone)


def staffs_part(event: SealedEvent, name: str) -> Gone:
    """What goes from an event when one of the staff is erased: their name, wherever it stands.

    The account's id stays: it is a number that no longer leads to anybody.
    """
    fields = event.fields()
    left = _unnamed(fields, name)
    assert isinstance(left, dict), "an object without names is an object"
    return _private(event, {field: left[field] for field in fields if left[field] != fields[field]})


def _cleaned(value: Value, is_trace: Callable[[str], bool]) -> Value:
    """The value with every text that holds a trace emptied; a ruling's free words always."""
    match value:
        case str():
            return "" if is_trace(value) else value
        case list():
            return [_cleaned(part, is_trace) for part in value]
        case dict():
            return {
                name: "" if name in _FREE_WORDS else _cleaned(part, is_trace)
                for name, part in value.items()
            }
        case _:
            return value


_FREE_WORDS: Final = frozenset({"reason_text", "departure"})


def _unnamed(value: Value, name: str) -> Value:
    match value:
        case list():
            return [_unnamed(part, name) for part in value]
        case dict():
            return {
                field: "" if field in _STAFF_NAMES and part == name else _unnamed(part, name)
                for field, part in value.items()
            }
        case _:
            return value


def _has(text: str, traces: Sequence[str]) -> bool:
    folded = text.casefold()
    return any(trace in folded for trace in traces)


def _private(event: SealedEvent, gone: Gone) -> Gone:
    """Without what the public entry shows in clear: that is never personal and cannot go."""
    entry = parse_entry(event.entry)
    assert entry is not None, "a stored entry is one of ours"
    return {name: left for name, left in gone.items() if name in entry.commitments}


def only_left(gone: Gone) -> dict[str, Any]:
    """The fields of which something is left."""
    return {name: left for name, left in gone.items() if left != ERASED_VALUE}
