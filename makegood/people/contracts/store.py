"""All SQL of contracts: every version kept, and which contract a buyer belongs to."""

from datetime import datetime

import msgspec

from makegood.people.contracts.rules import Contract
from makegood.store.database import Connection, Record


class Stored(msgspec.Struct, frozen=True):
    """A version of a contract with when and by whom it was made."""

    contract: Contract
    version: int
    changed_at: datetime
    changed_by: str


async def load_contract(
    conn: Connection, market_id: str, contract_id: str, version: int | None = None
) -> Stored | None:
    """A version of a contract, the newest unless one is named."""
    row = await conn.fetchrow(
        """
        select body, version, changed_at, changed_by from contract
        where market_id = $1 and contract_id = $2 and ($3::integer is null or version = $3)
        order by version desc limit 1
        """,
        market_id,
        contract_id,
        version,
    )
    return _stored(row) if row else None


async def list_contracts(conn: Connection, market_id: str) -> list[Stored]:
    """The newest version of every contract, by name."""
    rows = await conn.fetch(
        """
        select distinct on (contract_id) contract_id, body, version, changed_at, changed_by
        from contract where market_id = $1 order by contract_id, version desc
        """,
        market_id,
    )
    return sorted((_stored(row) for row in rows), key=lambda one: one.contract.name)


async def insert_version(
    tx: Connection, market_id: str, contract: Contract, version: int, at: datetime, by: str
) -> bool:
    """Add a version; False when somebody else just made it."""
    made = await tx.fetchval(
        """
        insert into contract (market_id, contract_id, version, body, changed_at, changed_by)
        values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning true
        """,
        market_id,
        contract.contract_id,
        version,
        contract,
        at,
        by,
    )
    return bool(made)


async def bind_buyers(tx: Connection, market_id: str, contract: Contract) -> list[str]:
    """Give these buyers to the contract and free those it had; answers who is bound elsewhere."""
    await tx.execute(
        "delete from contract_buyer where market_id = $1 and contract_id = $2",
        market_id,
        contract.contract_id,
    )
    bound = await tx.fetch(
        """
        insert into contract_buyer (market_id, buyer_id, contract_id)
        select $1, buyer_id, $3 from unnest($2::text[]) as buyer_id
        on conflict do nothing returning buyer_id
        """,
        market_id,
        list(contract.buyer_ids),
        contract.contract_id,
    )
    return sorted(set(contract.buyer_ids) - {row["buyer_id"] for row in bound})


def _stored(row: Record) -> Stored:
    contract = msgspec.convert(row["body"], Contract)
    return Stored(contract, row["version"], row["changed_at"], row["changed_by"])
