"""The remedies of claims are those of the rules; see `makegood.policy.remedies`."""

from makegood.policy.remedies import (
    ALL,
    COUPON,
    FULL_REFUND,
    GOODS,
    MONEY,
    NOTHING,
    PAID_REPAIR_PERCENT,
    REPAIRS,
)

__all__ = [
    "ALL",
    "COUPON",
    "FULL_REFUND",
    "GOODS",
    "MONEY",
    "NOTHING",
    "PAID_REPAIR_PERCENT",
    "REPAIRS",
]
