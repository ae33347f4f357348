"""What a buyer reads before buying: terms and figures that orders give, for ever by version."""

from datetime import timedelta

from litestar import Litestar

from makegood.orders.products.actions import count_products
from makegood.orders.products.store import load_product
from tests.claims.town import Town, unit_line
from tests.orders.making import PAID_AT
from tests.web.site_kit import Browser


async def sold(town: Town, *, quick: int, late: int, never: int = 0, sku: str = "GC-7") -> None:
    """Orders of a product by how soon it came, counted a day later."""
    arrivals = [10] * quick + [90] * late + [None] * never
    for number, minutes in enumerate(arrivals):
        at = None if minutes is None else (PAID_AT + timedelta(minutes=minutes)).isoformat()
        delivery = {"kind": "key", "delivered_at": at, "revealed_at": None, "keys": ["K-1"]}
        await town.order(
            f"P-{number}", lines=unit_line(sku=sku, title="星海点卡 100", delivery=delivery)
        )
    town.clock.at = PAID_AT + timedelta(days=1)
    async with town.db.transaction() as tx:
        await count_products(tx, town.act("system"))


async def test_a_rate_is_computed_from_orders_and_shown_with_n_and_interval(
    street: Town, app: Litestar
) -> None:
    await sold(street, quick=28, late=1, never=1)
    answer = await Browser(app).open("/policy/GC-7.json")
    told = answer.json()["success"]
    assert (told["n"], told["quick"], told["rate_percent"]) == (30, 28, 93.3)
    assert told["low_percent"] < 93.3 < told["high_percent"]
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_few_orders_give_a_count_and_no_rate(street: Town, app: Litestar) -> None:
    await sold(street, quick=3, late=1)
    page = await Browser(app).open("/policy/GC-7")
    assert page.status_code == 200
    assert "不足 30 单" in page.text
    assert (await Browser(app).open("/policy/GC-7.json")).json()["success"]["rate_percent"] is None


async def test_terms_are_those_of_the_newest_order(street: Town, app: Litestar) -> None:
    await sold(street, quick=1, late=0)
    await street.order(
        "P-9",
        placed_at=(PAID_AT + timedelta(hours=1)).isoformat(),
        paid_at=(PAID_AT + timedelta(hours=1)).isoformat(),
        updated_at=(PAID_AT + timedelta(hours=1)).isoformat(),
        lines=unit_line(sku="GC-7", listing={"claim_window_days": 20, "arrival_minutes": 45}),
    )
    async with street.db.transaction() as tx:
        await count_products(tx, street.act("system"))
        product = await load_product(tx, "main", "GC-7")
    assert product is not None
    assert (product.claim_window_days, product.arrival_minutes) == (20, 45)


async def test_what_is_not_sold_any_more_keeps_its_terms_without_figures(street: Town) -> None:
    await sold(street, quick=2, late=0)
    street.clock.at += timedelta(days=60)
    async with street.db.transaction() as tx:
        await count_products(tx, street.act("system"))
        product = await load_product(tx, "main", "GC-7")
    assert product is not None
    assert (product.sold, product.quick) == (0, 0)


async def test_a_version_is_shown_for_ever_and_an_unknown_one_is_not_found(
    street: Town, app: Litestar
) -> None:
    await sold(street, quick=1, late=0)
    visitor = Browser(app)
    told = (await visitor.open("/policy/GC-7.json")).json()
    cited = f"{told['policy_id']}@{told['policy_version']}"
    assert (await visitor.open(f"/policy/GC-7?v={cited}")).status_code == 200
    for unknown in ("default@99", "nonsense", "default@0"):
        assert (await visitor.open(f"/policy/GC-7?v={unknown}")).status_code == 404
    for unknown in ("NEVER-SOLD", "x" * 300, "%00"):
        assert (await visitor.open(f"/policy/{unknown}")).status_code == 404


async def test_everybody_may_list_products_and_load_the_script(street: Town, app: Litestar) -> None:
    visitor = Browser(app)
    assert "还没有商品" in (await visitor.open("/policy")).text
    await sold(street, quick=1, late=0)
    assert "星海点卡 100" in (await visitor.open("/policy")).text
    script = await visitor.open("/w.js")
    assert script.headers["content-type"].startswith("text/javascript")


async def test_what_nobody_has_bought_yet_has_the_terms_of_its_category(app: Litestar) -> None:
    reader = Browser(app)

    policy = (await reader.open("/policy/BRAND-NEW.json?c=game_card")).json()

    assert (policy["sku"], policy["title"]) == ("BRAND-NEW", "BRAND-NEW")
    assert policy["success"] is None
    assert "KEY01" in {reason["code"] for reason in policy["reasons"]}
    assert (await reader.open("/policy/BRAND-NEW?c=game_card")).status_code == 200
    for category in ("", "?c=", "?c=weapons"):
        assert (await reader.open(f"/policy/BRAND-NEW{category}")).status_code == 404
