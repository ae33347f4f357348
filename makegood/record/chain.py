"""Checking a stream: does every stored event still say what its entry committed to?"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hmac import compare_digest
from typing import Any, Final, Literal

import msgspec

from makegood.base.time import rfc3339
from makegood.record.canonical import Value, canonical, is_canonical
from makegood.record.erased import ERASED_VALUE
from makegood.record.rules import (
    NO_ENTRY,
    Entry,
    SealedEvent,
    hash_of,
    opens,
    parse_entry,
    private_values,
    salt_of,
)

FIELDS_ERASED: Final = "fields_erased"
"""The event that accounts for erased fields; its public field `erased` names them."""
LEFT: Final = "left"
"""Its private field: what still stands of them, by version and name."""

ProblemKind = Literal[
    "entry_malformed",
    "entry_hash_differs",
    "chain_broken",
    "column_differs",
    "public_field_differs",
    "private_field_differs",
    "erasure_not_recorded",
]


class Problem(msgspec.Struct, frozen=True):
    """One way in which a stored stream is not what was sealed."""

    version: int
    kind: ProblemKind
    field: str = ""


Opens = Callable[[bytes, str, bytes, bytes], bool]
_ERASED: Final = canonical(ERASED_VALUE)


def check_chain(events: Sequence[SealedEvent], opened: Opens = opens) -> list[Problem]:
    """Every problem of a whole stream, from its first event on; an intact one has none.

    Cutting off the newest events leaves an intact chain: that is for the log over all
    streams to notice.
    """
    problems: list[Problem] = []
    accounted = _accounted_erasures(events)
    left = {key: canonical(value) for key, value in left_over(events).items()}
    prev, pseudonym = NO_ENTRY, events[0].pseudonym if events else b""
    for place, event in enumerate(events, start=1):
        entry = parse_entry(event.entry)
        if entry is None:
            problems.append(Problem(event.version, "entry_malformed"))
        else:
            if (entry.seq, entry.prev, entry.stream) != (place, prev, pseudonym):
                problems.append(Problem(event.version, "chain_broken"))
            problems.extend(_own_problems(event, entry, opened, accounted, left))
        prev = hash_of(event.entry)
    return problems


def _own_problems(
    event: SealedEvent,
    entry: Entry,
    opened: Opens,
    accounted: set[tuple[int, str]],
    left: Mapping[tuple[int, str], bytes],
) -> Iterator[Problem]:
    if not compare_digest(hash_of(event.entry), event.entry_hash):
        yield Problem(event.version, "entry_hash_differs")
    for column in _differing_columns(event, entry):
        yield Problem(event.version, "column_differs", column)
    if not event.body.startswith(b"{") or not is_canonical(event.body):
        yield Problem(event.version, "column_differs", "body")
        return
    values = private_values(event)
    for name in values.keys() - entry.commitments.keys() - entry.public.keys():
        yield Problem(event.version, "private_field_differs", name)
    for name, value in entry.public.items():
        if values.get(name) != canonical(value):
            yield Problem(event.version, "public_field_differs", name)
    for name, commitment in entry.commitments.items():
        value, key = values.get(name), (event.version, name)
        if salt_of(event, name) is None and value in (None, left.get(key, _ERASED)):
            if key not in accounted:
                yield Problem(event.version, "erasure_not_recorded", name)
        else:
            yield from _private_problems(event, name, value, commitment, opened)


def _differing_columns(event: SealedEvent, entry: Entry) -> Iterator[str]:
    pairs = {
        "version": (event.version, entry.seq),
        "pseudonym": (event.pseudonym, entry.stream),
        "name": (event.name, entry.name),
        "schema_version": (event.schema_version, entry.schema_version),
        "at": (rfc3339(event.at), entry.at),
        "actor_role": (event.actor_role, entry.actor_role),
    }
    return (column for column, (stored, sealed) in pairs.items() if stored != sealed)


def _private_problems(
    event: SealedEvent, name: str, value: bytes | None, commitment: bytes, opened: Opens
) -> Iterator[Problem]:
    salt = salt_of(event, name)
    if salt is None or value is None or not opened(salt, name, value, commitment):
        yield Problem(event.version, "private_field_differs", name)


def left_over(events: Iterable[SealedEvent]) -> dict[tuple[int, str], Value]:
    """(version, field) → what erasures left standing of it, as their own events say."""
    left: dict[tuple[int, str], Value] = {}
    for event in events:
        if event.name != FIELDS_ERASED:
            continue
        said = event.fields().get(LEFT)
        for version, fields in _remainders(said).items():
            left.update({(version, name): value for name, value in fields.items()})
    return left


def _remainders(said: Value) -> dict[int, dict[str, Any]]:
    """What an erasure event says is left; one that was erased itself, or damaged, says nothing."""
    if said is None or said == ERASED_VALUE:
        return {}
    try:
        return msgspec.convert(said, dict[int, dict[str, Any]], strict=False)
    except msgspec.ValidationError:
        return {}


def _accounted_erasures(events: Sequence[SealedEvent]) -> set[tuple[int, str]]:
    """(version, field) of every erasure that an event of the same stream has recorded."""
    accounted: set[tuple[int, str]] = set()
    for event in events:
        entry = parse_entry(event.entry) if event.name == FIELDS_ERASED else None
        for version, names in _erased_names(entry).items():
            accounted.update((version, name) for name in names)
    return accounted


def _erased_names(entry: Entry | None) -> dict[int, list[str]]:
    """What an erasure event says; a damaged one says nothing."""
    try:
        public = entry.public if entry is not None else {}
        return msgspec.convert(public.get("erased", {}), dict[int, list[str]], strict=False)
    except msgspec.ValidationError:
        return {}
