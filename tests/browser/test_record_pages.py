"""Record, audit and export pages look right: axe, phone, both themes, empty and with an alarm."""

from datetime import timedelta

from playwright.async_api import Browser as Chromium

from makegood.bundles.exports import actions as exports
from makegood.bundles.exports import run_store
from makegood.bundles.exports.rules import KEPT, Request
from makegood.record.anchors import actions as anchors
from makegood.record.anchors.actions import NewPlace
from makegood.record.anchors.rules import Witness
from makegood.record.log.note import COSIGNATURE_V1, Ed25519Signer
from makegood.standing.audits import actions as audits
from makegood.standing.audits.actions import NewAudit
from makegood.standing.audits.rules import Typed
from tests.browser.looking import PAIR, faults_seen
from tests.claims.town import Town
from tests.insight.test_rows import taken_back
from tests.web.staff_kit import session_of

PATHS = (
    "/ops/record",
    "/ops/record/places",
    "/ops/audits",
    "/ops/audits/1",
    "/ops/exports",
    "/ops/exports/1",
    "/ops/exports/2",
    "/ops/exports/3",
    "/audits",
)
VKEY = str(Ed25519Signer("witness.example/w1", b"w" * 32, COSIGNATURE_V1).verifier)


async def furnish(town: Town) -> None:
    """A witness, an audit over one ended claim, and exports in three states."""
    (claim_no,) = await taken_back(town, "O-71")
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
    await ask_for_exports(town, claim_no)


async def ask_for_exports(town: Town, claim_no: str) -> None:
    """One in work, one that failed, one that can be handed over."""
    act = town.act("operator", "op")
    asked = Request(asked_by="Market office", kind="court", basis="Order 12", claim_nos=(claim_no,))
    async with town.db.transaction() as tx:
        for number in (1, 2, 3):
            assert await exports.take_request(tx, act, asked) == number
            assert await run_store.take(tx, "main", number) == 1
        assert await run_store.save_failed(tx, "main", 2, 1, "file_missing")
        assert await run_store.save_made(
            tx,
            "main",
            3,
            1,
            sha256="ab" * 32,
            size=123_456,
            at=act.now,
            expires_at=act.now + KEPT,
        )


async def test_record_pages_have_no_faults(street: Town, address: str, chromium: Chromium) -> None:
    await furnish(street)
    token = await session_of(street, "op")
    assert await faults_seen(chromium, address, PAIR, PATHS, token, shot="record") == []
