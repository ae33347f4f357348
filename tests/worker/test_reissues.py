"""Replacements: once per decision, never beyond what was paid, whatever breaks on the way."""

import asyncio
from datetime import datetime, timedelta

import pytest

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.ledger.actions import refundable_minor
from makegood.orders import key_store
from makegood.orders.actions import put_order, reveal_key
from makegood.orders.connections import SignedConnection, connect_supplier
from makegood.orders.stock import reissue_store, reissues, store
from makegood.orders.stock.actions import add_stock
from makegood.orders.stock.reissues import reserve_replacement, reserve_upgrade
from makegood.orders.stock.rules import NewStock, Reissue, ReissueOutcome
from makegood.orders.supplier import SupplierGateway
from makegood.people.markets.actions import create_market
from makegood.store import jobs
from makegood.store.database import Connection, Database
from makegood.store.vault import Vault
from makegood.worker.reissues import ReissueDesk, run_reissue
from tests.orders.conftest import NOW, SETTINGS, act
from tests.orders.making import order
from tests.orders.scripted import ALL, OneSupplier, ScriptedSupplier

UNIT = UnitRef("O-1", 1, 1)
VAULT = Vault.from_key(bytes(range(32)))
SYSTEM_ACT = act("system")
REACHED = SignedConnection(base_url="http://127.0.0.1:9", account="a", secret="s", capabilities=ALL)


class Clock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class House:
    """A market with one paid order, its worker, and what the worker told the claims."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = Clock(NOW)
        self.told: list[ReissueOutcome] = []

    async def tell(self, tx: Connection, told: Act, outcome: ReissueOutcome) -> None:
        self.told.append(outcome)

    async def reserve(
        self, *, value: int = 9800, supplier: bool = False, withdraw_first: bool = False
    ) -> Reissue:
        async with self.db.transaction() as tx:
            if supplier:
                await connect_supplier(tx, act("operator"), VAULT, "u-1", REACHED)
            return await reserve_replacement(
                tx,
                SYSTEM_ACT,
                reissue_key="decision-1",
                claim_no="AS-1",
                unit=UNIT,
                value_minor=value,
                withdraw_first=withdraw_first,
            )

    async def add_stock(self, *keys: str) -> None:
        async with self.db.transaction() as tx:
            new = NewStock(sku="XH-100", category="game_card", keys=keys)
            await add_stock(tx, act(), VAULT, (), new)

    async def work(self, gateway: SupplierGateway | None = None, *, rounds: int = 1) -> None:
        """Let the worker run what is due, moving the clock to the next job each round."""
        desk = ReissueDesk(
            db=self.db,
            vault=VAULT,
            suppliers=OneSupplier(gateway),
            clock=self.clock,
            on_outcome=self.tell,
        )
        for _ in range(rounds):
            async with self.db.connection() as conn:
                taken = await jobs.take(conn, self.clock.at)
            for job in taken:
                await run_reissue(desk, job)
                async with self.db.connection() as conn:
                    await jobs.done(conn, [job])
            self.clock.at += timedelta(hours=1)

    async def state(self, reissue: Reissue) -> Reissue:
        async with self.db.connection() as conn:
            found = await reissue_store.load(conn, "main", reissue.reissue_no)
        assert found is not None
        return found

    async def refundable(self) -> int:
        async with self.db.connection() as conn:
            return await refundable_minor(conn, "main", UNIT)

    async def buyer_reads(self) -> str:
        async with self.db.transaction() as tx:
            shown = await reveal_key(tx, act("buyer", proof=True), VAULT, UNIT, "203.0.113.9")
        return shown.text


@pytest.fixture
async def house(db: Database) -> House:
    async with db.transaction() as tx:
        await create_market(tx, act("operator"), SETTINGS)
        await put_order(tx, act(), VAULT, order())
    return House(db)


async def test_a_replacement_from_stock_reaches_the_buyer(house: House) -> None:
    await house.add_stock("SPARE-1")
    reissue = await house.reserve()
    await house.work()
    after = await house.state(reissue)
    assert (after.state, after.generation) == ("delivered", 2)
    assert await house.buyer_reads() == "SPARE-1"
    assert [told.reissue.state for told in house.told] == ["delivered"]


async def test_a_replacement_uses_up_what_could_be_refunded(house: House) -> None:
    await house.add_stock("SPARE-1")
    await house.reserve()
    reserved = await house.refundable()
    await house.work()
    assert (reserved, await house.refundable()) == (0, 0)


async def test_the_same_decision_100_times_at_once_makes_one_replacement(house: House) -> None:
    await house.add_stock("SPARE-1", "SPARE-2")
    made = await asyncio.gather(*(house.reserve() for _ in range(100)))
    await house.work()
    async with house.db.connection() as conn:
        [count] = await store.count_stock(conn, "main")
    assert len({reissue.reissue_no for reissue in made}) == 1
    assert (count.free, count.used) == (1, 1)


async def test_another_decision_cannot_replace_a_unit_that_waits_for_a_replacement(
    house: House,
) -> None:
    await house.add_stock("SPARE-1", "SPARE-2")
    await house.reserve(value=1)
    with pytest.raises(Refused) as refusal:
        async with house.db.transaction() as tx:
            await reserve_replacement(
                tx, SYSTEM_ACT, reissue_key="x", claim_no="AS-2", unit=UNIT, value_minor=1
            )
    assert refusal.value.code == "reissue_under_way"


async def test_a_replacement_beyond_what_was_paid_is_refused_and_keeps_the_stock(
    house: House,
) -> None:
    await house.add_stock("SPARE-1")
    with pytest.raises(Refused) as refusal:
        await house.reserve(value=9801)
    async with house.db.connection() as conn:
        [count] = await store.count_stock(conn, "main")
    assert refusal.value.code == "exceeds_paid"
    assert count.free == 1


async def test_nothing_in_stock_is_a_refusal(house: House) -> None:
    with pytest.raises(Refused) as refusal:
        await house.reserve()
    assert refusal.value.code == "no_live_replacement"


async def test_two_claims_never_share_the_last_key_in_stock(house: House) -> None:
    async with house.db.transaction() as tx:
        await put_order(tx, act(), VAULT, order("O-2"))
    await house.add_stock("SPARE-1")

    async def reserve(order_no: str) -> bool:
        try:
            async with house.db.transaction() as tx:
                await reserve_replacement(
                    tx,
                    SYSTEM_ACT,
                    reissue_key="d",
                    claim_no=f"AS-{order_no}",
                    unit=UnitRef(order_no, 1, 1),
                    value_minor=9800,
                )
        except Refused:
            return False
        return True

    assert sorted(await asyncio.gather(reserve("O-1"), reserve("O-2"))) == [False, True]


async def test_a_supplier_whose_answers_are_cut_off_still_gives_one_key(house: House) -> None:
    supplier = ScriptedSupplier(NOW, cut=3)
    reissue = await house.reserve(supplier=True)
    await house.work(supplier, rounds=5)
    assert len(supplier.given) == 1
    assert (await house.state(reissue)).state == "delivered"
    assert await house.buyer_reads() == "NEW-KEY-1"


async def test_the_job_that_runs_twice_delivers_once(house: House) -> None:
    await house.add_stock("SPARE-1")
    reissue = await house.reserve()
    async with house.db.connection() as conn:
        [job] = await jobs.take(conn, NOW)
    desk = ReissueDesk(
        db=house.db,
        vault=VAULT,
        suppliers=OneSupplier(None),
        clock=house.clock,
        on_outcome=house.tell,
    )
    await asyncio.gather(*(run_reissue(desk, job) for _ in range(10)))
    async with house.db.connection() as conn:
        keys = await key_store.load_unit_keys(conn, "main", UNIT)
    assert [key.generation for key in keys] == [1, 2]
    assert len(house.told) == 1
    assert (await house.state(reissue)).state == "delivered"


async def test_a_supplier_that_refuses_ends_the_replacement_and_frees_its_value(
    house: House,
) -> None:
    reissue = await house.reserve(supplier=True)
    await house.work(None)
    after = await house.state(reissue)
    assert (after.state, after.reason) == ("failed", "cannot_reissue")
    assert await house.refundable() == 9800


async def test_a_key_that_was_given_out_before_is_no_replacement(house: House) -> None:
    same_again = ScriptedSupplier(NOW, next_key=lambda number: "XH-SECRET-1")
    reissue = await house.reserve(supplier=True)
    await house.work(same_again)
    assert (await house.state(reissue)).reason == "key_known"


async def test_the_old_key_is_withdrawn_before_the_new_one_goes_out(house: House) -> None:
    supplier = ScriptedSupplier(NOW)
    await house.add_stock("SPARE-1")
    reissue = await house.reserve(withdraw_first=True)
    await house.work(supplier)
    async with house.db.connection() as conn:
        old, new = await key_store.load_unit_keys(conn, "main", UNIT)
    assert supplier.withdrawn == [f"{reissue.reissue_no}-w"]
    assert old.withdrawn_at is not None
    assert new.withdrawn_at is None


async def test_a_key_that_was_redeemed_meanwhile_gets_no_replacement(house: House) -> None:
    await house.add_stock("SPARE-1")
    reissue = await house.reserve(withdraw_first=True)
    await house.work(ScriptedSupplier(NOW, status="redeemed"))
    assert (await house.state(reissue)).reason == "goods_used"
    assert await house.buyer_reads() == "XH-SECRET-1"


async def test_an_unclear_withdrawal_waits(house: House) -> None:
    await house.add_stock("SPARE-1")
    reissue = await house.reserve(withdraw_first=True)
    await house.work(ScriptedSupplier(NOW, status="unknown"))
    assert (await house.state(reissue)).state == "sent"


async def test_a_person_hears_of_a_supplier_that_stays_silent(house: House) -> None:
    await house.reserve(supplier=True)
    await house.work(ScriptedSupplier(NOW, silent=True), rounds=7)
    assert house.told
    assert house.told[-1].stuck


async def test_a_replacement_can_be_cancelled_only_before_it_is_sent(house: House) -> None:
    await house.add_stock("SPARE-1")
    reissue = await house.reserve()
    async with house.db.transaction() as tx:
        cancelled = await reissues.cancel(tx, SYSTEM_ACT, reissue.reissue_no)
    await house.work()
    assert cancelled.reissue.state == "cancelled"
    assert await house.refundable() == 9800
    assert await house.buyer_reads() == "XH-SECRET-1"


async def test_a_sent_replacement_cannot_be_cancelled(house: House) -> None:
    reissue = await house.reserve(supplier=True)
    await house.work(ScriptedSupplier(NOW, cut=1))
    async with house.db.transaction() as tx:
        with pytest.raises(Refused) as refusal:
            await reissues.cancel(tx, SYSTEM_ACT, reissue.reissue_no)
    assert refusal.value.code == "reissue_under_way"


async def test_a_replacement_out_of_use_can_be_refunded_again(house: House) -> None:
    await house.add_stock("SPARE-1")
    await house.reserve()
    await house.work()
    dead_at = house.clock.at
    async with house.db.transaction() as tx:
        first = await reissues.release_replacements(tx, SYSTEM_ACT, UNIT, dead_at)
        second = await reissues.release_replacements(tx, SYSTEM_ACT, UNIT, dead_at)
    assert (first, second) == (1, 0)
    assert await house.refundable() == 9800


async def test_a_replacement_younger_than_the_bad_news_stays_counted(house: House) -> None:
    await house.add_stock("SPARE-1")
    await house.reserve()
    await house.work()
    before = NOW - timedelta(seconds=1)
    async with house.db.transaction() as tx:
        assert await reissues.release_replacements(tx, SYSTEM_ACT, UNIT, before) == 0
    assert await house.refundable() == 0


async def test_blocked_goods_are_not_replaced(house: House) -> None:
    await house.add_stock("SPARE-1")
    with pytest.raises(Refused) as refusal:
        async with house.db.transaction() as tx:
            await reserve_replacement(
                tx,
                SYSTEM_ACT,
                reissue_key="d",
                claim_no="AS-1",
                unit=UNIT,
                value_minor=1,
                blocked={"game_card"},
            )
    assert refusal.value.code == "blocked_category"


async def test_an_upgrade_goes_through_the_supplier_once(house: House) -> None:
    supplier = ScriptedSupplier(NOW, cut=1)
    async with house.db.transaction() as tx:
        await connect_supplier(tx, act("operator"), VAULT, "u-1", REACHED)
        upgrade = await reserve_upgrade(
            tx, SYSTEM_ACT, reissue_key="u", claim_no="AS-1", unit=UNIT, to_sku="XH-200"
        )
    await house.work(supplier, rounds=3)
    assert len(supplier.given) == 1
    assert (await house.state(upgrade)).state == "delivered"
    assert await house.refundable() == 9800
