"""Which fields of a claim's events a bundle opens for whom, and why the rest stays closed: pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, TypeAlias, assert_never, get_args

import msgspec

from makegood.claims import events as e
from makegood.claims.parting import SIDE_OF, Side, side_of
from makegood.claims.state import Recorded
from makegood.claims.step_views import HIDDEN_STEPS, audience_of
from makegood.claims.view import Audience as Readers
from makegood.record.canonical import Value
from makegood.record.log.strict import encode_base64
from makegood.record.rules import ACTOR_FIELD, SealedEvent, disclose, parse_entry
from makegood.verify.bundle import Closed, Disclosed

Audience: TypeAlias = Literal["buyer", "seller", "outside", "platform"]
"""`outside`: a mediator or regulator, who gets what both parties see and nothing of one alone."""
AUDIENCES: Final[tuple[Audience, ...]] = get_args(Audience)
Why: TypeAlias = Literal["buyer", "seller", "platform", "one_piece", "erased"]
"""Whose eyes alone it is for; or that it was sealed in one piece with such a value; or is gone."""

_OURS: Final = frozenset(
    {
        "about_staff",
        "approved_by",
        "external_id",
        "owner_id",
        "reviewer_id",
        "supplier_id",
        "tags",
        "task_id",
    }
)
"""Fields of events everybody sees that are the platform's own bookkeeping."""
_NOBODYS: Final[frozenset[Side]] = frozenset()


def opened_fields(
    sealed: Sequence[SealedEvent], history: Sequence[Recorded], audience: Audience
) -> Iterator[Disclosed]:
    """Every field that this audience may read and that was not erased, with its salt."""
    for event, recorded in _paired(sealed, history):
        for name in (*event.fields(), ACTOR_FIELD):
            if not _is_open(_keepers(recorded, event, name), audience):
                continue
            shown = disclose(event, name)
            if shown is not None:
                yield Disclosed(
                    name=name,
                    salt=encode_base64(shown.salt),
                    value=msgspec.json.decode(shown.value),
                    version=event.version,
                )


def closed_fields(
    sealed: Sequence[SealedEvent], history: Sequence[Recorded], audience: Audience
) -> Iterator[Closed]:
    """Every other field that an entry has committed to, with the reason why it stays closed."""
    for event, recorded in _paired(sealed, history):
        entry = parse_entry(event.entry)
        for name in sorted(entry.commitments) if entry is not None else ():
            keepers = _keepers(recorded, event, name)
            if not _is_open(keepers, audience):
                why = _why(event, name, keepers)
                yield Closed(name=name, version=event.version, why=why)
            elif disclose(event, name) is None:
                yield Closed(name=name, version=event.version, why="erased")


def _paired(
    sealed: Sequence[SealedEvent], history: Sequence[Recorded]
) -> Iterator[tuple[SealedEvent, Recorded | None]]:
    """Each sealed event with what it says; erasures tell of values and say nothing themselves."""
    known = {recorded.version: recorded for recorded in history}
    for event in sealed:
        yield event, known.get(event.version)


def _is_open(keepers: frozenset[Side], audience: Audience) -> bool:
    match audience:
        case "platform":
            return True
        case "outside":
            return not keepers
        case "buyer" | "seller":
            return keepers <= {audience}
        case unreachable:
            assert_never(unreachable)


def _why(event: SealedEvent, name: str, keepers: frozenset[Side]) -> Why:
    if name in ("facts", "decision", "moved") and event.schema_version == 1:
        return "one_piece"
    return next(side for side in ("platform", "buyer", "seller") if side in keepers)


def _keepers(recorded: Recorded | None, sealed: SealedEvent, name: str) -> frozenset[Side]:
    """For whose eyes alone a field is, or something in it; nobody's where both sides may read."""
    if recorded is None or name in _OURS or sealed.name in HIDDEN_STEPS:
        return frozenset({"platform"})
    if name == ACTOR_FIELD:
        return _of_party(sealed.actor_role)
    if name == "buyer_id":
        return frozenset({"buyer"})
    side = side_of(audience_of(recorded.event))
    readers = _NOBODYS if side is None else frozenset({side})
    if name in SIDE_OF:
        return readers | _of_part(sealed.fields()[name], SIDE_OF[name])
    return readers | _within(recorded.event, sealed, name)


def _within(event: e.AnyEvent, sealed: SealedEvent, name: str) -> frozenset[Side]:
    """For whose eyes alone something in a field is, beside those of the event's own readers."""
    match event:
        case e.FactsRecorded(facts=facts) if sealed.schema_version == 1:
            return _of_audiences(fact.audience for fact in facts)
        case e.ClaimDecided(decision=decision) if (name, sealed.schema_version) == ("decision", 1):
            kept = _of_audiences(said.audience for said in decision.conditions)
            return kept | _of_audiences(["platform"] if decision.around is not None else [])
        case e.BearingCorrected(moved=moved) if (name, sealed.schema_version) == ("moved", 1):
            others = [one for one in moved if "seller" not in (one.giver, one.taker)]
            return _of_audiences(["platform"] if others else [])
        case e.BearingCorrected() if name == "waiting_minor":
            return frozenset({"platform"})
        case e.EvidenceAdded(party=party, audience="all") if name == "filename":
            return _of_party(party)
        case e.Escalated() if name == "why":
            return frozenset({"platform"})
        case _:
            return _NOBODYS


def _of_audiences(audiences: Iterable[Readers]) -> frozenset[Side]:
    sides = {side_of(audience) for audience in audiences}
    return frozenset(side for side in sides if side is not None)


def _of_party(role: str) -> frozenset[Side]:
    return frozenset({SIDE_OF.get(f"of_{role}", "platform")})


def _of_part(values: Value, side: Side) -> frozenset[Side]:
    """Where a side has nothing of its own everybody may see that."""
    return frozenset({side}) if values else _NOBODYS
