"""All SQL of markets, sellers, suppliers, departments and the first-run setup."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from makegood.people.markets.rules import (
    Department,
    Market,
    MarketSettings,
    Seller,
    SetupState,
    SetupStep,
    Supplier,
)
from makegood.store.database import Connection, Record


async def load_market(conn: Connection, market_id: str) -> Market | None:
    """The market with its settings, or None when there is none."""
    row = await conn.fetchrow(
        "SELECT market_id, settings, version FROM market WHERE market_id = $1", market_id
    )
    return _market(row) if row else None


async def list_markets(conn: Connection) -> list[Market]:
    """Every market of this install, by id."""
    rows = await conn.fetch("SELECT market_id, settings, version FROM market ORDER BY market_id")
    return [_market(row) for row in rows]


async def insert_market(
    tx: Connection, market_id: str, settings: MarketSettings, now: datetime
) -> bool:
    """Make the market; False when it exists already."""
    made = await tx.fetchval(
        """
        INSERT INTO market (market_id, settings, created_at, updated_at) VALUES ($1, $2, $3, $3)
        ON CONFLICT (market_id) DO NOTHING RETURNING true
        """,
        market_id,
        settings,
        now,
    )
    return bool(made)


async def update_settings(
    tx: Connection, market_id: str, settings: MarketSettings, version: int, now: datetime
) -> bool:
    """Replace the settings of exactly this version; False when someone else changed them."""
    changed = await tx.fetchval(
        """
        UPDATE market SET settings = $2, version = version + 1, updated_at = $4
        WHERE market_id = $1 AND version = $3 RETURNING true
        """,
        market_id,
        settings,
        version,
        now,
    )
    return bool(changed)


async def upsert_sellers(
    tx: Connection, market_id: str, names: Mapping[str, str], now: datetime
) -> None:
    """Make the sellers that are new and rename those whose name changed, in one statement."""
    await tx.execute(
        """
        INSERT INTO seller (market_id, seller_id, name, created_at, updated_at)
        SELECT $1, new.seller_id, new.name, $4, $4
        FROM unnest($2::text[], $3::text[]) AS new (seller_id, name)
        LEFT JOIN seller AS known
          ON known.market_id = $1 AND known.seller_id = new.seller_id
        -- Known sellers are not touched: every order would wait for the same locked row.
        WHERE known.name IS DISTINCT FROM new.name
        ORDER BY new.seller_id
        ON CONFLICT (market_id, seller_id) DO UPDATE
            SET name = excluded.name, updated_at = excluded.updated_at
            WHERE seller.name <> excluded.name
        """,
        market_id,
        list(names),
        list(names.values()),
        now,
    )


async def upsert_suppliers(
    tx: Connection, market_id: str, names: Mapping[str, str], now: datetime
) -> None:
    """Make the suppliers that are new; names and contacts of known ones stay."""
    await tx.execute(
        """
        INSERT INTO supplier (market_id, supplier_id, name, created_at, updated_at)
        SELECT $1, new.supplier_id, new.name, $4, $4
        FROM unnest($2::text[], $3::text[]) AS new (supplier_id, name)
        ON CONFLICT (market_id, supplier_id) DO NOTHING
        """,
        market_id,
        list(names),
        list(names.values()),
        now,
    )


async def update_seller(tx: Connection, market_id: str, seller: Seller, now: datetime) -> bool:
    """Write a known seller but for escrow mode, which a claim may change meanwhile.

    False when there is none.
    """
    changed = await tx.fetchval(
        """
        UPDATE seller SET name = $3, tier = $4, suspended_at = $5, deposit_note = $6,
                          auto_lane_cap_minor = $7, own_auto_cap_minor = $8,
                          contract_id = $9, updated_at = $10
        WHERE market_id = $1 AND seller_id = $2 RETURNING true
        """,
        market_id,
        seller.seller_id,
        seller.name,
        seller.tier,
        seller.suspended_at,
        seller.deposit_note,
        seller.auto_lane_cap_minor,
        seller.own_auto_cap_minor,
        seller.contract_id,
        now,
    )
    return bool(changed)


async def begin_escrow(
    tx: Connection, market_id: str, seller_id: str, claim_no: str, now: datetime
) -> bool:
    """Put a seller into escrow mode; False when it was so, or there is no such seller."""
    changed = await tx.fetchval(
        """
        UPDATE seller SET escrow_since = $4, escrow_claim_no = $3, updated_at = $4
        WHERE market_id = $1 AND seller_id = $2 AND escrow_since IS NULL RETURNING true
        """,
        market_id,
        seller_id,
        claim_no,
        now,
    )
    return bool(changed)


async def end_escrow(
    tx: Connection, market_id: str, seller_id: str, claim_no: str, now: datetime
) -> str | None:
    """End escrow mode, if this claim began it or none is named; answers the claim that had."""
    began: str | None = await tx.fetchval(
        """
        UPDATE seller SET escrow_since = NULL, escrow_claim_no = '', updated_at = $4
        FROM (SELECT escrow_claim_no FROM seller
              WHERE market_id = $1 AND seller_id = $2 AND escrow_since IS NOT NULL
                AND ($3 = '' OR escrow_claim_no = $3) FOR NO KEY UPDATE) AS before
        WHERE market_id = $1 AND seller_id = $2 RETURNING before.escrow_claim_no
        """,
        market_id,
        seller_id,
        claim_no,
        now,
    )
    return began


async def update_supplier(
    tx: Connection, market_id: str, supplier: Supplier, now: datetime
) -> bool:
    """Write name and contact of a known supplier; False when there is none."""
    changed = await tx.fetchval(
        """
        UPDATE supplier SET name = $3, contact = $4, updated_at = $5
        WHERE market_id = $1 AND supplier_id = $2 RETURNING true
        """,
        market_id,
        supplier.supplier_id,
        supplier.name,
        supplier.contact,
        now,
    )
    return bool(changed)


async def load_seller(conn: Connection, market_id: str, seller_id: str) -> Seller | None:
    """One seller, or None."""
    row = await conn.fetchrow(
        """
        SELECT seller_id, name, tier, suspended_at, deposit_note, auto_lane_cap_minor,
               own_auto_cap_minor, escrow_since, escrow_claim_no, contract_id
        FROM seller WHERE market_id = $1 AND seller_id = $2
        """,
        market_id,
        seller_id,
    )
    return _seller(row) if row else None


async def list_sellers(conn: Connection, market_id: str) -> list[Seller]:
    """Every seller of the market, by name."""
    rows = await conn.fetch(
        """
        SELECT seller_id, name, tier, suspended_at, deposit_note, auto_lane_cap_minor,
               own_auto_cap_minor, escrow_since, escrow_claim_no, contract_id
        FROM seller WHERE market_id = $1 ORDER BY name, seller_id
        """,
        market_id,
    )
    return [_seller(row) for row in rows]


async def load_supplier(conn: Connection, market_id: str, supplier_id: str) -> Supplier | None:
    """One supplier, or None."""
    row = await conn.fetchrow(
        """
        SELECT supplier_id, name, contact FROM supplier
        WHERE market_id = $1 AND supplier_id = $2
        """,
        market_id,
        supplier_id,
    )
    return _supplier(row) if row else None


async def list_suppliers(conn: Connection, market_id: str) -> list[Supplier]:
    """Every supplier of the market, by name."""
    rows = await conn.fetch(
        """
        SELECT supplier_id, name, contact FROM supplier
        WHERE market_id = $1 ORDER BY name, supplier_id
        """,
        market_id,
    )
    return [_supplier(row) for row in rows]


async def upsert_department(tx: Connection, market_id: str, department: Department) -> None:
    """Make or rename a department."""
    await tx.execute(
        """
        INSERT INTO department (market_id, department_id, name_zh, name_en)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (market_id, department_id) DO UPDATE
            SET name_zh = excluded.name_zh, name_en = excluded.name_en
        """,
        market_id,
        department.department_id,
        department.name_zh,
        department.name_en,
    )


async def list_departments(conn: Connection, market_id: str) -> list[Department]:
    """Every department of the market, by id."""
    rows = await conn.fetch(
        """
        SELECT department_id, name_zh, name_en FROM department
        WHERE market_id = $1 ORDER BY department_id
        """,
        market_id,
    )
    return [Department(row["department_id"], row["name_zh"], row["name_en"]) for row in rows]


async def upsert_setup_step(
    tx: Connection, market_id: str, step: SetupStep, state: str, person: str, now: datetime
) -> None:
    """Note that a step was done or skipped; done is never undone by a later skip."""
    await tx.execute(
        """
        INSERT INTO market_setup_step (market_id, step, state, settled_at, settled_by)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (market_id, step) DO UPDATE
            SET state = excluded.state, settled_at = excluded.settled_at,
                settled_by = excluded.settled_by
            WHERE market_setup_step.state = 'skipped'
        """,
        market_id,
        step,
        state,
        now,
        person,
    )


async def load_setup(conn: Connection, market_id: str) -> SetupState:
    """Which steps of the first run are settled."""
    rows = await conn.fetch(
        "SELECT step, state FROM market_setup_step WHERE market_id = $1", market_id
    )
    return SetupState(
        done=frozenset(row["step"] for row in rows if row["state"] == "done"),
        skipped=frozenset(row["step"] for row in rows if row["state"] == "skipped"),
    )


def _market(row: Record) -> Market:
    settings = msgspec.convert(row["settings"], MarketSettings)
    return Market(row["market_id"], settings, row["version"])


def _seller(row: Record) -> Seller:
    return Seller(
        seller_id=row["seller_id"],
        name=row["name"],
        tier=row["tier"],
        suspended_at=row["suspended_at"],
        deposit_note=row["deposit_note"],
        auto_lane_cap_minor=row["auto_lane_cap_minor"],
        own_auto_cap_minor=row["own_auto_cap_minor"],
        escrow_since=row["escrow_since"],
        escrow_claim_no=row["escrow_claim_no"],
        contract_id=row["contract_id"],
    )


def _supplier(row: Record) -> Supplier:
    return Supplier(row["supplier_id"], row["name"], row["contact"])
