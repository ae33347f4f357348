"""Bundles made where nobody looks at a page: by the worker, in the name of whoever asked."""

from collections.abc import Callable
from functools import cached_property

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.bundles.disclosing import Audience
from makegood.bundles.packing import Packed
from makegood.claims.desk import Desk
from makegood.claims.looking import view_claim
from makegood.people.caller import Caller
from makegood.people.roles import load_matrix
from makegood.record.log.sequencer import LogRoom
from makegood.store.database import Connection
from makegood.web.bundle.answer import packed_bundle
from makegood.web.page import Kit, Page, words_of


class PageBinder:
    """Makes bundles with their pages. `open_kit` reads templates and words for the first one."""

    def __init__(self, desk: Desk, log: LogRoom, open_kit: Callable[[], Kit]) -> None:
        self.desk = desk
        self.log = log
        self._open_kit = open_kit
        self._matrix = load_matrix()

    async def bind(self, conn: Connection, act: Act, claim_no: str, audience: Audience) -> Packed:
        """A claim's bundle; the same bytes that the actor would be given on a page."""
        page = await self._page(act)
        claim = await view_claim(conn, act, self.desk, claim_no)
        return await packed_bundle(conn, page, self, claim, audience)

    @cached_property
    def _kit(self) -> Kit:
        return self._open_kit()

    async def _page(self, act: Act) -> Page:
        market = await self.desk.markets.get(act.market_id, act.now)
        if market is None:
            raise Refused("not_found")
        kit = self._kit
        return Page(
            kit=kit,
            matrix=self._matrix,
            words=words_of(kit, "zh", act.now, market),
            theme="",
            market=market,
            caller=Caller(market_id=act.market_id, actor=act.actor),
            path="",
            token="",
            new_token=False,
            request_id=act.request_id,
        )
