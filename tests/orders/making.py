"""Orders for tests: one plain paid order of one key, and how to change it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from makegood.orders.order import Order

PAID_AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
EARLIER = PAID_AT - timedelta(minutes=2)


def line(**other: Any) -> dict[str, Any]:
    """One line of one key at 98.00."""
    plain = {
        "line_no": 1,
        "sku": "XH-100",
        "title": "星海点卡 100 元",
        "category": "game_card",
        "quantity": 1,
        "unit_price_minor": 9800,
        "list_price_minor": 10000,
        "supplier": {"id": "u-1", "order_ref": "UP-77"},
        "listing": {"text": "官方点卡", "region": "CN", "claim_window_days": 30},
        "delivery": {"kind": "key", "delivered_at": PAID_AT.isoformat(), "keys": ["XH-SECRET-1"]},
    }
    return plain | other


def told(order_no: str = "O-1", **other: Any) -> dict[str, Any]:
    """The body that a shop system sends for one paid order."""
    plain = {
        "order_no": order_no,
        "placed_at": EARLIER.isoformat(),
        "paid_at": PAID_AT.isoformat(),
        "updated_at": PAID_AT.isoformat(),
        "state": "delivered",
        "total": {"amount_minor": 9800, "currency": "CNY"},
        "buyer": {"id": "b-1", "contact": "b1@example.com", "claim_code": "open sesame"},
        "seller": {"id": "s-1", "name": "小满会员店"},
        "lines": [line()],
        "payments": [
            {
                "gateway": "epay",
                "trade_no": f"T-{order_no}",
                "amount_minor": 9800,
                "paid_at": PAID_AT.isoformat(),
            }
        ],
    }
    return plain | other


def order(order_no: str = "O-1", **other: Any) -> Order:
    """The same as the struct that actions take."""
    return msgspec.json.decode(msgspec.json.encode(told(order_no, **other)), type=Order)
