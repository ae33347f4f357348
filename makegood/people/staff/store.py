"""All SQL of accounts, their second factors and the roster."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from makegood.people.staff.roster import RosterLine
from makegood.people.staff.rules import DECIDING_ROLES, Account, NewAccount
from makegood.store.database import Connection, Record

_ACCOUNT = """
    SELECT account_id, sign_in_name, display_name, role, seller_id, supplier_id, language,
           department_id, skills, reports_to, password_hash,
           totp_confirmed_at IS NOT NULL AS has_second_factor,
           codes_saved_at IS NOT NULL AS codes_saved, disabled_at
    FROM account
"""


class Credentials(msgspec.Struct, frozen=True):
    """An account with what its password is compared to; `password_hash` None never fits."""

    account: Account
    password_hash: str | None


class SecondFactor(msgspec.Struct, frozen=True):
    """A sealed TOTP secret and the last time step whose code was used."""

    sealed: bytes
    last_step: int


async def insert_account(
    tx: Connection,
    market_id: str,
    account_id: str,
    new: NewAccount,
    now: datetime,
    password_hash: str | None = None,
) -> bool:
    """Store a new account under its normal name; False when the name is taken."""
    made = await tx.fetchval(
        """
        INSERT INTO account (market_id, account_id, sign_in_name, display_name, role, seller_id,
                             supplier_id, language, department_id, skills, reports_to,
                             password_hash, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (market_id, sign_in_name) DO NOTHING RETURNING true
        """,
        market_id,
        account_id,
        new.sign_in_name,
        new.display_name,
        new.role,
        new.seller_id,
        new.supplier_id,
        new.language,
        new.department_id,
        list(new.skills),
        new.reports_to,
        password_hash,
        now,
    )
    return bool(made)


async def load_account(conn: Connection, market_id: str, account_id: str) -> Account | None:
    """One account, disabled ones too, or None."""
    row = await conn.fetchrow(
        f"{_ACCOUNT} WHERE market_id = $1 AND account_id = $2", market_id, account_id
    )
    return _account(row) if row else None


async def list_accounts(conn: Connection, market_id: str) -> list[Account]:
    """Every account of the market, by name."""
    rows = await conn.fetch(f"{_ACCOUNT} WHERE market_id = $1 ORDER BY display_name", market_id)
    return [_account(row) for row in rows]


async def sign_in_names_of_seller(conn: Connection, market_id: str, seller_id: str) -> list[str]:
    """By what names a seller's people sign in, of accounts that are not switched off."""
    rows = await conn.fetch(
        """
        SELECT sign_in_name FROM account
        WHERE market_id = $1 AND seller_id = $2 AND disabled_at IS NULL
        ORDER BY display_name
        """,
        market_id,
        seller_id,
    )
    return [row["sign_in_name"] for row in rows]


async def load_credentials(
    conn: Connection, market_id: str, sign_in_name: str
) -> Credentials | None:
    """The live account with this normal name, and its password hash."""
    row = await conn.fetchrow(
        f"{_ACCOUNT} WHERE market_id = $1 AND sign_in_name = $2 AND disabled_at IS NULL",
        market_id,
        sign_in_name,
    )
    return Credentials(_account(row), row["password_hash"]) if row else None


async def set_password(tx: Connection, market_id: str, account_id: str, password_hash: str) -> None:
    """Replace the password hash."""
    await tx.execute(
        "UPDATE account SET password_hash = $3 WHERE market_id = $1 AND account_id = $2",
        market_id,
        account_id,
        password_hash,
    )


async def set_totp(tx: Connection, market_id: str, account_id: str, sealed: bytes) -> None:
    """Store a new secret that no code has confirmed yet."""
    await tx.execute(
        """
        UPDATE account SET totp_sealed = $3, totp_confirmed_at = NULL, totp_last_step = 0
        WHERE market_id = $1 AND account_id = $2
        """,
        market_id,
        account_id,
        sealed,
    )


async def confirm_totp(tx: Connection, market_id: str, account_id: str, now: datetime) -> None:
    """From now on the secret is the account's second factor."""
    await tx.execute(
        "UPDATE account SET totp_confirmed_at = $3 WHERE market_id = $1 AND account_id = $2",
        market_id,
        account_id,
        now,
    )


async def clear_second_factor(tx: Connection, market_id: str, account_id: str) -> None:
    """Forget secret and recovery codes, so that the person sets up new ones."""
    await tx.execute(
        """
        UPDATE account SET totp_sealed = NULL, totp_confirmed_at = NULL, codes_saved_at = NULL
        WHERE market_id = $1 AND account_id = $2
        """,
        market_id,
        account_id,
    )
    await replace_recovery_codes(tx, market_id, account_id, [])


async def lock_totp(tx: Connection, market_id: str, account_id: str) -> SecondFactor | None:
    """The sealed secret, locked, so that two requests with one code come one after the other."""
    row = await tx.fetchrow(
        """
        SELECT totp_sealed, totp_last_step FROM account
        WHERE market_id = $1 AND account_id = $2 AND totp_sealed IS NOT NULL
        FOR UPDATE
        """,
        market_id,
        account_id,
    )
    return SecondFactor(row["totp_sealed"], row["totp_last_step"]) if row else None


async def use_totp_step(tx: Connection, market_id: str, account_id: str, step: int) -> None:
    """Note the time step whose code was used; it and earlier ones never fit again."""
    await tx.execute(
        "UPDATE account SET totp_last_step = $3 WHERE market_id = $1 AND account_id = $2",
        market_id,
        account_id,
        step,
    )


async def replace_recovery_codes(
    tx: Connection, market_id: str, account_id: str, hashes: Sequence[bytes]
) -> None:
    """Delete all codes of the account and store these."""
    await tx.execute(
        "DELETE FROM recovery_code WHERE market_id = $1 AND account_id = $2",
        market_id,
        account_id,
    )
    await tx.execute(
        """
        INSERT INTO recovery_code (market_id, account_id, code_hash)
        SELECT $1, $2, code_hash FROM unnest($3::bytea[]) AS new (code_hash)
        """,
        market_id,
        account_id,
        list(hashes),
    )


async def use_recovery_code(
    tx: Connection, market_id: str, account_id: str, code_hash: bytes, now: datetime
) -> bool:
    """Mark an unused code used; False when there is none."""
    used = await tx.fetchval(
        """
        UPDATE recovery_code SET used_at = $4
        WHERE market_id = $1 AND account_id = $2 AND code_hash = $3 AND used_at IS NULL
        RETURNING true
        """,
        market_id,
        account_id,
        code_hash,
        now,
    )
    return bool(used)


async def codes_left(conn: Connection, market_id: str, account_id: str) -> int:
    """How many recovery codes are unused."""
    count = await conn.fetchval(
        """
        SELECT count(*) FROM recovery_code
        WHERE market_id = $1 AND account_id = $2 AND used_at IS NULL
        """,
        market_id,
        account_id,
    )
    return int(count)


async def note_codes_saved(tx: Connection, market_id: str, account_id: str, now: datetime) -> None:
    """The person confirmed that the recovery codes are kept elsewhere."""
    await tx.execute(
        "UPDATE account SET codes_saved_at = $3 WHERE market_id = $1 AND account_id = $2",
        market_id,
        account_id,
        now,
    )


async def set_disabled(
    tx: Connection, market_id: str, account_id: str, disabled_at: datetime | None
) -> bool:
    """Switch an account off (or on again with None); False when there is none."""
    changed = await tx.fetchval(
        """
        UPDATE account SET disabled_at = $3 WHERE market_id = $1 AND account_id = $2
        RETURNING true
        """,
        market_id,
        account_id,
        disabled_at,
    )
    return bool(changed)


async def set_place(tx: Connection, market_id: str, account: Account) -> None:
    """Write a person's name, role, department, skills, language and direct lead."""
    await tx.execute(
        """
        UPDATE account SET display_name = $3, role = $4, department_id = $5, skills = $6,
                           reports_to = $7, language = $8
        WHERE market_id = $1 AND account_id = $2
        """,
        market_id,
        account.account_id,
        account.display_name,
        account.role,
        account.department_id,
        list(account.skills),
        account.reports_to,
        account.language,
    )


async def lock_operators(tx: Connection, market_id: str) -> list[str]:
    """The account ids of all live operators, locked, so that the last one stays."""
    rows = await tx.fetch(
        """
        SELECT account_id FROM account
        WHERE market_id = $1 AND role = 'operator' AND disabled_at IS NULL
        ORDER BY account_id FOR UPDATE
        """,
        market_id,
    )
    return [row["account_id"] for row in rows]


async def list_roster(conn: Connection, market_id: str) -> list[RosterLine]:
    """Everyone who works here now: live agents, leads and operators."""
    rows = await conn.fetch(
        """
        SELECT account_id, display_name, role, department_id, skills, reports_to
        FROM account
        WHERE market_id = $1 AND role IN ('agent', 'lead', 'operator') AND disabled_at IS NULL
        ORDER BY account_id
        """,
        market_id,
    )
    return [_roster_line(row) for row in rows]


async def count_deciders(conn: Connection, market_id: str, alone_id: str = "") -> int:
    """How many people can decide claims and have their second factor.

    `alone_id` is the operator who declared to be alone here, and so decides too.
    """
    count: int = await conn.fetchval(
        """
        SELECT count(*) FROM account
        WHERE market_id = $1 AND disabled_at IS NULL AND totp_confirmed_at IS NOT NULL
          AND (role = ANY ($2) OR (role = 'operator' AND account_id = $3))
        """,
        market_id,
        list(DECIDING_ROLES),
        alone_id,
    )
    return count


def _account(row: Record) -> Account:
    return Account(
        account_id=row["account_id"],
        sign_in_name=row["sign_in_name"],
        display_name=row["display_name"],
        role=row["role"],
        seller_id=row["seller_id"],
        supplier_id=row["supplier_id"],
        language=row["language"],
        department_id=row["department_id"],
        skills=tuple(row["skills"]),
        reports_to=row["reports_to"],
        has_password=row["password_hash"] is not None,
        has_second_factor=row["has_second_factor"],
        codes_saved=row["codes_saved"],
        disabled_at=row["disabled_at"],
    )


def _roster_line(row: Record) -> RosterLine:
    return RosterLine(
        account_id=row["account_id"],
        display_name=row["display_name"],
        role=row["role"],
        department_id=row["department_id"],
        skills=tuple(row["skills"]),
        reports_to=row["reports_to"],
    )


async def is_sign_in_name(conn: Connection, market_id: str, name: str) -> bool:
    """Whether somebody signs in under this name, in the form in which names are compared."""
    found = await conn.fetchval(
        "SELECT 1 FROM account WHERE market_id = $1 AND sign_in_name = $2", market_id, name
    )
    return found is not None
