"""The published rules: every version for ever, in words and as its one file."""

import re
from typing import Final

import msgspec
from litestar import get
from litestar.enums import MediaType
from litestar.params import FromPath, FromQuery
from litestar.response import Response
from litestar.types import ControllerRouterHandler

from makegood.policy import pack_store
from makegood.policy.compare import compare
from makegood.policy.draft.model import Draft
from makegood.policy.draft.store import draft_of_version
from makegood.policy.model import Example, Pack
from makegood.policy.shelf import ALWAYS, Shelf
from makegood.policy.stages import Ref, Stage, parse_ref, stage_at
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.public.rule_index import chapters, that_say
from makegood.web.public.rule_parts import clock_rows, evidence_rows, own_tables, parts_changed
from makegood.web.things import TheThings, Things

CITED: Final = re.compile(r"([a-z][a-z0-9-]{0,39}@[1-9]\d{0,5})(\.json)?")
WORD: Final = 60
"""Characters of a search that are looked at."""
YEAR: Final = "public, max-age=31536000, immutable"


class VersionShown(msgspec.Struct, frozen=True, kw_only=True):
    """A version with its place in time."""

    version: pack_store.Version
    state: str
    """`in_force`, `trial`, `announced`, `withdrawn` or `ended`."""
    since: object = None
    draft: Draft | None = None
    share: int = 0
    replaced_by: str = ""


@get("/rules")
async def list_rules(page: ThisPage, things: TheThings) -> Html:
    """Every version, the one in force first."""
    page.need("public.read")
    return page.show("public/templates/rules.html", versions=await _versions(page, things))


@get("/rules/{cited:str}", media_type=MediaType.HTML)
async def show_rules(
    page: ThisPage,
    things: TheThings,
    cited: FromPath[str],
    q: FromQuery[str] = "",
    view: FromQuery[str] = "",
) -> Html | Response[bytes]:
    """One version in words; with `.json` at the end, its one file.

    `q` shows only the rules that speak of it; `view=whole` opens every fold.
    """
    page.need("public.read")
    asked = CITED.fullmatch(cited)
    ref = parse_ref(asked[1]) if asked else None
    if asked is None or ref is None:
        raise not_found()
    if asked[2]:
        return await _file(page, things, ref)
    shown = {one.version.ref: one for one in await _versions(page, things)}
    if ref not in shown:
        raise not_found()
    shelf = things.desk.shelf
    pack = await shelf.cited(page.market.market_id, str(ref), page.now)
    before = await _before(page, shelf, shown[ref], pack)
    changes = compare(before, pack) if before else None
    word, index = q.strip()[:WORD], chapters(pack, page.words.currency)
    found = that_say(index, word) if word else index
    return page.show(
        "public/templates/rules_version.html",
        shown=shown[ref],
        pack=pack,
        word=word,
        whole=view == "whole",
        chapters=index,
        found=found,
        count=sum(len(table.lines) for one in found for table in one.tables),
        changes=changes,
        others=list(parts_changed(pack, changes.others, page.words)) if changes else [],
        clocks=clock_rows(pack, before),
        evidence=evidence_rows(pack),
        own=own_tables(pack),
        examples=_examples(pack),
    )


async def _file(page: Page, things: Things, ref: Ref) -> Response[bytes]:
    await things.desk.shelf.stages(page.market.market_id, page.now)
    async with things.db.connection() as conn:
        source = await pack_store.load_source(conn, page.market.market_id, ref)
    if source is None:
        raise not_found()
    return Response(
        content=source,
        media_type=MediaType.JSON,
        headers={
            "cache-control": YEAR,
            "content-disposition": f'inline; filename="{ref}.json"',
        },
    )


async def _versions(page: Page, things: Things) -> list[VersionShown]:
    market_id = page.market.market_id
    stages = await things.desk.shelf.stages(market_id, page.now)
    async with things.db.connection() as conn:
        found = await pack_store.list_versions(conn, market_id)
        drafts = {
            one.ref: await draft_of_version(conn, market_id, one.pack_id, one.version)
            for one in found
            if one.draft_id
        }
    return [_shown(one, stages, drafts.get(one.ref), page) for one in found]


def _shown(
    version: pack_store.Version, stages: list[Stage], draft: Draft | None, page: Page
) -> VersionShown:
    now = stage_at(stages, page.now)
    began = [one for one in stages if version.version in (one.stable, one.candidate)]
    since = began[0].from_at if began and began[0].from_at != ALWAYS else None
    if now.stable == version.version:
        return VersionShown(version=version, state="in_force", since=since, draft=draft)
    if now.candidate == version.version:
        return VersionShown(
            version=version, state="trial", since=since, draft=draft, share=now.share
        )
    if draft is not None and draft.state == "notice":
        at = draft.effective_at
        return VersionShown(version=version, state="announced", since=at, draft=draft)
    if not began:
        return VersionShown(version=version, state="withdrawn", draft=draft)
    ref = str(Ref(now.pack_id, now.stable))
    return VersionShown(version=version, state="ended", since=since, draft=draft, replaced_by=ref)


async def _before(page: Page, shelf: Shelf, shown: VersionShown, pack: Pack) -> Pack | None:
    """The version it was made from; None for a shipped one."""
    if shown.draft is None:
        return None
    base = Ref(pack.name, shown.draft.base_version)
    return await shelf.cited(page.market.market_id, str(base), page.now)


def _examples(pack: Pack) -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = {}
    for one in pack.examples:
        found.setdefault(one.rule, []).append(one)
    return found


ROUTES: Final[list[ControllerRouterHandler]] = [list_rules, show_rules]
