"""A site that shows the samples through the real templates: for eyes and for the browser tests."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from makegood.base.actor import Actor
from makegood.people.caller import Caller
from makegood.people.markets.rules import Market, MarketSettings
from makegood.people.roles import load_matrix
from makegood.policy.pack import load_pack
from makegood.web import assets, common
from makegood.web.app import static_files
from makegood.web.page import Kit, Page, make_environment
from makegood.web.portal.lead import lead_of
from makegood.web.security import with_headers
from makegood.web.words import Words, choose_language, load_catalogue
from tests.web import sample_forms, samples

MARKET = Market(
    "main", MarketSettings(name_zh="云桥寄售", name_en="Yunqiao Market", base_url=""), 1
)
BUYER = Caller(
    market_id="main",
    actor=Actor(role="buyer", id="b-1", fresh_proof=True),
    via="buyer_session",
    order_nos=(samples.ORDER.order_no,),
)
PACK = load_pack()
KIT = Kit(make_environment(lambda: PACK), load_catalogue(), assets.load_assets())


def page_of(request: Request[Any, Any, State]) -> Page:
    """The frame of a sample page; language and theme come from the address."""
    lang = choose_language(request.query_params.get("lang"), None, None)
    theme = request.query_params.get("theme", "")
    return Page(
        kit=KIT,
        matrix=load_matrix(),
        words=Words(KIT.catalogue, lang, samples.NOW),
        theme="dark" if theme == "dark" else "light",
        market=MARKET,
        caller=BUYER,
        path=request.url.path,
        token="sample",
        new_token=False,
        request_id="0000000000abcdef",
        demo=True,
    )


@get("/sample/case/{name:str}")
async def case(request: Request[Any, Any, State], name: FromPath[str]) -> Response[str]:
    """A claim page in one of the sample states."""
    page, claim = page_of(request), samples.CLAIMS[name]
    return page.show(
        "portal/templates/case.html",
        claim=claim,
        receipts=None,
        receipt_qr="",
        lead=lead_of(claim, page.words, PACK),
        notice="",
    )


@get("/sample/page/{name:str}")
async def other(request: Request[Any, Any, State], name: FromPath[str]) -> Response[str]:
    """Any other portal page with its sample facts."""
    page = page_of(request)
    template, facts = sample_forms.facts_of(name, page, PACK)
    return page.show(template, **facts)


@get("/sse/claim/{claim_no:str}")
async def quiet(claim_no: FromPath[str]) -> ServerSentEvent:
    """A live stream on which nothing happens."""
    return ServerSentEvent(_beats(), retry_duration=60_000)


async def _beats() -> AsyncIterator[ServerSentEventMessage]:
    yield ServerSentEventMessage(data="ok", event="beat")
    await asyncio.sleep(60)


def make_site() -> Litestar:
    """The ASGI application of the samples."""
    return Litestar(
        route_handlers=[case, other, quiet, common.icon, common.icons, static_files()],
        middleware=[with_headers],
        openapi_config=None,
    )
