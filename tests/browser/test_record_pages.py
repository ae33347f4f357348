"""Record, audit and export pages look right: axe, phone, both themes, empty and with an alarm."""

from datetime import timedelta

from playwright.async_api import Browser as Chromium

from makegood.record.anchors import actions as anchors
from makegood.record.anchors.actions import NewPlace
from makegood.record.anchors.rules import Witness
from makegood.record.log.note import COSIGNATURE_V1, Ed25519Signer
from makegood.standing.audits import actions as audits
from makegood.standing.audits.actions import NewAudit
from makegood.standing.audits.rules import Typed
from tests.browser.conftest import faults_of
from tests.browser.looking import DESK, PHONE, Look, tab_of
from tests.browser.test_desk_pages import keep
from tests.claims.town import Town
from tests.insight.test_rows import taken_back
from tests.web.staff_kit import session_of

LOOKS = (Look(PHONE, "en", "dark"), Look(DESK, "zh", "light"))
PATHS = (
    "/ops/record",
    "/ops/record/places",
    "/ops/audits",
    "/ops/audits/1",
    "/ops/exports",
    "/audits",
)
VKEY = str(Ed25519Signer("witness.example/w1", b"w" * 32, COSIGNATURE_V1).verifier)


async def furnish(town: Town) -> None:
    """A witness, an announced audit over one ended claim, and a trouble of the log."""
    await taken_back(town, "O-71")
    act, ids, now = town.act("operator", "op"), town.desk.ids, town.clock.now()
    place = NewPlace(
        name="Sellers' association",
        interest="none",
        config=Witness(url="http://w.example", vkey=VKEY),
        every_minutes=1,
    )
    audit = NewAudit(
        beacon=Typed(name="Lottery, draw 2026321"),
        known_at=now + timedelta(hours=1),
        miss_bps=500,
        since=now - timedelta(days=30),
        until=now,
    )
    async with town.db.transaction() as tx:
        await anchors.add_place(tx, act, town.vault, ids, place)
        await audits.announce(tx, act, ids, audit)


async def test_record_pages_have_no_faults(street: Town, address: str, chromium: Chromium) -> None:
    await furnish(street)
    token = await session_of(street, "op")

    faults: list[str] = []
    for look in LOOKS:
        async with tab_of(chromium, address, look, token) as (tab, said):
            for path in PATHS:
                answer = await tab.goto(f"{address}{path}")
                assert answer is not None
                assert answer.status == 200, path
                faults += [f"{path} {look.width}: {fault}" for fault in await faults_of(tab, said)]
                await keep(tab, f"record{path}", look)
    assert faults == []
