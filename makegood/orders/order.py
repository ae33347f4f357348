"""What a shop system tells us about an order: the body of `PUT /orders/{order_no}`."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from makegood.base.money import MINOR_DIGITS, Money
from makegood.people.markets.rules import LOCKED_CATEGORIES

MAX_AMOUNT_MINOR: Final = 100_000_000_000
"""A thousand million in a currency of two decimals: more than that is a mistake of units."""
MAX_UNITS: Final = 1000
MAX_LINES: Final = 200
CATEGORIES: Final = frozenset(
    {"game_card", "gift_card", "membership", "licence", "account", "top_up", "other", "blocked"}
) | frozenset(LOCKED_CATEGORIES)

# PostgreSQL stores no NUL, and no shop means one.
_NO_NUL: Final = r"^[^\x00]*$"
Id = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
ShortText = Annotated[str, Meta(max_length=500, pattern=_NO_NUL)]
LongText = Annotated[str, Meta(max_length=20_000, pattern=_NO_NUL)]
Secret = Annotated[str, Meta(min_length=1, max_length=4000, pattern=_NO_NUL)]
At = Annotated[datetime, Meta(tz=True)]
AmountMinor = Annotated[int, Meta(ge=0, le=MAX_AMOUNT_MINOR)]
PaidMinor = Annotated[int, Meta(ge=1, le=MAX_AMOUNT_MINOR)]

OrderState = Literal["unpaid", "paid", "delivering", "delivered", "closed", "refunded"]
DeliveryKind = Literal["key", "top_up", "account", "membership"]

_CATEGORY: Final = re.compile(r"^[a-z_]{1,32}(/[a-z0-9_-]{1,32})?$")


class OrderPart(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
):
    """The common form of all parts. Their default values are stored history: never change one.

    Parts cannot refer to each other in a circle, so the garbage collector need not look at them.
    """


class Buyer(OrderPart, frozen=True, kw_only=True):
    """Who bought. `claim_code` is the query password set at checkout.

    `level` is the shop's own, for its best customers: it may double a compensation, and never
    says who is right.
    """

    id: Id
    level: Literal["gold", "platinum"] | None = None
    contact: ShortText | None = None
    claim_code: Secret | None = None
    device: ShortText | None = None
    ip: ShortText | None = None


class SellerRef(OrderPart, frozen=True, kw_only=True):
    """Who sold the goods in this market."""

    id: Id
    name: Annotated[str, Meta(min_length=1, max_length=200, pattern=_NO_NUL)]


class SupplierRef(OrderPart, frozen=True, kw_only=True):
    """Where the goods came from; `order_ref` is the supplier's own number of the purchase."""

    id: Id
    order_ref: ShortText | None = None


class Listing(OrderPart, frozen=True, kw_only=True):
    """What was promised when the buyer paid."""

    text: LongText = ""
    region: ShortText | None = None
    claim_window_days: Annotated[int, Meta(ge=0, le=3650)] | None = None
    arrival_minutes: Annotated[int, Meta(ge=0, le=43_200)] | None = None
    """How long to wait after payment before "not arrived", where nothing was promised."""


class PolicyConfirmation(OrderPart, frozen=True, kw_only=True):
    """Which after-sales policy the buyer saw and confirmed at checkout."""

    id: Id
    version: Id
    confirmed_at: At | None = None


class Unit(OrderPart, frozen=True, kw_only=True):
    """One unit of a line. `key` counts from 1 into the `keys` of the delivery."""

    unit_no: Annotated[int, Meta(ge=1, le=MAX_UNITS)]
    key: Annotated[int, Meta(ge=1, le=MAX_UNITS)] | None = None
    delivered_at: At | None = None
    revealed_at: At | None = None
    target: ShortText | None = None


class Delivery(OrderPart, frozen=True, kw_only=True):
    """How and when the goods reached the buyer. `target` is the account the buyer typed."""

    kind: DeliveryKind
    promised_at: At | None = None
    delivered_at: At | None = None
    revealed_at: At | None = None
    target: ShortText | None = None
    keys: Annotated[tuple[Secret, ...], Meta(max_length=MAX_UNITS)] = ()


class Line(OrderPart, frozen=True, kw_only=True):
    """One product of the order. Prices of one unit; discount and service fee of the whole line.

    What was paid for the line is `quantity * unit_price_minor - discount_minor`; a service fee
    is a part of that price which was disclosed at checkout, not an addition to it.
    """

    line_no: Annotated[int, Meta(ge=1, le=MAX_LINES)]
    sku: Id
    title: Annotated[str, Meta(min_length=1, max_length=500, pattern=_NO_NUL)]
    category: str
    quantity: Annotated[int, Meta(ge=1, le=MAX_UNITS)] = 1
    unit_price_minor: AmountMinor
    list_price_minor: AmountMinor | None = None
    gift_minor: AmountMinor = 0
    discount_minor: AmountMinor = 0
    service_fee_minor: AmountMinor = 0
    term_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    supplier: SupplierRef | None = None
    listing: Listing = Listing()
    policy: PolicyConfirmation | None = None
    reveal: Literal["tracked", "untracked"] = "untracked"
    delivery: Delivery
    units: Annotated[tuple[Unit, ...], Meta(max_length=MAX_UNITS)] = ()

    @property
    def price_minor(self) -> int:
        """What the whole line cost after its discount."""
        return self.quantity * self.unit_price_minor - self.discount_minor

    def __post_init__(self) -> None:
        if not _CATEGORY.match(self.category) or self.category.split("/")[0] not in CATEGORIES:
            raise ValueError(f"unknown category {self.category!r}")
        if self.price_minor < 0:
            raise ValueError("the discount is more than the price of the line")
        if self.service_fee_minor > self.price_minor:
            raise ValueError("the service fee is more than was paid for the line")
        _check_units(self)


class Payment(OrderPart, frozen=True, kw_only=True):
    """One payment of the order. `trade_no` is the gateway's number; a coupon may have none."""

    gateway: Id
    trade_no: ShortText = ""
    amount_minor: PaidMinor
    paid_at: At
    kind: Literal["online", "balance", "coupon"] = "online"


class Order(OrderPart, frozen=True, kw_only=True):
    """An order as the shop system states it at `updated_at`."""

    order_no: Annotated[str, Meta(max_length=128, pattern=r"^[^\x00-\x1f\x7f/]*$")] = ""
    placed_at: At
    paid_at: At | None = None
    updated_at: At
    state: OrderState
    total: Money
    buyer: Buyer
    seller: SellerRef
    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=MAX_LINES)]
    payments: Annotated[tuple[Payment, ...], Meta(max_length=100)] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.total.amount_minor <= MAX_AMOUNT_MINOR:
            raise ValueError(f"total.amount_minor must be 1 to {MAX_AMOUNT_MINOR}")
        if self.total.currency not in MINOR_DIGITS:
            raise ValueError(f"total.currency must be one of {', '.join(sorted(MINOR_DIGITS))}")
        _check_numbers("line_no", [line.line_no for line in self.lines])
        _check_numbers("payment", [(p.kind, p.gateway, p.trade_no) for p in self.payments])
        if self.paid_at is None and self.state not in ("unpaid", "closed"):
            raise ValueError(f"an order in state {self.state!r} needs paid_at")
        if self.paid_at is None and self.payments:
            raise ValueError("an order with payments needs paid_at")


def _check_units(line: Line) -> None:
    _check_numbers("unit_no", [unit.unit_no for unit in line.units])
    if any(unit.unit_no > line.quantity for unit in line.units):
        raise ValueError("a unit_no is above the quantity")
    keys = len(line.delivery.keys)
    references = [unit.key for unit in line.units if unit.key is not None]
    if keys and any(key > keys for key in references):
        raise ValueError("a unit refers to a key that is not there")
    if keys > line.quantity > 1 and not references:
        raise ValueError("more keys than units: say in `units` which key belongs to which")


def _check_numbers(name: str, numbers: Sequence[object]) -> None:
    if len(set(numbers)) != len(numbers):
        raise ValueError(f"the same {name} appears twice")
