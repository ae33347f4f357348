"""The canonical form of a case: two cases with the same vector get the same verdict.

A rule never reads a number as such, only on which side of its limits the number lies, and it reads
only the facts that its tables name. So a vector keeps those facts alone and puts one number in
place of all that lie between the same limits. A million claims make a few thousand vectors.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

import msgspec

from makegood.policy.backtest.case import Case, Said, fact_of
from makegood.policy.facts import Fact
from makegood.policy.judgement import Context, Wants
from makegood.policy.model import Pack
from makegood.policy.rules import AGREEMENT
from makegood.policy.tables import Table
from makegood.policy.vocabulary import FACTS

AFTERWARDS: Final = ("remedies", "lane", "auto_lane", "class")
"""Tables that every claim meets, whatever its reason."""
ALWAYS: Final = ("seller.accepts", "supplier.accepts", "goods.blocked_category")
"""Facts that the judge reads without a table."""
NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Vector(msgspec.Struct, frozen=True, array_like=True):
    """What decides a verdict, and nothing else; hashable."""

    reason: str
    wants: Wants
    said: tuple[Said, ...]
    context: Context

    def facts(self) -> dict[str, Fact]:
        """The facts in the judge's form."""
        return {one.name: fact_of(one, NO_TIME) for one in self.said}

    @property
    def digest(self) -> str:
        """Twelve letters that stand for the vector."""
        whole = msgspec.json.encode(self, order="deterministic")
        return blake2b(whole, digest_size=6).hexdigest()


class Reading:
    """What some packs together read of a case: names by reason, and the limits of each number."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._names = {
            code: frozenset(_names(packs, code)) for pack in packs for code in pack.reasons
        }
        self._limits = _limits(packs)
        self._high = [pack.head.limits.high_value_minor for pack in packs]

    def vector(self, case: Case) -> Vector:
        """The case's vector; a reason that no pack knows reads nothing."""
        names = self._names.get(case.reason, frozenset())
        said = tuple(self._plain(one) for one in case.said if one.name in names)
        return Vector(case.reason, case.wants, said, self._context(case.context))

    def _plain(self, said: Said) -> Said:
        value = said.value
        if isinstance(value, bool) or not isinstance(value, int):
            return said
        stands_for = between(value, self._limits.get(said.name, ()))
        return said if stands_for == value else msgspec.structs.replace(said, value=stands_for)

    def _context(self, context: Context) -> Context:
        """Amounts by the side of their limits on which they lie; the rest is few values anyhow."""
        limits = self._high if context.high_value_minor is None else [context.high_value_minor]
        amount = between(context.amount_minor, sorted(set(limits)))
        within = context.amount_minor <= context.auto_cap_minor
        risky = context.risk_percent
        if risky is not None:
            risky = 0 if risky < context.risk_limit_percent else context.risk_limit_percent
        return msgspec.structs.replace(
            context,
            amount_minor=amount,
            auto_cap_minor=amount if within else amount - 1,
            risk_percent=risky,
            repeats=between(context.repeats, self._limits.get("claim.repeats", ())),
            cluster_claims_30d=self._count("claim.cluster_claims", context.cluster_claims_30d),
            failed_repairs=between(
                context.failed_repairs, self._limits.get("claim.failed_repairs", ())
            ),
        )

    def _count(self, name: str, value: int | None) -> int | None:
        return None if value is None else between(value, self._limits.get(name, ()))


def between(value: int, limits: Sequence[int]) -> int:
    """One number for all that lie between the same two of the sorted limits, or on one of them.

    Cells compare whole numbers with <, <=, >, >=: the side of each limit is all they can tell.
    """
    if not limits:
        return 0
    place = bisect_left(limits, value)
    if place < len(limits) and limits[place] == value:
        return value
    return limits[place - 1] + 1 if place else limits[0] - 1


def _names(packs: Sequence[Pack], reason: str) -> Iterable[str]:
    yield from ALWAYS
    for pack in packs:
        if reason in pack.reasons:
            for name in (pack.reasons[reason].table, AGREEMENT, *AFTERWARDS):
                yield from pack.tables[name].inputs


def _limits(packs: Sequence[Pack]) -> dict[str, list[int]]:
    found: dict[str, set[int]] = {
        name: set(spec.admits_from.values()) for name, spec in FACTS.items() if spec.admits_from
    }
    for pack in packs:
        for table in pack.tables.values():
            for name, limit in _table_limits(table):
                found.setdefault(name, set()).add(limit)
    return {name: sorted(limits) for name, limits in found.items()}


def _table_limits(table: Table) -> Iterable[tuple[str, int]]:
    for row in table.rows:
        for place, cell in row.asked:
            for value in cell.values:
                if isinstance(value, int) and not isinstance(value, bool):
                    yield table.inputs[place], value
