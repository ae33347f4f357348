"""Everything an order itself says about one unit, for those who decide about it."""

from datetime import datetime
from typing import Literal

import msgspec

from makegood.base.ids import UnitRef
from makegood.base.refusal import Refused
from makegood.orders import rules, windows
from makegood.orders.order import DeliveryKind, Line, Order, OrderState

ContactKind = Literal["email", "phone", "other"]


class UnitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One unit as its order states it. Amounts in minor units and of this one unit.

    `revealed_at` is when the buyer could first read the key: for untracked reveals the time of
    delivery. None means that the shop system has not said so.
    """

    unit: UnitRef
    order_version: int
    state: OrderState
    placed_at: datetime
    paid_at: datetime | None
    paid: bool
    currency: str
    unit_paid_minor: int
    list_price_minor: int
    gift_minor: int
    service_fee_minor: int
    term_days: int | None
    sku: str
    title: str
    category: str
    quantity: int
    seller_id: str
    seller_name: str
    supplier_id: str | None
    supplier_order_ref: str | None
    listing_text: str
    listing_region: str | None
    policy_id: str | None
    policy_version: str | None
    policy_confirmed_at: datetime | None
    delivery_kind: DeliveryKind
    promised_at: datetime | None
    delivered_at: datetime | None
    reveal_tracked: bool
    revealed_at: datetime | None
    has_key: bool
    target: str | None
    not_arrived_from: datetime
    window: windows.ClaimWindow
    inspection_ends_at: datetime
    buyer_id: str
    buyer_level: str | None = None
    """The shop's own level of a good customer; None for everybody else."""
    contact_kinds: tuple[ContactKind, ...]


def unit_facts(
    order: Order, version: int, line_no: int, unit_no: int, *, new_seller: bool = False
) -> UnitFacts:
    """The facts of a unit; refuses `not_a_unit` for what the order does not have."""
    line = rules.line_of(order, line_no)
    unit = rules.unit_of(line, unit_no)
    ref = UnitRef(order.order_no, line_no, unit_no)
    tracked = line.reveal == "tracked"
    supplier, policy = line.supplier, line.policy
    return UnitFacts(
        unit=ref,
        order_version=version,
        state=order.state,
        placed_at=order.placed_at,
        paid_at=order.paid_at,
        paid=order.paid_at is not None,
        currency=order.total.currency,
        unit_paid_minor=rules.unit_values(order)[ref],
        list_price_minor=_list_price_minor(line),
        gift_minor=line.gift_minor,
        service_fee_minor=_fee_minor(line, unit_no),
        term_days=line.term_days,
        sku=line.sku,
        title=line.title,
        category=line.category,
        quantity=line.quantity,
        seller_id=order.seller.id,
        seller_name=order.seller.name,
        supplier_id=supplier.id if supplier else None,
        supplier_order_ref=supplier.order_ref if supplier else None,
        listing_text=line.listing.text,
        listing_region=line.listing.region,
        policy_id=policy.id if policy else None,
        policy_version=policy.version if policy else None,
        policy_confirmed_at=policy.confirmed_at if policy else None,
        delivery_kind=line.delivery.kind,
        promised_at=line.delivery.promised_at,
        delivered_at=unit.delivered_at,
        reveal_tracked=tracked,
        revealed_at=unit.revealed_at or (None if tracked else unit.delivered_at),
        has_key=unit.key is not None,
        target=unit.target,
        not_arrived_from=windows.earliest_not_arrived_at(order, line),
        window=windows.claim_window(order, line, unit),
        inspection_ends_at=windows.inspection_ends_at(order, line, unit, new_seller=new_seller),
        buyer_id=order.buyer.id,
        buyer_level=order.buyer.level,
        contact_kinds=contact_kinds(order),
    )


def contact_kinds(order: Order) -> tuple[ContactKind, ...]:
    """By what the buyer can be reached. The contact itself stays with the order."""
    contact = order.buyer.contact
    if not contact:
        return ()
    if "@" in contact:
        return ("email",)
    return ("phone",) if contact.lstrip("+").replace(" ", "").isdigit() else ("other",)


def check_paid(order: Order) -> None:
    """Refuse what needs a payment where the shop system has reported none."""
    if order.paid_at is None:
        raise Refused("not_paid", order_no=order.order_no)


def _list_price_minor(line: Line) -> int:
    if line.list_price_minor is not None:
        return line.list_price_minor
    return line.unit_price_minor


def _fee_minor(line: Line, unit_no: int) -> int:
    return rules.share_out(line.service_fee_minor, [1] * line.quantity)[unit_no - 1]
