"""What an order must say: wrong numbers, doubled numbers and unknown fields are refused."""

from typing import Any

import msgspec
import pytest

from makegood.orders.order import MAX_AMOUNT_MINOR
from tests.orders.making import PAID_AT, line, order, told

WRONG = {
    "a negative total": {"total": {"amount_minor": -1}},
    "a total of zero": {"total": {"amount_minor": 0}},
    "a huge total": {"total": {"amount_minor": MAX_AMOUNT_MINOR + 1}},
    "a total with cents as a fraction": {"total": {"amount_minor": 98.5}},
    "a total as text": {"total": {"amount_minor": "9800"}},
    "no currency's code": {"total": {"amount_minor": 9800, "currency": "yuan"}},
    "a currency without known decimals": {"total": {"amount_minor": 9800, "currency": "XTS"}},
    "a negative price": {"lines": [line(unit_price_minor=-1)]},
    "a price beyond 64 bits": {"lines": [line(unit_price_minor=2**70)]},
    "a discount above the price": {"lines": [line(discount_minor=9801)]},
    "a fee above the price": {"lines": [line(service_fee_minor=9801)]},
    "no units": {"lines": [line(quantity=0)]},
    "too many units": {"lines": [line(quantity=100_000)]},
    "the same line twice": {"lines": [line(), line()]},
    "the same unit twice": {"lines": [line(quantity=2, units=[{"unit_no": 1}, {"unit_no": 1}])]},
    "a unit above the quantity": {"lines": [line(units=[{"unit_no": 2}])]},
    "a key that is not there": {"lines": [line(quantity=2, units=[{"unit_no": 1, "key": 2}])]},
    "no lines": {"lines": []},
    "an unknown category": {"lines": [line(category="weapon")]},
    "an unknown field": {"surprise": 1},
    "a naive time": {"placed_at": "2026-11-20T08:00:00"},
    "a paid state without a payment time": {"paid_at": None, "payments": []},
    "a NUL in a text": {"lines": [line(title="a\x00b")]},
    "an order number with a slash": {"order_no": "a/b"},
    "a payment of nothing": {
        "payments": [
            {"gateway": "g", "trade_no": "t", "amount_minor": 0, "paid_at": PAID_AT.isoformat()}
        ]
    },
    "a seller without a name": {"seller": {"id": "s-1"}},
    "more keys than units": {
        "lines": [line(quantity=2, delivery={"kind": "key", "keys": ["a", "b", "c"]})]
    },
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_order_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        order(**wrong)


def test_the_refusal_names_the_field() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"`\$\.lines\[0\]`"):
        order(lines=[line(discount_minor=9801)])


def test_a_plain_order_is_taken() -> None:
    assert order().lines[0].price_minor == 9800


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"\xff\xfe"', b'{"a": "\\ud800"}', b"\x00"])
def test_random_bytes_are_refused(body: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        msgspec.json.decode(body, type=type(order()))


def test_an_unpaid_order_needs_no_payment() -> None:
    assert told(paid_at=None, state="unpaid", payments=[])
    assert order(paid_at=None, state="unpaid", payments=[]).paid_at is None
