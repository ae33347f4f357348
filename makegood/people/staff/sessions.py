"""Staff sessions: begun, resolved on every request, rotated, listed, revoked."""

from datetime import datetime

import msgspec

from makegood.base.actor import Act, Actor
from makegood.base.ids import Ids
from makegood.people.caller import Caller
from makegood.people.fresh import FreshCache
from makegood.people.staff import session_store
from makegood.people.staff.rules import (
    SEEN_AGAIN_AFTER,
    Account,
    Session,
    absolute_life,
    session_lives,
)
from makegood.people.tokens import is_of_market, new_token, token_hash
from makegood.store.database import Connection, Database

_BROWSER_LETTERS = 200


class SignedIn(msgspec.Struct, frozen=True):
    """A session that began; `token` goes into the cookie and is stored nowhere."""

    token: str
    session_id: str
    account_id: str
    second_factor: bool


class StaffSessions:
    """Resolves session tokens with at most about one query a second for each."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: FreshCache[session_store.LiveSession | None] = FreshCache()

    async def caller(self, market_id: str, token: str, now: datetime) -> Caller | None:
        """Who holds this token, or None when it is unknown, ended, revoked or of another market."""
        if not is_of_market(token, market_id):
            return None
        live = await self._known.get(token, now, lambda: self._load(market_id, token, now))
        if live is None or not session_lives(live.role, live.last_seen_at, live.expires_at, now):
            return None
        return _caller(market_id, live)

    def forget(self, token: str) -> None:
        """Ask again at the next request, after this process revoked or changed the session."""
        self._known.forget(token)

    async def _load(
        self, market_id: str, token: str, now: datetime
    ) -> session_store.LiveSession | None:
        async with self._db.connection() as conn:
            live = await session_store.load_live(conn, market_id, token_hash(token))
            if live is None or not session_lives(
                live.role, live.last_seen_at, live.expires_at, now
            ):
                return None
            if now - live.last_seen_at > SEEN_AGAIN_AFTER:
                await session_store.touch(conn, market_id, live.session_id, now)
                return msgspec.structs.replace(live, last_seen_at=now)
            return live


async def begin_session(
    tx: Connection, act: Act, ids: Ids, account: Account, *, second_factor: bool, browser: str
) -> SignedIn:
    """Store a new session of this account and hand out its token."""
    session = Session(
        session_id=ids.uuid(),
        browser=_printable(browser),
        second_factor=second_factor,
        created_at=act.now,
        last_seen_at=act.now,
        expires_at=act.now + absolute_life(account.role),
    )
    token = new_token(ids, act.market_id)
    await session_store.insert_session(
        tx, act.market_id, account.account_id, session, token_hash(token)
    )
    return SignedIn(token, session.session_id, account.account_id, second_factor)


async def rotate_session(
    tx: Connection, act: Act, ids: Ids, session_id: str, *, second_factor: bool = False
) -> str:
    """A new token for the session, after its rights changed; the old token stops to work."""
    token = new_token(ids, act.market_id)
    proven_at = act.now if second_factor else None
    await session_store.rotate(tx, act.market_id, session_id, token_hash(token), proven_at)
    return token


async def list_sessions(conn: Connection, act: Act, account_id: str) -> list[Session]:
    """Where the person is signed in."""
    return await session_store.list_sessions(conn, act.market_id, account_id, act.now)


async def revoke_session(tx: Connection, act: Act, account_id: str, session_id: str) -> bool:
    """End one session of this account everywhere within a second; False when there is none."""
    return await session_store.revoke(tx, act.market_id, account_id, session_id, act.now)


async def revoke_all_sessions(tx: Connection, act: Act, account_id: str, keep: str = "") -> int:
    """End all sessions of this account but `keep`; answers how many."""
    return await session_store.revoke_all(tx, act.market_id, account_id, act.now, keep)


def _caller(market_id: str, live: session_store.LiveSession) -> Caller:
    return Caller(
        market_id=market_id,
        actor=Actor(role=live.role, id=live.party_id),
        via="staff_session",
        session_id=live.session_id,
        account_id=live.account_id,
        display_name=live.display_name,
        language=live.language,
        two_factor=live.second_factor,
        limited=live.second_factor_required and not live.second_factor,
    )


def _printable(browser: str) -> str:
    return "".join(letter for letter in browser if letter.isprintable())[:_BROWSER_LETTERS]
