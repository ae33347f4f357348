"""Whatever is posted, the ledger on PostgreSQL and the rules in memory come to the same end."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from makegood.base.actor import SYSTEM, Act
from makegood.base.refusal import Refused
from makegood.ledger import actions, rules
from makegood.ledger import store as book_store
from makegood.ledger.audit import audit
from makegood.ledger.rules import Transfer
from makegood.store.database import Database
from tests.ledger.model import Book, Laws

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ACCOUNTS = ["bank", "seller_deposit:s1", "seller_balance:s1", "escrow:o1", "fee_income"]
_markets = count(1)


@st.composite
def batches(draw: st.DrawFn) -> list[list[Transfer]]:
    """Linked sets of new, repeated, pending, posting and voiding transfers."""
    known: list[Transfer] = []
    sets = []
    for _ in range(draw(st.integers(1, 12))):
        linked = [_transfer(draw, known) for _ in range(draw(st.integers(1, 4)))]
        known += linked
        sets.append(linked)
    return sets


@settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sets=batches())
def test_the_store_and_the_model_agree(database_url: str, sets: list[list[Transfer]]) -> None:
    market = f"market-{next(_markets)}"
    model = Book(Laws())
    expected = [_told(partial(model.post, linked)) for linked in sets]
    found, balances = asyncio.run(_post_all(database_url, market, sets))
    assert found == expected
    stored = {key: balance for key, balance in balances.items() if balance != rules.Balance()}
    assert stored == {key: b for key, b in model.balances.items() if b != rules.Balance()}


async def _post_all(
    url: str, market: str, sets: list[list[Transfer]]
) -> tuple[list[str], dict[rules.AccountKey, rules.Balance]]:
    db = await Database.open(url, max_size=2)
    act = Act(market, SYSTEM, NOW)
    try:
        found = [await _post(db, act, linked) for linked in sets]
        async with db.transaction() as tx:
            assert await audit(tx, market, NOW) == []
            balances = await book_store.read_accounts(tx, market, ACCOUNTS, "CNY")
            return found, {(code, "CNY"): balance for code, balance in balances.items()}
    finally:
        await db.close()


async def _post(db: Database, act: Act, linked: list[Transfer]) -> str:
    try:
        async with db.transaction() as tx:
            await actions.post(tx, act, linked)
    except Refused as refused:
        return refused.code
    except AssertionError:
        return "bug"
    return "posted"


def _told(post: Callable[[], None]) -> str:
    try:
        post()
    except Refused as refused:
        return refused.code
    except AssertionError:
        return "bug"
    return "posted"


def _transfer(draw: st.DrawFn, known: list[Transfer]) -> Transfer:
    pendings = [transfer for transfer in known if transfer.kind == "pending"]
    choice = draw(st.sampled_from(["new", "new", "pending", "again", "post", "void"]))
    if choice == "again" and known:
        return draw(st.sampled_from(known))
    if choice in ("post", "void") and pendings:
        return rules.resolve(
            draw(st.sampled_from(pendings)), "post" if choice == "post" else "void"
        )
    debit, credit = draw(st.permutations(ACCOUNTS))[:2]
    number = draw(st.integers(1, 10**9))
    return Transfer(
        id=f"00000000-0000-8000-8000-{number:012d}",
        debit=debit,
        credit=credit,
        amount_minor=draw(st.integers(1, 50)),
        recipe="test",
        kind="pending" if choice == "pending" else "single",
    )
