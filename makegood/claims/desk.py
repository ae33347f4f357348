"""What every action on claims shares: the rule pack, ids, the vault, markets and the roster."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from makegood.base.ids import Ids
from makegood.people.contracts.actions import Contracts
from makegood.people.fresh import FreshCache
from makegood.people.markets.actions import Markets
from makegood.people.staff.roster import RosterLine, line_of
from makegood.people.staff.rules import DECIDING_ROLES
from makegood.people.staff.store import list_roster
from makegood.policy.model import Pack
from makegood.policy.shelf import Shelf
from makegood.store.database import Database
from makegood.store.vault import Vault

NOBODY = RosterLine(account_id="operator", display_name="运营", role="operator")
"""Owns claims while the market has no staff yet: the operator who sets it up."""


class Rosters:
    """Who works in each market, read at most about once a second."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: FreshCache[list[RosterLine]] = FreshCache()

    async def get(self, market_id: str, now: datetime) -> list[RosterLine]:
        """Live staff of the market, in a fixed order."""
        return await self._known.get(market_id, now, lambda: self._load(market_id))

    async def _load(self, market_id: str) -> list[RosterLine]:
        async with self._db.aside() as conn:
            return await list_roster(conn, market_id)


class Desk(msgspec.Struct, frozen=True):
    """Built once per process in `bootstrap`."""

    pack: Pack
    """The shipped rules: names of reasons, slots and findings. Judging asks the shelf."""
    ids: Ids
    vault: Vault
    markets: Markets
    rosters: Rosters
    shelf: Shelf
    contracts: Contracts


def owner_for(roster: Sequence[RosterLine], draw: bytes, about: str = "") -> RosterLine:
    """A random decider, never one in the line of the person complained about."""
    if about:
        barred = barred_from(about, roster)
        apart = [line for line in roster if line.account_id not in barred]
        return _drawn(_deciders(apart) or apart, draw)
    return _drawn(_deciders(roster) or roster, draw)


def barred_from(about: str, roster: Sequence[RosterLine]) -> set[str]:
    """Whom a complaint about this person must not reach.

    The whole line above and below; where that would leave nobody, the person and the direct
    lead; and never the operator of a shop of two, unless it is about the operator.
    """
    lead = next((line.reports_to for line in roster if line.account_id == about), None)
    everybody = {line.account_id for line in roster}
    for barred in (line_of(about, roster), {about, lead or about}):
        if everybody - barred:
            return barred
    return {about}


def reviewer_for(
    roster: Sequence[RosterLine], draw: bytes, deciders: Collection[str], about: str = ""
) -> RosterLine | None:
    """Somebody who had no part in the decision; None where there is nobody else."""
    apart = set(deciders) | (barred_from(about, roster) if about else set())
    able = [line for line in _deciders(roster) if line.account_id not in apart]
    return _drawn(able, draw) if able else None


def lead_of(roster: Sequence[RosterLine], owner_id: str, about: str = "") -> str:
    """One line up from an owner: the own lead, else any lead, else the operator.

    Never into the line of the person that a claim complains about. Who works alone keeps a claim
    that is about nobody here.
    """
    barred = {owner_id} | (barred_from(about, roster) if about else set())
    own = next((line.reports_to for line in roster if line.account_id == owner_id), None)
    if own and own not in barred:
        return own
    ranked = [line for role in ("lead", "operator") for line in roster if line.role == role]
    above = [line for line in ranked if line.account_id not in barred]
    if above:
        return above[0].account_id
    alone = not about and [line.account_id for line in roster] == [owner_id]
    return owner_id if alone else NOBODY.account_id


def name_of(roster: Sequence[RosterLine], account_id: str) -> str:
    """The name a person is shown by."""
    known = (line.display_name for line in roster if line.account_id == account_id)
    return next(known, NOBODY.display_name)


def _deciders(roster: Sequence[RosterLine]) -> list[RosterLine]:
    return [line for line in roster if line.role in DECIDING_ROLES]


def _drawn(able: Sequence[RosterLine], draw: bytes) -> RosterLine:
    return able[int.from_bytes(draw[:8], "big") % len(able)] if able else NOBODY
