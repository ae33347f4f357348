"""What the handbook shows of ended claims: counts by rule, and one anonymous claim for each.

Counted are decisions under rows as they stand today: what ended under rows that have changed since
says nothing about them. A claim is shown only where at least `ENOUGH` claims ended under the same
rule, without number, names, dates or exact amount, and it is chosen by the hash of its first public
entry: nobody picks.
"""

from datetime import datetime
from typing import Final

import msgspec

from makegood.claims.precedents.past import Tick
from makegood.claims.precedents.rules import LOOK_BACK, rows_print
from makegood.policy import pack_store
from makegood.policy.backtest.case import Said, unpacked
from makegood.policy.check import liability_tables
from makegood.policy.model import Pack
from makegood.policy.packfile import read_pack_file
from makegood.policy.stages import Ref, stage_at
from makegood.store.database import Connection, Record

ENOUGH: Final = 5


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's figures, and its example where there is one."""

    rule_id: str
    decisions: int
    overturned: int
    case_hash: str
    """Hex; empty where no claim is shown."""
    said: tuple[Said, ...]
    timeline: tuple[Tick, ...]
    amount_band: int
    remedy: str
    computed_at: datetime


async def rewrite(tx: Connection, market_id: str, now: datetime) -> int:
    """Compute the handbook's figures anew; answers how many rules have any."""
    standing = await _standing(tx, market_id, now)
    asked = (market_id, now - LOOK_BACK, *standing)
    rows = await tx.fetch(_COUNTS, *asked)
    chosen = {row["rule_id"]: row for row in await tx.fetch(_CHOSEN, *asked)}
    await tx.execute("delete from handbook where market_id = $1", market_id)
    await tx.executemany(
        """
        insert into handbook (market_id, rule_id, decisions, overturned, case_hash, said, timeline,
                              amount_band, remedy, computed_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        [_values(market_id, row, chosen.get(row["rule_id"]), now) for row in rows],
    )
    return len(rows)


async def _standing(conn: Connection, market_id: str, now: datetime) -> tuple[list[str], list[str]]:
    """Tables and versions, pair by pair, in which the table has the rows that are in force."""
    stages = await pack_store.list_stages(conn, market_id)
    if not stages:
        return [], []
    in_force = stage_at(stages, now)
    packs = [
        await _pack(conn, market_id, Ref(one.pack_id, one.version))
        for one in await pack_store.list_versions(conn, market_id)
    ]
    today = await _pack(conn, market_id, Ref(in_force.pack_id, in_force.stable))
    pairs = [
        (table.id, pack.version)
        for table in liability_tables(today)
        for pack in packs
        if table.id in pack.tables and rows_print(pack.tables[table.id]) == rows_print(table)
    ]
    return [table for table, _ in pairs], [version for _, version in pairs]


async def _pack(conn: Connection, market_id: str, ref: Ref) -> Pack:
    source = await pack_store.load_source(conn, market_id, ref)
    assert source is not None, f"{ref} is listed"
    return read_pack_file(source)


async def load_handbook(conn: Connection, market_id: str) -> dict[str, Shown]:
    """The figures by rule."""
    rows = await conn.fetch(
        """
        select rule_id, decisions, overturned, coalesce(encode(case_hash, 'hex'), '') as case_hash,
               said, timeline, amount_band, remedy, computed_at
        from handbook where market_id = $1
        """,
        market_id,
    )
    return {row["rule_id"]: msgspec.convert(dict(row), Shown) for row in rows}


_COUNTS: Final = """
    select rule_id, count(*) filter (where not overturned) as decisions,
           count(*) filter (where overturned) as overturned
    from precedent
    where market_id = $1 and decided_at >= $2 and (split_part(rule_id, '.', 1), rule_version)
        in (select * from unnest($3::text[], $4::text[]))
    group by rule_id
"""
_CHOSEN: Final = f"""
    select distinct on (rule_id) rule_id, case_hash, facts, timeline, amount_band, remedy
    from (
        select rule_id, case_hash, facts, timeline, amount_band, remedy,
               count(*) over (partition by rule_id) as decisions
        from precedent
        where market_id = $1 and decided_at >= $2 and not overturned
          and (split_part(rule_id, '.', 1), rule_version)
              in (select * from unnest($3::text[], $4::text[]))
    ) as found
    where decisions >= {ENOUGH}
    order by rule_id, case_hash
"""


def _values(
    market_id: str, row: Record, example: Record | None, now: datetime
) -> tuple[object, ...]:
    counts = (market_id, row["rule_id"], row["decisions"], row["overturned"])
    if example is None:
        return (*counts, None, [], [], 0, "", now)
    said = msgspec.to_builtins(unpacked(example["facts"]).said)
    return (
        *counts,
        example["case_hash"],
        said,
        example["timeline"],
        example["amount_band"],
        example["remedy"],
        now,
    )
