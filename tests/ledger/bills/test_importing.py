"""Bills on PostgreSQL: taken whole or not at all, once, with every difference as a task."""

from datetime import date

import pytest

from makegood.base.refusal import Refused
from makegood.ledger.actions import clearing_of_day
from makegood.ledger.audit import audit
from makegood.ledger.bills import difference_store, store
from makegood.ledger.bills.actions import (
    BillFile,
    Imported,
    import_bill,
    recheck,
    resolve_difference,
)
from makegood.ledger.bills.difference_store import OpenDifference
from tests.claims.town import Town
from tests.ledger.bills.papers import DAY, WRITERS, Move, plain


@pytest.fixture
async def town(town: Town) -> Town:
    """A town with one order paid on the bill's day: `T-O-1` at 98.00."""
    await town.order()
    return town


def a_file(content: bytes, form: str = "plain", **other: object) -> BillFile:
    fields = {"channel": "epay", "form": form, "filename": "bill.csv", "content": content}
    return BillFile(**(fields | other))  # type: ignore[arg-type]


async def take(town: Town, file: BillFile) -> Imported:
    async with town.db.transaction() as tx:
        return await import_bill(tx, town.act("operator", "op"), file)


async def differing(town: Town, *, is_open: bool = True) -> list[OpenDifference]:
    async with town.db.connection() as conn:
        return await difference_store.list_differences(conn, "main", is_open=is_open)


async def told(town: Town) -> list[tuple[str, str, int | None, int | None]]:
    return [(d.what, d.number, d.bill_minor, d.book_minor) for d in await differing(town)]


async def all_is_well(town: Town) -> bool:
    async with town.db.connection() as conn:
        return await audit(conn, "main", town.clock.now()) == []


PAID = Move(trade_no="T-O-1")


@pytest.mark.parametrize("form", WRITERS)
async def test_a_bill_that_says_the_same_leaves_nothing_open(town: Town, form: str) -> None:
    done = await take(town, a_file(WRITERS[form]([PAID]), form, day=DAY))
    assert (done.bill.state, done.matched, done.differences) == ("read", 1, 0)
    assert await differing(town) == []


async def test_each_way_of_differing_is_a_task(town: Town) -> None:
    await town.order("O-2")
    await town.order("O-3")
    moves = [PAID, Move(trade_no="T-O-2", amount_minor=9799), Move(trade_no="T-X", order_no="X")]
    done = await take(town, a_file(plain(moves), day=DAY))
    assert (done.matched, done.differences) == (1, 3)
    assert sorted(await told(town)) == [
        ("amount_differs", "T-O-2", 9799, 9800),
        ("missing_here", "T-X", 9800, None),
        ("missing_there", "T-O-3", None, 9800),
    ]


async def test_the_same_file_again_books_nothing_again(town: Town) -> None:
    file = a_file(plain([Move(trade_no="T-O-1", fee_minor=59)]), day=DAY)
    first = await take(town, file)
    async with town.db.connection() as conn:
        before = await clearing_of_day(conn, "main", "epay", "20261120")
    again = await take(town, file)
    assert again.known
    assert again.bill.bill_no == first.bill.bill_no
    async with town.db.connection() as conn:
        assert await clearing_of_day(conn, "main", "epay", "20261120") == before == (9800, 59)
    assert await all_is_well(town)


async def test_a_wrong_file_is_kept_and_nothing_of_it_is_taken(town: Town) -> None:
    content = plain([PAID, Move(trade_no="T-X")]).replace(b"T-X", b"T-O-1")
    done = await take(town, a_file(content, day=DAY))
    assert done.bill.state == "refused"
    assert done.bill.fault is not None
    assert (done.bill.fault["code"], done.bill.fault["line"]) == ("duplicate_line", 3)
    assert await differing(town) == []
    async with town.db.connection() as conn:
        assert await store.sums_of_bill(conn, "main", done.bill.bill_no) == []
        assert ("main", done.bill.sha256) in await store.bill_files(conn)
    # The corrected file is taken; the refused one stays on record.
    assert (await take(town, a_file(plain([PAID]), day=DAY))).matched == 1


async def test_a_line_of_another_day_is_refused_where_a_day_was_chosen(town: Town) -> None:
    late = Move(trade_no="T-O-1", at="2026-11-21 00:00:01")
    done = await take(town, a_file(plain([late]), day=DAY))
    assert done.bill.fault is not None
    assert done.bill.fault["code"] == "other_day"


async def test_a_payment_listed_on_the_next_day_moves_to_that_day(town: Town) -> None:
    late = Move(trade_no="T-O-1", at="2026-11-21 00:00:01")
    done = await take(town, a_file(plain([late]), day=date(2026, 11, 21)))
    assert (done.matched, done.differences) == (1, 0)
    async with town.db.connection() as conn:
        assert await clearing_of_day(conn, "main", "epay", "20261121") == (9800, 0)
        came, gone = await clearing_of_day(conn, "main", "epay", "20261120")
    assert came - gone == 0
    assert await all_is_well(town)


async def test_what_one_bill_lacked_the_next_one_explains(town: Town) -> None:
    await take(town, a_file(b"time,type,trade_no,amount\n", day=DAY))
    assert await told(town) == [("missing_there", "T-O-1", None, 9800)]
    late = Move(trade_no="T-O-1", at="2026-11-21 00:00:01")
    await take(town, a_file(plain([late]), day=date(2026, 11, 21)))
    assert await differing(town) == []
    [closed] = await differing(town, is_open=False)
    assert closed.resolved_by == "bill"


async def test_an_order_that_comes_late_closes_what_it_explains(town: Town) -> None:
    await take(town, a_file(plain([PAID, Move(trade_no="T-O-2", order_no="O-2")]), day=DAY))
    assert await told(town) == [("missing_here", "T-O-2", 9800, None)]
    await town.order("O-2")
    async with town.db.transaction() as tx:
        assert await recheck(tx, town.act("system"), "epay") == 1
    assert await differing(town) == []


async def test_a_later_bill_cannot_contradict_one_that_was_taken(town: Town) -> None:
    await take(town, a_file(plain([PAID]), day=DAY))
    other = await take(town, a_file(plain([Move(trade_no="T-O-1", amount_minor=1)]), day=DAY))
    assert other.bill.fault is not None
    assert other.bill.fault["code"] == "contradicts"


async def test_refunds_are_found_by_their_own_number(town: Town) -> None:
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    await town.open("KEY01")
    await town.settle()
    [refund_no] = town.gateway.paid_back
    at = f"{DAY} 16:00:00"
    back = Move(kind="refund", trade_no="T-O-1", refund_no=refund_no, at=at)
    done = await take(town, a_file(plain([PAID, back])))
    assert (done.matched, done.differences) == (2, 0)
    assert await all_is_well(town)


async def test_a_refund_nobody_here_knows_is_a_task(town: Town) -> None:
    back = Move(kind="refund", trade_no="T-O-1", refund_no="R-OF-THE-PANEL", amount_minor=100)
    await take(town, a_file(plain([PAID, back]), day=DAY))
    assert await told(town) == [("missing_here", "R-OF-THE-PANEL", 100, None)]


async def test_a_person_closes_a_difference_with_words_and_once(town: Town) -> None:
    await take(town, a_file(plain([PAID, Move(trade_no="T-X")]), day=DAY))
    by = town.act("operator", "op")
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="reason_needed"):
            await resolve_difference(tx, by, "epay", "payment", "T-X", "  ")
    async with town.db.transaction() as tx:
        await resolve_difference(tx, by, "epay", "payment", "T-X", "另一个商城的单")
    [closed] = await differing(town, is_open=False)
    assert (closed.resolved_by, closed.resolution) == ("op", "另一个商城的单")
    async with town.db.transaction() as tx:
        with pytest.raises(Refused, match="already_answered"):
            await resolve_difference(tx, by, "epay", "payment", "T-X", "again")


async def test_an_empty_bill_needs_its_day(town: Town) -> None:
    done = await take(town, a_file(b"time,type,trade_no,amount\n"))
    assert done.bill.fault is not None
    assert done.bill.fault["code"] == "no_day"


@pytest.mark.parametrize(
    ("line", "fault", "names"),
    [
        ("2026-11-20,payment,T-O-1,98.00,USD", "currency_other", "USD"),
        ("2026-11-20,payment,T-NEW,98.00,USD", "currency_other", "USD"),
        ("2026-11-20,fee,F-1,0.59,USD", "currency_other", "USD"),
        ("2026-11-20,payout,P-1,10,JPY", "currency_other", "JPY"),
    ],
)
async def test_a_line_in_money_that_the_account_does_not_have_refuses_the_whole_bill(
    town: Town, line: str, fault: str, names: str
) -> None:
    good = "2026-11-20,fee,F-0,0.59,CNY"
    content = "\n".join(["time,type,trade_no,amount,currency", good, line]).encode()
    done = await take(town, a_file(content, day=DAY))
    assert (done.bill.state, done.bill.lines) == ("refused", 0)
    assert done.bill.fault is not None
    assert (done.bill.fault["code"], done.bill.fault["line"]) == (fault, 3)
    assert names in str(done.bill.fault["value"])
    assert await differing(town) == []
    async with town.db.connection() as conn:
        assert await clearing_of_day(conn, "main", "epay", "20261120") == (9800, 0)
        kept = await store.list_bills(conn, "main")
    assert [one.state for one in kept] == ["refused"]


async def test_a_movement_in_another_of_the_accounts_currencies_refuses_the_whole_bill(
    town: Town,
) -> None:
    await town.order("O-2", total={"amount_minor": 9800, "currency": "USD"})
    content = b"time,type,trade_no,amount,currency\n2026-11-20,payment,T-O-1,98.00,USD"
    done = await take(town, a_file(content, day=DAY))
    assert done.bill.fault is not None
    assert (done.bill.fault["code"], done.bill.fault["column"]) == ("currency_differs", "T-O-1")
