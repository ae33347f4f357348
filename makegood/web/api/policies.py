"""What to show at checkout: the policy in force, its reasons and windows, as data."""

from typing import Final, Literal

import msgspec

from makegood.orders.windows import DEFAULT_ARRIVAL_MINUTES, DEFAULT_WINDOW_DAYS, OTHER_WINDOW_DAYS
from makegood.web.api.operation import Answer, Call, Operation
from makegood.web.api.shapes import Input

Category = Literal["game_card", "gift_card", "membership", "licence", "account", "top_up", "other"]


class ProductAsked(Input, frozen=True, kw_only=True):
    """The product's category, as the order would name it."""

    category: Category = "other"


class ReasonShown(msgspec.Struct, frozen=True, kw_only=True):
    """One reason a buyer may claim for, with the evidence that is asked for."""

    code: str
    name_zh: str
    name_en: str
    evidence: list[str]


class PolicyShown(msgspec.Struct, frozen=True, kw_only=True):
    """The after-sales policy of a product. Windows are never shorter than the term sold."""

    sku: str
    category: str
    policy_id: str
    policy_version: str
    claim_window_days: int
    arrival_minutes: int
    reasons: list[ReasonShown]


async def read(call: Call) -> Answer:
    """The policy in force for a product."""
    category = call.query_as(ProductAsked).category
    pack = call.things.pack
    reasons = [
        ReasonShown(
            code=reason.code,
            name_zh=reason.name.zh,
            name_en=reason.name.en,
            evidence=[use.slot for use in reason.slots if use.required],
        )
        for reason in pack.reasons_for(category)
    ]
    shown = PolicyShown(
        sku=call.path["sku"],
        category=category,
        policy_id=pack.name,
        policy_version=pack.version,
        claim_window_days=DEFAULT_WINDOW_DAYS.get(category, OTHER_WINDOW_DAYS),
        arrival_minutes=DEFAULT_ARRIVAL_MINUTES,
        reasons=reasons,
    )
    return Answer(body=shown)


OPERATIONS: Final = (
    Operation(
        name="readPolicy",
        method="GET",
        path="/policies/{sku}",
        action="policy.read",
        summary="What to show at checkout: the policy's version, its reasons and windows.",
        run=read,
        uses="nothing",
        query=ProductAsked,
        answer=PolicyShown,
    ),
)
