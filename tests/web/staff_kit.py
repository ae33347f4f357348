"""Staff and sellers signed in at the site of a town."""

from litestar import Litestar

from makegood.base.actor import Act
from makegood.people.staff.sessions import begin_session
from makegood.people.staff.store import load_account
from makegood.web.session import STAFF_COOKIE
from tests.claims.town import Town
from tests.web.site_kit import Browser


async def add_person(town: Town, account_id: str, role: str, **other: str) -> None:
    """An account of the market, with its second factor confirmed."""
    async with town.db.transaction() as tx:
        await tx.execute(
            """
            insert into account (market_id, account_id, sign_in_name, display_name, role,
                                 seller_id, supplier_id, totp_confirmed_at, created_at)
            values ('main', $1, $1, $2, $3, $4, $5, $6, $6)
            """,
            account_id,
            other.get("name", account_id),
            role,
            other.get("seller_id"),
            other.get("supplier_id"),
            town.clock.now(),
        )


async def session_of(town: Town, account_id: str) -> str:
    """The token of a fresh session with its second factor."""
    act = Act("main", town.agent.actor, town.clock.now(), "r-1")
    async with town.db.transaction() as tx:
        account = await load_account(tx, "main", account_id)
        assert account is not None, account_id
        began = await begin_session(
            tx, act, town.desk.ids, account, second_factor=True, browser="test"
        )
    return began.token


async def signed_in(town: Town, app: Litestar, account_id: str, language: str = "zh") -> Browser:
    """A browser in which this person is signed in."""
    browser = Browser(app, language)
    browser.client.cookies.set(STAFF_COOKIE, await session_of(town, account_id))
    return browser
