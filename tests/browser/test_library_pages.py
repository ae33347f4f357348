"""The handbook, the library of precedents, a backtest and a letter look right for everyone."""

from playwright.async_api import Browser as Chromium

from makegood.claims.backtests import store as backtests
from makegood.claims.backtests.actions import run_backtest, start_backtest
from makegood.claims.precedents.actions import compute_night
from tests.browser.looking import PAIR, faults_seen
from tests.claims.precedent_kit import draft_that_blames_the_seller, ended, opened
from tests.claims.town import Town
from tests.web.staff_kit import session_of


async def test_pages_about_precedents_have_no_faults(
    street: Town, address: str, chromium: Chromium
) -> None:
    numbers = await ended(street, 5, first=30)
    await compute_night(street.db, "main", street.clock.now())
    draft_id = await backtested(street)
    waiting = await opened(street, 50, "unknown")
    await street.later(hours=30)

    public = ["/library", "/library/R-07.3"]
    staff = [
        "/desk/library",
        f"/desk/library?r=R-07&p={numbers[0]}",
        "/desk/library?view=conflicts",
        "/desk/library?view=gaps",
        f"/desk/c/{waiting}",
        f"/desk/c/{waiting}/depart",
    ]
    rules = [f"/ops/rules/drafts/{draft_id}/backtest"]
    faults = await faults_seen(chromium, address, PAIR, public)
    for person, paths in (("xu", staff), ("op", rules)):
        token = await session_of(street, person)
        faults += await faults_seen(chromium, address, PAIR, paths, token)
    assert "\n".join(faults) == ""


async def backtested(town: Town) -> str:
    """A draft with its figures."""

    async def stay() -> None:
        """Nobody else wants this job."""

    draft = await draft_that_blames_the_seller(town)
    async with town.db.transaction() as tx:
        await start_backtest(tx, town.act("operator", "op"), town.desk.ids, draft, "运营")
    async with town.db.connection() as conn:
        asked = await backtests.newest(conn, "main", draft.draft_id)
    assert asked is not None
    await run_backtest(town.db, town.desk, town.clock, "main", asked.backtest_id, stay)
    return draft.draft_id
