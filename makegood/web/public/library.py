"""The liability handbook: what happens in which case, with a picture, figures and an example."""

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Final

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from makegood.claims.precedents import store
from makegood.claims.precedents.handbook import Shown, load_handbook
from makegood.claims.precedents.rules import BANDS
from makegood.policy.check import liability_tables
from makegood.policy.inwords import RuleLine, rule_lines
from makegood.policy.judgement import Words as Both
from makegood.policy.model import Example, Pack, Reason
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.public.pictures import Fact, Spot, fact_lines, spots
from makegood.web.public.rule_index import chapters, speaks_of
from makegood.web.things import TheThings, Things
from makegood.web.words import Words

RULE: Final = re.compile(r"R-\d{2,4}\.\d{1,4}")
FIRST: Final = 9
"""Without a filter the handbook shows the rules that decided most."""
TYPICAL: Final = 24
"""Anonymous cases at the end of the handbook."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of the handbook."""

    line: RuleLine
    title: Both
    """Of its table."""
    table: str
    group: str
    reasons: tuple[Reason, ...]
    shares: dict[str, int]
    shown: Shown | None
    example: Example | None
    spots: tuple[Spot, ...]
    facts: tuple[Fact, ...]
    band: tuple[int, int | None]
    """The example's amount lies above the first and up to the second, in minor units."""

    @property
    def decisions(self) -> int:
        """How many decisions stand on the rule."""
        return self.shown.decisions if self.shown else 0


class Shelf(msgspec.Struct, frozen=True):
    """The rules of one table; never empty."""

    table: str
    entries: tuple[Entry, ...]


@get("/library")
async def show_library(
    page: ThisPage, things: TheThings, g: FromQuery[str] = "", q: FromQuery[str] = ""
) -> Html:
    """The handbook by kind of problem or by a word; without either the most frequent rules."""
    page.need("public.read")
    pack = await things.desk.shelf.in_force(page.market.market_id, page.now)
    figures, night = await _figures(page, things)
    entries = handbook(pack, figures, page.words)
    groups = [group for group in pack.words.groups if any(one.group == group for one in entries)]
    word, chosen = q.strip()[:60], g if g in groups else ""
    return page.show(
        "public/templates/library.html",
        pack=pack,
        groups=groups,
        group=chosen,
        q=word,
        chapters=[one for one in chapters(pack, page.words.currency) if one.group],
        shelves=_shelves(_chosen(entries, chosen, word)) if chosen or word else [],
        most=[] if chosen or word else _most_used(entries),
        total=len(entries),
        typical=[one for one in entries if one.shown and one.shown.case_hash][:TYPICAL],
        night=night,
    )


@get("/library/{rule_id:str}")
async def show_rule(page: ThisPage, things: TheThings, rule_id: FromPath[str]) -> Html:
    """One rule with its picture, conditions, law, figures and example."""
    page.need("public.read")
    pack = await things.desk.shelf.in_force(page.market.market_id, page.now)
    figures, _ = await _figures(page, things)
    found = [one for one in handbook(pack, figures, page.words) if one.line.rule == rule_id]
    if not RULE.fullmatch(rule_id) or not found:
        raise not_found()
    return page.show("public/templates/library_rule.html", pack=pack, one=found[0])


async def _figures(page: Page, things: Things) -> tuple[dict[str, Shown], store.Night | None]:
    async with things.db.connection() as conn:
        figures = await load_handbook(conn, page.market.market_id)
        nights = await store.nights(conn, page.market.market_id, 1)
    return figures, nights[0] if nights else None


def handbook(pack: Pack, figures: Mapping[str, Shown], words: Words) -> list[Entry]:
    """Every row of every liability table, in the pack's order, each with a picture."""
    entries = []
    written = {one.rule: one for one in pack.examples}
    for table in liability_tables(pack):
        reasons = tuple(one for one in pack.reasons.values() if one.table == table.id)
        group = reasons[0].group if reasons else ""
        for line in rule_lines(pack, table, words.currency):
            shown = figures.get(line.rule)
            finding = line.finding.shares
            entries.append(
                Entry(
                    line=line,
                    title=pack.words.tables[table.id],
                    table=table.id,
                    group=group,
                    reasons=reasons,
                    shares={} if finding is None else _positive(finding.as_dict()),
                    shown=shown,
                    example=written.get(line.rule),
                    spots=_spots(shown),
                    facts=tuple(fact_lines(_conditions(line, words.lang))),
                    band=_band(shown.amount_band if shown else 0),
                )
            )
    return entries


def _chosen(entries: list[Entry], group: str, word: str) -> list[Entry]:
    found = [one for one in entries if not group or one.group == group]
    if not word:
        return found
    said = word.casefold()
    return [one for one in found if speaks_of(one.line, one.title, one.reasons, said)]


def _most_used(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda one: -one.decisions)[:FIRST]


def _shelves(entries: list[Entry]) -> list[Shelf]:
    """The entries of each table together, in their order."""
    return [
        Shelf(table, tuple(same)) for table, same in groupby(entries, key=lambda one: one.table)
    ]


def _conditions(line: RuleLine, lang: str) -> list[str]:
    sign = "：" if lang == "zh" else ": "
    return [
        sign.join((one.label.zh, one.wanted.zh) if lang == "zh" else (one.label.en, one.wanted.en))
        for one in line.asked
    ]


def _spots(shown: Shown | None) -> tuple[Spot, ...]:
    if shown is None or not shown.timeline:
        return ()
    return tuple(spots([(tick.what, tick.seconds) for tick in shown.timeline]))


def _band(band: int) -> tuple[int, int | None]:
    return (BANDS[band - 1] if band else 0, BANDS[band] if band < len(BANDS) else None)


def _positive(shares: dict[str, int]) -> dict[str, int]:
    return {party: share for party, share in shares.items() if share}


ROUTES: list[ControllerRouterHandler] = [show_library, show_rule]
