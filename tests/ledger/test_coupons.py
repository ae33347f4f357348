"""Coupons: a secret that is never stored, used whole and once, lapsed into the market's income."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from makegood.base.actor import Act
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger import actions as ledger
from makegood.ledger.audit import audit
from makegood.ledger.coupons import actions
from makegood.ledger.coupons.codes import code_of
from makegood.ledger.coupons.rules import LIFE, NewCoupon
from makegood.store.database import Database
from makegood.store.vault import Vault

VAULT = Vault.from_key(bytes(range(32)))
LATE = NewCoupon(claim_no="C1", cause="late:decision", money=Money(500))


async def give(db: Database, act: Act, new: NewCoupon = LATE) -> str:
    """Give a coupon; its code."""
    async with db.transaction() as tx:
        given = await actions.issue_coupon(tx, act, VAULT, new)
    return code_of(VAULT, "m1", given.coupon_no)


async def sums(db: Database, act: Act) -> dict[str, int]:
    kinds = ["compensation_cost", "coupon_liability", "shop_coupons", "breakage", "sla_receivable"]
    async with db.connection() as conn:
        found = await ledger.totals(conn, "m1", kinds)
        assert await audit(conn, "m1", act.now) == []
    return {kind: one.posted_minor for kind, one in found.items() if one.posted_minor}


async def test_a_coupon_is_given_once_for_a_claim_and_cause(db: Database, act: Act) -> None:
    codes = await asyncio.gather(*(give(db, act) for _ in range(20)))
    assert len(set(codes)) == 1
    assert await sums(db, act) == {"compensation_cost": 500, "coupon_liability": 500}


async def test_the_code_is_nowhere_in_the_database(db: Database, act: Act) -> None:
    code = await give(db, act)
    plain = code.replace("-", "")
    async with db.connection() as conn:
        row = await conn.fetchval("SELECT coupon::text || encode(code_hash, 'escape') FROM coupon")
        events = await conn.fetchval("SELECT string_agg(encode(body, 'escape'), '') FROM event")
    for text in (row, events):
        assert plain not in text
        assert plain[2:] not in text
        assert code not in text


async def test_a_coupon_is_used_once_however_its_code_is_typed(db: Database, act: Act) -> None:
    code = await give(db, act)
    for typed in (code, code.lower(), f" {code.replace('-', '')} "):
        async with db.transaction() as tx:
            used = await actions.redeem_coupon(tx, act, VAULT, typed, "o9")
        assert used.money == Money(500)
    async with db.transaction() as tx:
        with pytest.raises(Refused, match="coupon_used"):
            await actions.redeem_coupon(tx, act, VAULT, code, "o10")
        with pytest.raises(Refused, match="not_found"):
            await actions.redeem_coupon(tx, act, VAULT, "MC-0000-0000-0000-0000", "o9")
    assert await sums(db, act) == {"compensation_cost": 500, "shop_coupons": -500}


async def test_two_orders_that_race_for_a_coupon_get_it_once(db: Database, act: Act) -> None:
    code = await give(db, act)

    async def use(order_no: str) -> bool:
        try:
            async with db.transaction() as tx:
                await actions.redeem_coupon(tx, act, VAULT, code, order_no)
        except Refused:
            return False
        return True

    assert sum(await asyncio.gather(*(use(f"o{number}") for number in range(20)))) == 1


async def test_a_part_of_a_coupon_is_refused_and_the_coupon_stays_good(
    db: Database, act: Act
) -> None:
    code = await give(db, act)
    async with db.transaction() as tx:
        with pytest.raises(Refused, match="coupon_whole"):
            await actions.redeem_coupon(tx, act, VAULT, code, "o9", Money(499))
        await actions.redeem_coupon(tx, act, VAULT, code, "o9", Money(500))


async def test_a_coupon_that_nobody_used_lapses_once(db: Database, act: Act) -> None:
    code = await give(db, act)
    late = msgspec.structs.replace(act, now=act.now + LIFE)
    async with db.transaction() as tx:
        assert await actions.expire_coupons(tx, late.now - timedelta(seconds=1)) == 0
        with pytest.raises(Refused, match="coupon_used"):
            await actions.redeem_coupon(tx, late, VAULT, code, "o9")
        assert await actions.expire_coupons(tx, late.now) == 1
        assert await actions.expire_coupons(tx, late.now) == 0
        [batch] = await actions.coupon_figures(tx, "m1", "CNY")
    assert (batch.issued_minor, batch.expired_minor, batch.open_minor) == (500, 500, 0)
    assert await sums(db, act) == {"compensation_cost": 500, "breakage": 500}


async def test_a_supplier_owes_for_the_coupon_of_its_own_broken_promise(
    db: Database, act: Act
) -> None:
    await give(db, act, msgspec.structs.replace(LATE, supplier_id="u1"))
    assert await sums(db, act) == {"sla_receivable": 500, "coupon_liability": 500}


async def test_a_coupon_of_nothing_is_not_given(db: Database, act: Act) -> None:
    with pytest.raises(Refused, match="amount_not_positive"):
        await give(db, act, msgspec.structs.replace(LATE, money=Money(0)))
