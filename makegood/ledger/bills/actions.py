"""What is done with bills: taken as a whole or refused as a whole, compared, differences closed."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.ledger.accounts import BOOK_ZONE, day_of
from makegood.ledger.bills import difference_store, rules, store
from makegood.ledger.bills.forms import read_bill
from makegood.ledger.bills.rules import BillFault, BillLine, Comparison, LineKind, Matched
from makegood.ledger.bills.store import Bill
from makegood.ledger.posting import post
from makegood.ledger.recipes import gateway_fee, moved_day, paid_out
from makegood.ledger.rules import Transfer
from makegood.store.database import Connection

NEIGHBOURS: Final = timedelta(days=3)
"""How far from the bill's days a movement of ours may lie and still be the one it lists."""
MOST_DAYS: Final = 366
BY_BILL: Final = "bill"
"""Who closed a difference that a later bill, or a later order, explained."""


class BillFile(msgspec.Struct, frozen=True, kw_only=True):
    """A bill as somebody hands it in. `currency` is the account's.

    `day` is the one day that the file is the whole bill of; None takes the days of its lines.
    """

    channel: str
    form: str
    filename: str
    content: bytes
    currency: str = "CNY"
    day: date | None = None


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file. `known` says that it was imported before, and nothing was done."""

    bill: Bill
    known: bool = False
    matched: int = 0
    differences: int = 0


async def import_bill(tx: Connection, act: Act, file: BillFile) -> Imported:
    """Take a bill as a whole: compare it, keep what differs, book fees, payouts and days.

    A file with anything wrong in it is kept with the reason, and nothing of it is taken. The
    same file again is what it was.
    """
    digest = store.digest_of(file.content)
    bill_no = sha256(f"{file.channel}\n{digest}".encode()).hexdigest()[:20]
    await store.lock_channel(tx, act.market_id, file.channel)
    known = await store.read_bill(tx, act.market_id, bill_no)
    if known is not None and known.state == "read":
        return Imported(bill=known, known=True)
    bill = Bill(
        bill_no=bill_no,
        channel=file.channel,
        form=file.form,
        sha256=digest,
        filename=file.filename[:200],
        size=len(file.content),
        state="read",
        imported_at=act.now,
        imported_by=act.actor.id,
    )
    try:
        lines = read_bill(file.form, file.content, file.currency)
        days = covered(file, lines)
        fresh = await _fresh(tx, act.market_id, file.channel, lines)
        ours = await _ours_around(tx, act.market_id, file.channel, days)
        compared = rules.compare(fresh, ours)
        rules.check_currencies(fresh, ours, compared, file.currency)
    except BillFault as fault:
        refused = msgspec.structs.replace(bill, state="refused", fault=told(fault))
        await store.put_bill(tx, act.market_id, refused)
        return Imported(bill=refused)
    bill = msgspec.structs.replace(bill, lines=len(lines), day_from=days[0], day_to=days[-1])
    await store.put_bill(tx, act.market_id, bill)
    return await _take(tx, act, bill, fresh, compared, frozenset(days))


async def recheck(tx: Connection, act: Act, channel: str) -> int:
    """Look again for what our book lacked: an order may have come late; answers how many came."""
    await store.lock_channel(tx, act.market_id, channel)
    open_lines = await difference_store.missing_here(tx, act.market_id, channel)
    if not open_lines:
        return 0
    ours = await _ours_around(tx, act.market_id, channel, [line.day for line in open_lines])
    found = rules.compare(open_lines, ours).matched
    same = [one for one in found if rules.is_same(one)]
    for one in same:
        await store.found_ours(
            tx, act.market_id, channel, one.bill.kind, one.bill.number, one.ours.key
        )
        await _close(tx, act, channel, one.bill.kind, [one.bill.number])
    await post(tx, act, _postings(channel, same, []))
    return len(same)


async def resolve_difference(
    tx: Connection, act: Act, channel: str, kind: str, number: str, text: str
) -> None:
    """A person says what a difference was.

    Raises:
        Refused: `reason_needed` without words, `not_found`, or `already_answered`.
    """
    if not text.strip():
        raise Refused("reason_needed")
    closed = await difference_store.resolve(
        tx, act.market_id, channel, kind, [number], by=act.actor.id, text=text[:500], now=act.now
    )
    if not closed:
        raise Refused("already_answered")


def covered(file: BillFile, lines: Sequence[BillLine]) -> list[date]:
    """The days that a bill tells in full. Raises BillFault `no_day`, `other_day`, `many_days`."""
    if file.day is not None:
        strange = next((line for line in lines if line.day != file.day), None)
        if strange is not None:
            raise BillFault("other_day", strange.line_no, value=str(strange.day))
        return [file.day]
    if not lines:
        raise BillFault("no_day")
    first, last = min(line.day for line in lines), max(line.day for line in lines)
    count = (last - first).days + 1
    if count > MOST_DAYS:
        raise BillFault("many_days", value=str(count))
    return [first + timedelta(days=step) for step in range(count)]


def told(fault: BillFault) -> dict[str, object]:
    """A fault as it is kept with the file."""
    return {
        "code": fault.code,
        "line": fault.line,
        "column": fault.column,
        "value": fault.value,
    }


async def _fresh(
    tx: Connection, market_id: str, channel: str, lines: Sequence[BillLine]
) -> list[BillLine]:
    """The lines that no earlier bill told. Raises BillFault `contradicts` where one differs."""
    known = await store.known_lines(tx, market_id, channel, lines)
    fresh = []
    for line in lines:
        before = known.get((line.kind, line.number))
        if before is None:
            fresh.append(line)
        elif (before.amount_minor, before.currency) != (line.amount_minor, line.currency):
            raise BillFault("contradicts", line.line_no, line.number, before.bill_no)
    return fresh


async def _take(
    tx: Connection,
    act: Act,
    bill: Bill,
    fresh: Sequence[BillLine],
    compared: Comparison,
    days: frozenset[date],
) -> Imported:
    channel = bill.channel
    found = rules.differences(compared, days)
    keys = {one.bill.line_no: one.ours.key for one in compared.matched}
    with_ours = [(line, keys.get(line.line_no, "")) for line in fresh]
    await store.insert_lines(tx, act.market_id, channel, bill.bill_no, with_ours)
    for kind in rules.BOOKED:
        explained = [one.ours.key for one in compared.matched if one.ours.kind == kind]
        await _close(tx, act, channel, kind, explained)
    await difference_store.put_differences(tx, act.market_id, channel, bill.bill_no, found, act.now)
    same = [one for one in compared.matched if rules.is_same(one)]
    await post(tx, act, _postings(channel, same, fresh))
    return Imported(bill=bill, matched=len(same), differences=len(found))


async def _close(
    tx: Connection, act: Act, channel: str, kind: LineKind, numbers: Sequence[str]
) -> None:
    if numbers:
        await difference_store.resolve(
            tx, act.market_id, channel, kind, numbers, by=BY_BILL, text="", now=act.now
        )


async def _ours_around(
    tx: Connection, market_id: str, channel: str, days: Sequence[date]
) -> list[rules.OurLine]:
    first = midnight(min(days)) - NEIGHBOURS
    after = midnight(max(days)) + timedelta(days=1) + NEIGHBOURS
    return await store.our_lines(tx, market_id, channel, first, after)


def midnight(day: date) -> datetime:
    """The first moment of a day of our book."""
    return datetime.combine(day, time(), BOOK_ZONE)


def _postings(channel: str, same: Sequence[Matched], fresh: Sequence[BillLine]) -> list[Transfer]:
    """Movements that the channel lists under another day, its fees, and what it paid out."""
    moved = [_moved(channel, one) for one in same if one.bill.day != one.ours.day]
    fees = [_fee(channel, line) for line in fresh if line.fee_minor > 0 or line.kind == "fee"]
    payouts = [
        paid_out(line.number, channel, _day(line), line.amount_minor, line.currency)
        for line in fresh
        if line.kind == "payout" and line.amount_minor
    ]
    return [*moved, *[fee for fee in fees if fee.amount_minor], *payouts]


def _moved(channel: str, one: Matched) -> Transfer:
    incoming = one.ours.kind in ("payment", "dispute_back")
    return moved_day(
        f"{one.ours.kind}/{one.ours.key}",
        channel,
        one.ours.order_no,
        one.ours.amount_minor if incoming else -one.ours.amount_minor,
        day_of(midnight(one.ours.day)),
        _day(one.bill),
        one.ours.currency,
    )


def _fee(channel: str, line: BillLine) -> Transfer:
    minor = line.amount_minor if line.kind == "fee" else line.fee_minor
    key = f"{line.kind}/{line.number}"
    return gateway_fee(
        key, channel, line.order_no or line.number, midnight(line.day), minor, line.currency
    )


def _day(line: BillLine) -> str:
    return day_of(midnight(line.day))
