"""Adding up: every case once, in memory that does not grow with the number of cases."""

import heapq
from bisect import insort
from collections import Counter
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec

from makegood.policy.backtest.case import Case
from makegood.policy.backtest.intervals import GROUPS, bootstrap, wilson
from makegood.policy.backtest.result import (
    Conflict,
    Flow,
    GroupEffect,
    PartyEffect,
    Result,
    RuleHits,
    Sample,
    SellerEffect,
)
from makegood.policy.backtest.vector import Vector
from makegood.policy.backtest.verdict import End, Verdict, ends, really_ended

PARTIES: Final = ("buyer", "seller", "supplier", "platform", "channel")
SAMPLES: Final = 20
CONFLICTS: Final = 100
"""Conflicts are listed up to here and counted beyond."""


NOT_KNOWN: Final = End(who="person", what="open", finding="", rule="")
"""A claim of which nobody says how it ended."""


class Minutes(msgspec.Struct, frozen=True):
    """What a claim costs a person, and whether that was measured or assumed."""

    each: float
    source: str = "assumed"


class Pair(msgspec.Struct, frozen=True):
    """One case under both rules, with its vector."""

    case: Case
    before: End
    after: End
    vector: Vector | None

    @property
    def changed(self) -> bool:
        """Whether anything differs for a party or a person's desk; a rule's number does not."""
        before, after = self.before, self.after
        if before.finding and after.finding and before.finding != after.finding:
            return True
        return (before.kind, before.borne) != (after.kind, after.borne)

    def gain(self, party: str) -> int:
        """What the party has more under the draft; the buyer receives, the others bear."""
        if party == "buyer":
            return self.after.to_buyer_minor - self.before.to_buyer_minor
        return self.before.borne.get(party, 0) - self.after.borne.get(party, 0)


class _Party:
    def __init__(self) -> None:
        self.better = self.worse = 0
        self.sums = [0] * GROUPS

    def add(self, gain: int, group: int) -> None:
        self.better += gain > 0
        self.worse += gain < 0
        self.sums[group] += gain

    def effect(self, party: str) -> PartyEffect:
        interval = bootstrap(self.sums)
        return PartyEffect(
            party=party,
            better=self.better,
            worse=self.worse,
            delta_minor=sum(self.sums),
            low_minor=round(interval.low),
            high_minor=round(interval.high),
        )


class _Group:
    def __init__(self) -> None:
        self.claims = self.changed = self.delta_minor = 0

    def effect(self, name: str) -> GroupEffect:
        return GroupEffect(
            group=name,
            claims=self.claims,
            changed=self.changed,
            rate=wilson(self.changed, self.claims),
            delta_minor=self.delta_minor,
        )


class Tally:
    """The running totals of one backtest."""

    def __init__(self, currency: str) -> None:
        self.claims = self.changed = self.unknown = 0
        self.currency = currency
        self._people = [0, 0]
        self._parties = {party: _Party() for party in PARTIES}
        self._flows: Counter[tuple[str, str]] = Counter()
        self._sizes: dict[str, _Group] = {}
        self._tiers: dict[str, _Group] = {}
        self._rules: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self._sellers: dict[str, list[int]] = {}
        self._conflicts: list[Conflict] = []
        self._conflict_count = 0
        self._samples: list[tuple[int, str, int, Sample]] = []
        self._since: datetime | None = None
        self._until: datetime | None = None

    def add(
        self, case: Case, before: Verdict | None, after: Verdict, vector: Vector | None = None
    ) -> None:
        """Count one case. Without `before` the draft is compared with what really happened."""
        pair = _pair(case, before, after, vector)
        self.claims += 1
        self.unknown += case.context.cluster_claims_30d is None
        self._people[0] += pair.before.who == "person"
        self._people[1] += pair.after.who == "person"
        self._rules[0][pair.before.rule] += 1
        self._rules[1][pair.after.rule] += 1
        self._note_time(case.decided_at)
        size = self._sizes.setdefault(case.seller_size, _Group())
        tier = self._tiers.setdefault(case.buyer_tier, _Group())
        size.claims += 1
        tier.claims += 1
        seller = self._sellers.setdefault(case.seller_id, [0, 0])
        seller[1] += case.stake.paid_minor
        self._note_conflict(case, before, after)
        if pair.changed:
            self._add_changed(pair, size, tier, seller)

    def result(self, draft: str, in_force: str, minutes: Minutes, vectors: int) -> Result:
        """The figures so far."""
        names = sorted(set(self._rules[0]) | set(self._rules[1]))
        return Result(
            draft=draft,
            in_force=in_force,
            claims=self.claims,
            vectors=vectors,
            changed=self.changed,
            changed_rate=wilson(self.changed, self.claims),
            unknown_circumstances=self.unknown,
            since=self._since,
            until=self._until,
            parties=tuple(one.effect(party) for party, one in self._parties.items()),
            flows=self._flow_list(),
            to_person_before=self._people[0],
            to_person_after=self._people[1],
            minutes_each=minutes.each,
            minutes_from=minutes.source,
            sizes=_effects(self._sizes),
            tiers=_effects(self._tiers),
            rules=tuple(
                RuleHits(rule=name, before=self._rules[0][name], after=self._rules[1][name])
                for name in names
                if name
            ),
            most_touched=self._most_touched(),
            conflicts=tuple(self._conflicts),
            conflict_count=self._conflict_count,
            samples=tuple(item[3] for item in sorted(self._samples, reverse=True)),
            currency=self.currency,
        )

    def _add_changed(self, pair: Pair, size: _Group, tier: _Group, seller: list[int]) -> None:
        self.changed += 1
        self._flows[(pair.before.kind, pair.after.kind)] += 1
        rank = int.from_bytes(sha256(pair.case.case_id.encode()).digest()[:8], "big")
        for party, found in self._parties.items():
            found.add(pair.gain(party), rank % GROUPS)
        size.changed += 1
        size.delta_minor += pair.gain("seller")
        tier.changed += 1
        tier.delta_minor += pair.gain("buyer")
        seller[0] += pair.gain("seller")
        self._note_sample(rank, pair)

    def _note_sample(self, rank: int, pair: Pair) -> None:
        """The changed cases whose hash is smallest: nobody picks them, no order matters."""
        if len(self._samples) == SAMPLES and -rank < self._samples[0][0]:
            return
        heapq.heappush(self._samples, (-rank, pair.case.case_id, self.changed, _sample(pair)))
        if len(self._samples) > SAMPLES:
            heapq.heappop(self._samples)

    def _note_time(self, at: datetime | None) -> None:
        if at is not None:
            self._since = min(self._since or at, at)
            self._until = max(self._until or at, at)

    def _note_conflict(self, case: Case, before: Verdict | None, after: Verdict) -> None:
        actual = case.actual
        if actual is None or actual.by != "person" or actual.overturned:
            return
        known = before is not None and before.finding == after.finding
        finding = after.finding or actual.finding
        if known or not actual.finding or finding == actual.finding:
            return
        self._conflict_count += 1
        conflict = Conflict(
            case_id=case.case_id,
            reason=case.reason,
            decided=actual.finding,
            draft=finding,
            rule=after.rule,
        )
        insort(self._conflicts, conflict, key=lambda one: one.case_id)
        del self._conflicts[CONFLICTS:]

    def _flow_list(self) -> tuple[Flow, ...]:
        ranked = sorted(self._flows.items(), key=lambda item: (-item[1], item[0]))
        return tuple(Flow(before=a, after=b, claims=count) for (a, b), count in ranked)

    def _most_touched(self) -> SellerEffect | None:
        touched = [(delta, seller) for seller, (delta, _) in self._sellers.items() if delta < 0]
        if not touched:
            return None
        delta, seller = min(touched)
        paid = self._sellers[seller][1]
        return SellerEffect(seller_id=seller, delta_minor=delta, paid_minor=paid)


def _pair(case: Case, before: Verdict | None, after: Verdict, vector: Vector | None) -> Pair:
    if before is not None:
        return Pair(case, *ends(case, before, after), vector)
    was = really_ended(case, case.actual) if case.actual is not None else NOT_KNOWN
    return Pair(case, was, ends(case, after, after)[1], vector)


def _sample(pair: Pair) -> Sample:
    return Sample(
        case_id=pair.case.case_id,
        reason=pair.case.reason,
        before=pair.before.kind,
        after=pair.after.kind,
        rule_before=pair.before.rule,
        rule_after=pair.after.rule,
        finding_before=pair.before.finding,
        finding_after=pair.after.finding,
        buyer_minor=pair.gain("buyer"),
        vector=pair.vector.digest if pair.vector is not None else "",
    )


def _effects(groups: dict[str, _Group]) -> tuple[GroupEffect, ...]:
    return tuple(group.effect(name) for name, group in sorted(groups.items()))
