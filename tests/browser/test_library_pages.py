"""The handbook, the library of precedents, a backtest and a letter look right for everyone."""

import os
from pathlib import Path

from playwright.async_api import Browser as Chromium

from makegood.claims.backtests import store as backtests
from makegood.claims.backtests.actions import run_backtest, start_backtest
from makegood.claims.precedents.actions import compute_night
from tests.browser.conftest import faults_of
from tests.browser.looking import DESK, PHONE, Look, tab_of
from tests.claims.precedent_kit import draft_that_blames_the_seller, ended, opened
from tests.claims.town import Town
from tests.web.staff_kit import session_of

LOOKS = (Look(PHONE, "en", "dark"), Look(DESK, "zh", "light"))
SHOTS = os.environ.get("MAKEGOOD_SHOTS", "")


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
    faults = await faults_on(street, address, chromium, public, "")
    faults += await faults_on(street, address, chromium, staff, "xu")
    faults += await faults_on(street, address, chromium, rules, "op")
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


async def faults_on(
    town: Town, address: str, chromium: Chromium, paths: list[str], person: str
) -> list[str]:
    """What is wrong with these pages, in every look."""
    token = await session_of(town, person) if person else ""
    faults: list[str] = []
    for look in LOOKS:
        async with tab_of(chromium, address, look, token) as (tab, said):
            for path in paths:
                answer = await tab.goto(address + path)
                assert answer is not None
                assert answer.status == 200, f"{path} answered {answer.status}"
                await tab.wait_for_timeout(100)
                where = f"{path} {look.width} {look.lang}"
                faults += [f"{where}: {fault}" for fault in await faults_of(tab, said)]
                if SHOTS:
                    name = f"{path.replace('/', '_').split('?')[0]}-{look.width}-{look.lang}.png"
                    await tab.screenshot(path=Path(SHOTS) / name, full_page=look.width < 500)
    return faults
