"""What a market kept of a contract in one month: every promise of every claim, counted."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from makegood.claims import store
from makegood.claims.kept import SOLUTION, Promise, promises_of
from makegood.claims.listing_store import claims_of_contract
from makegood.people.contracts.rules import STAGES, Contract
from makegood.store.database import Connection

KINDS: Final = (*STAGES, SOLUTION)


class ClaimKept(msgspec.Struct, frozen=True, kw_only=True):
    """One claim of the customer with its promises."""

    claim_no: str
    opened_at: datetime
    reason: str
    state: str
    promises: list[Promise]

    @property
    def broken(self) -> list[Promise]:
        """The promises that were not kept."""
        return [promise for promise in self.promises if promise.broken]


class Tally(msgspec.Struct, frozen=True):
    """How often a kind of promise was made, kept, broken, and still runs unbroken."""

    kind: str
    made: int
    broken: int
    running: int

    @property
    def kept(self) -> int:
        """Promises that ended in time."""
        return self.made - self.broken - self.running


async def report(
    conn: Connection,
    market_id: str,
    contract: Contract,
    since: datetime,
    until: datetime,
    now: datetime,
) -> list[ClaimKept]:
    """Every claim opened under the contract in this time, the newest first."""
    numbers = await claims_of_contract(conn, market_id, contract.contract_id, since, until)
    return [await _kept(conn, market_id, contract, number, now) for number in numbers]


def tallies(claims: Iterable[ClaimKept]) -> list[Tally]:
    """One line per kind of promise that was made at all."""
    promises = [promise for claim in claims for promise in claim.promises]
    return [tally for kind in KINDS if (tally := _tally(kind, promises)).made]


def _tally(kind: str, promises: Sequence[Promise]) -> Tally:
    ours = [promise for promise in promises if promise.kind == kind]
    broken = sum(promise.broken for promise in ours)
    running = sum(promise.met_at is None and not promise.broken for promise in ours)
    return Tally(kind, len(ours), broken, running)


async def _kept(
    conn: Connection, market_id: str, contract: Contract, claim_no: str, now: datetime
) -> ClaimKept:
    loaded = await store.load(conn, market_id, claim_no)
    assert loaded is not None, "a listed claim has a history"
    return ClaimKept(
        claim_no=claim_no,
        opened_at=loaded.claim.opened_at,
        reason=loaded.claim.opened.reason,
        state=loaded.claim.state,
        promises=promises_of(loaded.history, contract.standards, now),
    )
