"""What is done to a market: made, set, opened; its sellers and suppliers kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.people.fresh import FreshCache
from makegood.people.markets import store
from makegood.people.markets.rules import (
    SKIPPABLE_STEPS,
    Department,
    Market,
    MarketSettings,
    Seller,
    SetupStep,
    Supplier,
    missing_before_opening,
    wrong_fields,
)
from makegood.store.database import Connection, Database

STARTING_DEPARTMENTS: Final = (
    Department("finance", "财务", "Finance"),
    Department("risk", "风控", "Risk"),
    Department("tech", "技术", "Tech"),
)


class Markets:
    """Markets by id, read at most about once a second however many requests ask."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: FreshCache[Market | None] = FreshCache()

    async def get(self, market_id: str, now: datetime) -> Market | None:
        """The market with its settings, or None when there is none."""
        return await self._known.get(market_id, now, lambda: self._load(market_id))

    def forget(self, market_id: str) -> None:
        """Read again at the next `get`, after this process changed the settings."""
        self._known.forget(market_id)

    async def _load(self, market_id: str) -> Market | None:
        async with self._db.aside() as conn:
            return await store.load_market(conn, market_id)


async def create_market(tx: Connection, act: Act, settings: MarketSettings) -> bool:
    """Make the market of `act` with its starting departments; False when it exists already."""
    _check(settings)
    if not await store.insert_market(tx, act.market_id, settings, act.now):
        return False
    for department in STARTING_DEPARTMENTS:
        await store.upsert_department(tx, act.market_id, department)
    return True


async def change_settings(tx: Connection, act: Act, settings: MarketSettings, version: int) -> None:
    """Replace the settings that the person saw as `version`."""
    _check(settings)
    if not await store.update_settings(tx, act.market_id, settings, version, act.now):
        raise Refused("stale_version")


async def keep_address(tx: Connection, act: Act, base_url: str, mail_from: str) -> None:
    """Let mails lead to where the market is reached now, and come from its sender of now.

    Nothing is written when neither changed.
    """
    market = await store.load_market(tx, act.market_id)
    if market is None:
        return
    moved = msgspec.structs.replace(market.settings, base_url=base_url, mail_from=mail_from)
    if moved != market.settings:
        await change_settings(tx, act, moved, market.version)


async def put_sellers(tx: Connection, act: Act, names: Mapping[str, str]) -> None:
    """Make or rename sellers as orders name them; `names` maps id to name."""
    if names:
        await store.upsert_sellers(tx, act.market_id, names, act.now)


async def put_suppliers(tx: Connection, act: Act, names: Mapping[str, str]) -> None:
    """Make suppliers that orders name for the first time; `names` maps id to name."""
    if names:
        await store.upsert_suppliers(tx, act.market_id, names, act.now)


async def change_seller(tx: Connection, act: Act, seller: Seller) -> bool:
    """Write a seller's tier, suspension, cap and notes; False when there is no such seller."""
    return await store.update_seller(tx, act.market_id, seller, act.now)


async def hold_in_escrow(tx: Connection, act: Act, seller_id: str, claim_no: str) -> bool:
    """Keep a seller's sales in escrow until their claim windows close; False when it was so."""
    return await store.begin_escrow(tx, act.market_id, seller_id, claim_no, act.now)


async def lift_escrow(tx: Connection, act: Act, seller_id: str, claim_no: str = "") -> str | None:
    """End it, when `claim_no` was its reason or none is named; the claim that was its reason.

    Empty where a person had begun it, None when nothing was lifted.
    """
    return await store.end_escrow(tx, act.market_id, seller_id, claim_no, act.now)


async def change_supplier(tx: Connection, act: Act, supplier: Supplier) -> bool:
    """Write a supplier's name and contact; False when there is no such supplier."""
    return await store.update_supplier(tx, act.market_id, supplier, act.now)


async def put_department(tx: Connection, act: Act, department: Department) -> None:
    """Make or rename a department."""
    await store.upsert_department(tx, act.market_id, department)


async def settle_setup_step(
    tx: Connection, act: Act, step: SetupStep, state: Literal["done", "skipped"]
) -> None:
    """Note that the operator finished or skipped a step of the first run."""
    if state == "skipped" and step not in SKIPPABLE_STEPS:
        raise Refused("stage_skipped", step=step)
    await store.upsert_setup_step(tx, act.market_id, step, state, act.actor.id, act.now)


async def open_market(tx: Connection, act: Act, market: Market, deciders: int) -> None:
    """Let buyers in, when every step is settled and a second person can review appeals.

    A market that is open stays open since when it was.

    `deciders` is `staff.store.count_deciders`.
    """
    setup = await store.load_setup(tx, act.market_id)
    missing = missing_before_opening(setup, market.settings, deciders)
    if missing:
        raise Refused("setup_incomplete", missing=list(missing))
    opened = msgspec.structs.replace(
        market.settings, opened_at=market.settings.opened_at or act.now
    )
    await change_settings(tx, act, opened, market.version)
    await settle_setup_step(tx, act, "check", "done")


def _check(settings: MarketSettings) -> None:
    wrong = list(wrong_fields(settings))
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        wrong.append("timezone")
    if wrong:
        raise Refused("setting_invalid", fields=wrong)
