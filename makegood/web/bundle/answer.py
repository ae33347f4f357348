"""Answering with a bundle: who may have whose, its pages, and the bytes as they are read."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol, assert_never

import msgspec
from litestar.response import Stream

from makegood.base.actor import Act, Actor
from makegood.bundles.actions import gather
from makegood.bundles.disclosing import AUDIENCES, Audience
from makegood.bundles.packing import Packed, pack
from makegood.bundles.streaming import size_of, stream
from makegood.claims.desk import Desk
from makegood.claims.looking import OUTSIDER, view_claim, view_for_outside
from makegood.claims.view import ClaimView
from makegood.record.log.sequencer import LogRoom
from makegood.store.database import Connection
from makegood.web.bundle.pages import pages_of
from makegood.web.page import Page
from makegood.web.problem import not_found
from makegood.web.things import Things

MEDIA_TYPE = "application/zip"


class Sources(Protocol):
    """What a bundle is gathered from; both what the web has and what the worker has."""

    @property
    def desk(self) -> Desk:
        """The rules, markets and people."""
        ...

    @property
    def log(self) -> LogRoom:
        """The log and its keys."""
        ...


def audience_of(role: str, wanted: str = "") -> Audience:
    """Whose bundle this is: a party's own, or for everybody else the one they choose.

    An unknown choice is an unknown page: what shows more than was meant must not leave the house.
    """
    if role in ("buyer", "market"):
        return "buyer"
    if role == "seller":
        return "seller"
    if not wanted:
        return "platform"
    chosen: Audience | None = next((one for one in AUDIENCES if one == wanted), None)
    if chosen is None:
        raise not_found()
    return chosen


async def packed_bundle(
    conn: Connection,
    page: Page,
    sources: Sources,
    claim: ClaimView,
    audience: Audience,
    *,
    beside: Mapping[str, bytes] | None = None,
) -> Packed:
    """Everything about the claim that this audience may have, with its pages, signed.

    `beside`: further small files by name.
    """
    act = _act(page, audience)
    desk = sources.desk
    gathered = await gather(conn, act, sources.log, desk.vault, claim.claim_no, audience)
    seen = await _seen(conn, act, desk, claim, audience)
    contents = gathered.contents
    rules = await desk.shelf.cited(act.market_id, gathered.policy_version, act.now)
    pages = {**contents.pages, **pages_of(page, seen, rules, contents), **(beside or {})}
    return pack(msgspec.structs.replace(contents, pages=pages), gathered.keys.active)


def answer(packed: Packed, things: Things, market_id: str) -> Stream:
    """The file as an attachment, sent while it is read."""
    name = f"{packed.manifest.claim_no}-{packed.manifest.audience}.zip"
    return Stream(
        pieces_of(packed, things, market_id),
        media_type=MEDIA_TYPE,
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "content-length": str(size_of(packed)),
            "cache-control": "private, no-store",
        },
    )


async def pieces_of(packed: Packed, things: Things, market_id: str) -> AsyncIterator[bytes]:
    """The file's bytes, evidence straight from the storage."""
    async for piece in stream(packed, things.storage, market_id):
        yield piece


def _act(page: Page, audience: Audience) -> Act:
    """Who reads; whoever came from outside by a link has no account here."""
    if audience != "outside":
        return page.act()
    return Act(page.market.market_id, OUTSIDER, page.now, page.request_id)


async def _seen(
    conn: Connection, act: Act, desk: Desk, claim: ClaimView, audience: Audience
) -> ClaimView:
    """The claim as the reader of the bundle sees it."""
    match audience:
        case "buyer":
            actor = Actor(role="buyer", id="bundle")
        case "seller":
            actor = Actor(role="seller", id=claim.order.seller_id)
        case "outside":
            return await view_for_outside(conn, act, desk, claim.claim_no)
        case "platform":
            if act.actor.role in ("buyer", "seller"):
                raise not_found()
            actor = act.actor
        case unreachable:
            assert_never(unreachable)
    reader = Act(act.market_id, actor, act.now, act.request_id)
    return await view_claim(conn, reader, desk, claim.claim_no)
