"""What we ask a supplier and what it answers. Silence and doubt are `unknown`, never "no"."""

from datetime import datetime
from typing import Literal, Protocol, TypeAlias

import msgspec

from makegood.base.ids import UnitRef
from makegood.orders.order import DeliveryKind

SupplierStatus: TypeAlias = Literal[
    "valid",
    "invalid",
    "redeemed",
    "delivered",
    "pending",
    "failed",
    "cancelled",
    "revoked",
    "expired",
    "not_found",
    "unknown",
]
Capability: TypeAlias = Literal["query", "redemption", "withdraw", "reissue", "upgrade"]
"""`redemption`: it knows whether and when a key was redeemed, not only that it was delivered."""

WITHDRAWN: tuple[SupplierStatus, ...] = ("revoked", "cancelled")
"""The answers to a withdrawal that make it safe to return money or send a replacement."""


class SupplierUnavailable(Exception):
    """No answer, or one that cannot be understood. Whatever was asked for may have happened."""


class SupplierQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """One unit as a supplier knows it. Its key is named by the last four characters only."""

    unit: UnitRef
    supplier_id: str
    order_ref: str | None
    sku: str
    title: str
    delivery_kind: DeliveryKind
    target: str | None
    key_tail: str | None
    paid_at: datetime | None
    claim_no: str = ""
    reason: str = ""


class SupplierAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier states about one unit; None where it does not say.

    `redeemed_by` and `delivered_to` are accounts as they were typed: compare them, and mask
    them before anybody reads them. `digest` is the SHA-256 of the answer as it came, in hex.
    """

    status: SupplierStatus
    asked_at: datetime
    redeemed_at: datetime | None = None
    redeemed_by: str | None = None
    delivered_at: datetime | None = None
    delivered_to: str | None = None
    face_minor: int | None = None
    region: str | None = None
    level: str | None = None
    expires_at: datetime | None = None
    banned_at: datetime | None = None
    ban_cause: str | None = None
    congested: bool = False
    eta_at: datetime | None = None
    accepts: bool | None = None
    note: str = ""
    digest: str = ""


class AskedQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question as its page shows it; `answer` is None while it is open."""

    question_no: str
    supplier_id: str
    claim_no: str
    link_id: str
    question: SupplierQuestion
    asked_at: datetime
    due_at: datetime
    answer: SupplierAnswer | None = None
    answered_by: str = ""


class GoodsReply(msgspec.Struct, frozen=True, kw_only=True):
    """How a reissue or an upgrade stands at the supplier.

    `not_found` means for certain that it never got the request; `refused` that it never will
    be done under this number. Only these two let another way open.
    """

    status: Literal["delivered", "pending", "refused", "not_found"]
    asked_at: datetime
    key: str | None = None
    eta_at: datetime | None = None
    reason: str = ""


class SupplierGateway(Protocol):
    """One supplier. Every call may raise SupplierUnavailable; requests carry stable numbers.

    A gateway without a capability is never asked for it: look at `capabilities` first.
    """

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this supplier can do at all."""
        ...

    async def query(self, question: SupplierQuestion) -> SupplierAnswer:
        """How the unit stands."""
        ...

    async def withdraw(self, request_no: str, question: SupplierQuestion) -> SupplierAnswer:
        """Lock or revoke the key, or cancel the top-up; see WITHDRAWN for success."""
        ...

    async def reissue(self, request_no: str, question: SupplierQuestion) -> GoodsReply:
        """Ask for a replacement; the same number never gives two."""
        ...

    async def query_reissue(self, request_no: str) -> GoodsReply:
        """How a replacement stands that may have been asked for."""
        ...

    async def upgrade(self, request_no: str, question: SupplierQuestion, to_sku: str) -> GoodsReply:
        """Ask for a better product in place of this one; the same number never gives two."""
        ...

    async def query_upgrade(self, request_no: str) -> GoodsReply:
        """How an upgrade stands that may have been asked for."""
        ...


class Suppliers(Protocol):
    """Finds the gateway of a supplier of a market."""

    async def gateway_of(self, market_id: str, supplier_id: str) -> SupplierGateway | None:
        """The gateway, or None when the supplier cannot be asked at all."""
        ...
