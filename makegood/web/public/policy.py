"""The public policy of each product: a page, the same as JSON for checkouts, and the snippet."""

from importlib import resources
from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from makegood.orders.products.store import list_products, load_product
from makegood.policy.model import Pack
from makegood.web.page import Html, Page, ThisPage
from makegood.web.presale import PolicyShown, policy_of
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

LONGEST_SKU: Final = 200
FRESH: Final = "public, max-age=60"
SCRIPT: Final = "text/javascript; charset=utf-8"


@get("/policy")
async def list_policies(page: ThisPage, things: TheThings) -> Html:
    """Every product that was sold, with its policy."""
    page.need("public.read")
    async with things.db.connection() as conn:
        products = await list_products(conn, page.market.market_id)
    return page.show("public/templates/policies.html", products=products)


@get("/policy/{sku:str}")
async def show_policy(
    page: ThisPage,
    things: TheThings,
    sku: FromPath[str],
    v: FromQuery[str] = "",
    c: FromQuery[str] = "",
) -> Html | Response[bytes]:
    """The policy of a product by the rules in force, or by the version `v`; `.json` as data.

    What nobody has bought yet is not known here: `c` names its category then.
    """
    page.need("public.read")
    as_data = sku.endswith(".json")
    name = sku.removesuffix(".json")
    if not 0 < len(name) <= LONGEST_SKU or "\x00" in name:
        raise not_found()
    policy = await _policy(page, things, name, v, c)
    if as_data:
        return Response(
            content=msgspec.json.encode(policy),
            media_type="application/json",
            headers={"access-control-allow-origin": "*", "cache-control": FRESH},
        )
    return page.show("public/templates/policy.html", p=policy, base=page.market.settings.base_url)


@get("/w.js")
async def widget(page: ThisPage) -> Response[bytes]:
    """The script that shows a product's policy inside a shop's checkout."""
    script = resources.files("makegood.web.public").joinpath("widget.js").read_bytes()
    headers = {"access-control-allow-origin": "*", "cache-control": FRESH}
    return Response(content=script, media_type=SCRIPT, headers=headers)


async def _policy(page: Page, things: Things, sku: str, version: str, category: str) -> PolicyShown:
    settings = page.market.settings
    pack = await _pack(page, things, version)
    async with things.db.connection() as conn:
        product = await load_product(conn, page.market.market_id, sku)
    if product is None and category.split("/")[0] not in pack.clocks.product_class:
        raise not_found()
    return policy_of(pack, sku, category, product, settings.base_url, settings.support_contact)


async def _pack(page: Page, things: Things, version: str) -> Pack:
    shelf, market_id = things.desk.shelf, page.market.market_id
    if not version:
        return await shelf.in_force(market_id, page.now)
    try:
        return await shelf.cited(market_id, version, page.now)
    except LookupError as unknown:
        raise not_found() from unknown


ROUTES: Final[list[ControllerRouterHandler]] = [list_policies, show_policy, widget]
