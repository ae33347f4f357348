"""The ledger as a person reads it: entries, the fund's month, account sums, the refund board."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from makegood.ledger.journal import store
from makegood.ledger.journal.store import EntryWish
from makegood.ledger.refund.rules import RefundState
from makegood.ledger.statements.months import Month
from makegood.store.database import Connection, Record

PAGE: Final = 50
OPEN_STATES: Final[tuple[RefundState, ...]] = ("wanted", "sent", "accepted", "manual")
STATES: Final[tuple[RefundState, ...]] = (*OPEN_STATES, "arrived", "refused")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One posted transfer. `posting` names the linked set it came in."""

    id: str
    posting: str
    debit: str
    credit: str
    amount_minor: int
    currency: str
    recipe: str
    order_no: str
    claim_no: str
    rule: str
    posted_at: datetime

    @property
    def cursor(self) -> str:
        """Where the next page begins."""
        return f"{self.posted_at.isoformat()}_{self.id}"


class FundWalk(msgspec.Struct, frozen=True, kw_only=True):
    """The fund's cash over a month; opening and all moves sum to closing, in minor units."""

    closing_minor: int
    put_in_minor: int = 0
    taken_out_minor: int = 0
    advanced_minor: int = 0
    supplier_minor: int = 0
    seller_minor: int = 0
    other_minor: int = 0

    @property
    def moved_minor(self) -> int:
        """The sum of all moves, signed."""
        return (
            self.put_in_minor
            + self.taken_out_minor
            + self.advanced_minor
            + self.supplier_minor
            + self.seller_minor
            + self.other_minor
        )

    @property
    def opening_minor(self) -> int:
        """What the fund held when the month began."""
        return self.closing_minor - self.moved_minor


class AccountSum(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts of a kind together, on their normal side, in minor units."""

    kind: str
    currency: str
    accounts: int
    balance_minor: int
    pending_minor: int


class BoardRefund(msgspec.Struct, frozen=True, kw_only=True):
    """One refund of the board."""

    refund_no: str
    claim_no: str
    order_no: str
    channel: str
    trade_no: str
    amount_minor: int
    currency: str
    state: RefundState
    reason: str
    answer: str
    contradiction: str
    ordered_at: datetime
    changed_at: datetime
    sent_at: datetime | None
    due_at: datetime | None

    @property
    def cursor(self) -> str:
        """Where the next page begins."""
        return f"{self.ordered_at.isoformat()}_{self.refund_no}"


async def page_of_entries(
    conn: Connection, market_id: str, wish: EntryWish, cursor: str = ""
) -> tuple[list[Entry], str]:
    """One page of entries, the newest first, and where the next begins (empty: no more)."""
    rows = await store.entries(conn, market_id, wish, PAGE + 1, read_cursor(cursor))
    found = [entry_of(row) for row in rows]
    following = found[PAGE - 1].cursor if len(found) > PAGE else ""
    return merged(found[:PAGE]), following


def merged(entries: Sequence[Entry]) -> list[Entry]:
    """One line for what was one movement but went over several rows of a shared account.

    A shared account is split into rows so that writers do not wait for each other; to a reader
    it is one account.
    """
    lines: dict[tuple[str, ...], Entry] = {}
    for entry in entries:
        key = (
            entry.posting,
            entry.recipe,
            entry.debit.partition(":")[0],
            entry.credit.partition(":")[0],
            entry.claim_no,
            entry.order_no,
        )
        known = lines.get(key)
        lines[key] = entry if known is None else _added(known, entry)
    return list(lines.values())


async def page_of_refunds(
    conn: Connection,
    market_id: str,
    states: Sequence[str],
    *,
    channel: str = "",
    q: str = "",
    cursor: str = "",
) -> tuple[list[BoardRefund], str]:
    """One page of refunds, the longest waiting first, and where the next begins."""
    after = read_cursor(cursor)
    rows = await store.refunds(conn, market_id, states, channel, q, PAGE + 1, after)
    found = [msgspec.convert(dict(row), BoardRefund) for row in rows]
    return found[:PAGE], found[PAGE - 1].cursor if len(found) > PAGE else ""


async def fund_walk(
    conn: Connection, market_id: str, currency: str, month: Month, now_minor: int, now: datetime
) -> FundWalk:
    """The fund's month, counted back from what it holds now (`now_minor`)."""
    later = await store.fund_moves(conn, market_id, currency, month.until, now)
    closing = now_minor - sum(row["amount_minor"] for row in later)
    sums: dict[str, int] = {}
    for row in await store.fund_moves(conn, market_id, currency, month.since, month.until):
        name = _step_of(row["recipe"], row["amount_minor"])
        sums[name] = sums.get(name, 0) + row["amount_minor"]
    came = await store.recovered_by_party(conn, market_id, currency, month.since, month.until)
    recovered = sums.pop("recovered", 0)
    supplier, seller = came.get("supplier", 0), came.get("seller", 0)
    other = sums.pop("other", 0) + recovered - supplier - seller
    return FundWalk(
        closing_minor=closing,
        put_in_minor=sums.get("put_in", 0),
        taken_out_minor=sums.get("taken_out", 0),
        advanced_minor=sums.get("advanced", 0),
        supplier_minor=supplier,
        seller_minor=seller,
        other_minor=other,
    )


async def account_sums(conn: Connection, market_id: str) -> list[AccountSum]:
    """What all accounts of each kind hold."""
    return [_account_sum(row) for row in await store.account_sums(conn, market_id)]


def entry_of(row: Record) -> Entry:
    """A row of the journal."""
    fields = {name: value for name, value in row.items() if name != "kind"}
    posting = str(row["posting"] or row["id"])
    return Entry(**{**fields, "id": str(row["id"]), "posting": posting})


def read_cursor(text: str) -> tuple[datetime, str] | None:
    """Where a page begins; None for a cursor that is none, so the first page is shown."""
    at, _, id_ = text.partition("_")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment, id_) if moment.tzinfo and len(id_) <= 64 else None


def _added(one: Entry, other: Entry) -> Entry:
    """Both as one; an account of which several rows took part is named by its kind alone."""
    same_debit, same_credit = one.debit == other.debit, one.credit == other.credit
    return msgspec.structs.replace(
        one,
        amount_minor=one.amount_minor + other.amount_minor,
        debit=one.debit if same_debit else one.debit.partition(":")[0],
        credit=one.credit if same_credit else one.credit.partition(":")[0],
    )


def _step_of(recipe: str, amount_minor: int) -> str:
    """Which bar of the month's chart a move belongs to; shards among themselves sum to nothing."""
    match recipe:
        case "fund_filled":
            return "put_in"
        case "fund_emptied":
            return "taken_out"
        case "refund" if amount_minor < 0:
            return "advanced"
        case "recovery":
            return "recovered"
        case _:
            return "other"


def _account_sum(row: Record) -> AccountSum:
    sign = 1 if row["normal"] in ("C", b"C") else -1
    balance = sign * (row["credits_posted"] - row["debits_posted"])
    pending = row["debits_pending"] if sign == 1 else row["credits_pending"]
    return AccountSum(
        kind=row["kind"],
        currency=row["currency"],
        accounts=row["accounts"],
        balance_minor=balance,
        pending_minor=pending,
    )
