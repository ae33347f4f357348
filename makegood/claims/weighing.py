"""How each item filed counted in a decision, and whose word decided nothing alone. Pure.

Everything here is read off the decision: each item beside the conditions it could prove, and each
condition on which the sources were not of one mind. No file is read for it, so the same decision
always gives the same answers.
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from makegood.claims.view import ClaimView, ConditionView, DecisionView, EvidenceView, FactView
from makegood.policy.facts import EVERYONE
from makegood.policy.judgement import Words
from makegood.policy.model import Pack
from makegood.policy.vocabulary import FACTS

Counted = Literal["looked", "record", "open", "beside", "before", "unread", "agreed"]
"""How an item counted: a person looked and found; its point was settled without it; it did not
settle its point, or one that would turn the decision; the rule asks about other points; it lay
before the person who decided; it names no point, and only a person reads such items; the sides
agreed, so nobody weighed it."""
Doubt = Literal["disagree", "own_purse", "followed"]
"""`followed`: a source with a stake of its own, and a person who looked decided as it says."""
LOOKED: Final = "agent"
"""The source of what a person of ours found when looking at evidence."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that an item could prove: what holds, and by whose word."""

    fact: str
    label: Words
    value: bool | int | str | None
    source: str


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """How one item counted, and what the machine noticed about the file."""

    evidence_id: str
    party: str
    counted: Counted
    points: list[Point]
    could_prove: list[Words]
    notes: list[str]


class Said(msgspec.Struct, frozen=True):
    """One source's word."""

    source: str
    value: bool | int | str | None


class Unfollowed(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that no statement carried alone, and what each source said."""

    fact: str
    label: Words
    doubt: Doubt
    said: list[Said]


def weighed(claim: ClaimView, decision: DecisionView, pack: Pack) -> list[Weighed]:
    """Each item that a side had filed before the decision, in their order."""
    before = _before(claim, decision)
    return [
        _weigh(item, decision, pack, before)
        for item in claim.evidence
        if item.added_at <= decision.decided_at
    ]


def unfollowed(claim: ClaimView, decision: DecisionView) -> list[Unfollowed]:
    """Conditions on which the sources disagree, or which only an interested source stated."""
    return list(_doubts(decision, _before(claim, decision)))


def _before(claim: ClaimView, decision: DecisionView) -> list[FactView]:
    """What had been stated by then."""
    return [fact for fact in claim.facts if fact.at <= decision.decided_at]


def _weigh(
    item: EvidenceView, decision: DecisionView, pack: Pack, facts: list[FactView]
) -> Weighed:
    slot = pack.slots.get(item.slot)
    proves = slot.proves if slot else ()
    found = [_found(fact) for fact in facts if fact.source == LOOKED and fact.name in proves]
    asked = [one for one in decision.conditions if one.fact in proves]
    turning = [_unsaid(name) for name in decision.would_change if name in proves and name in FACTS]
    counted = _counted(decision, asked, named=bool(proves), turning=bool(turning))
    return Weighed(
        evidence_id=item.evidence_id,
        party=item.party,
        counted="looked" if found else counted,
        points=found or [_point(one) for one in asked] or turning,
        could_prove=[_label(name) for name in proves if name in FACTS],
        notes=item.notes,
    )


def _counted(
    decision: DecisionView, asked: list[ConditionView], *, named: bool, turning: bool
) -> Counted:
    """By the conditions that the item could prove, or a fact that would turn the decision."""
    if decision.assist == "agreed":
        return "agreed"
    if decision.machine and not named:
        return "unread"
    if not decision.conditions or not named:
        return "before"
    if any(_is_settled(one, decision) for one in asked):
        return "record"
    return "open" if asked or turning else "beside"


def _is_settled(condition: ConditionView, decision: DecisionView) -> bool:
    """Whether the condition holds by a known value, shown to this reader or not.

    What a machine may not take from an interested source, a person who looked may.
    """
    hidden = condition.fact in FACTS and FACTS[condition.fact].audience != EVERYONE
    holds = condition.met == "met" or (condition.met == "held" and not decision.machine)
    return holds and (condition.actual is not None or (hidden and condition.met == "met"))


def _found(fact: FactView) -> Point:
    return Point(fact=fact.name, label=_label(fact.name), value=fact.value, source=fact.source)


def _unsaid(name: str) -> Point:
    """A fact that nobody has stated from the item."""
    return Point(fact=name, label=_label(name), value=None, source="")


def _point(condition: ConditionView) -> Point:
    return Point(
        fact=condition.fact,
        label=Words(condition.label_zh, condition.label_en),
        value=condition.actual,
        source=condition.source,
    )


def _doubts(decision: DecisionView, facts: list[FactView]) -> Iterator[Unfollowed]:
    for one in decision.conditions:
        said = _latest(fact for fact in facts if fact.name == one.fact and fact.value is not None)
        doubt: Doubt | None = None
        if len({word.value for word in said}) > 1:
            doubt = "disagree"
        elif one.met == "held" and said:
            doubt = "own_purse" if decision.machine else "followed"
        if doubt is not None:
            label = Words(one.label_zh, one.label_en)
            yield Unfollowed(fact=one.fact, label=label, doubt=doubt, said=said)


def _latest(facts: Iterator[FactView]) -> list[Said]:
    """The newest word of each source, in the order in which sources first spoke."""
    newest: dict[str, Said] = {}
    for fact in sorted(facts, key=lambda fact: fact.at):
        newest[fact.source] = Said(fact.source, fact.value)
    return list(newest.values())


def _label(name: str) -> Words:
    return Words(FACTS[name].zh, FACTS[name].en)
