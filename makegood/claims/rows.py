"""Shapes that the store reads and writes: the intake view, binding claims, the listed row."""

from datetime import datetime

import msgspec

from makegood.orders.order import Order


class UnitClaim(msgspec.Struct, frozen=True):
    """A claim that binds a unit of an order, and where it stands."""

    line_no: int
    unit_no: int
    claim_no: str
    state: str
    decided: bool
    closed_at: datetime | None


class Intake(msgspec.Struct, frozen=True):
    """All that the opening of a claim must know: the order and what binds its units."""

    order_version: int
    order: Order
    bound: list[UnitClaim]


class Parties(msgspec.Struct, frozen=True):
    """Whose claim it is: the order (and so its buyer) and the seller."""

    order_no: str
    seller_id: str


class OpenOnOrder(msgspec.Struct, frozen=True):
    """A unit of an order under an open claim: which claim, its amount, its last promised time."""

    claim_no: str
    line_no: int
    unit_no: int
    amount_minor: int
    until: datetime | None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of `claim` that a fold gives."""

    version: int
    state: str
    is_open: bool
    lane: str
    class_no: int
    queue_at: datetime
    owner_id: str
    owner_name: str
    reviewer_id: str
    awaits_approval: bool
    has_tasks: bool
    changed_at: datetime
    closed_at: datetime | None
    next_deadline_at: datetime | None
    next_deadline_kind: str
    finding: str
    remedy: str
    refunded_minor: int
    root_cause: str
    rating: int | None


class ClusterHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Recent claims of one device or contact: all, refused ones, and money of the last day.

    `aged` says whether the order's contact had bought before that time.
    """

    claims: int
    refused: int
    refunded_today_minor: int
    on_order: int
    aged: bool
