"""Receipts, the check page, personal data and bundles from outside, looked at in two ways."""

from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Browser, Page

from makegood.claims.actions import withdraw
from makegood.claims.outside.store import open_case_of
from makegood.people.links.actions import link_token
from makegood.record.log.given_store import given_in_stream
from makegood.record.log.sequencer import run_round
from tests.browser.conftest import faults_of
from tests.browser.looking import PAIR, Look, tab_of
from tests.claims.town import Town
from tests.record.log.rooms import log_room
from tests.verify.making import KEY, bundle
from tests.web.staff_kit import add_person, session_of
from tests.web.test_outside import referred


async def numbered(street: Town, folder: Path) -> tuple[str, str]:
    """A claim that was taken back, all of it in the log: its number and its first receipt's."""
    opened = await street.open()
    async with street.db.transaction() as tx:
        await withdraw(tx, street.buyer, street.desk, opened.claim_no)
    room = msgspec.structs.replace(log_room(street.db, folder / "record"), clock=street.clock)
    await run_round(room, "main")
    async with street.db.connection() as conn:
        given = await given_in_stream(
            conn, "main", opened.claim_no, ["buyer"], [], street.clock.now()
        )
    return opened.claim_no, given[0].number


async def proven(tab: Page, address: str) -> None:
    """The buyer of `O-1`, by the query password."""
    await tab.goto(f"{address}/proof?order=O-1")
    form = tab.locator('form[action="/proof/password"]')
    await form.locator("[name=order_no]").fill("O-1")
    await form.locator("[name=password]").fill("open sesame")
    await form.locator("button").first.click()
    await tab.wait_for_url(f"{address}/o/O-1")


@pytest.mark.parametrize("look", PAIR, ids=str)
async def test_receipts_and_their_check_are_good_pages(
    chromium: Browser, street: Town, address: str, tmp_path: Path, look: Look
) -> None:
    claim_no, number = await numbered(street, tmp_path)
    found: dict[str, list[str]] = {}
    async with tab_of(chromium, address, look) as (tab, said):
        await proven(tab, address)
        pages = (f"/c/{claim_no}", f"/c/{claim_no}/receipts/{number}", f"/v/{number}", "/v")
        for path in pages:
            await tab.goto(address + path)
            found[path] = await faults_of(tab, said)
    assert {path: faults for path, faults in found.items() if faults} == {}


@pytest.mark.parametrize("look", PAIR, ids=str)
async def test_personal_data_and_bundles_from_outside_are_good_pages(
    chromium: Browser, street: Town, address: str, tmp_path: Path, look: Look
) -> None:
    claim_no, _ = await numbered(street, tmp_path)
    street.clock.at = street.clock.at.replace(month=12)
    await add_person(street, "op-1", "operator")
    (tmp_path / "b.zip").write_bytes(bundle())
    found: dict[str, list[str]] = {}
    async with tab_of(chromium, address, look, await session_of(street, "op-1")) as (tab, said):
        await tab.goto(f"{address}/ops/privacy")
        await tab.fill("#q", claim_no)
        await tab.press("#q", "Enter")
        await tab.wait_for_selector("#sure-person")
        found["privacy"] = await faults_of(tab, said)
        await tab.goto(f"{address}/ops/bundles")
        found["bundles"] = await faults_of(tab, said)
        await tab.fill("#pin", str(KEY.verifier))
        await tab.set_input_files("#file", tmp_path / "b.zip")
        await tab.click("form[enctype] button")
        await tab.wait_for_selector(".result")
        found["bundle"] = await faults_of(tab, said)
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize("look", PAIR, ids=str)
async def test_the_page_for_somebody_outside_is_good_and_gives_the_bundle(
    chromium: Browser, street: Town, address: str, tmp_path: Path, look: Look
) -> None:
    claim_no = await referred(street)
    room = msgspec.structs.replace(log_room(street.db, tmp_path / "record"), clock=street.clock)
    await run_round(room, "main")
    async with street.db.connection() as conn:
        asked = await open_case_of(conn, "main", claim_no)
    assert asked is not None
    token = link_token(street.vault, "main", "outside", asked.link_id)
    async with tab_of(chromium, address, look) as (tab, said):
        await tab.goto(f"{address}/x/{token}")
        faults = await faults_of(tab, said)
        async with tab.expect_download() as waiting:
            await tab.click('a[href="/outside/bundle"]')
        file = await waiting.value
    assert (faults, file.suggested_filename) == ([], f"{claim_no}-outside.zip")
