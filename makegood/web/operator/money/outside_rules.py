"""What an approver from outside sees of a rule change: what turns out otherwise, and the file."""

import msgspec
from litestar import get
from litestar.enums import MediaType
from litestar.params import FromPath
from litestar.response import Response
from litestar.types import ControllerRouterHandler

from makegood.people.approvals.rules import RULE_RELEASE, Proposal
from makegood.policy.draft import store
from makegood.policy.draft.actions import look_at
from makegood.policy.draft.looking import sketch
from makegood.policy.draft.model import Draft
from makegood.policy.draft.releasing import Release
from makegood.web.operator.cookies import door_act
from makegood.web.operator.money.behind import behind
from makegood.web.operator.rulebook.reading import shifts_of
from makegood.web.operator.rulebook.table_view import title_of
from makegood.web.page import Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things


class RuleChange(msgspec.Struct, frozen=True, kw_only=True):
    """A draft beside the version it began from, in words."""

    draft: Draft
    base: str
    early: bool
    tables: list[tuple[str, str]]
    others: list[str]
    shifts: list[tuple[object, list[object]]]
    favours: bool


async def change_of(page: Page, things: Things, proposal: Proposal) -> RuleChange | None:
    """The rule change that a proposal is about; None where it is about something else."""
    if proposal.kind != RULE_RELEASE:
        return None
    release = msgspec.convert(proposal.payload, Release)
    draft = await _draft(page, things, release.draft_id)
    base, found = await look_at(things.desk.shelf, door_act(page), draft)
    pack, compared = sketch(draft, base), found.comparison
    return RuleChange(
        draft=draft,
        base=base.version,
        early=release.early,
        tables=[(one, title_of(pack, one, page.words)) for one in compared.tables]
        if compared
        else [],
        others=list(compared.others) if compared else [],
        shifts=[(shift, list(asked)) for shift, asked in shifts_of(page, pack, found)],
        favours=compared is not None and compared.favours_buyers,
    )


@get("/approve/{token:str}/rules.json")
async def outside_file(page: ThisPage, things: TheThings, token: FromPath[str]) -> Response[bytes]:
    """The whole rule pack as it would become, for whoever wants to read all of it."""
    async with things.db.connection() as conn:
        _, proposal = await behind(conn, door_act(page), things, token)
    if proposal.kind != RULE_RELEASE:
        raise not_found()
    draft = await _draft(page, things, proposal.subject)
    return Response(
        content=draft.source,
        media_type=MediaType.JSON,
        headers={
            "content-disposition": f'attachment; filename="{draft.pack_id}-{draft.draft_id}.json"',
            "cache-control": "private, no-store",
        },
    )


async def _draft(page: Page, things: Things, draft_id: str) -> Draft:
    async with things.db.connection() as conn:
        draft = await store.load_draft(conn, page.market.market_id, draft_id)
    if draft is None:
        raise not_found()
    return draft


ROUTES: list[ControllerRouterHandler] = [outside_file]
