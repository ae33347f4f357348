"""What the handbook shows of ended claims: counts by rule, and one anonymous claim for each.

A claim is shown only where at least `ENOUGH` claims ended under the same rule, without number,
names, dates or exact amount, and it is chosen by the hash of its first public entry: nobody picks.
"""

from datetime import datetime
from typing import Final

import msgspec

from makegood.claims.precedents.past import Tick
from makegood.claims.precedents.rules import LOOK_BACK
from makegood.policy.backtest.case import Said, unpacked
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
    rows = await tx.fetch(_COUNTS, market_id, now - LOOK_BACK)
    chosen = {row["rule_id"]: row for row in await tx.fetch(_CHOSEN, market_id, now - LOOK_BACK)}
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
    from precedent where market_id = $1 and decided_at >= $2 and rule_id <> 'R-00'
    group by rule_id
"""
_CHOSEN: Final = f"""
    select distinct on (rule_id) rule_id, case_hash, facts, timeline, amount_band, remedy
    from (
        select rule_id, case_hash, facts, timeline, amount_band, remedy,
               count(*) over (partition by rule_id) as decisions
        from precedent
        where market_id = $1 and decided_at >= $2 and not overturned and rule_id <> 'R-00'
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
