"""Deciding again: the facts and circumstances of every decision put to the rules it cites.

The same facts under the same version must give the same decision and the same explanation, on
every machine and for ever. What a person or an appeal decided is compared in what it took from
the rules: its conditions.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from makegood.claims import events as e
from makegood.claims import replay_store, store
from makegood.claims.desk import Desk
from makegood.claims.fold import fold
from makegood.claims.frame import units_of
from makegood.claims.ruling import rule_on
from makegood.claims.state import Recorded
from makegood.orders.facts import UnitFacts
from makegood.policy.model import Pack
from makegood.store.database import Connection

BATCH: Final = 200
OWN: Final = ("number",)
"""Fields that the rules do not give."""


class Redecided(msgspec.Struct, frozen=True):
    """One decision and what the rules say today that they did not say then."""

    claim_no: str
    number: int
    differences: tuple[str, ...] = ()


async def redecide_market(
    conn: Connection, desk: Desk, market_id: str, now: datetime
) -> AsyncIterator[Redecided]:
    """Every decision of the market that rules had a part in, in the order of claim numbers."""
    last = ""
    while numbers := await replay_store.claim_numbers(conn, market_id, last, BATCH):
        for claim_no in numbers:
            for one in await redecide_claim(conn, desk, market_id, claim_no, now):
                yield one
        last = numbers[-1]


async def redecide_claim(
    conn: Connection, desk: Desk, market_id: str, claim_no: str, now: datetime
) -> list[Redecided]:
    """The decisions of one claim."""
    loaded = await store.load(conn, market_id, claim_no)
    if loaded is None or loaded.claim.decision is None:
        return []
    units = await units_of(conn, market_id, loaded.claim)
    pack = await desk.shelf.cited(market_id, loaded.claim.opened.policy_version, now)
    return [
        Redecided(claim_no, said.number, differences(pack, before, units, said, at))
        for before, said, at in _decisions(loaded.history)
    ]


def differences(
    pack: Pack,
    before: Sequence[Recorded],
    units: list[UnitFacts],
    said: e.Decision,
    at: datetime,
) -> tuple[str, ...]:
    """The fields in which the rules answer differently on the history before the decision."""
    assert said.around is not None, "only decisions with their circumstances are put again"
    ruling = rule_on(pack, fold(list(before)), units, said.around, at, said.appeal_until)
    again = ruling.decision
    if again is None:
        return ("the rules say nothing now",)
    names = said.__struct_fields__ if said.source == "machine" else ("rule_id", "conditions")
    return tuple(
        f"{name}: was {getattr(said, name)!r}, would be {getattr(again, name)!r}"
        for name in names
        if name not in OWN and getattr(said, name) != getattr(again, name)
    )


def _decisions(
    history: Sequence[Recorded],
) -> list[tuple[Sequence[Recorded], e.Decision, datetime]]:
    """Decisions that follow a rule, each with the history before it."""
    found = []
    for place, recorded in enumerate(history):
        event = recorded.event
        if not isinstance(event, e.ClaimDecided) or event.decision.around is None:
            continue
        if event.decision.source == "machine" or event.decision.conditions:
            found.append((history[:place], event.decision, recorded.at))
    return found
