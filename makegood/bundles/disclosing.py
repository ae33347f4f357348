"""Which fields of a claim's events a bundle opens for whom: pure."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias, assert_never, get_args

import msgspec

from makegood.claims import events as e
from makegood.claims.state import Recorded
from makegood.claims.viewing import HIDDEN_STEPS, audience_of
from makegood.record.log.strict import encode_base64
from makegood.record.rules import ACTOR_FIELD, SealedEvent, disclose
from makegood.verify.bundle import Disclosed

Party: TypeAlias = Literal["buyer", "seller"]
Audience: TypeAlias = Literal["buyer", "seller", "outside", "platform"]
"""`outside`: a mediator or regulator, who gets what both parties see and nothing of one alone."""
AUDIENCES: Final[tuple[Audience, ...]] = get_args(Audience)
_PARTIES: Final[tuple[Party, ...]] = get_args(Party)

_OURS: Final = frozenset(
    {"about_staff", "external_id", "owner_id", "reviewer_id", "supplier_id", "tags", "task_id"}
)
"""Fields of events everybody sees that are the platform's own bookkeeping."""


def opened_fields(
    sealed: Sequence[SealedEvent], history: Sequence[Recorded], audience: Audience
) -> Iterator[Disclosed]:
    """Every field that this audience may read and that was not erased, with its salt.

    A field is opened whole or not at all: facts and decisions that hold one value which the
    audience may not see stay closed, and the pages beside them show the rest unproven.
    """
    known = {recorded.version: recorded for recorded in history}
    for event in sealed:
        recorded = known.get(event.version)
        for name in (*event.fields(), ACTOR_FIELD):
            if not _opens(recorded, event, name, audience):
                continue
            shown = disclose(event, name)
            if shown is not None:
                yield Disclosed(
                    name=name,
                    salt=encode_base64(shown.salt),
                    value=msgspec.json.decode(shown.value),
                    version=event.version,
                )


def _opens(recorded: Recorded | None, sealed: SealedEvent, name: str, audience: Audience) -> bool:
    match audience:
        case "platform":
            return True
        case "outside":
            return all(_may_open(recorded, sealed, name, party) for party in _PARTIES)
        case "buyer" | "seller":
            return _may_open(recorded, sealed, name, audience)
        case unreachable:
            assert_never(unreachable)


def _may_open(recorded: Recorded | None, sealed: SealedEvent, name: str, audience: Party) -> bool:
    if recorded is None or name in _OURS or sealed.name in HIDDEN_STEPS:
        return False
    if name == ACTOR_FIELD or name == "buyer_id":
        return (sealed.actor_role if name == ACTOR_FIELD else "buyer") == audience
    event = recorded.event
    if audience_of(event) not in ("all", audience):
        return False
    match event:
        case e.FactsRecorded(facts=facts):
            return all(fact.audience in ("all", audience) for fact in facts)
        case e.ClaimDecided(decision=decision) if name == "decision":
            return all(said.audience in ("all", audience) for said in decision.conditions)
        case e.EvidenceAdded(party=party) if name == "filename":
            return party == audience
        case e.Escalated() if name == "why":
            return False
        case _:
            return True
