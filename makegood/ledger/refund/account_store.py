"""A market's accounts at payment gateways, sealed: only bootstrap's gateways read them."""

from datetime import datetime

import msgspec

from makegood.base.actor import Act
from makegood.store.database import Connection
from makegood.store.vault import Vault

PURPOSE = "gateway_account"


class SealedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account: its market and channel in clear, everything else sealed."""

    market_id: str
    channel: str
    kind: str
    sealed: bytes
    enabled: bool = True
    changed_at: datetime | None = None
    changed_by: str = ""


async def put_account(
    tx: Connection, act: Act, vault: Vault, channel: str, kind: str, config: bytes
) -> None:
    """Store an account under its channel; `config` is the JSON that gateways read."""
    sealed = vault.seal(act.market_id, PURPOSE, channel, config)
    await tx.execute(
        """
        insert into gateway_account (market_id, channel, kind, sealed, changed_at, changed_by)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (market_id, channel) do update
        set kind = excluded.kind, sealed = excluded.sealed, changed_at = excluded.changed_at,
            changed_by = excluded.changed_by, enabled = true
        """,
        act.market_id,
        channel,
        kind,
        sealed,
        act.now,
        act.actor.id,
    )


async def list_accounts(conn: Connection) -> list[SealedAccount]:
    """The accounts of all markets of this install."""
    rows = await conn.fetch(
        """
        select market_id, channel, kind, sealed, enabled, changed_at, changed_by
        from gateway_account order by market_id, channel
        """
    )
    return [
        SealedAccount(
            market_id=row["market_id"],
            channel=row["channel"],
            kind=row["kind"],
            sealed=row["sealed"],
            enabled=row["enabled"],
            changed_at=row["changed_at"],
            changed_by=row["changed_by"],
        )
        for row in rows
    ]


async def switch_account(tx: Connection, act: Act, channel: str, *, enabled: bool) -> bool:
    """Switch an account on or off; False for a channel that has none."""
    found = await tx.fetchval(
        """
        update gateway_account set enabled = $3, changed_at = $4, changed_by = $5
        where market_id = $1 and channel = $2 returning true
        """,
        act.market_id,
        channel,
        enabled,
        act.now,
        act.actor.id,
    )
    return bool(found)


def open_account(vault: Vault, account: SealedAccount) -> bytes:
    """The JSON of an account."""
    return vault.open_sealed(account.market_id, PURPOSE, account.channel, account.sealed)
