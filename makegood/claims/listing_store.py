"""SQL of lists: queues by their static key, text search by grams, counts for the tabs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from makegood.claims.listing import Page, Where, cursor_of
from makegood.claims.view import ClaimRow
from makegood.store.database import Connection, Record

_COLUMNS: Final = """
    claim_no, state, lane, class_no, reason, title, order_no, seller_id, seller_name,
    amount_minor, currency, owner_id, owner_name, opened_at, changed_at, next_deadline_at,
    next_deadline_kind, excerpt, version, queue_at
"""
RECENT_ROWS: Final = 5000
"""A word found this often among the newest rows needs no index; a rarer one has few rows."""


async def list_page(conn: Connection, market_id: str, where: Where) -> Page:
    """One page of a queue or filter."""
    halves = ("is_open", "not is_open") if where.everything else ("true",)
    parts = " union all ".join(f"({_part(where, half)})" for half in halves)
    rows = await conn.fetch(
        f"""
        select {_COLUMNS} from ({parts}) as claim
        order by {_order(where)} limit {where.limit + 1}
        """,
        market_id,
        *where.arguments,
    )
    return _page(rows, where)


async def search_page(
    conn: Connection, market_id: str, where: Where, grams: Sequence[int], words: Sequence[str]
) -> Page:
    """One page of what a text search finds, newest first.

    Common words are found among the newest rows; if these do not fill the page, the gram index
    gives every row that can match, and the text itself decides.
    """
    rows = await _search_recent(conn, market_id, where, words)
    if len(rows) <= where.limit:
        rows = await _search_all(conn, market_id, where, grams, words)
    return _page(rows, where)


async def queue_counts(
    conn: Connection, market_id: str, reader_id: str, now: datetime
) -> Mapping[str, int]:
    """How many claims each queue holds, counted up to 100 (lists show no more than 99+)."""
    row = await conn.fetchrow(
        """
        select
            (select count(*) from (select 1 from claim where market_id = $1 and is_open
                and owner_id = $2 limit 100) as c) as mine,
            (select count(*) from (select 1 from claim where market_id = $1 and is_open
                and state = any ('{in_review,reopened,open}') limit 100) as c) as review,
            (select count(*) from (select 1 from claim where market_id = $1 and is_open
                and state = any ('{verifying,waiting_seller,waiting_buyer,waiting_supplier,
                                   negotiating}') limit 100) as c) as waiting,
            (select count(*) from (select 1 from claim where next_deadline_at < $3
                and market_id = $1 and is_open limit 100) as c) as overdue,
            (select count(*) from (select 1 from claim where market_id = $1 and is_open
                and state = 'decided' and awaits_approval limit 100) as c) as approvals,
            (select count(*) from (select 1 from claim where market_id = $1
                and state = 'appealed' and is_open limit 100) as c) as appeals,
            (select count(*) from (select 1 from claim where market_id = $1 and is_open
                and has_tasks limit 100) as c) as tasks,
            (select count(*) from (select 1 from claim where market_id = $1
                and is_open limit 100) as c) as all
        """,
        market_id,
        reader_id,
        now,
    )
    assert row is not None
    return dict(row)


async def _search_recent(
    conn: Connection, market_id: str, where: Where, words: Sequence[str]
) -> list[Record]:
    place = len(where.arguments) + 2
    terms = (f"search_text like all (${place}::text[])", *where.terms)
    return await conn.fetch(
        f"""
        select {_COLUMNS} from (
            select {_COLUMNS}, search_text, is_open, awaits_approval, has_tasks, apart_ids
            from claim where market_id = $1
            order by opened_at desc, claim_no desc limit {RECENT_ROWS}) as claim
        where {" and ".join(terms)}
        order by opened_at desc, claim_no desc limit {where.limit + 1}
        """,
        market_id,
        *where.arguments,
        list(words),
    )


async def _search_all(
    conn: Connection,
    market_id: str,
    where: Where,
    grams: Sequence[int],
    words: Sequence[str],
) -> list[Record]:
    place = len(where.arguments) + 2
    found = (f"grams @> ${place}::integer[]", f"search_text like all (${place + 1}::text[])")
    conditions = " and ".join((*found, *where.terms))
    return await conn.fetch(
        f"""
        select {_COLUMNS} from claim where market_id = $1 and {conditions}
        order by opened_at desc, claim_no desc limit {where.limit + 1}
        """,
        market_id,
        *where.arguments,
        list(grams),
        list(words),
    )


async def claimed_orders_of_seller(
    conn: Connection, market_id: str, seller_id: str, limit: int
) -> list[str]:
    """The orders of a seller under open claims, the longest open first."""
    rows = await conn.fetch(
        """
        select order_no, min(opened_at) as since from claim
        where market_id = $1 and seller_id = $2 and is_open
        group by order_no order by since, order_no limit $3
        """,
        market_id,
        seller_id,
        limit,
    )
    return [row["order_no"] for row in rows]


def _part(where: Where, half: str) -> str:
    terms = " and ".join(("market_id = $1", half, *where.terms))
    return f"""
        select {_COLUMNS} from claim where {terms}
        order by {_order(where)} limit {where.limit + 1}
    """


def _order(where: Where) -> str:
    if where.newest_first:
        return "opened_at desc, claim_no desc"
    return "class_no, queue_at, claim_no"


def _page(rows: Sequence[Record], where: Where) -> Page:
    shown = rows[: where.limit]
    last = shown[-1] if len(rows) > where.limit else None
    cursor = ""
    if last is not None:
        at = last["opened_at"] if where.newest_first else last["queue_at"]
        cursor = cursor_of(last["class_no"], at, last["claim_no"])
    return Page([_row(row) for row in shown], cursor)


def _row(row: Record) -> ClaimRow:
    return ClaimRow(
        claim_no=row["claim_no"],
        state=row["state"],
        lane=row["lane"],
        priority=f"P{row['class_no']}",
        reason=row["reason"],
        title=row["title"],
        order_no=row["order_no"],
        seller_id=row["seller_id"],
        seller_name=row["seller_name"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        owner_id=row["owner_id"],
        owner_name=row["owner_name"],
        opened_at=row["opened_at"],
        changed_at=row["changed_at"],
        next_deadline_at=row["next_deadline_at"],
        next_deadline_kind=row["next_deadline_kind"],
        excerpt=row["excerpt"],
        version=row["version"],
    )


async def claims_of_contract(
    conn: Connection, market_id: str, contract_id: str, since: datetime, until: datetime
) -> list[str]:
    """Claims that began under a contract in this time, the newest first."""
    rows = await conn.fetch(
        """
        select claim_no from claim
        where market_id = $1 and contract_id = $2 and contract_id <> ''
          and opened_at >= $3 and opened_at < $4
        order by opened_at desc, claim_no desc
        """,
        market_id,
        contract_id,
        since,
        until,
    )
    return [row["claim_no"] for row in rows]


async def appealed_claims(
    conn: Connection, market_id: str, since: datetime, until: datetime
) -> list[str]:
    """Claims with an appeal that was decided in this time, in the order of their numbers."""
    rows = await conn.fetch(
        """
        select distinct stream from event
        where market_id = $1 and name = 'appeal_decided' and at >= $2 and at < $3
        order by stream
        """,
        market_id,
        since,
        until,
    )
    return [row["stream"] for row in rows]
