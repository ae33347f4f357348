"""What stock and replacements are, and which step may follow which: pure rules."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, TypeAlias, assert_never

import msgspec
from msgspec import Meta

from makegood.base.ids import UnitRef
from makegood.orders.order import Id, OrderPart, Secret
from makegood.orders.supplier import GoodsReply, SupplierAnswer

Route = Literal["stock", "supplier"]
ReissueKind = Literal["reissue", "upgrade"]
ReissueState = Literal["reserved", "sent", "delivered", "failed", "cancelled"]
FINAL: Final[frozenset[ReissueState]] = frozenset({"delivered", "failed", "cancelled"})

MAX_KEYS_AT_ONCE: Final = 10_000
STUCK_AFTER_ATTEMPTS: Final = 6
"""From this attempt on, a person is told that the supplier does not answer."""
_SLOWEST_RETRY: Final = timedelta(hours=1)


class NewStock(OrderPart, frozen=True, kw_only=True):
    """Keys of one product to keep for replacements: the body of `POST /stock`.

    Without a seller the keys are the market's own and may replace any seller's goods.
    """

    sku: Id
    category: Annotated[str, Meta(min_length=1, max_length=64)]
    seller_id: Annotated[str, Meta(max_length=128)] = ""
    keys: Annotated[tuple[Secret, ...], Meta(min_length=1, max_length=MAX_KEYS_AT_ONCE)]


class StockAdded(msgspec.Struct, frozen=True):
    """How many keys were new, and how many were known: in stock, sold, or told twice."""

    added: int
    known: int


class StockCount(msgspec.Struct, frozen=True):
    """How many keys of a product a seller (or the market: empty) has in stock."""

    sku: str
    seller_id: str
    free: int
    reserved: int
    used: int


class Reissue(msgspec.Struct, frozen=True, kw_only=True):
    """One replacement or upgrade of a unit. `value_minor` is held against what was paid."""

    reissue_no: str
    claim_no: str
    reissue_key: str
    kind: ReissueKind
    unit: UnitRef
    sku: str
    value_minor: int
    currency: str
    route: Route
    supplier_id: str | None
    withdraw_first: bool
    state: ReissueState
    attempts: int
    reserved_at: datetime
    withdrawn_at: datetime | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    eta_at: datetime | None = None
    generation: int | None = None
    """Which key of the unit it became; None for goods without a key."""
    reason: str = ""
    released_at: datetime | None = None
    """When a delivered replacement was withdrawn, which frees what it was worth."""


class ReissueOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a replacement stands after a step; `changed` is False when the step was a repeat.

    `stuck` means that the supplier has not answered for long and a person should know.
    """

    reissue: Reissue
    changed: bool
    stuck: bool = False


NextStep: TypeAlias = Literal["withdraw", "query", "send", "take_stock"]
Settling: TypeAlias = Literal["delivered", "failed", "wait", "send_again"]
Withdrawal: TypeAlias = Literal["withdrawn", "used", "unclear"]


def next_step(reissue: Reissue) -> NextStep:
    """What to do about a replacement that was taken up for sending.

    The old goods go first; what may have been asked for is asked after before it is sent again.
    """
    if reissue.withdraw_first and reissue.withdrawn_at is None:
        return "withdraw"
    if reissue.route == "stock":
        return "take_stock"
    return "query" if reissue.attempts > 1 else "send"


def settling(reply: GoodsReply, keys_known: bool) -> Settling:
    """What a reply means. A key that was given out before is no replacement."""
    match reply.status:
        case "delivered":
            return "failed" if keys_known else "delivered"
        case "refused":
            return "failed"
        case "pending":
            return "wait"
        case "not_found":
            return "send_again"
        case other:
            assert_never(other)


def withdrawal(answer: SupplierAnswer) -> Withdrawal:
    """Whether the old goods are out of use. Doubt is neither yes nor no."""
    if answer.status in ("revoked", "cancelled", "invalid", "expired", "failed", "not_found"):
        return "withdrawn"
    if answer.status in ("redeemed", "delivered"):
        return "used"
    return "unclear"


def retry_at(reissue: Reissue, now: datetime, eta_at: datetime | None = None) -> datetime:
    """When to look again: at the promised time, else after 2, 4, 8 … seconds up to an hour."""
    wait = min(timedelta(seconds=2 ** min(reissue.attempts + 1, 12)), _SLOWEST_RETRY)
    if eta_at is not None and eta_at > now:
        return min(eta_at, now + _SLOWEST_RETRY)
    return now + wait


def is_stuck(reissue: Reissue) -> bool:
    """Whether a person should hear that the supplier does not answer."""
    return reissue.state == "sent" and reissue.attempts >= STUCK_AFTER_ATTEMPTS


def distinct(keys: Sequence[str]) -> list[str]:
    """The keys without blanks around them and without repeats, in their order."""
    return list(dict.fromkeys(text for key in keys if (text := key.strip())))
