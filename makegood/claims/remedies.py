"""The remedies of claims are those of the rules; see `makegood.policy.remedies`."""

from makegood.policy.remedies import (
    ALL,
    FULL_REFUND,
    GOODS,
    MONEY,
    NOTHING,
    PAID_REPAIR_PERCENT,
    REPAIRS,
)

__all__ = [
    "ALL",
    "FULL_REFUND",
    "GOODS",
    "MONEY",
    "NOTHING",
    "PAID_REPAIR_PERCENT",
    "REPAIRS",
]
