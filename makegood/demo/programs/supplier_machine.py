"""What the demo supplier knows of its goods: scripted states, requests that count once, faults."""

import hashlib
import secrets
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, cast, get_args

import msgspec

from makegood.demo.programs.answering import Cut, ServerFailure
from makegood.gateways.suppliers.acg import SOLD_OUT
from makegood.gateways.suppliers.signed import GoodsBody, StatusBody, UnitBody
from makegood.orders.supplier import SupplierStatus

STATUSES: Final = frozenset(get_args(SupplierStatus))
_REVOCABLE: Final = ("valid", "pending", "unknown")


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many of the next calls go wrong, in this order: down, failing, slow, cut after acting."""

    down: int = 0
    fail_before: int = 0
    slow: int = 0
    cut_after: int = 0
    latency_ms: int = 0
    slow_seconds: float = 30.0


class ScriptedUnit(msgspec.Struct, frozen=True, kw_only=True):
    """How a unit stands, as the demo or a test says. `order_ref` names it.

    `pending_queries` answers of a replacement are `pending` before it is delivered.
    """

    order_ref: str
    answer: StatusBody
    withdrawable: bool = True
    reissue: str = "delivered"
    pending_queries: int = 0
    secret: str | None = None


class Supplier:
    """The goods of one supplier, in memory or in a file that outlives the process."""

    def __init__(self, state: Path | None, faults: Faults) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(state or ":memory:", check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value BLOB)")
        self._faults = faults
        self.account = "makegood"
        self.secret = self._setting("secret", secrets.token_hex(32))
        self.app_id = "7"
        self.app_key = self._setting("app_key", secrets.token_hex(8).upper())

    def set_faults(self, faults: Faults) -> None:
        """Let the next calls go wrong in this way."""
        with self._lock:
            self._faults = faults

    def script(self, units: list[ScriptedUnit]) -> None:
        """Say how these units stand from now on."""
        with self._lock, self._db:
            for unit in units:
                self._put(f"unit {unit.order_ref}", msgspec.json.encode(unit))

    def given_out(self) -> int:
        """How many replacements and upgrades have left the house."""
        with self._lock:
            rows = self._db.execute("SELECT value FROM kept WHERE name LIKE 'request %'")
            requests = [msgspec.json.decode(row[0], type=GoodsBody) for row in rows]
        return sum(request.status == "delivered" for request in requests)

    def before(self) -> bool:
        """The faults before acting; True when the answer shall be lost after acting."""
        with self._lock:
            faults = self._faults
            name = next(
                (n for n in ("down", "fail_before", "slow", "cut_after") if getattr(faults, n)), ""
            )
            if name:
                left = msgspec.structs.replace(faults, **{name: getattr(faults, name) - 1})
                self._faults = left
        time.sleep(faults.latency_ms / 1000)
        if name == "down":
            raise Cut
        if name == "fail_before":
            raise ServerFailure
        if name == "slow":
            time.sleep(faults.slow_seconds)
        return name == "cut_after"

    def query(self, unit: UnitBody) -> StatusBody:
        """How a unit stands."""
        with self._lock:
            return self._unit(unit).answer

    def withdraw(self, unit: UnitBody) -> StatusBody:
        """Lock a key or cancel a top-up that was not used; the same again changes nothing."""
        with self._lock, self._db:
            known = self._unit(unit)
            if not known.withdrawable or known.answer.status not in _REVOCABLE:
                return known.answer
            status: SupplierStatus = "cancelled" if unit.kind == "top_up" else "revoked"
            answer = msgspec.structs.replace(known.answer, status=status)
            kept = msgspec.structs.replace(known, answer=answer)
            self._put(self._name(unit), msgspec.json.encode(kept))
            return answer

    def give(self, unit: UnitBody) -> GoodsBody:
        """A replacement or upgrade; one request number never gives two."""
        with self._lock, self._db:
            known = self._request(unit.request_no)
            if known is not None:
                return known
            script = self._unit(unit)
            reply = self._reply(unit.request_no, script.reissue, script.pending_queries)
            self._put(f"request {unit.request_no}", msgspec.json.encode(reply))
            return reply

    def request(self, request_no: str) -> GoodsBody:
        """How a request stands; a pending one comes nearer with every question."""
        with self._lock, self._db:
            known = self._request(request_no)
            if known is None:
                return GoodsBody(status="not_found")
            if known.status == "pending":
                left = int(known.reason or 0) - 1
                known = self._reply(request_no, "delivered", left)
                self._put(f"request {request_no}", msgspec.json.encode(known))
            return known

    def acg_order(self, trade_no: str) -> dict[str, object] | None:
        """An order as the docking dialect shows it: a card and a state, None when unknown."""
        with self._lock:
            known = self._unit(
                UnitBody(order_ref=trade_no, order_no="", line_no=1, unit_no=1, sku="", kind="key")
            )
        match known.answer.status:
            case "not_found":
                return None
            case "pending":
                return {"secret": None, "widget": None, "status": 1}
            case "failed":
                return {"secret": f"{SOLD_OUT}，请联系客服。", "widget": None, "status": 1}
        return {"secret": known.secret or f"CARD-{trade_no}", "widget": None, "status": 1}

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _unit(self, unit: UnitBody) -> ScriptedUnit:
        kept = self._get(self._name(unit))
        if kept is not None:
            return msgspec.json.decode(kept, type=ScriptedUnit)
        ref = unit.order_ref or ""
        answer = StatusBody(status="valid") if self._is_ours(unit) else _by_name(ref, unit.kind)
        return ScriptedUnit(order_ref=ref, answer=answer)

    def _name(self, unit: UnitBody) -> str:
        """A key that we gave out as a replacement stands for itself, not as the one before it."""
        own = f"/{unit.key_tail}" if self._is_ours(unit) else ""
        return f"unit {unit.order_ref}{own}"

    def _is_ours(self, unit: UnitBody) -> bool:
        return unit.key_tail is not None and self._get(f"tail {unit.key_tail}") is not None

    def _request(self, request_no: str) -> GoodsBody | None:
        kept = self._get(f"request {request_no}")
        return None if kept is None else msgspec.json.decode(kept, type=GoodsBody)

    def _reply(self, request_no: str, how: str, pending_queries: int) -> GoodsBody:
        if how == "refused":
            return GoodsBody(status="refused", reason="sold out")
        if pending_queries > 0:
            eta_at = datetime.now(UTC) + timedelta(minutes=2)
            return GoodsBody(status="pending", eta_at=eta_at, reason=str(pending_queries))
        digest = hashlib.sha256(f"{self.secret}{request_no}".encode()).hexdigest().upper()
        self._put(f"tail {digest[8:12]}", b"")
        return GoodsBody(status="delivered", key=f"RE-{digest[:4]}-{digest[4:8]}-{digest[8:12]}")

    def _setting(self, name: str, value: str) -> str:
        with self._lock, self._db:
            kept = self._get(f"setting {name}")
            if kept is None:
                self._put(f"setting {name}", value.encode())
            return value if kept is None else kept.decode()

    def _get(self, name: str) -> bytes | None:
        row = self._db.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def _put(self, name: str, value: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))


def _by_name(order_ref: str, kind: str) -> StatusBody:
    """The state that the end of an order reference names (`UP-7-redeemed`); else all is well."""
    word = order_ref.rpartition("-")[2]
    if not order_ref:
        return StatusBody(status="not_found")
    if word == "congested":
        eta_at = datetime.now(UTC) + timedelta(minutes=20)
        return StatusBody(status="pending", congested=True, eta_at=eta_at)
    if word in STATUSES:
        return StatusBody(status=cast(SupplierStatus, word))
    return StatusBody(status="delivered" if kind == "top_up" else "valid")
