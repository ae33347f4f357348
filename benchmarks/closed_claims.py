"""Claims that ended, made up by the thousand: every reason, every fact, amounts and ends."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from makegood.policy.backtest.case import Actual, Case, Said
from makegood.policy.backtest.vector import ALWAYS
from makegood.policy.facts import INTEREST_OF, FactSpec, SourceKind
from makegood.policy.judgement import Context, Wants
from makegood.policy.model import Pack
from makegood.policy.packfile import read_pack_file, read_parts, write_parts
from makegood.policy.rules import AGREEMENT
from makegood.policy.stake import Measured, Stake, UnitAtStake
from makegood.policy.vocabulary import FACTS

START: Final = datetime(2026, 9, 1, tzinfo=UTC)
WANTS: Final[tuple[Wants, ...]] = ("refund", "reissue", "repair", "compensation", "explanation")
SIZES: Final = ("1-29", "30-299", "300+")
TIERS: Final = ("A", "B", "C", "unknown")
COUNTS: Final = (0, 1, 2, 3, 5, 7, 10, 24, 30, 45, 60, 200, 10_000)
SELLERS: Final = 400
KINDS_OF_CLAIM: Final = 2500
"""A market sees the same few thousand constellations again and again, with other amounts."""


def any_case(pack: Pack, chance: random.Random, number: int) -> Case:
    """A claim with any facts at all that the tables of its reason read."""
    reason = chance.choice(list(pack.reasons.values()))
    names = {*pack.tables[reason.table].inputs, *pack.tables[AGREEMENT].inputs, *ALWAYS}
    names |= {"order.category", "supplier.status", "key.revealed", "key.tracked"}
    known = [name for name in sorted(names) if name in FACTS and chance.random() < 0.7]
    price = chance.choice((990, 2990, 4990, 9800, 19_900, 68_000, 680_000))
    unit = UnitAtStake(price, price + 500, 0, 0, 31_104_000, chance.randrange(31_104_000))
    late = chance.choice((None, 5, 45, 600))
    return Case(
        case_id=f"G-{number:07d}",
        reason=reason.code,
        wants=chance.choice(WANTS),
        said=tuple(_said(FACTS[name], chance) for name in known),
        context=_context(chance, price),
        stake=Stake(price, (unit,)),
        measured=Measured(minutes_late=late, overcharged_minor=chance.choice((None, 300))),
        seller_id=f"s-{chance.randrange(SELLERS)}",
        seller_size=chance.choice(SIZES),
        buyer_tier=chance.choice(TIERS),
        decided_at=START + timedelta(minutes=number % 100_000),
        actual=_actual(pack, reason.table, chance, price),
    )


def closed_claims(pack: Pack, count: int, seed: int = 1) -> Iterator[Case]:
    """So many ended claims of a market: few constellations, many amounts, sellers and days."""
    chance = random.Random(seed)
    kinds = [any_case(pack, chance, number) for number in range(min(count, KINDS_OF_CLAIM))]
    fields = Case.__struct_fields__
    for number in range(count):
        like = kinds[int(chance.random() ** 2 * len(kinds))]
        price = 500 + chance.randrange(400) * 50
        own: dict[str, Any] = {name: getattr(like, name) for name in fields}
        own["case_id"] = f"G-{number:07d}"
        own["seller_id"] = f"s-{chance.randrange(SELLERS)}"
        own["stake"] = Stake(price, (UnitAtStake(price, price),))
        own["decided_at"] = START + timedelta(seconds=number)
        yield Case(**own)


def changed_pack(pack: Pack, every: int = 1) -> Pack:
    """A draft: in every so-many-th liability table the first two rows that differ swap ends."""
    parts = read_parts(pack.source)
    for place, (name, jdm) in enumerate(sorted(parts["tables"].items())):
        if name.startswith("R-") and place % every == 0:
            content = jdm["nodes"][1]["content"]
            outputs = [one["id"] for one in content["outputs"] if one["field"] != "rule"]
            _swap(content["rules"], outputs)
    parts["pack"]["version"] = str(int(pack.version) + 1)
    return read_pack_file(write_parts(parts))


def _swap(rows: list[dict[str, str]], outputs: list[str]) -> None:
    for first, second in pairwise(rows):
        if any(first[one] != second[one] for one in outputs):
            for one in outputs:
                first[one], second[one] = second[one], first[one]
            return


def _said(spec: FactSpec, chance: random.Random) -> Said:
    source: SourceKind = chance.choice(spec.sources)
    value: bool | int | str | None
    match spec.kind:
        case "yes_no":
            value = chance.random() < 0.5
        case "count":
            value = chance.choice(COUNTS)
        case "word":
            value = chance.choice(spec.words)
        case "time":
            value = None
    conflict = chance.random() < 0.02
    interest = "none" if source in spec.neutral else INTEREST_OF[source]
    return Said(spec.name, None if conflict else value, source, interest, (), conflict)


def _context(chance: random.Random, price: int) -> Context:
    stock = chance.choice((True, False, None))
    return Context(
        stock_available=stock,
        reissue_eta_minutes=10 if stock else None,
        amount_minor=price,
        auto_cap_minor=chance.choice((0, 5000, 20_000)),
        trust_ok=chance.random() < 0.8,
        cluster_claims_30d=chance.choice((1, 1, 1, 2, 5)),
        repeats=chance.choice((1, 1, 2, 3)),
        risk_percent=chance.choice((0, 15, 45, 60, 90)),
        human_asked=chance.random() < 0.05,
    )


def _actual(pack: Pack, table: str, chance: random.Random, price: int) -> Actual | None:
    row = chance.choice(pack.tables[table].rows)
    finding = pack.findings[str(row.outcome["finding"])]
    if finding.shares is None:
        return None
    refund = finding.refund_rule != "none"
    return Actual(
        finding=finding.code,
        remedy="refund_full" if refund else "explanation",
        amount_minor=price if refund else 0,
        shares={party: share for party, share in finding.shares.as_dict().items() if share},
        by=chance.choice(("machine", "person")),
        overturned=chance.random() < 0.03,
    )
