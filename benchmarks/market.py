"""A market to measure: the product served on a fresh folder, with staff, orders and an outside."""

import contextlib
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.common import Serving, tell
from benchmarks.outside import CHANNEL, PRICE_MINOR, SECRET, SUPPLIER, Outside, listening
from makegood.base.actor import Act, Actor
from makegood.base.money import Money
from makegood.gateways.payments.accounts import ShopBalanceAccount
from makegood.keyfile import open_vault
from makegood.ledger.actions import grant_quota
from makegood.ledger.advance.actions import put_into_fund, set_caps
from makegood.ledger.advance.rules import AdvanceCaps
from makegood.ledger.refund.account_store import put_account
from makegood.orders.bulk import import_orders
from makegood.orders.connections import SignedConnection, connect_supplier
from makegood.orders.importing import Row
from makegood.orders.order import Order
from makegood.people.keys.actions import create_key
from makegood.people.keys.rules import NewKey
from makegood.people.markets.actions import change_settings, open_market, settle_setup_step
from makegood.people.markets.rules import SETUP_STEPS, AutoLane
from makegood.people.markets.store import load_market
from makegood.people.staff.actions import add_account
from makegood.people.staff.rules import NewAccount
from makegood.settings import load_settings
from makegood.sources import SystemIds
from makegood.store.database import Database
from makegood.store.postgres import running_url
from makegood.store.vault import Vault

MARKET: Final = "main"
SELLERS: Final = 200
SKUS: Final = 500
STAFF: Final = (("lead", "lead"), ("agent", "agent-1"), ("agent", "agent-2"), ("agent", "agent-3"))
OPEN_LANE: Final = AutoLane(
    cap_minor=200_000,
    guest_cap_minor=200_000,
    guest_day_cap_minor=2_000_000,
    claims_per_30_days=100,
)
"""The machine's lane with its caps out of the way: what is measured is the way, not the caps."""
DESCRIPTIONS: Final = (
    "兑换时提示卡密无效，今天上午第一次兑换就这样",
    "卡密输入后一直显示无效，换了浏览器也不行，订单刚买的",
    "买的点卡兑换不了，系统说卡号不存在，请尽快退款",
    "兑换页面提示卡密错误，核对了三遍都没有输错",
)


class Ground:
    """The served product and how to reach its parts."""

    def __init__(self, product: Serving) -> None:
        self.product = product
        url = running_url(product.folder)
        assert url is not None, "a served folder has a running database"
        self.database_url: str = url
        environment = {**os.environ, "MAKEGOOD_DATA": str(product.folder)}
        self.vault: Vault = open_vault(load_settings(environment))

    @property
    def claims_url(self) -> str:
        """Where claims are posted."""
        return f"{self.product.address}/api/v1/claims"


def act() -> Act:
    """The operator acts now."""
    return Act(MARKET, Actor("operator", "bench"), datetime.now(UTC))


@contextlib.asynccontextmanager
async def furnished(ground: Ground, outside: Outside) -> AsyncIterator[Database]:
    """The market with staff, open lane, supplier and gateway; a pool to look into its tables."""
    db = await Database.open(ground.database_url, max_size=4)
    try:
        async with listening(outside.supply) as supplier, listening(outside.pay) as gateway:
            await furnish(db, ground.vault, supplier, gateway)
            yield db
    finally:
        await db.close()


async def furnish(db: Database, vault: Vault, supplier: str, gateway: str) -> None:
    """Staff, settings, accounts and connections, as an operator would enter them."""
    account = ShopBalanceAccount(channel=CHANNEL, base_url=gateway, account="m", secret=SECRET)
    connection = SignedConnection(base_url=supplier, account="m", secret=SECRET)
    async with db.transaction() as tx:
        market = await load_market(tx, MARKET)
        assert market is not None, "`serve` has made the market"
        settings = msgspec.structs.replace(market.settings, auto_lane=OPEN_LANE)
        await change_settings(tx, act(), settings, market.version)
        for role, name in STAFF:
            new = NewAccount(sign_in_name=name, display_name=name, role=role)  # type: ignore[arg-type]
            await add_account(tx, act(), SystemIds(), new, "no password")
        for step in SETUP_STEPS:
            await settle_setup_step(tx, act(), step, "done")
        market = await load_market(tx, MARKET)
        assert market is not None, "it was there a moment ago"
        await open_market(tx, act(), market, len(STAFF))
        config = msgspec.json.encode(account)
        await put_account(tx, act(), vault, CHANNEL, "shop_balance", config)
        await connect_supplier(tx, act(), vault, SUPPLIER, connection)
        await grant_quota(tx, act(), "bench", Money(1_000_000_000))
        await put_into_fund(tx, act(), "bench", Money(1_000_000_000))
        await set_caps(tx, act(), AdvanceCaps(per_day_minor=1_000_000_000))


async def market_token(db: Database) -> str:
    """A key of the shop system, which has proved its buyers itself."""
    async with db.transaction() as tx:
        return (await create_key(tx, act(), SystemIds(), NewKey(role="market", name="b"))).token


async def sell(db: Database, vault: Vault, order_nos: Sequence[str]) -> None:
    """Import one paid, delivered order of one key for each number."""
    done = 0
    rows = (Row(place + 1, order(number, place)) for place, number in enumerate(order_nos))
    async for result in import_orders(db, act(), vault, _each(rows)):
        assert result.ok, f"an order was refused: {result}"
        done += 1
        if done % 2000 == 0:
            tell(f"selling: {100 * done // len(order_nos):3d} %")
    async with db.connection() as conn:
        await conn.execute("analyze")
    tell("")


def order(order_no: str, place: int) -> Order:
    """A plain order of one key; every buyer buys once, so no history closes the lane."""
    paid_at = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    told = {
        "order_no": order_no,
        "placed_at": paid_at,
        "paid_at": paid_at,
        "updated_at": paid_at,
        "state": "delivered",
        "total": {"amount_minor": PRICE_MINOR, "currency": "CNY"},
        "buyer": {"id": f"b-{order_no}", "contact": "", "claim_code": "c"},
        "seller": {"id": f"s-{place % SELLERS}", "name": f"店铺 {place % SELLERS}"},
        "lines": [_line(order_no, place, paid_at)],
        "payments": [
            {
                "gateway": CHANNEL,
                "trade_no": f"T-{order_no}",
                "amount_minor": PRICE_MINOR,
                "paid_at": paid_at,
            }
        ],
    }
    return msgspec.convert(told, Order)


def complaint(order_no: str, place: int) -> bytes:
    """The body of `POST /claims` for a dead key."""
    return msgspec.json.encode(
        {
            "order_no": order_no,
            "reason": "KEY01",
            "description": DESCRIPTIONS[place % len(DESCRIPTIONS)],
            "wants": "refund",
        }
    )


def numbers(prefix: str, count: int) -> list[str]:
    """So many order numbers."""
    return [f"{prefix}{place:07d}" for place in range(count)]


def _line(order_no: str, place: int, paid_at: str) -> dict[str, object]:
    return {
        "line_no": 1,
        "sku": f"XH-{place % SKUS}",
        "title": "星海点卡 100 元",
        "category": "game_card",
        "quantity": 1,
        "unit_price_minor": PRICE_MINOR,
        "list_price_minor": 10_000,
        "supplier": {"id": SUPPLIER, "order_ref": f"UP-{order_no}"},
        "listing": {"text": "官方点卡，自动发货", "region": "CN", "claim_window_days": 30},
        "delivery": {"kind": "key", "delivered_at": paid_at, "keys": [f"K-{order_no}"]},
    }


async def _each(rows: Iterable[Row]) -> AsyncIterator[Row]:
    for row in rows:
        yield row


@contextlib.contextmanager
def ground_in(folder: Path, *, workers: int) -> Iterator[Ground]:
    """The product on a folder with so many workers, its outside world on loopback."""
    product = Serving(
        folder,
        MAKEGOOD_WORKER_PROCESSES=str(workers),
        MAKEGOOD_LOG_LEVEL="warning",
    )
    try:
        product.wait_until_ready()
        yield Ground(product)
    finally:
        product.stop()
