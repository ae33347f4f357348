"""SQL that takes one of the staff out: the account, and the name in lists and events."""

from datetime import datetime

from makegood.store.database import Connection


async def open_claim_of(conn: Connection, market_id: str, account_id: str) -> str | None:
    """An open claim that this account owns or reviews, or None."""
    found: str | None = await conn.fetchval(
        """
        select claim_no from claim
        where market_id = $1 and is_open and (owner_id = $2 or reviewer_id = $2)
        order by claim_no limit 1
        """,
        market_id,
        account_id,
    )
    return found


async def streams_naming(conn: Connection, market_id: str, name: str) -> list[str]:
    """Claims in whose events this name stands. Reads every event: for rare use."""
    rows = await conn.fetch(
        """
        select distinct e.stream from event as e
        join claim as c on c.market_id = e.market_id and c.claim_no = e.stream
        where e.market_id = $1 and position(convert_to($2, 'UTF8') in e.body) > 0
        order by e.stream
        """,
        market_id,
        name,
    )
    return [row["stream"] for row in rows] if name else []


async def forget_names(tx: Connection, market_id: str, account_id: str, name: str) -> None:
    """Lists show the account by no name any more."""
    await tx.execute(
        """
        update claim set owner_name = '' where market_id = $1 and owner_id = $2 and owner_name = $3
        """,
        market_id,
        account_id,
        name,
    )


async def empty_account(tx: Connection, market_id: str, account_id: str, now: datetime) -> None:
    """The account without name, address, credentials, sessions and invitations."""
    for statement in (
        "delete from recovery_code where market_id = $1 and account_id = $2",
        "delete from one_time_link where market_id = $1 and subject ->> 'account_id' = $2",
    ):
        await tx.execute(statement, market_id, account_id)
    await tx.execute(
        """
        update staff_session set browser = '', revoked_at = coalesce(revoked_at, $3)
        where market_id = $1 and account_id = $2
        """,
        market_id,
        account_id,
        now,
    )
    await tx.execute(
        """
        update account set sign_in_name = 'erased:' || account_id, display_name = '',
               password_hash = null, totp_sealed = null, totp_confirmed_at = null,
               codes_saved_at = null, skills = '{}'
        where market_id = $1 and account_id = $2
        """,
        market_id,
        account_id,
    )
