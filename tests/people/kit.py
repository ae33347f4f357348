"""What tests of people are given: counting ids, a quick hasher, a market, and short words."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pyotp
from argon2 import PasswordHasher
from asyncpg.connection import LoggedQuery

from makegood.base.actor import SYSTEM, Act
from makegood.people.markets.actions import create_market
from makegood.people.markets.rules import MarketSettings
from makegood.people.staff.actions import (
    add_account,
    begin_second_factor,
    confirm_second_factor,
)
from makegood.people.staff.passwords import Passwords
from makegood.people.staff.rules import Account, NewAccount, StaffRole
from makegood.people.staff.sessions import SignedIn, begin_session
from makegood.people.staff.sign_in import Door
from makegood.store.database import Connection, Database
from makegood.store.vault import Vault

MARKET = "main"
PASSWORD = "grey-otter-on-a-ladder"
SETTINGS = MarketSettings(
    name_zh="云桥寄售", name_en="Cloud Bridge", base_url="https://help.example.com"
)


class CountingIds:
    """Ids in order and secrets that differ, the same in every run."""

    def __init__(self) -> None:
        self._next = 0

    def claim_no(self, now: datetime) -> str:
        return f"AS-{now:%y%m%d}-{self._count():06d}"

    def uuid(self) -> str:
        return f"00000000-0000-8000-8000-{self._count():012d}"

    def secret(self, size: int = 32) -> bytes:
        return hashlib.shake_256(f"secret {self._count()}".encode()).digest(size)

    def _count(self) -> int:
        self._next += 1
        return self._next


def quick_passwords() -> Passwords:
    """The real thing with the smallest cost."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def act_at(now: datetime, later: timedelta = timedelta(), market_id: str = MARKET) -> Act:
    """An action of the system, `later` than `now`."""
    return Act(market_id=market_id, actor=SYSTEM, now=now + later)


async def make_market(db: Database, now: datetime, market_id: str = MARKET) -> None:
    """The market of the tests."""
    async with db.transaction() as tx:
        await create_market(tx, act_at(now, market_id=market_id), SETTINGS)


async def make_person(door: Door, act: Act, name: str, role: StaffRole = "agent") -> Account:
    """A person with PASSWORD and no second factor."""
    password_hash = await door.passwords.hash(PASSWORD)
    new = NewAccount(sign_in_name=name, display_name=name.title(), role=role)
    async with door.db.transaction() as tx:
        return await add_account(tx, act, door.ids, new, password_hash)


class Enrolled:
    """A person with a second factor: what their phone and their drawer hold."""

    def __init__(self, secret: str, codes: tuple[str, ...], token: str) -> None:
        self.phone = pyotp.TOTP(secret)
        self.recovery_codes = codes
        self.token = token

    def code_at(self, now: datetime) -> str:
        """The six digits the phone shows."""
        return self.phone.at(now)


async def enrol(door: Door, act: Act, account: Account) -> Enrolled:
    """Set up the second factor in a new session."""
    async with door.db.transaction() as tx:
        session = await begin_session(
            tx, act, door.ids, account, second_factor=False, browser="test"
        )
        offer = await begin_second_factor(tx, act, door.vault, door.ids, account.account_id)
        done = await confirm_second_factor(
            tx,
            act,
            door.vault,
            door.ids,
            account.account_id,
            session.session_id,
            pyotp.TOTP(offer.secret).at(act.now),
        )
    return Enrolled(offer.secret, done.recovery_codes, done.token)


def signed_in(answer: object) -> SignedIn:
    """The session that an answer must be."""
    assert isinstance(answer, SignedIn)
    return answer


def new_vault() -> Vault:
    """A vault with a key of the tests."""
    return Vault.from_key(b"k" * 32)


class ListeningDatabase(Database):
    """A database that notes every statement it is sent, for comparing two code paths."""

    def __init__(self, database: Database) -> None:
        super().__init__(database._pool, database._aside, database.url)
        self.statements: list[str] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with super().connection() as conn:
            with conn.query_logger(self._note):
                yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with super().transaction() as tx:
            with tx.query_logger(self._note):
                yield tx

    def taken(self) -> list[str]:
        """The statements since the last call."""
        noted, self.statements = self.statements, []
        return noted

    def _note(self, record: LoggedQuery) -> None:
        # The driver asks about types once per connection; that is none of our statements.
        if "set_config" not in record.query and "typeinfo" not in record.query:
            self.statements.append(record.query)
