"""Deciding again: the same facts and the same version of the rules give the same decision."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from makegood.claims import events as e
from makegood.claims import replay_store, store
from makegood.claims.frame import units_of
from makegood.claims.ruling import rule_on
from makegood.claims.state import Recorded, fold
from makegood.orders.facts import UnitFacts
from makegood.policy import pack_store
from makegood.policy.model import Pack
from makegood.policy.packfile import read_pack_file
from makegood.policy.stages import parse_ref
from makegood.store.database import Connection

BATCH: Final = 200
OWN: Final = ("number",)
"""Fields of a decision that the rules do not give."""


class Redecided(msgspec.Struct, frozen=True, kw_only=True):
    """One machine decision, made again; `differences` names the fields that came out otherwise."""

    claim_no: str
    decision_no: int
    differences: tuple[str, ...] = ()


async def redecide_market(conn: Connection, market_id: str) -> AsyncIterator[Redecided]:
    """Every decision that a machine made, in the order of the claims' numbers."""
    last = ""
    while numbers := await replay_store.claim_numbers(conn, market_id, last, BATCH):
        for number in numbers:
            for redecided in await redecide_claim(conn, market_id, number):
                yield redecided
        last = numbers[-1]


async def redecide_claim(conn: Connection, market_id: str, claim_no: str) -> list[Redecided]:
    """The machine's decisions of one claim, made again by the version that the claim cites."""
    loaded = await store.load(conn, market_id, claim_no)
    if loaded is None:
        return []
    pack = await _pack(conn, market_id, loaded.claim.opened.policy_version)
    if pack is None:
        return [Redecided(claim_no=claim_no, decision_no=0, differences=("no such rules",))]
    units = await units_of(conn, market_id, loaded.claim)
    return redecide(pack, loaded.history, units)


def redecide(pack: Pack, history: Sequence[Recorded], units: list[UnitFacts]) -> list[Redecided]:
    """The same, of a history at hand. Pure."""
    found = []
    for place, recorded in enumerate(history):
        match recorded.event:
            case e.ClaimDecided(decision=decision) if _by_rules(decision):
                differences = _differences(pack, list(history[:place]), units, recorded, decision)
                claim_no = fold(list(history[:1])).claim_no
                found.append(
                    Redecided(
                        claim_no=claim_no,
                        decision_no=decision.number,
                        differences=differences,
                    )
                )
            case _:
                pass
    return found


def _by_rules(decision: e.Decision) -> bool:
    return decision.source == "machine" and decision.around is not None


def _differences(
    pack: Pack,
    before: list[Recorded],
    units: list[UnitFacts],
    recorded: Recorded,
    decision: e.Decision,
) -> tuple[str, ...]:
    assert decision.around is not None, "only decisions that recorded their circumstances"
    ruling = rule_on(pack, fold(before), units, decision.around, recorded.at, decision.appeal_until)
    again = ruling.decision
    if again is None:
        return ("finding",)
    return tuple(
        name
        for name in e.Decision.__struct_fields__
        if name not in OWN and getattr(again, name) != getattr(decision, name)
    )


async def _pack(conn: Connection, market_id: str, citation: str) -> Pack | None:
    ref = parse_ref(citation)
    source = await pack_store.load_source(conn, market_id, ref) if ref else None
    return read_pack_file(source) if source is not None else None
