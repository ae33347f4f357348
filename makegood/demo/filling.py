"""Fills the demo's market: people, orders, then sixty days of claims through the real rules."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from rich.progress import Progress, TaskID

from makegood.base.actor import Act, Actor, Role
from makegood.base.money import Money
from makegood.claims.precedents.actions import catch_up, compute_night
from makegood.demo import cast
from makegood.demo.books import fill_books
from makegood.demo.drafting import announce_change, draft_and_backtest
from makegood.demo.money import agree_with_suppliers, move_money
from makegood.demo.orders import LATEST, Sale, Shop, opening_times
from makegood.demo.oversight import add_places, plan_audit
from makegood.demo.playing import Play
from makegood.demo.programs.gateway_book import Payment as Paid
from makegood.demo.stories import at_least_one_each
from makegood.demo.tree import ports
from makegood.gateways.payments.accounts import Account
from makegood.ledger.actions import grant_quota, pay_deposit
from makegood.ledger.advance.actions import put_into_fund
from makegood.ledger.refund.account_store import put_account
from makegood.orders.actions import put_orders
from makegood.orders.connections import (
    PageConnection,
    SupplierConnection,
    connect_supplier,
)
from makegood.orders.order import Order
from makegood.orders.stock.actions import add_stock
from makegood.orders.stock.rules import NewStock
from makegood.people.contracts.actions import put_contract
from makegood.people.markets.actions import (
    change_settings,
    open_market,
    put_sellers,
    put_suppliers,
    settle_setup_step,
)
from makegood.people.markets.rules import SETUP_STEPS, MarketSettings
from makegood.people.markets.store import load_market
from makegood.people.staff.actions import add_account
from makegood.people.staff.passwords import Passwords
from makegood.people.staff.roster import RosterLine
from makegood.people.staff.rules import Account as Person
from makegood.people.staff.rules import NewAccount
from makegood.people.staff.second_factor import offer_totp
from makegood.people.staff.store import confirm_totp
from makegood.store.database import Connection, Database
from makegood.worker.registry import Rooms

SEED: Final = 20260401
BATCH: Final = 500
FUND_MINOR: Final = 50_000_000


class Filler:
    """One filling of one market."""

    def __init__(self, rooms: Rooms, folder: Path, market_id: str, now: datetime) -> None:
        self._rooms = rooms
        self._folder = folder
        self._ports = ports(folder)
        self._market = market_id
        self._now = now
        self._chance = random.Random(SEED)
        self._shop = Shop(self._chance, now)

    async def fill(self, progress: Progress, orders: int, claims: int) -> None:
        """Everything, in the order in which a real market would come to it."""
        bar = progress.add_task("people and gateways", total=1, step="people")
        await self._people()
        await self._outside()
        progress.advance(bar)
        sales = self._claimed(claims)
        await self._contract(sales)
        plain = list(self._shop.plain(orders - claims - len(cast.TRY)))
        bar = progress.add_task("orders", total=len(sales) + len(plain), step="orders")
        await self._orders(sales, progress, bar)
        play = Play(self._rooms, self._market, self._now)
        plan_audit(play.stage, self._rooms, self._now)
        # Orders that nobody complains about have no part in the play.
        await asyncio.gather(play.run(sales, progress), self._orders(plain, progress, bar))
        bar = progress.add_task("looking back", total=1, step="review")
        sold = sorted((sale.order for sale in plain), key=lambda order: order.placed_at)
        await fill_books(self._rooms, self.act("operator"), sold)
        await move_money(self._rooms, *await self._chief())
        await self._look_back()
        await add_places(self._rooms, self.act("operator"), self._ports, self._folder)
        await self._tries()
        progress.advance(bar)

    def act(self, role: Role, id_: str = "demo") -> Act:
        """Somebody acts at the present."""
        return Act(self._market, Actor(role=role, id=id_), self._now, "demo")

    async def _people(self) -> None:
        """The market's settings, sellers, suppliers, and accounts to sign in with."""
        password = await Passwords().hash(cast.PASSWORD, ())
        ids = self._rooms.desk.ids
        async with self._db.transaction() as tx:
            market = await load_market(tx, self._market)
            assert market is not None, "`prepare` has made the market"
            settings = msgspec.structs.replace(cast.SETTINGS, base_url=market.settings.base_url)
            await change_settings(tx, self.act("operator"), settings, market.version)
            names = {seller.seller_id: seller.name for seller in cast.SELLERS}
            await put_sellers(tx, self.act("operator"), names)
            suppliers = {one.supplier_id: one.name for one in cast.SUPPLIERS}
            await put_suppliers(tx, self.act("operator"), suppliers)
            known: dict[str, str] = {}
            for person in cast.STAFF:
                new = NewAccount(
                    sign_in_name=person.sign_in_name,
                    display_name=person.name,
                    role=person.role,
                    reports_to=known.get(person.lead),
                )
                account = await add_account(tx, self.act("operator"), ids, new, password)
                await self._second_factor(tx, account)
                known[person.sign_in_name] = account.account_id
            for new in _parties():
                await add_account(tx, self.act("operator"), ids, new, password)
        await self._open(settings)

    async def _second_factor(self, tx: Connection, account: Person) -> None:
        """As everybody who decides has one; the demo's door takes it as shown."""
        desk = self._rooms.desk
        await offer_totp(tx, self.act("operator"), desk.vault, desk.ids, account)
        await confirm_totp(tx, self._market, account.account_id, self._now)

    async def _open(self, settings: MarketSettings) -> None:
        """The first run is settled: an invented operator has been through it."""
        async with self._db.transaction() as tx:
            for step in SETUP_STEPS:
                await settle_setup_step(tx, self.act("operator"), step, "done")
            market = await load_market(tx, self._market)
            assert market is not None, "the market exists"
            await open_market(tx, self.act("operator"), market, len(cast.STAFF))

    async def _outside(self) -> None:
        """Accounts at the gateway program, connections to suppliers, fund, deposits, stock."""
        client = self._rooms.client
        accounts = await client.get(f"{self._gateway}/admin/accounts")
        reached = await client.get(f"{self._supplier}/admin/connections")
        signed, acg = msgspec.json.decode(reached.content, type=list[SupplierConnection])
        ways: dict[str, SupplierConnection] = {
            "signed": signed,
            "acg": acg,
            "page": PageConnection(answer_within_hours=12),
        }
        operator, vault = self.act("operator"), self._rooms.desk.vault
        async with self._db.transaction() as tx:
            for account in msgspec.json.decode(accounts.content, type=list[Account]):
                kind = str(account.__struct_config__.tag)
                config = msgspec.json.encode(account)
                await put_account(tx, operator, vault, account.channel, kind, config)
            for one in cast.SUPPLIERS:
                await connect_supplier(tx, operator, vault, one.supplier_id, ways[one.reach])
            await agree_with_suppliers(tx, operator, self._now)
            # Before the first order: no month of the ledger may begin with less than nothing.
            early = msgspec.structs.replace(operator, now=self._now - timedelta(days=120))
            await grant_quota(tx, early, "demo-fund", Money(FUND_MINOR))
            await put_into_fund(tx, early, "demo-fund", Money(FUND_MINOR))
            for seller in cast.SELLERS:
                key = f"demo-deposit-{seller.seller_id}"
                await pay_deposit(tx, early, key, seller.seller_id, Money(500_000))
            for item in cast.PRODUCTS:
                if item.category == "game_card":
                    await add_stock(tx, operator, vault, (), self._stock(item.sku))
        await self._rooms.gateways.refresh()

    async def _look_back(self) -> None:
        """What every night computes: precedents, how alike like claims ended, the handbook."""
        await catch_up(self._db, self._rooms.desk, self._market)
        await compute_night(self._db, self._market, self._now)
        act, chief = await self._chief()
        person = (chief.account_id, chief.display_name)
        await draft_and_backtest(self._db, act, self._rooms.desk, person)
        roster = await self._rooms.desk.rosters.get(self._market, self._now)
        lead = next(line for line in roster if line.role == "lead")
        await announce_change(self._db, act, self._rooms.desk, person, lead)

    async def _chief(self) -> tuple[Act, RosterLine]:
        """The market's operator as a person who acts."""
        roster = await self._rooms.desk.rosters.get(self._market, self._now)
        chief = next(line for line in roster if line.role == "operator")
        return self.act("operator", chief.account_id), chief

    def _stock(self, sku: str) -> NewStock:
        keys = tuple(f"{sku}-NEW-{self._chance.randrange(10**12):012d}" for _ in range(150))
        return NewStock(sku=sku, category="game_card", keys=keys)

    def _claimed(self, count: int) -> list[Sale]:
        """The orders that will be complained about, with their stories, over the sixty days."""
        latest = min(count, LATEST)
        recent = at_least_one_each(self._chance, latest)
        stories = [*at_least_one_each(self._chance, count - latest), *recent]
        times = opening_times(self._now, count)
        return [self._shop.told(story, at) for story, at in zip(stories, times, strict=True)]

    async def _contract(self, sales: Sequence[Sale]) -> None:
        """A business customer with clocks of its own: some of those who will complain."""
        buyers = tuple(sale.order.buyer.id for sale in sales[:: cast.CONTRACT_EVERY])
        if buyers:
            contract = msgspec.structs.replace(
                cast.CONTRACT,
                buyer_ids=buyers,
                begins_on=(self._now - timedelta(days=90)).date(),
            )
            async with self._db.transaction() as tx:
                await put_contract(tx, self.act("operator"), contract, 0)

    async def _tries(self) -> None:
        """The four orders that a visitor is asked to try."""
        paid_at = self._now - timedelta(hours=2)
        orders = [
            self._shop.order(
                cast.product(one.sku),
                paid_at,
                order_no=one.order_no,
                supplier_ref=one.supplier_ref,
                revealed=one.revealed,
                buyer=f"visitor-{one.order_no[-1]}",
            )
            for one in cast.TRY
        ]
        await self._push(orders)

    async def _orders(self, sales: Sequence[Sale], progress: Progress, bar: TaskID) -> None:
        for start in range(0, len(sales), BATCH):
            batch = [sale.order for sale in sales[start : start + BATCH]]
            await self._push(batch)
            progress.advance(bar, len(batch))

    async def _push(self, orders: Sequence[Order]) -> None:
        """Tell orders as a shop system would, and the gateway of their payments."""
        async with self._db.transaction() as tx:
            await put_orders(tx, self.act("market"), self._rooms.desk.vault, orders)
        paid = [
            Paid(
                trade_no=payment.trade_no,
                order_no=order.order_no,
                amount_minor=payment.amount_minor,
                paid_at=payment.paid_at.timestamp(),
            )
            for order in orders
            for payment in order.payments
        ]
        body = msgspec.json.encode({"payments": paid})
        answer = await self._rooms.client.post(f"{self._gateway}/admin/pay", content=body)
        answer.raise_for_status()

    @property
    def _db(self) -> Database:
        return self._rooms.db

    @property
    def _gateway(self) -> str:
        return f"http://127.0.0.1:{self._ports.gateway}"

    @property
    def _supplier(self) -> str:
        return f"http://127.0.0.1:{self._ports.supplier}"


def _parties() -> Iterator[NewAccount]:
    """Sellers, and suppliers that answer by page, as people who sign in."""
    for seller in cast.SELLERS:
        yield NewAccount(
            sign_in_name=seller.sign_in_name,
            display_name=seller.name,
            role="seller",
            seller_id=seller.seller_id,
        )
    for supplier in cast.SUPPLIERS:
        if supplier.sign_in_name:
            yield NewAccount(
                sign_in_name=supplier.sign_in_name,
                display_name=supplier.name,
                role="supplier",
                supplier_id=supplier.supplier_id,
            )
