"""Contract pages: typed once, read back as typed, wrong fields named, the report as it was."""

import re
from datetime import date

import pytest
from litestar import Litestar

from makegood.base.business_time import Slot, slots_of
from makegood.people.contracts import store
from makegood.people.contracts.public_days import ANNOUNCED
from makegood.web.desk.forms import Form
from makegood.web.operator.contracts.form import contract_of, filled
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import signed_in

TYPED = {
    "contract_id": "yunqi",
    "version": "0",
    "name": "云起网吧",
    "tier": "enterprise",
    "buyers": "b-1\nb-2",
    "begins_on": "2026-01-01",
    "minutes_decision": "240",
    "working_hours": "yes",
    "timezone": "Asia/Shanghai",
    "day_0": "09:00-12:00, 13:30-18:00",
    "day_4": "9:00–18:00",
    "holidays": "2026-10-01 2026-10-02",
    "special": "2026-10-10 09:00-18:00",
    "standards": "KEY 120 reissue refund_full\n* 480",
    "auto_cap": "150.00",
}


@pytest.fixture
async def operator(street: Town, app: Litestar) -> Browser:
    return await signed_in(street, app, "op")


async def test_a_contract_is_made_and_read_back_as_it_was_typed(
    street: Town, operator: Browser
) -> None:
    await operator.open("/ops/contracts/new")
    made = await operator.send("/ops/contracts/new", **TYPED)
    assert made.status_code == 200, made.text
    page = await operator.open("/ops/contracts/yunqi")
    for text in ("云起网吧", "09:00-12:00, 13:30-18:00", "2026-10-10 09:00-18:00", "KEY 120"):
        assert text in page.text
    async with street.db.connection() as conn:
        stored = await store.load_contract(conn, "main", "yunqi")
    assert stored is not None
    assert stored.contract.auto_cap_minor == 15_000


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("begins_on", "soon", "请填写开始日期"),
        ("minutes_decision", "4h", "整数分钟"),
        ("day_0", "9-18", "时间写不对"),
        ("holidays", "2026-13-01", "日期写不对"),
        ("standards", "KEY soon", "每行写"),
        ("auto_cap", "a lot", "金额不对"),
        ("buyers", "", "至少填一个买家编号"),
        ("timezone", "Moon/Crater", "时区不对"),
    ],
)
async def test_what_cannot_be_read_is_named_and_nothing_typed_is_lost(
    operator: Browser, field: str, value: str, words: str
) -> None:
    await operator.open("/ops/contracts/new")
    back = await operator.send("/ops/contracts/new", **(TYPED | {field: value}))
    assert back.status_code == 409
    assert words in back.text
    assert "云起网吧" in back.text


async def test_public_holidays_are_filled_in_beside_what_was_typed_and_then_saved(
    street: Town, operator: Browser
) -> None:
    await operator.open("/ops/contracts/new")
    shown = await operator.send("/ops/contracts/new", **(TYPED | {"fill": "cn-2026"}))
    assert shown.status_code == 200
    assert "云起网吧" in shown.text
    async with street.db.connection() as conn:
        assert await store.load_contract(conn, "main", "yunqi") is None, "nothing is saved yet"

    both = {name: area(shown.text, name) for name in ("holidays", "special")}
    await operator.send("/ops/contracts/new", **(TYPED | both))

    async with street.db.connection() as conn:
        stored = await store.load_contract(conn, "main", "yunqi")
    assert stored is not None
    calendar = stored.contract.calendar
    assert calendar is not None
    assert len(calendar.holidays) == 33
    assert date(2026, 2, 17) in calendar.holidays
    assert slots_of(calendar, date(2026, 10, 10)) == [Slot(540, 1080)], "typed hours stay"
    assert slots_of(calendar, date(2026, 2, 28)) == slots_of(calendar, date(2026, 3, 2))


def area(page: str, name: str) -> str:
    """The text in a box of the form."""
    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>([^<]*)</textarea>', page)
    assert found is not None, name
    return found[1]


def test_an_announced_year_works_no_weekday_and_rests_on_no_worked_day() -> None:
    for year in ANNOUNCED:
        assert all(day.year == year.year for day in (*year.off, *year.worked))
        assert all(day.weekday() >= 5 for day in year.worked), "only weekends are worked instead"
        assert not set(year.off) & set(year.worked)


async def test_tiers_have_their_own_clocks(street: Town, operator: Browser) -> None:
    await operator.open("/ops/contracts")
    saved = await operator.send("/ops/contracts", merchant_decision="300")
    assert saved.status_code == 200
    market = await street.desk.markets.get("main", street.clock.now())
    assert market is not None
    page = await operator.open("/ops/contracts")
    assert 'value="300"' in page.text


async def test_the_report_lists_every_claim_of_the_month(street: Town, operator: Browser) -> None:
    await operator.open("/ops/contracts/new")
    await operator.send("/ops/contracts/new", **TYPED)
    claim_no = (await street.open("KEY01")).claim_no
    page = await operator.open("/ops/contracts/yunqi")
    table = await operator.open("/ops/contracts/yunqi/report.csv")
    assert "本月 1 件售后" in page.text
    assert claim_no in table.text
    assert table.headers["content-type"].startswith("text/csv")


async def test_contracts_are_hidden_from_agents(street: Town, app: Litestar) -> None:
    agent = await signed_in(street, app, "xu")
    for path in ("/ops/contracts", "/ops/contracts/new", "/ops/contracts/yunqi"):
        assert (await agent.open(path)).status_code == 404


def test_a_contract_survives_its_own_form() -> None:
    contract = contract_of(Form({name: [text] for name, text in TYPED.items()}), "yunqi", "CNY")
    texts = filled(contract)
    week = texts["week"]
    assert isinstance(week, list)
    days = {f"day_{n}": str(text) for n, text in enumerate(week)}
    kept = {name: str(texts[name]) for name in ("holidays", "special", "standards", "buyers")}
    fields = {**TYPED, **days, **kept}
    assert (
        contract_of(Form({name: [text] for name, text in fields.items()}), "yunqi", "CNY")
        == contract
    )
