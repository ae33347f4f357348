"""Keeping precedents: rows for claims that ended, the like claims of one, figures of the night."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.claims import store as claim_store
from makegood.claims.desk import Desk
from makegood.claims.factsheet import facts_for_judge
from makegood.claims.frame import units_of
from makegood.claims.precedents import handbook, rules, store
from makegood.claims.precedents.past import lines_of
from makegood.claims.precedents.rules import LOOK_BACK, Family
from makegood.claims.precedents.store import EVER, Night
from makegood.claims.state import Claim
from makegood.policy.backtest.case import said_of
from makegood.policy.deadline import product_class
from makegood.policy.model import Pack
from makegood.store.database import Connection, Database

BATCH: Final = 100
OVERLAP: Final = timedelta(hours=1)
"""Claims that committed late are looked for this far back."""
GROUPS_SHOWN: Final = 50


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Like claims that ended differently, newest first."""

    reason: str
    ends: dict[str, int]
    precedents: tuple[rules.Precedent, ...]


async def catch_up(db: Database, desk: Desk, market_id: str, *, everything: bool = False) -> int:
    """Write the rows of claims that ended since the last time; answers how many claims.

    `everything` looks at all claims ever, as the nightly run does: a row that is missing for any
    cause is written then.
    """
    async with db.connection() as conn:
        newest = await store.newest_end(conn, market_id)
    since = EVER if everything or newest is None else newest - OVERLAP
    seen: set[str] = set()
    while True:
        async with db.transaction() as tx:
            ended = await store.ended_claims(tx, market_id, since, BATCH)
            for claim_no, at in ended:
                await _note(tx, desk, market_id, claim_no, at)
        fresh = {claim_no for claim_no, _ in ended} - seen
        seen |= fresh
        if len(ended) < BATCH or not fresh:
            return len(seen)


async def family_of(conn: Connection, act: Act, desk: Desk, claim_no: str) -> Family:
    """The like claims of a claim with the facts that are known now; empty for an unknown one."""
    loaded = await claim_store.load(conn, act.market_id, claim_no)
    if loaded is None:
        return Family()
    return await family(conn, act, desk, loaded.claim)


async def family(conn: Connection, act: Act, desk: Desk, claim: Claim) -> Family:
    """The like claims of a fold."""
    pack, opened = await _cited(desk, act.market_id, claim, act.now), claim.opened
    known = rules.decisive(pack, opened.reason, said_of(facts_for_judge(claim.facts)))
    product = product_class(pack, opened.category)
    judged_by = rules.rows_print(pack.tables[pack.reasons[opened.reason].table])
    print_ = rules.fact_print(opened.reason, product, known, judged_by)
    found = await store.candidates(
        conn,
        act.market_id,
        fact_print=print_,
        reason=opened.reason,
        product_class=product,
        but_not=claim.claim_no,
    )
    others = [(one, rules.decisive(pack, one.reason, one.said)) for one in found]
    ended = await store.ends_of(conn, act.market_id, print_, act.now - LOOK_BACK, claim.claim_no)
    return Family(
        nearest=rules.alike(known, opened.claimed_minor, opened.seller_id, others),
        ended=tuple(ended),
    )


async def compute_night(db: Database, market_id: str, now: datetime) -> Night:
    """Compute and keep how alike like claims of 180 days ended, and the handbook's figures."""
    since = now - LOOK_BACK
    async with db.transaction() as tx:
        night = Night(
            day=now.date(),
            computed_at=now,
            facts=rules.agreement((await store.fact_groups(tx, market_id, since)).values()),
            findings=rules.agreement((await store.finding_groups(tx, market_id, since)).values()),
            assists=await store.assists(tx, market_id, since),
        )
        await store.put_night(tx, market_id, night)
        await handbook.rewrite(tx, market_id, now)
    return night


async def splits(conn: Connection, market_id: str, now: datetime) -> list[Split]:
    """Groups of like claims that did not all end alike, the largest first."""
    mixed = await store.mixed_groups(conn, market_id, now - LOOK_BACK, GROUPS_SHOWN)
    found = []
    for place, ends in mixed.items():
        precedents = await store.of_print(conn, market_id, place)
        if precedents:
            found.append(
                Split(reason=precedents[0].reason, ends=ends, precedents=tuple(precedents))
            )
    return found


def rules_without_precedent(pack: Pack, counts: dict[str, int]) -> list[str]:
    """Rows of liability tables on which no decision stands, in their order."""
    tables = {reason.table for reason in pack.reasons.values()}
    return [
        row.id for name in sorted(tables) for row in pack.tables[name].rows if row.id not in counts
    ]


async def _note(
    tx: Connection, desk: Desk, market_id: str, claim_no: str, ended_at: datetime
) -> None:
    loaded = await claim_store.load(tx, market_id, claim_no)
    assert loaded is not None, "a listed claim has a history"
    units = await units_of(tx, market_id, loaded.claim)
    first = await claim_store.first_entry_hash(tx, market_id, claim_no)
    pack = await _cited(desk, market_id, loaded.claim, ended_at)
    lines = lines_of(pack, loaded.history, units, first, ended_at)
    await store.put(tx, market_id, lines)


async def _cited(desk: Desk, market_id: str, claim: Claim, now: datetime) -> Pack:
    """The rules of the claim's own time: what they read is what makes claims alike."""
    return await desk.shelf.cited(market_id, claim.opened.policy_version, now)
