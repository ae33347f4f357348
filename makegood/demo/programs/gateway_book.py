"""The gateway program's own book: payments, refunds, notices and late work in one SQLite file.

Every change commits before anybody is answered, so the book survives kill -9. It is written
without a line of the product's ledger: it is the other side that the ledger is compared with.
"""

import json
import sqlite3
import threading
import time
from pathlib import Path
from typing import Literal

import msgspec

RefundStatus = Literal["arrived", "accepted", "refused"]

_TABLES = """
CREATE TABLE IF NOT EXISTS payment (
    trade_no TEXT PRIMARY KEY, order_no TEXT NOT NULL, amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL, status INTEGER NOT NULL, paid_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS refund (
    id INTEGER PRIMARY KEY AUTOINCREMENT, refund_no TEXT UNIQUE, trade_no TEXT NOT NULL,
    amount_minor INTEGER NOT NULL, status TEXT NOT NULL, arrives_at REAL NOT NULL,
    reason TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS payment_order ON payment (order_no);
CREATE INDEX IF NOT EXISTS refund_trade ON refund (trade_no);
CREATE TABLE IF NOT EXISTS later (
    id INTEGER PRIMARY KEY AUTOINCREMENT, due_at REAL NOT NULL, what TEXT NOT NULL,
    content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS dispute (
    ref TEXT PRIMARY KEY, trade_no TEXT NOT NULL, amount_minor INTEGER NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, opened_at REAL NOT NULL, due_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment; `refunded_minor` counts what went back or is on its way."""

    trade_no: str
    order_no: str
    amount_minor: int
    currency: str = "CNY"
    status: int = 1
    paid_at: float = 0.0
    refunded_minor: int = 0


class BookRefund(msgspec.Struct, frozen=True, kw_only=True):
    """One refund in the book; V1 refunds have no number."""

    id: int
    refund_no: str
    trade_no: str
    amount_minor: int
    status: RefundStatus
    reason: str = ""


class BookDispute(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer's dispute; `state` is one of ours, each protocol says it in its own word."""

    ref: str
    trade_no: str
    amount_minor: int
    state: str = "needs_response"
    reason: str = "product_not_received"
    opened_at: float = 0.0
    due_at: float = 0.0


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """Work that is due at a time (Unix seconds): a late refund, a notice."""

    id: int
    what: str
    content: dict[str, str]


class Book:
    """Safe for many threads: one connection, one lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def add_payments(self, payments: list[Payment]) -> None:
        """Record payments; a trade number that exists is left as it is."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "INSERT OR IGNORE INTO payment VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (p.trade_no, p.order_no, p.amount_minor, p.currency, p.status, p.paid_at)
                    for p in payments
                ],
            )

    def payment(self, *, trade_no: str = "", order_no: str = "") -> Payment | None:
        """The payment under a trade number, or under an order number."""
        column, value = ("trade_no", trade_no) if trade_no else ("order_no", order_no)
        row = self._one(
            "SELECT trade_no, order_no, amount_minor, currency, status, paid_at, "
            "(SELECT coalesce(sum(amount_minor), 0) FROM refund "
            " WHERE refund.trade_no = payment.trade_no AND refund.status <> 'refused') "
            f"FROM payment WHERE {column} = ?",
            value,
        )
        if row is None:
            return None
        found = msgspec.convert(dict(zip(Payment.__struct_fields__, row, strict=True)), Payment)
        spent = found.status == 1 and found.refunded_minor >= found.amount_minor
        return msgspec.structs.replace(found, status=2) if spent else found

    def refund(self, refund_no: str) -> BookRefund | None:
        """The refund under a number."""
        with self._lock:
            self._arrive()
            row = self._one(
                "SELECT id, coalesce(refund_no, ''), trade_no, amount_minor, status, reason "
                "FROM refund WHERE refund_no = ?",
                refund_no,
            )
        return None if row is None else _refund(row)

    def execute(
        self,
        refund_no: str,
        trade_no: str,
        amount_minor: int,
        *,
        arrives_in: float = 0.0,
        fails: str = "",
    ) -> BookRefund | str:
        """Pay a refund out, once per number; answers the refund, or why not in words.

        With `fails` what was accepted first comes back with these words instead of arriving.
        """
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            known = self.refund(refund_no) if refund_no else None
            if known is not None:
                same = (known.trade_no, known.amount_minor) == (trade_no, amount_minor)
                return known if same else "退款单号重复"
            payment = self.payment(trade_no=trade_no)
            if payment is None:
                return "订单不存在"
            if amount_minor <= 0 or payment.refunded_minor + amount_minor > payment.amount_minor:
                return "退款金额超过可退金额"
            status: RefundStatus = "accepted" if arrives_in else "arrived"
            self._insert(refund_no, trade_no, amount_minor, status, time.time() + arrives_in, fails)
            return self._last()

    def refuse(self, refund_no: str, trade_no: str, amount_minor: int, reason: str) -> BookRefund:
        """Record a definitive no under a refund number, so that it is said again when asked."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            known = self.refund(refund_no) if refund_no else None
            if known is None:
                self._insert(refund_no, trade_no, amount_minor, "refused", time.time(), reason)
                known = self._last()
            return known

    def refunds_of(self, trade_no: str) -> list[BookRefund]:
        """The refunds of one payment, newest first."""
        return [one for one in reversed(self.refunds()) if one.trade_no == trade_no]

    def put_dispute(self, dispute: BookDispute) -> None:
        """Open a dispute, or say what became of it."""
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO dispute VALUES (?, ?, ?, ?, ?, ?, ?)",
                msgspec.structs.astuple(dispute),
            )

    def dispute(self, ref: str) -> BookDispute | None:
        """The dispute under a number."""
        row = self._one(
            "SELECT ref, trade_no, amount_minor, state, reason, opened_at, due_at "
            "FROM dispute WHERE ref = ?",
            ref,
        )
        if row is None:
            return None
        named = dict(zip(BookDispute.__struct_fields__, row, strict=True))
        return msgspec.convert(named, BookDispute)

    def put_later(self, due_at: float, what: str, content: dict[str, str]) -> None:
        """Remember work for a later time."""
        with self._lock:
            self._db.execute(
                "INSERT INTO later (due_at, what, content) VALUES (?, ?, ?)",
                (due_at, what, json.dumps(content)),
            )

    def due(self) -> list[Later]:
        """Work whose time has come; it stays until `forget`."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, what, content FROM later WHERE due_at <= ? ORDER BY due_at LIMIT 100",
                (time.time(),),
            ).fetchall()
        return [Later(id=row[0], what=row[1], content=json.loads(row[2])) for row in rows]

    def hasten(self) -> None:
        """Whatever waits for its time is due now."""
        with self._lock:
            self._db.execute("UPDATE later SET due_at = 0")
            self._db.execute("UPDATE refund SET arrives_at = 0")

    def postpone(self, later: Later, due_at: float) -> None:
        """Try again at another time."""
        with self._lock:
            self._db.execute("UPDATE later SET due_at = ? WHERE id = ?", (due_at, later.id))

    def forget(self, later: Later) -> None:
        """The work is done."""
        with self._lock:
            self._db.execute("DELETE FROM later WHERE id = ?", (later.id,))

    def waiting(self) -> int:
        """How much later work there is."""
        with self._lock:
            return len(self._db.execute("SELECT id FROM later").fetchall())

    def setting(self, name: str, make: str) -> str:
        """A value kept from the first start on."""
        with self._lock:
            self._db.execute("INSERT OR IGNORE INTO setting VALUES (?, ?)", (name, make))
            row = self._one("SELECT value FROM setting WHERE name = ?", name)
        assert row is not None
        return str(row[0])

    def put_setting(self, name: str, value: str) -> None:
        """Set a value, whatever it was."""
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def refunds(self) -> list[BookRefund]:
        """Every refund, oldest first."""
        with self._lock:
            self._arrive()
            rows = self._db.execute(
                "SELECT id, coalesce(refund_no, ''), trade_no, amount_minor, status, reason "
                "FROM refund ORDER BY id"
            ).fetchall()
        return [_refund(row) for row in rows]

    def _arrive(self) -> None:
        """What was accepted arrives when its time has come."""
        self._db.execute(
            "UPDATE refund SET status = CASE reason WHEN '' THEN 'arrived' ELSE 'refused' END "
            "WHERE status = 'accepted' AND arrives_at <= ?",
            (time.time(),),
        )

    def _insert(
        self,
        refund_no: str,
        trade_no: str,
        amount_minor: int,
        status: RefundStatus,
        arrives_at: float,
        reason: str,
    ) -> None:
        self._db.execute(
            "INSERT INTO refund (refund_no, trade_no, amount_minor, status, arrives_at, reason) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (refund_no or None, trade_no, amount_minor, status, arrives_at, reason),
        )

    def _last(self) -> BookRefund:
        row = self._one(
            "SELECT id, coalesce(refund_no, ''), trade_no, amount_minor, status, reason "
            "FROM refund ORDER BY id DESC LIMIT 1"
        )
        assert row is not None
        return _refund(row)

    def _one(self, statement: str, *values: object) -> tuple[object, ...] | None:
        with self._lock:
            row: tuple[object, ...] | None = self._db.execute(statement, values).fetchone()
        return row


def _refund(row: tuple[object, ...]) -> BookRefund:
    return msgspec.convert(dict(zip(BookRefund.__struct_fields__, row, strict=True)), BookRefund)
