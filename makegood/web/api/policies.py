"""What to show at checkout: the policy in force, its reasons and windows, as data."""

from typing import Final, Literal

from makegood.orders.products.store import load_product
from makegood.web.api.operation import Answer, Call, Operation
from makegood.web.api.shapes import Input
from makegood.web.presale import PolicyShown, policy_of

Category = Literal["game_card", "gift_card", "membership", "licence", "account", "top_up", "other"]


class ProductAsked(Input, frozen=True, kw_only=True):
    """The product's category, as the order would name it."""

    category: Category = "other"


async def read(call: Call) -> Answer:
    """The policy in force for a product."""
    things, market, now = call.things, call.act.market_id, call.act.now
    pack = await things.desk.shelf.in_force(market, now)
    known = await things.markets.get(market, now)
    assert known is not None, "a call belongs to a market"
    async with things.db.connection() as conn:
        product = await load_product(conn, market, call.path["sku"])
    shown = policy_of(
        pack,
        call.path["sku"],
        call.query_as(ProductAsked).category,
        product,
        known.settings.base_url,
        known.settings.support_contact,
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
