"""Making and changing contracts; and the book in which new claims look their customer up."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.people.contracts import store
from makegood.people.contracts.rules import (
    Agreed,
    Contract,
    are_minutes,
    in_force,
    minutes_of,
    wrong_fields,
)
from makegood.people.fresh import FreshCache
from makegood.people.markets.actions import Markets
from makegood.store.database import Connection, Database


class Contracts:
    """Contracts of each market by buyer, read at most about once a second."""

    def __init__(self, db: Database, markets: Markets) -> None:
        self._db = db
        self._markets = markets
        self._known: FreshCache[dict[str, store.Stored]] = FreshCache()

    async def of(self, market_id: str, buyer_id: str, now: datetime) -> Agreed | None:
        """The contract that holds for this buyer today, if any."""
        known = await self._known.get(market_id, now, lambda: self._load(market_id))
        stored = known.get(buyer_id)
        market = await self._markets.get(market_id, now) if stored else None
        if stored is None or market is None:
            return None
        today = now.astimezone(ZoneInfo(market.settings.timezone)).date()
        if not in_force(stored.contract, today):
            return None
        minutes = minutes_of(stored.contract, market.settings.tier_minutes)
        return Agreed(stored.contract, stored.version, minutes)

    def forget(self, market_id: str) -> None:
        """Read again at the next question, after this process changed a contract."""
        self._known.forget(market_id)

    async def _load(self, market_id: str) -> dict[str, store.Stored]:
        async with self._db.aside() as conn:
            contracts = await store.list_contracts(conn, market_id)
        return {buyer: one for one in contracts for buyer in one.contract.buyer_ids}


async def put_contract(tx: Connection, act: Act, contract: Contract, version: int) -> int:
    """Make a contract (version 0) or its next version; claims opened before keep theirs.

    Raises:
        Refused: `contract_wrong` with the `fields`, `stale_version` when somebody changed it,
            `buyer_in_contract` with the `buyers` that another contract has.
    """
    wrong = wrong_fields(contract)
    if wrong:
        raise Refused("contract_wrong", fields=list(wrong))
    newest = await store.load_contract(tx, act.market_id, contract.contract_id)
    if (newest.version if newest else 0) != version:
        raise Refused("stale_version")
    next_version = version + 1
    made = await store.insert_version(
        tx, act.market_id, contract, next_version, act.now, act.actor.id
    )
    if not made:
        raise Refused("stale_version")
    taken = await store.bind_buyers(tx, act.market_id, contract)
    if taken:
        raise Refused("buyer_in_contract", buyers=taken)
    return next_version


async def end_contract(tx: Connection, act: Act, contract_id: str, on: datetime) -> None:
    """Let a contract end with this day. Raises Refused `not_found`."""
    newest = await store.load_contract(tx, act.market_id, contract_id)
    if newest is None:
        raise Refused("not_found", contract_id=contract_id)
    day = max(on.date(), newest.contract.begins_on)
    ended = msgspec.structs.replace(newest.contract, ends_on=day)
    await put_contract(tx, act, ended, newest.version)


def check_tiers(minutes: dict[str, dict[str, int]]) -> None:
    """Refuse clocks of tiers that cannot be right."""
    wrong = [tier for tier, clocks in minutes.items() if not are_minutes(clocks)]
    if wrong:
        raise Refused("contract_wrong", fields=["minutes"], tiers=wrong)
