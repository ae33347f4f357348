"""Money pages look right for the operator, the seller and the supplier: axe, phone, both themes."""

from pathlib import Path

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from makegood.base.money import Money
from makegood.ledger.actions import pay_deposit
from makegood.ledger.advance.actions import put_into_fund
from makegood.people.approvals.actions import propose
from makegood.people.approvals.rules import NewProposal
from tests.browser.looking import OTHER_PAIR, faults_seen, tab_of
from tests.claims.test_statements import SUPPLIER, agree, dead_key, dispute, settle
from tests.claims.town import Town
from tests.web.staff_kit import add_person, session_of

PATHS = {
    "op": [
        "/ops/ledger",
        f"/ops/suppliers/{SUPPLIER}",
        f"/ops/suppliers/{SUPPLIER}/reach",
        "/ops/approvals",
        "/ops/payouts",
        "/ops/channels",
        "/ops/sellers/s-1",
        "/ops/money?part=limits",
        "/ops/money?part=outside",
        "/ops/refusals",
    ],
    "seller": ["/seller/funds"],
    "supplier": ["/supplier/statement"],
}


async def furnish(town: Town) -> None:
    """Debts old and new, a dispute, a payment, a fund, a proposal, a deposit."""
    await dead_key(town, "O-11")
    await agree(town, key_invalid_supplier=60)
    disputed = await dead_key(town, "O-12")
    await settle(town, 4000)
    await dispute(town, disputed, minor=5880)
    async with town.db.transaction() as tx:
        operator = town.act("operator", "op")
        await put_into_fund(tx, operator, "B-77", Money(60_000_00))
        await pay_deposit(tx, operator, "B-78", "s-1", Money(1_320_00))
        new = NewProposal(kind="resume_payouts", subject="CNY", why="重算后账目一致")
        await propose(tx, operator, town.desk.ids, new, by="qi", by_name="周琪")
    await add_person(town, "seller", "seller", seller_id="s-1", name="小满")
    await add_person(town, "supplier", "supplier", supplier_id=SUPPLIER, name="北辰")


async def test_money_pages_have_no_faults(street: Town, address: str, chromium: Chromium) -> None:
    await furnish(street)
    faults: list[str] = []
    for person, paths in PATHS.items():
        token = await session_of(street, person)
        faults += await faults_seen(chromium, address, OTHER_PAIR, paths, token, shot=person)
    assert faults == []


async def test_the_ledger_gives_every_row_and_keeps_what_was_typed(
    street: Town, address: str, chromium: Chromium, tmp_path: Path
) -> None:
    await furnish(street)
    token = await session_of(street, "op")
    async with tab_of(chromium, address, OTHER_PAIR[1], token) as (tab, said):
        await tab.goto(f"{address}/ops/ledger?account=supplier_receivable")
        async with tab.expect_download() as waiting:
            await tab.click("a[data-export]")
        await (await waiting.value).save_as(tmp_path / "ledger.csv")
        assert said == []

        fund = tab.locator("form[action='/ops/ledger/fund']").first
        await fund.locator("[name=reference]").fill("B-79")
        await fund.locator("[name=amount]").fill("98,5,0")
        await fund.locator("[name=amount]").press("Enter")
        await expect(tab.get_by_role("alert")).to_be_visible()
        await expect(fund.locator("[name=amount]")).to_have_value("98,5,0")

    rows = (tmp_path / "ledger.csv").read_text("utf-8-sig").splitlines()
    assert len(rows) == 4
