"""SQL of precedents: rows of ended claims, like ones, groups for consistency, nightly figures."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from makegood.claims.precedents.past import Line, sized
from makegood.claims.precedents.rules import Agreement, Ended, Precedent
from makegood.policy.backtest.case import Case, unpacked
from makegood.store.database import Connection, Record

COLUMNS: Final = """
    claim_no, decision_no, reason, product_class, amount_band, finding, outcome, remedy,
    amount_minor, currency, shares, rule_id, rule_version, by_whom, assist, overturned,
    decided_at, seller_id, encode(case_hash, 'hex') as case_hash, facts
"""
EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)
EXACT: Final = 12
NEAR: Final = 30
"""Candidates that are compared one by one: with the same facts, and of the same reason."""


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one night."""

    day: date
    computed_at: datetime
    facts: Agreement
    """Claims of the same reason, product and decisive facts that ended with the same finding."""
    findings: Agreement
    """Claims of the same reason, finding and product that ended with the same outcome."""
    assists: dict[str, int]


async def ended_claims(
    conn: Connection, market_id: str, since: datetime, limit: int
) -> list[tuple[str, datetime]]:
    """Decided claims that ended since then and whose rows are missing or older than they are."""
    rows = await conn.fetch(
        """
        select c.claim_no, c.closed_at from claim as c
        where c.market_id = $1 and not c.is_open and c.closed_at >= $2 and c.finding <> ''
          and not exists (
            select from precedent as p where p.market_id = c.market_id
            and p.claim_no = c.claim_no and p.claim_version = c.version)
        order by c.closed_at limit $3
        """,
        market_id,
        since,
        limit,
    )
    return [(row["claim_no"], row["closed_at"]) for row in rows]


async def newest_end(conn: Connection, market_id: str) -> datetime | None:
    """When the newest claim with a row ended."""
    found: datetime | None = await conn.fetchval(
        "select max(ended_at) from precedent where market_id = $1", market_id
    )
    return found


async def put(tx: Connection, market_id: str, lines: Sequence[Line]) -> None:
    """Write rows; a newer state of the same claim replaces the older."""
    await tx.executemany(
        """
        insert into precedent (market_id, claim_no, decision_no, claim_version, case_hash, reason,
            product_class, amount_band, fact_print, finding, outcome, remedy, amount_minor,
            currency, shares, rule_id, rule_version, decided_by, by_whom, assist, overturned,
            decided_at, ended_at, seller_id, facts, timeline)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                $19, $20, $21, $22, $23, $24, $25, $26)
        on conflict (market_id, claim_no, decision_no) do update set
            claim_version = excluded.claim_version, overturned = excluded.overturned,
            ended_at = excluded.ended_at, timeline = excluded.timeline
        where precedent.claim_version <= excluded.claim_version
        """,
        [(market_id, *_values(line)) for line in lines],
    )


async def candidates(
    conn: Connection,
    market_id: str,
    *,
    fact_print: bytes,
    reason: str,
    product_class: str,
    but_not: str,
) -> list[Precedent]:
    """Standing decisions with the same facts, and the newest others of the reason and product."""
    rows = await conn.fetch(
        f"""
        (select {COLUMNS} from precedent
         where market_id = $1 and fact_print = $2 and claim_no <> $5 and not overturned
         order by decided_at desc, claim_no, decision_no limit {EXACT})
        union all
        (select {COLUMNS} from precedent
         where market_id = $1 and reason = $3 and product_class = $4 and fact_print <> $2
           and claim_no <> $5 and not overturned
         order by decided_at desc, claim_no, decision_no limit {NEAR})
        """,
        market_id,
        fact_print,
        reason,
        product_class,
        but_not,
    )
    return [_precedent(row) for row in rows]


async def ends_of(
    conn: Connection, market_id: str, fact_print: bytes, since: datetime, but_not: str
) -> list[Ended]:
    """How many claims with these facts ended with which finding."""
    rows = await conn.fetch(
        """
        select finding, count(*) as claims from precedent
        where market_id = $1 and fact_print = $2 and decided_at >= $3 and claim_no <> $4
          and not overturned
        group by finding order by count(*) desc, finding
        """,
        market_id,
        fact_print,
        since,
        but_not,
    )
    return [Ended(row["finding"], row["claims"]) for row in rows]


async def fact_groups(
    conn: Connection, market_id: str, since: datetime
) -> dict[bytes, dict[str, int]]:
    """Findings by decisive facts; only what people and rules decided, not what sides agreed."""
    return await _groups(conn, market_id, since, "fact_print", "finding")


async def mixed_groups(
    conn: Connection, market_id: str, since: datetime, limit: int
) -> dict[bytes, dict[str, int]]:
    """Like `fact_groups`, only those with more than one finding, the largest first."""
    rows = await conn.fetch(
        """
        with mixed as (
            select fact_print, count(*) as claims from precedent
            where market_id = $1 and decided_at >= $2 and not overturned
              and by_whom <> 'agreement'
            group by fact_print having min(finding) <> max(finding)
            order by count(*) desc, fact_print limit $3
        )
        select m.fact_print, p.finding, count(*) as ended
        from mixed as m join precedent as p on p.market_id = $1 and p.fact_print = m.fact_print
        where p.decided_at >= $2 and not p.overturned and p.by_whom <> 'agreement'
        group by m.fact_print, m.claims, p.finding
        order by m.claims desc, m.fact_print, count(*) desc, p.finding
        """,
        market_id,
        since,
        limit,
    )
    groups: dict[bytes, dict[str, int]] = {}
    for row in rows:
        groups.setdefault(row["fact_print"], {})[row["finding"]] = row["ended"]
    return groups


async def finding_groups(
    conn: Connection, market_id: str, since: datetime
) -> dict[str, dict[str, int]]:
    """Outcomes by reason, finding and product class.

    Money back, new goods and a repair count as one: which of them it is, the buyer chooses.
    """
    place = "reason || '/' || finding || '/' || product_class"
    whole = "case when outcome in ('refund', 'goods', 'repair') then 'whole' else outcome end"
    return await _groups(conn, market_id, since, place, whole)


async def assists(conn: Connection, market_id: str, since: datetime) -> dict[str, int]:
    """How many decisions the machine had what part in."""
    rows = await conn.fetch(
        """
        select assist, count(*) as decisions from precedent
        where market_id = $1 and decided_at >= $2 group by assist
        """,
        market_id,
        since,
    )
    return {row["assist"]: row["decisions"] for row in rows}


async def put_night(tx: Connection, market_id: str, night: Night) -> None:
    """Keep the figures of a day; computing them again replaces them."""
    await tx.execute(
        """
        insert into consistency (market_id, day, computed_at, claims, groups, pairs, agreeing,
                                 finding_pairs, finding_agreeing, assists)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (market_id, day) do update set computed_at = excluded.computed_at,
            claims = excluded.claims, groups = excluded.groups, pairs = excluded.pairs,
            agreeing = excluded.agreeing, finding_pairs = excluded.finding_pairs,
            finding_agreeing = excluded.finding_agreeing, assists = excluded.assists
        """,
        market_id,
        night.day,
        night.computed_at,
        night.facts.claims,
        night.facts.groups,
        night.facts.pairs,
        night.facts.agreeing,
        night.findings.pairs,
        night.findings.agreeing,
        night.assists,
    )


async def nights(conn: Connection, market_id: str, limit: int = 30) -> list[Night]:
    """The newest nights first."""
    rows = await conn.fetch(
        """
        select day, computed_at, claims, groups, pairs, agreeing, finding_pairs,
               finding_agreeing, assists
        from consistency where market_id = $1 order by day desc limit $2
        """,
        market_id,
        limit,
    )
    return [_night(row) for row in rows]


async def count_cases(conn: Connection, market_id: str, since: datetime) -> int:
    """How many standing decisions a backtest would read."""
    found: int = await conn.fetchval(
        """
        select count(*) from precedent
        where market_id = $1 and decided_at >= $2 and not overturned
        """,
        market_id,
        since,
    )
    return found


async def cases(
    conn: Connection, market_id: str, since: datetime = EVER, size: int = 1000
) -> AsyncIterator[Case]:
    """Standing decisions as a backtest reads them, page by page in the order of their claims."""
    sizes = await _seller_sizes(conn, market_id)
    after = ("", 0)
    while True:
        rows = await conn.fetch(
            """
            select claim_no, decision_no, seller_id, facts from precedent
            where market_id = $1 and (claim_no, decision_no) > ($2, $3)
              and decided_at >= $4 and not overturned
            order by claim_no, decision_no limit $5
            """,
            market_id,
            *after,
            since,
            size,
        )
        for row in rows:
            yield sized(unpacked(row["facts"]), sizes.get(row["seller_id"], 0))
        if len(rows) < size:
            return
        after = (rows[-1]["claim_no"], rows[-1]["decision_no"])


async def gaps_between_decisions(conn: Connection, market_id: str, since: datetime) -> list[float]:
    """Minutes between two decisions of the same person, where less than half an hour."""
    rows = await conn.fetch(
        """
        select extract(epoch from gap) / 60 as minutes from (
            select decided_at - lag(decided_at) over (partition by decided_by order by decided_at)
                as gap
            from precedent where market_id = $1 and decided_at >= $2 and by_whom = 'person'
        ) as found
        where gap < interval '30 minutes' order by 1
        """,
        market_id,
        since,
    )
    return [float(row["minutes"]) for row in rows]


async def _seller_sizes(conn: Connection, market_id: str) -> dict[str, int]:
    rows = await conn.fetch(
        "select seller_id, count(*) as orders from order_head where market_id = $1 group by 1",
        market_id,
    )
    return {row["seller_id"]: row["orders"] for row in rows}


async def of_claim(conn: Connection, market_id: str, claim_no: str) -> list[Precedent]:
    """The decisions of one claim, first to last."""
    rows = await conn.fetch(
        f"""
        select {COLUMNS} from precedent where market_id = $1 and claim_no = $2
        order by decision_no
        """,
        market_id,
        claim_no,
    )
    return [_precedent(row) for row in rows]


async def of_print(
    conn: Connection, market_id: str, fact_print: bytes, limit: int = 20
) -> list[Precedent]:
    """The newest standing decisions on these facts."""
    rows = await conn.fetch(
        f"""
        select {COLUMNS} from precedent
        where market_id = $1 and fact_print = $2 and not overturned
        order by decided_at desc, claim_no, decision_no limit $3
        """,
        market_id,
        fact_print,
        limit,
    )
    return [_precedent(row) for row in rows]


async def of_table(
    conn: Connection, market_id: str, table: str, limit: int = 50
) -> list[Precedent]:
    """The newest decisions of a rule table, overturned ones too; all tables for ''."""
    rows = await conn.fetch(
        f"""
        select {COLUMNS} from precedent
        where market_id = $1 and ($2 = '' or rule_id like $2 || '.%')
        order by decided_at desc, claim_no, decision_no limit $3
        """,
        market_id,
        table,
        limit,
    )
    return [_precedent(row) for row in rows]


async def _groups(
    conn: Connection, market_id: str, since: datetime, place: str, end: str
) -> dict[Any, dict[str, int]]:
    rows = await conn.fetch(
        f"""
        select {place} as place, {end} as ended, count(*) as claims from precedent
        where market_id = $1 and decided_at >= $2 and not overturned and by_whom <> 'agreement'
        group by 1, 2
        """,
        market_id,
        since,
    )
    groups: dict[Any, dict[str, int]] = {}
    for row in rows:
        groups.setdefault(row["place"], {})[row["ended"]] = row["claims"]
    return groups


def _values(line: Line) -> tuple[object, ...]:
    told = msgspec.structs.asdict(line)
    told["timeline"] = [[tick.what, tick.seconds] for tick in line.timeline]
    return tuple(told.values())


def _precedent(row: Record) -> Precedent:
    told = dict(row)
    said = unpacked(told.pop("facts")).said
    return Precedent(**told, said=said)


def _night(row: Record) -> Night:
    facts = Agreement(
        claims=row["claims"], groups=row["groups"], pairs=row["pairs"], agreeing=row["agreeing"]
    )
    findings = Agreement(
        claims=row["claims"],
        groups=0,
        pairs=row["finding_pairs"],
        agreeing=row["finding_agreeing"],
    )
    return Night(
        day=row["day"],
        computed_at=row["computed_at"],
        facts=facts,
        findings=findings,
        assists=row["assists"],
    )
