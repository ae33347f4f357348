"""What a backtest found: the figures of one draft against the rules in force."""

from datetime import datetime

import msgspec

from makegood.policy.backtest.intervals import Interval


class PartyEffect(msgspec.Struct, frozen=True, kw_only=True):
    """One party under the draft. `delta_minor` is what it gains (+) or pays more (-)."""

    party: str
    better: int
    worse: int
    delta_minor: int
    low_minor: int
    high_minor: int


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """So many claims that ended one way and would end another: `machine.refund` and so on."""

    before: str
    after: str
    claims: int


class GroupEffect(msgspec.Struct, frozen=True, kw_only=True):
    """Claims of one seller size or buyer tier; `delta_minor` as in `PartyEffect`."""

    group: str
    claims: int
    changed: int
    rate: Interval
    """Wilson interval of changed over claims."""
    delta_minor: int


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One changed claim, to open and read."""

    case_id: str
    reason: str
    before: str
    after: str
    rule_before: str
    rule_after: str
    finding_before: str
    finding_after: str
    buyer_minor: int
    """What the buyer would get more (+) or less (-)."""
    vector: str
    """Short hash of the facts that decide: equal ones are equal cases to the rules."""


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A person's standing decision that the draft contradicts and the rules in force do not."""

    case_id: str
    reason: str
    decided: str
    """The finding that a person held true."""
    draft: str
    rule: str


class RuleHits(msgspec.Struct, frozen=True, kw_only=True):
    """How often a row decided or proposed, before and after."""

    rule: str
    before: int
    after: int


class SellerEffect(msgspec.Struct, frozen=True, kw_only=True):
    """The seller that the draft touches most: what it pays more, over all it was paid for."""

    seller_id: str
    delta_minor: int
    paid_minor: int


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is stored with a draft. Amounts in minor units of `currency`."""

    draft: str
    in_force: str
    """Name and version of the pack, or `history` for what really happened."""
    claims: int
    vectors: int
    """Distinct fact vectors: each was put to both packs once."""
    changed: int
    changed_rate: Interval
    unknown_circumstances: int
    """Claims decided before circumstances were kept: stock and history count as unknown there."""
    since: datetime | None
    until: datetime | None
    parties: tuple[PartyEffect, ...]
    flows: tuple[Flow, ...]
    to_person_before: int
    to_person_after: int
    minutes_each: float
    minutes_from: str
    """`measured`, or `assumed` where too few decisions were there to measure."""
    sizes: tuple[GroupEffect, ...]
    tiers: tuple[GroupEffect, ...]
    rules: tuple[RuleHits, ...]
    most_touched: SellerEffect | None
    conflicts: tuple[Conflict, ...]
    conflict_count: int
    samples: tuple[Sample, ...]
    currency: str = "CNY"

    @property
    def hours_saved(self) -> float:
        """Hours of people's work that the draft saves (+) or costs (-)."""
        return (self.to_person_before - self.to_person_after) * self.minutes_each / 60

    def delta(self, party: str) -> PartyEffect:
        """One party's effect; raises KeyError for a party that there is not."""
        found = {effect.party: effect for effect in self.parties}
        return found[party]
