"""Markets: settings that cannot be wrong, sellers as orders name them, the first-run setup."""

from datetime import datetime, timedelta

import msgspec
import pytest

from makegood.base.refusal import Refused
from makegood.people.markets import store
from makegood.people.markets.actions import (
    Markets,
    change_seller,
    change_settings,
    change_supplier,
    create_market,
    keep_address,
    open_market,
    put_department,
    put_sellers,
    put_suppliers,
    settle_setup_step,
)
from makegood.people.markets.rules import (
    LOCKED_CATEGORIES,
    SETUP_STEPS,
    AutoLane,
    Department,
    Seller,
    SetupState,
    SoloMode,
    Supplier,
    auto_lane_cap_minor,
    is_blocked,
    missing_before_opening,
)
from makegood.store.database import Database
from tests.people.kit import SETTINGS, act_at


async def test_a_market_is_made_once_with_its_departments(
    db: Database, now: datetime, market: str
) -> None:
    async with db.transaction() as tx:
        assert not await create_market(tx, act_at(now), SETTINGS)
        departments = await store.list_departments(tx, market)
    assert [one.department_id for one in departments] == ["finance", "risk", "tech"]


async def test_settings_come_back_as_they_went(db: Database, now: datetime, market: str) -> None:
    solo = SoloMode("陈律师", "mediator@example.com")
    changed = msgspec.structs.replace(SETTINGS, solo=solo, blocked_categories=("top_up",))
    async with db.transaction() as tx:
        await change_settings(tx, act_at(now), changed, 1)
        known = await store.load_market(tx, market)
    assert known is not None
    assert (known.settings, known.version) == (changed, 2)


async def test_two_operators_do_not_overwrite_each_other(
    db: Database, now: datetime, market: str
) -> None:
    async with db.transaction() as tx:
        await change_settings(tx, act_at(now), SETTINGS, 1)
    with pytest.raises(Refused) as caught:
        async with db.transaction() as tx:
            await change_settings(tx, act_at(now), SETTINGS, 1)
    assert caught.value.code == "stale_version"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name_zh", "  "),
        ("base_url", "ftp://x"),
        ("base_url", "https://x/"),
        ("currency", "yuan"),
        ("languages", ()),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("auto_lane", AutoLane(cap_minor=-1)),
        ("mail_from", "nobody"),
        ("second_factor_roles", ("agent",)),
    ],
)
async def test_a_setting_that_cannot_be_right_is_named(
    db: Database, now: datetime, market: str, field: str, value: object
) -> None:
    wrong = msgspec.structs.replace(SETTINGS, **{field: value})
    with pytest.raises(Refused) as caught:
        async with db.transaction() as tx:
            await change_settings(tx, act_at(now), wrong, 1)
    assert caught.value.detail == {"fields": [field]}


async def test_settings_are_read_once_a_second(db: Database, now: datetime, market: str) -> None:
    markets = Markets(db)
    before = await markets.get(market, now)
    async with db.transaction() as tx:
        await change_settings(tx, act_at(now), SETTINGS, 1)
    same = await markets.get(market, now)
    later = await markets.get(market, now + timedelta(seconds=1))
    assert before is same
    assert later is not None
    assert later.version == 2


async def test_orders_make_and_rename_sellers(db: Database, now: datetime, market: str) -> None:
    async with db.transaction() as tx:
        await put_sellers(tx, act_at(now), {"s-1": "小满", "s-2": "云帆"})
        await put_sellers(tx, act_at(now), {"s-1": "小满会员店"})
        await put_sellers(tx, act_at(now), {})
        names = {one.seller_id: one.name for one in await store.list_sellers(tx, market)}
    assert names == {"s-1": "小满会员店", "s-2": "云帆"}


async def test_what_an_operator_set_for_a_seller_survives_the_next_order(
    db: Database, now: datetime, market: str
) -> None:
    set_by_hand = Seller(seller_id="s-1", name="小满", tier="C", auto_lane_cap_minor=3000)
    async with db.transaction() as tx:
        await put_sellers(tx, act_at(now), {"s-1": "小满"})
        assert await change_seller(tx, act_at(now), set_by_hand)
        await put_sellers(tx, act_at(now), {"s-1": "小满会员店"})
        seller = await store.load_seller(tx, market, "s-1")
    assert seller == msgspec.structs.replace(set_by_hand, name="小满会员店")


async def test_a_suppliers_contact_survives_the_next_order(
    db: Database, now: datetime, market: str
) -> None:
    async with db.transaction() as tx:
        await put_suppliers(tx, act_at(now), {"u-1": "卡源甲"})
        await change_supplier(tx, act_at(now), Supplier("u-1", "卡源甲", "u1@example.com"))
        await put_suppliers(tx, act_at(now), {"u-1": "u-1"})
        assert await store.load_supplier(tx, market, "u-1") == Supplier(
            "u-1", "卡源甲", "u1@example.com"
        )
        assert len(await store.list_suppliers(tx, market)) == 1


async def test_who_is_not_there_is_not_changed(db: Database, now: datetime, market: str) -> None:
    async with db.transaction() as tx:
        assert not await change_seller(tx, act_at(now), Seller(seller_id="s-9", name="x"))
        assert not await change_supplier(tx, act_at(now), Supplier("u-9", "x"))
        assert await store.load_seller(tx, market, "s-9") is None
        assert await store.load_supplier(tx, market, "u-9") is None


async def test_a_department_is_renamed(db: Database, now: datetime, market: str) -> None:
    async with db.transaction() as tx:
        await put_department(tx, act_at(now), Department("tech", "技术支持", "Tech support"))
        departments = await store.list_departments(tx, market)
    assert Department("tech", "技术支持", "Tech support") in departments


async def test_the_setup_goes_on_where_it_was_left(
    db: Database, now: datetime, market: str
) -> None:
    async with db.transaction() as tx:
        await settle_setup_step(tx, act_at(now), "operator", "done")
        await settle_setup_step(tx, act_at(now), "shop", "skipped")
        setup = await store.load_setup(tx, market)
    assert setup.next_step == "categories"


async def test_the_category_gate_cannot_be_skipped(
    db: Database, now: datetime, market: str
) -> None:
    with pytest.raises(Refused):
        async with db.transaction() as tx:
            await settle_setup_step(tx, act_at(now), "categories", "skipped")


async def test_a_market_opens_when_a_second_person_can_review_appeals(
    db: Database, now: datetime, market: str
) -> None:
    async with db.transaction() as tx:
        for step in SETUP_STEPS[:-1]:
            await settle_setup_step(tx, act_at(now), step, "done")
        known = await store.load_market(tx, market)
        assert known is not None
        with pytest.raises(Refused) as caught:
            await open_market(tx, act_at(now), known, deciders=1)
        await open_market(tx, act_at(now), known, deciders=2)
        opened = await store.load_market(tx, market)
        setup = await store.load_setup(tx, market)
        assert opened is not None
        await open_market(tx, act_at(now + timedelta(hours=1)), opened, deciders=2)
        again = await store.load_market(tx, market)
    assert caught.value.detail == {"missing": ["second_person"]}
    assert (opened.settings.opened_at, setup.next_step) == (now, None)
    assert again is not None
    assert again.settings.opened_at == now, "pressed again, it stays open since then"


def test_one_person_may_open_with_an_outside_mediator() -> None:
    done = SetupState(done=frozenset(SETUP_STEPS), skipped=frozenset())
    solo = msgspec.structs.replace(SETTINGS, solo=SoloMode("陈律师", "m@example.com"))
    assert missing_before_opening(done, solo, deciders=1) == ()
    assert missing_before_opening(done, solo, deciders=0) == ("decider",)


@pytest.mark.parametrize("category", LOCKED_CATEGORIES)
def test_unlawful_goods_are_blocked_whatever_is_set(category: str) -> None:
    assert is_blocked(SETTINGS, category)


def test_an_operator_blocks_more() -> None:
    assert not is_blocked(SETTINGS, "top_up")
    assert is_blocked(msgspec.structs.replace(SETTINGS, blocked_categories=("top_up",)), "top_up")


@pytest.mark.parametrize(
    ("own", "enabled", "cap"),
    [(None, True, 20_000), (3_000, True, 3_000), (90_000, True, 20_000), (3_000, False, 0)],
)
def test_a_sellers_cap_only_lowers_the_markets(own: int | None, enabled: bool, cap: int) -> None:
    settings = msgspec.structs.replace(SETTINGS, auto_lane=AutoLane(enabled=enabled))
    seller = Seller(seller_id="s-1", name="x", auto_lane_cap_minor=own)
    assert auto_lane_cap_minor(settings, seller) == cap


async def test_mails_lead_to_where_the_market_is_reached_now_and_come_from_its_sender(
    db: Database, now: datetime, market: str
) -> None:
    async with db.transaction() as tx:
        await keep_address(tx, act_at(now), "https://new.example.com", "care@example.com")
        await keep_address(tx, act_at(now), "https://new.example.com", "care@example.com")
        known = await store.load_market(tx, market)
    assert known is not None
    reached = (known.settings.base_url, known.settings.mail_from, known.version)
    assert reached == ("https://new.example.com", "care@example.com", 2)
