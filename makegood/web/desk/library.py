"""The desk's library: precedents by rule, like claims that ended differently, rules without one."""

from collections import Counter
from typing import Final

import msgspec
from litestar import get
from litestar.params import FromQuery

from makegood.claims.looking import queue_counts
from makegood.claims.precedents import store
from makegood.claims.precedents.actions import rules_without_precedent, splits
from makegood.claims.precedents.handbook import load_handbook
from makegood.claims.precedents.rules import Precedent, assisted
from makegood.policy.backtest.intervals import Interval, wilson
from makegood.policy.backtest.vector import ALWAYS
from makegood.policy.check import liability_tables
from makegood.policy.judgement import Words as Both
from makegood.policy.model import Pack
from makegood.web.desk.claim import need_staff
from makegood.web.desk.forms import AnyRequest
from makegood.web.desk.frame import frame
from makegood.web.page import Html, ThisPage
from makegood.web.things import TheThings

KINDS: Final = ("alone", "followed", "departed", "unaided", "agreed")


class Branch(msgspec.Struct, frozen=True):
    """One table of rules with its decisions of the last 180 days."""

    table: str
    title: Both
    decisions: int


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How many decisions the machine made or helped with."""

    helped: int
    decisions: int
    interval: Interval
    kinds: tuple[tuple[str, int], ...]


@get("/desk/library")
async def show_library(
    page: ThisPage,
    things: TheThings,
    request: AnyRequest,
    r: FromQuery[str] = "",
    view: FromQuery[str] = "",
    p: FromQuery[str] = "",
) -> Html:
    """Precedents of a table of rules (`r`), conflicts or gaps (`view`), one in detail (`p`).

    Counts are those of the last night: a page that adds up half a year by itself would be slow.
    """
    need_staff(page, "claim.read")
    market = page.market.market_id
    pack = await things.desk.shelf.in_force(market, page.now)
    async with things.db.connection() as conn:
        counts = await queue_counts(conn, page.act())
        figures = await load_handbook(conn, market)
        nights = await store.nights(conn, market, 30)
        mixed = await splits(conn, market, page.now) if view == "conflicts" else []
        rules = {rule: shown.decisions for rule, shown in figures.items() if shown.decisions}
        branches = _branches(pack, rules)
        table = r if r in {branch.table for branch in branches} else ""
        listed = await store.of_table(conn, market, table) if not view else []
        chosen = await store.of_claim(conn, market, p) if p else []
    gaps = rules_without_precedent(pack, rules)
    return page.show(
        "desk/templates/library.html",
        **frame(page, request, "", counts),
        section="library",
        branches=branches,
        table=table,
        view=view if view in ("conflicts", "gaps") else "",
        listed=listed,
        one=chosen[-1] if chosen else None,
        one_facts=_decisive(pack, chosen[-1]) if chosen else [],
        mixed=mixed,
        gaps=gaps if view == "gaps" else [],
        gap_count=len(gaps),
        gap_findings=_findings(pack),
        nights=nights,
        share=_share(Counter(nights[0].assists if nights else {})),
        total=sum(rules.values()),
        query=f"r={table}&view={view}" if view else f"r={table}",
    )


def _branches(pack: Pack, rules: dict[str, int]) -> list[Branch]:
    by_table: Counter[str] = Counter()
    for rule, count in rules.items():
        by_table[rule.partition(".")[0]] += count
    return [
        Branch(table.id, pack.words.tables[table.id], by_table[table.id])
        for table in liability_tables(pack)
    ]


def _share(assists: Counter[str]) -> Share:
    helped, decisions = assisted(assists)
    return Share(
        helped=helped,
        decisions=decisions,
        interval=wilson(helped, decisions),
        kinds=tuple((kind, assists[kind]) for kind in KINDS),
    )


def _decisive(pack: Pack, one: Precedent) -> list[tuple[str, object, str]]:
    """Name, value and source of the known facts that the reason's rules read."""
    reason = pack.reasons.get(one.reason)
    names = {*ALWAYS, *(pack.tables[reason.table].inputs if reason else ())}
    return [
        (said.name, said.value, said.source)
        for said in one.said
        if said.name in names and said.value is not None
    ]


def _findings(pack: Pack) -> dict[str, str]:
    """The finding of each row."""
    return {
        row.id: str(row.outcome["finding"])
        for table in liability_tables(pack)
        for row in table.rows
    }


ROUTES = [show_library]
