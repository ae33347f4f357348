"""All SQL of the ledger: accounts, transfers, payments."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from msgspec.structs import astuple

from makegood.ledger.recipes import PaymentBooking, leg_no
from makegood.ledger.rules import AccountKey, Balance, Transfer, changes, kind_of, traits_of
from makegood.record import store as record_store
from makegood.record.rules import SealedEvent
from makegood.store.database import Connection, Record

# Sets of keys are looked up row by row (LATERAL … OFFSET 0): a plan made while a table was
# small or not analysed would otherwise read all of it for every batch of an import.

_EMPTY = Balance()

_POST: Final = f"""
    WITH posted AS MATERIALIZED (
        SELECT is_new, lacking, missing, bug FROM ledger_post($14, $15, $16, $17, $18, $19)
    ), told AS (
        {record_store.append_one_sql(1)} WHERE (SELECT is_new FROM posted)
    )
    SELECT is_new, lacking, missing, bug FROM posted
"""


def listed_sql(column: str) -> str:
    """Whether an account's movements are listed one by one: sellers' and the guarantee fund's.

    Indexes of transfers hold just these (migration 0125): say it in these very words.
    """
    return f"(starts_with({column}, 'seller_') OR starts_with({column}, 'guarantee_fund'))"


class StoredLeg(NamedTuple):
    """What makes a payment leg this one and no other."""

    channel: str
    trade_no: str
    order_no: str
    amount_minor: int
    currency: str


async def post_linked(
    tx: Connection,
    market_id: str,
    now: datetime,
    posting: str,
    transfers: Sequence[Transfer],
    event: SealedEvent,
) -> Record:
    """Post a linked set, given in the order of its ids, with its event, in one statement.

    Answers whether it `is_new`, or what is `lacking` (an account, with how much is `missing`), or
    which `bug` of ours the set shows. The event is written only when the set was new.
    """
    changed = [
        (market_id, code, currency, traits_of(code), *astuple(change))
        for (code, currency), change in sorted(changes(transfers).items())
    ]
    row = await tx.fetchrow(
        _POST,
        *record_store.append_one_arguments(event),
        market_id,
        now,
        posting,
        [_entry(transfer) for transfer in transfers],
        [change for change in changed if kind_of(change[1]).limited],
        [change for change in changed if not kind_of(change[1]).limited],
    )
    assert row is not None, "a function always answers"
    return row


async def transfers_by_id(
    conn: Connection, market_id: str, ids: Iterable[str]
) -> dict[str, Transfer]:
    """The stored transfers among these ids."""
    rows = await conn.fetch(
        """
        SELECT t.id, t.kind, t.pending_id, t.debit, t.credit, t.amount_minor, t.currency,
               t.recipe, t.order_no, t.claim_no, t.rule
        FROM unnest($2::uuid[]) AS wanted (id),
             LATERAL (
                 SELECT id, kind, pending_id, debit, credit, amount_minor, currency, recipe,
                        order_no, claim_no, rule
                 FROM transfer WHERE market_id = $1 AND id = wanted.id
                 OFFSET 0
             ) AS t
        """,
        market_id,
        list(ids),
    )
    return {str(row["id"]): _transfer(row) for row in rows}


async def transfers_of_claim(conn: Connection, market_id: str, claim_no: str) -> list[Transfer]:
    """Every transfer that names the claim, oldest first."""
    rows = await conn.fetch(
        """
        SELECT id, kind, pending_id, debit, credit, amount_minor, currency, recipe, order_no,
               claim_no, rule
        FROM transfer WHERE market_id = $1 AND claim_no = $2 AND claim_no <> ''
        ORDER BY posted_at, id
        """,
        market_id,
        claim_no,
    )
    return [_transfer(row) for row in rows]


async def lock_accounts(
    tx: Connection, market_id: str, codes: Iterable[str], currency: str
) -> dict[str, Balance]:
    """Lock accounts, always in the same order, and read them; those that do not exist lack.

    Only accounts with a limit: what others hold decides nothing, and they are moved by the commit.
    One that was locked before would be locked out of order.
    """
    wanted = sorted(codes)
    assert all(kind_of(code).limited for code in wanted), f"nothing to ask of: {wanted}"
    rows = await tx.fetch(
        """
        SELECT a.code, a.currency, a.debits_posted, a.credits_posted, a.debits_pending,
               a.credits_pending
        FROM unnest($2::text[]) AS wanted (code),
             LATERAL (
                 SELECT code, currency, debits_posted, credits_posted, debits_pending,
                        credits_pending
                 FROM ledger_account
                 WHERE market_id = $1 AND code = wanted.code AND currency = $3
                 FOR NO KEY UPDATE
             ) AS a
        """,
        market_id,
        wanted,
        currency,
    )
    return {code: balance for (code, _), balance in _balances(rows).items()}


async def read_accounts(
    conn: Connection, market_id: str, codes: Iterable[str], currency: str
) -> dict[str, Balance]:
    """The balances of these codes, without a lock; a missing account reads as empty."""
    wanted = list(codes)
    rows = await conn.fetch(
        """
        SELECT a.code, a.currency, a.debits_posted, a.credits_posted, a.debits_pending,
               a.credits_pending
        FROM unnest($2::text[]) AS wanted (code),
             LATERAL (
                 SELECT code, currency, debits_posted, credits_posted, debits_pending,
                        credits_pending
                 FROM ledger_account
                 WHERE market_id = $1 AND code = wanted.code AND currency = $3
                 OFFSET 0
             ) AS a
        """,
        market_id,
        wanted,
        currency,
    )
    found = {code: balance for (code, _), balance in _balances(rows).items()}
    return dict.fromkeys(wanted, _EMPTY) | found


async def totals(
    conn: Connection, market_id: str, ranges: Sequence[tuple[str, str]], currency: str
) -> list[Record]:
    """The sums of all accounts within each range of codes, by the range's first code."""
    return await conn.fetch(
        """
        SELECT r.first, coalesce(sum(a.debits_posted), 0)::bigint AS debits_posted,
               coalesce(sum(a.credits_posted), 0)::bigint AS credits_posted,
               coalesce(sum(a.debits_pending), 0)::bigint AS debits_pending,
               coalesce(sum(a.credits_pending), 0)::bigint AS credits_pending
        FROM unnest($2::text[], $3::text[]) AS r (first, behind)
        LEFT JOIN ledger_account AS a
          ON a.market_id = $1 AND a.code >= r.first AND a.code < r.behind AND a.currency = $4
        GROUP BY r.first
        """,
        market_id,
        [first for first, _ in ranges],
        [behind for _, behind in ranges],
        currency,
    )


async def insert_payments(
    tx: Connection, market_id: str, bookings: Sequence[PaymentBooking]
) -> set[StoredLeg]:
    """Write the payment legs that are new; answers those."""
    legs = [(booking, leg) for booking in bookings for leg in booking.legs]
    rows = await tx.fetch(
        """
        INSERT INTO payment (market_id, channel, trade_no, order_no, kind, amount_minor,
                             currency, paid_at)
        SELECT $1, channel, trade_no, order_no, kind, amount_minor, currency, paid_at
        FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[],
                    $8::timestamptz[])
             AS new (channel, trade_no, order_no, kind, amount_minor, currency, paid_at)
        ORDER BY channel, trade_no
        ON CONFLICT DO NOTHING
        RETURNING channel, trade_no, order_no, amount_minor, currency
        """,
        market_id,
        [leg.channel for _, leg in legs],
        [leg_no(booking.order_no, leg) for booking, leg in legs],
        [booking.order_no for booking, _ in legs],
        [leg.kind for _, leg in legs],
        [leg.amount_minor for _, leg in legs],
        [booking.currency for booking, _ in legs],
        [booking.paid_at for booking, _ in legs],
    )
    return {_stored_leg(row) for row in rows}


async def payments_by_trade(
    conn: Connection, market_id: str, trades: Sequence[tuple[str, str]]
) -> list[StoredLeg]:
    """Stored legs of these (channel, trade number) pairs."""
    rows = await conn.fetch(
        """
        SELECT p.channel, p.trade_no, p.order_no, p.amount_minor, p.currency
        FROM unnest($2::text[], $3::text[]) AS told (channel, trade_no),
             LATERAL (
                 SELECT channel, trade_no, order_no, amount_minor, currency
                 FROM payment
                 WHERE market_id = $1 AND channel = told.channel AND trade_no = told.trade_no
                 OFFSET 0
             ) AS p
        """,
        market_id,
        [channel for channel, _ in trades],
        [trade_no for _, trade_no in trades],
    )
    return [_stored_leg(row) for row in rows]


async def payments_of_order(conn: Connection, market_id: str, order_no: str) -> list[Record]:
    """Every leg that was booked for an order, oldest first."""
    return await conn.fetch(
        """
        SELECT channel, trade_no, order_no, kind, amount_minor, currency
        FROM payment WHERE market_id = $1 AND order_no = $2
        ORDER BY paid_at, channel, trade_no
        """,
        market_id,
        order_no,
    )


def balance(row: Record) -> Balance:
    """The four sums of a row that has them."""
    return Balance(
        row["debits_posted"], row["credits_posted"], row["debits_pending"], row["credits_pending"]
    )


def _balances(rows: Iterable[Record]) -> dict[AccountKey, Balance]:
    return {(row["code"], row["currency"]): balance(row) for row in rows}


def _stored_leg(row: Record) -> StoredLeg:
    return StoredLeg(
        row["channel"], row["trade_no"], row["order_no"], row["amount_minor"], row["currency"]
    )


def _entry(transfer: Transfer) -> tuple[object, ...]:
    """A transfer as the database's type `ledger_entry`."""
    return (
        transfer.id,
        transfer.kind,
        transfer.pending_id,
        transfer.debit,
        transfer.credit,
        transfer.amount_minor,
        transfer.currency,
        transfer.recipe,
        transfer.order_no,
        transfer.claim_no,
        transfer.rule,
    )


def _transfer(row: Record) -> Transfer:
    return Transfer(
        id=str(row["id"]),
        kind=row["kind"],
        pending_id=None if row["pending_id"] is None else str(row["pending_id"]),
        debit=row["debit"],
        credit=row["credit"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        recipe=row["recipe"],
        order_no=row["order_no"],
        claim_no=row["claim_no"],
        rule=row["rule"],
    )
