"""All SQL of the ledger: accounts, transfers, payments."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from asyncpg import UniqueViolationError

from makegood.ledger.recipes import PaymentBooking, leg_no
from makegood.ledger.rules import AccountKey, Balance, Transfer, kind_of
from makegood.store.database import Connection, Record

# Sets of keys are looked up row by row (LATERAL … OFFSET 0): a plan made while a table was
# small or not analysed would otherwise read all of it for every batch of an import.

_EMPTY = Balance()
_LARGE_BATCH = 100


class StoredLeg(NamedTuple):
    """What makes a payment leg this one and no other."""

    channel: str
    trade_no: str
    order_no: str
    amount_minor: int
    currency: str


async def insert_transfers(
    tx: Connection, market_id: str, now: datetime, transfers: Sequence[Transfer]
) -> set[str]:
    """Write the transfers that are new, in the order of their ids; answers the new ids.

    Arrays are written in their order, so two writers of the same ids wait, but never in a circle.
    """
    transfers = sorted(transfers, key=lambda t: t.id)
    rows = await _insert(
        tx,
        """
        INSERT INTO transfer (market_id, id, kind, pending_id, debit, credit, amount_minor,
                              currency, recipe, order_no, claim_no, rule, posted_at)
        SELECT $1, id, kind, pending_id, debit, credit, amount_minor,
               currency, recipe, order_no, claim_no, rule, $2
        FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::bigint[],
                    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
             AS new (id, kind, pending_id, debit, credit, amount_minor,
                     currency, recipe, order_no, claim_no, rule)
        """,
        "ON CONFLICT DO NOTHING",
        "RETURNING id",
        market_id,
        now,
        [t.id for t in transfers],
        [t.kind for t in transfers],
        [t.pending_id for t in transfers],
        [t.debit for t in transfers],
        [t.credit for t in transfers],
        [t.amount_minor for t in transfers],
        [t.currency for t in transfers],
        [t.recipe for t in transfers],
        [t.order_no for t in transfers],
        [t.claim_no for t in transfers],
        [t.rule for t in transfers],
    )
    return {str(row["id"]) for row in rows}


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


async def open_accounts(
    tx: Connection, market_id: str, balances: Mapping[AccountKey, Balance]
) -> None:
    """Make accounts that did not exist a moment ago; one that does now is added to."""
    if not balances:
        return
    keys = sorted(balances)
    kinds = [kind_of(code) for code, _ in keys]
    await _insert(
        tx,
        """
        INSERT INTO ledger_account (market_id, code, currency, normal, limited, debits_posted,
                                    credits_posted, debits_pending, credits_pending)
        SELECT $1, code, currency, normal::"char", limited, dp, cp, dq, cq
        FROM unnest($2::text[], $3::text[], $4::text[], $5::boolean[], $6::bigint[],
                    $7::bigint[], $8::bigint[], $9::bigint[])
             AS new (code, currency, normal, limited, dp, cp, dq, cq)
        """,
        """
        ON CONFLICT (market_id, code, currency) DO UPDATE SET
            debits_posted = ledger_account.debits_posted + excluded.debits_posted,
            credits_posted = ledger_account.credits_posted + excluded.credits_posted,
            debits_pending = ledger_account.debits_pending + excluded.debits_pending,
            credits_pending = ledger_account.credits_pending + excluded.credits_pending
        """,
        "",
        market_id,
        [code for code, _ in keys],
        [currency for _, currency in keys],
        [kind.normal for kind in kinds],
        [kind.limited for kind in kinds],
        *_columns([balances[key] for key in keys]),
    )


async def lock_accounts(
    tx: Connection, market_id: str, keys: Iterable[AccountKey]
) -> dict[AccountKey, Balance]:
    """Lock accounts, always in the same order, and read them; those that do not exist lack."""
    wanted = sorted(keys)
    rows = await tx.fetch(
        """
        SELECT a.code, a.currency, a.debits_posted, a.credits_posted, a.debits_pending,
               a.credits_pending
        FROM unnest($2::text[], $3::text[]) AS wanted (code, currency),
             LATERAL (
                 SELECT code, currency, debits_posted, credits_posted, debits_pending,
                        credits_pending
                 FROM ledger_account
                 WHERE market_id = $1 AND code = wanted.code AND currency = wanted.currency
                 FOR NO KEY UPDATE
             ) AS a
        """,
        market_id,
        [code for code, _ in wanted],
        [currency for _, currency in wanted],
    )
    return _balances(rows)


async def change_accounts(
    tx: Connection, market_id: str, balances: Mapping[AccountKey, Balance]
) -> None:
    """Add these changes to accounts that `lock_accounts` locked before."""
    if not balances:
        return
    keys = sorted(balances)
    await tx.execute(
        """
        UPDATE ledger_account SET
            debits_posted = ledger_account.debits_posted + change.dp,
            credits_posted = ledger_account.credits_posted + change.cp,
            debits_pending = ledger_account.debits_pending + change.dq,
            credits_pending = ledger_account.credits_pending + change.cq
        FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
                    $7::bigint[]) AS change (code, currency, dp, cp, dq, cq)
        WHERE ledger_account.market_id = $1 AND ledger_account.code = change.code
          AND ledger_account.currency = change.currency
        """,
        market_id,
        [code for code, _ in keys],
        [currency for _, currency in keys],
        *_columns([balances[key] for key in keys]),
    )


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


async def insert_payments(
    tx: Connection, market_id: str, bookings: Sequence[PaymentBooking]
) -> set[StoredLeg]:
    """Write the payment legs that are new; answers those."""
    legs = [(booking, leg) for booking in bookings for leg in booking.legs]
    rows = await _insert(
        tx,
        """
        INSERT INTO payment (market_id, channel, trade_no, order_no, kind, amount_minor,
                             currency, paid_at)
        SELECT $1, channel, trade_no, order_no, kind, amount_minor, currency, paid_at
        FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[],
                    $8::timestamptz[])
             AS new (channel, trade_no, order_no, kind, amount_minor, currency, paid_at)
        ORDER BY channel, trade_no
        """,
        "ON CONFLICT DO NOTHING",
        "RETURNING channel, trade_no, order_no, amount_minor, currency",
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


async def _insert(
    tx: Connection, statement: str, on_conflict: str, returning: str, *columns: object
) -> list[Record]:
    """Insert rows, with what is to be done about those that exist.

    A large batch is nearly always all new, and without a conflict clause PostgreSQL writes it
    twice as fast; so that is tried first, and undone when a row does exist.
    """
    if any(isinstance(column, list) and len(column) >= _LARGE_BATCH for column in columns):
        try:
            async with tx.transaction():
                return await tx.fetch(f"{statement} {returning}", *columns)
        except UniqueViolationError:
            pass
    return await tx.fetch(f"{statement} {on_conflict} {returning}", *columns)


def _columns(balances: Sequence[Balance]) -> tuple[list[int], list[int], list[int], list[int]]:
    return (
        [balance.debits_posted for balance in balances],
        [balance.credits_posted for balance in balances],
        [balance.debits_pending for balance in balances],
        [balance.credits_pending for balance in balances],
    )


def _balances(rows: Iterable[Record]) -> dict[AccountKey, Balance]:
    return {
        (row["code"], row["currency"]): Balance(
            row["debits_posted"],
            row["credits_posted"],
            row["debits_pending"],
            row["credits_pending"],
        )
        for row in rows
    }


def _stored_leg(row: Record) -> StoredLeg:
    return StoredLeg(
        row["channel"], row["trade_no"], row["order_no"], row["amount_minor"], row["currency"]
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
