"""What one side alone may see of an event, sealed apart from what all may see: pure.

A commitment is opened whole or not at all. So the values in an event that belong to one side's
eyes stand in fields of their own, `of_buyer`, `of_seller` and `of_platform`, each a map from the
place that a value was taken from to the value (JSON pointers, RFC 6901). All three are always
there: the public entry does not tell whether a side has anything of its own.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal, TypeAlias, get_args

from makegood.claims.view import Audience
from makegood.record.canonical import Value, canonical
from makegood.record.erased import ERASED_VALUE

Side: TypeAlias = Literal["buyer", "platform", "seller"]
Fields: TypeAlias = dict[str, Any]
Apart: TypeAlias = dict[str, dict[str, Value]]
"""By field (`of_buyer`, …): place → value."""

SIDE_OF: Final[Mapping[str, Side]] = {f"of_{side}": side for side in get_args(Side)}
"""Whose values each of the fields holds."""
NOTHING_APART: Final = canonical({field: {} for field in SIDE_OF})[1:]
"""How a stored body ends in which no side has anything of its own: there is nothing to join."""
_PLATFORMS_OWN: Final = ("around", "decided_by")
"""Of a decision: limits and the history of a device or contact, and the account that decided."""


def side_of(audience: Audience) -> Side | None:
    """Whose eyes alone something is for; none for everybody's."""
    return None if audience == "all" else SIDE_OF.get(f"of_{audience}", "platform")


def _part_facts(fields: Fields, apart: Apart) -> Fields:
    """Facts with an audience of their own go whole, their name as well."""
    shared = []
    for place, fact in enumerate(fields["facts"]):
        side = side_of(fact.get("audience", "all"))
        if side is None:
            shared.append(fact)
        else:
            apart[f"of_{side}"][f"/facts/{place}"] = fact
    return {**fields, "facts": shared}


def _part_decision(fields: Fields, apart: Apart) -> Fields:
    """A condition stays, as on every page: only its value and where that came from go."""
    decision = dict(fields["decision"])
    conditions = []
    for place, condition in enumerate(decision["conditions"]):
        side = side_of(condition.get("audience", "all"))
        if side is not None:
            path = f"/decision/conditions/{place}"
            apart[f"of_{side}"][f"{path}/actual"] = condition["actual"]
            apart[f"of_{side}"][f"{path}/source"] = condition["source"]
            condition = {**condition, "actual": None, "source": ""}
        conditions.append(condition)
    for name in _PLATFORMS_OWN:
        apart["of_platform"][f"/decision/{name}"] = decision.pop(name, None)
    return {**fields, "decision": {**decision, "conditions": conditions}}


def _part_moved(fields: Fields, apart: Apart) -> Fields:
    """The seller's own parts stay; what moved between others, and what waits, is the platform's."""
    own = []
    for place, moved in enumerate(fields["moved"]):
        if "seller" in (moved["giver"], moved["taker"]):
            own.append(moved)
        else:
            apart["of_platform"][f"/moved/{place}"] = moved
    kept = {name: value for name, value in fields.items() if name != "waiting_minor"}
    apart["of_platform"]["/waiting_minor"] = fields.get("waiting_minor", 0)
    return {**kept, "moved": own}


_PARTS: Final[Mapping[str, Callable[[Fields, Apart], Fields]]] = {
    "bearing_corrected": _part_moved,
    "claim_decided": _part_decision,
    "facts_recorded": _part_facts,
}
PARTED: Final = frozenset(_PARTS)
"""The events that are sealed in parts, from their second version on."""


def part(name: str, fields: Fields) -> Fields:
    """The fields of an event as they are sealed; those of other events are what they were."""
    take = _PARTS.get(name)
    if take is None:
        return fields
    apart: Apart = {field: {} for field in SIDE_OF}
    return {**take(fields, apart), **apart}


STEPS: Final[Mapping[tuple[str, int], Callable[[Fields], Fields]]] = {
    (name, 1): partial(part, name) for name in PARTED
}
"""From the first version of these events, which was sealed in one piece, to the second."""


def join(fields: Fields) -> Fields:
    """Sealed fields with every value back in its place; what was erased stays away."""
    whole = {name: value for name, value in fields.items() if name not in SIDE_OF}
    held = [fields[field] for field in SIDE_OF if fields.get(field, ERASED_VALUE) != ERASED_VALUE]
    places = {place: value for values in held for place, value in values.items()}
    # The shorter place first: of two in one list that is the lower one, so that it is there.
    for place in sorted(places, key=lambda place: (len(place), place)):
        _put(whole, place.split("/")[1:], places[place])
    return whole


def _put(whole: Any, path: list[str], value: Value) -> None:
    """Set a name of an object, or insert into a list what was taken out of it."""
    if len(path) > 1:
        _put(whole[int(path[0])] if isinstance(whole, list) else whole[path[0]], path[1:], value)
    elif isinstance(whole, list):
        whole.insert(int(path[0]), value)
    else:
        whole[path[0]] = value
