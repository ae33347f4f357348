"""Clocks: how long each stage may take, when they pause, and what a pause moves."""

from datetime import datetime
from typing import Literal

import msgspec

from makegood.policy.judgement import Class
from makegood.policy.model import Pack

Stage = Literal[
    "first_response",
    "accept",
    "seller_reply",
    "buyer_evidence",
    "seller_evidence",
    "decision",
    "auto_lane",
    "refund_order",
    "appeal_window",
    "appeal_decision",
    "survey",
    "negotiation",
    "supplier_reply",
    "hard_stop",
]
ProductClass = Literal["key", "top_up", "account", "membership", "other"]


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """When a stage ends and what happens then (`consequence` is a code with words in the pack)."""

    stage: Stage
    due_at: datetime
    consequence: str
    basis: str


def product_class(category: str) -> ProductClass:
    """The clock class of a product category."""
    raise KeyError(category)


def deadline(
    pack: Pack,
    stage: Stage,
    start: datetime,
    *,
    priority_class: Class,
    product: ProductClass,
    complex_claim: bool = False,
    hard_stop_at: datetime | None = None,
) -> Deadline:
    """The deadline of a stage that starts now, never later than the hard stop."""
    raise KeyError(stage)
