"""What was asked for and not given, and what was filed that the decision does not rest on. Pure.

Everything here is read off one decision: the remedy wanted beside the remedy given, each item
filed beside the conditions it could prove, and each condition on which the sources were not of
one mind. No file is read for it, so the same decision always gives the same answers.
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from makegood.claims.remedies import GOODS, MONEY, NOTHING, REPAIRS
from makegood.claims.view import ClaimView, ConditionView, DecisionView, EvidenceView, FactView
from makegood.policy.facts import EVERYONE
from makegood.policy.judgement import Words
from makegood.policy.model import Finding, Pack
from makegood.policy.vocabulary import FACTS

Met = Literal["all", "choice", "part", "other", "nothing"]
"""All of it; all of it, as one of the buyer's choices; less money; something else; nothing."""
Why = Literal[
    "",
    "agreed",
    "person",
    "prorated",
    "prorated_buyer",
    "unit",
    "shared",
    "extra",
    "owed",
    "refunded_before",
    "goods_first",
    "no_goods",
    "ladder",
    "not_offered",
    "finding",
    "finding_person",
]
"""Why less was given; `finding` is the finding itself, with the conditions it rests on, or what a
person held true without a rule."""
Counted = Literal["looked", "record", "open", "beside", "before", "unread", "agreed"]
"""How an item counted: a person looked and found; its point was settled without it; its point
stayed open; the rule asks about other points; it lay before the person who decided; it names no
point, and only a person reads such items; the sides agreed, so nobody weighed it."""
Doubt = Literal["disagree", "own_purse", "followed"]
"""`followed`: a source with a stake of its own, and a person who looked decided as it says."""
LOOKED: Final = "agent"
"""The source of what a person of ours found when looking at evidence."""
OWN_WILL: Final = ("departed", "unaided")
"""A person's own ruling, whose amounts and remedy follow no rule."""
IN_KIND: Final = (*GOODS, *REPAIRS, "upgrade")
BY_RULE: Final[dict[str, Why]] = {
    "prorated": "prorated",
    "unit": "unit",
    "shared": "shared",
    "extra": "extra",
    "owed": "owed",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the buyer wanted beside what the decision gives, in minor units."""

    wants: str
    asked_minor: int
    """0 where no money was asked for."""
    given_minor: int
    met: Met
    why: Why

    @property
    def less_minor(self) -> int:
        """What of the money asked for is not given."""
        return max(0, self.asked_minor - self.given_minor)


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


def asked_of(claim: ClaimView, decision: DecisionView, pack: Pack) -> Asked:
    """What was wanted beside what was decided."""
    fulfils = pack.head.wants.get(claim.wants, ())
    money = claim.wants == "refund"
    asked = claim.claimed_minor if money else 0
    given = decision.amount_minor if decision.remedy in MONEY else 0
    met = _met(decision, fulfils, asked, given)
    return Asked(
        wants=claim.wants,
        asked_minor=asked,
        given_minor=given,
        met=met,
        why=_why(met, decision, pack, fulfils),
    )


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


def _met(decision: DecisionView, fulfils: tuple[str, ...], asked: int, given: int) -> Met:
    if decision.remedy in fulfils:
        return "part" if given < asked else "all"
    if set(decision.choices) & set(fulfils):
        return "choice"
    return "nothing" if decision.remedy in NOTHING else "other"


def _why(met: Met, decision: DecisionView, pack: Pack, fulfils: tuple[str, ...]) -> Why:
    if met in ("all", "choice"):
        return ""
    if decision.assist == "agreed":
        return "agreed"
    finding = pack.findings.get(decision.finding)
    if decision.assist in OWN_WILL:
        return _why_by_person(met, decision, finding)
    if met == "nothing" or finding is None:
        return "finding"
    if met == "part":
        return _why_part(decision, finding)
    return _why_other(decision, finding, pack, fulfils)


def _why_by_person(met: Met, decision: DecisionView, finding: Finding | None) -> Why:
    """A person's own finding; what it gives may still follow the finding's own formula."""
    if met == "nothing":
        return "finding_person"
    if finding is None or decision.remedy != "refund_prorated":
        return "person"
    return _why_part(decision, finding)


def _why_part(decision: DecisionView, finding: Finding) -> Why:
    if finding.refund_rule == "prorated" and finding.cause == "buyer":
        return "prorated_buyer"
    by_rule = BY_RULE.get(finding.refund_rule)
    return by_rule or ("refunded_before" if decision.machine else "person")


def _why_other(
    decision: DecisionView, finding: Finding, pack: Pack, fulfils: tuple[str, ...]
) -> Why:
    if not _offered(pack, finding) & set(fulfils):
        return "not_offered"
    wanted_kind = bool(set(fulfils) & set(IN_KIND))
    if decision.remedy in MONEY and wanted_kind:
        return "no_goods"
    wanted_money = set(fulfils) <= set(MONEY)
    return "goods_first" if decision.remedy in IN_KIND and wanted_money else "ladder"


def _offered(pack: Pack, finding: Finding) -> set[str]:
    """The remedies that some row gives for findings of this kind, in stock or not."""
    table = pack.tables["remedies"]
    known = {"finding.kind": finding.kind, "finding.refund_rule": finding.refund_rule}
    actual = [known.get(name) for name in table.inputs]
    own = table.inputs.index("finding.kind")
    return {
        code
        for row in table.rows
        if any(place == own for place, _ in row.asked) and row.state(actual) != "not_met"
        for code in str(row.outcome["remedies"]).split(",")
    }


def _weigh(
    item: EvidenceView, decision: DecisionView, pack: Pack, facts: list[FactView]
) -> Weighed:
    slot = pack.slots.get(item.slot)
    proves = slot.proves if slot else ()
    found = [_found(fact) for fact in facts if fact.source == LOOKED and fact.name in proves]
    asked = [one for one in decision.conditions if one.fact in proves]
    return Weighed(
        evidence_id=item.evidence_id,
        party=item.party,
        counted="looked" if found else _counted(decision, asked, names_a_point=bool(proves)),
        points=found or [_point(one) for one in asked],
        could_prove=[_label(name) for name in proves if name in FACTS],
        notes=item.notes,
    )


def _counted(decision: DecisionView, asked: list[ConditionView], *, names_a_point: bool) -> Counted:
    if decision.assist == "agreed":
        return "agreed"
    if decision.machine and not names_a_point:
        return "unread"
    if not decision.conditions or not names_a_point:
        return "before"
    if not asked:
        return "beside"
    if any(_is_settled(one, decision) for one in asked):
        return "record"
    return "open" if decision.machine else "before"


def _is_settled(condition: ConditionView, decision: DecisionView) -> bool:
    """Whether the condition holds by a known value, shown to this reader or not.

    What a machine may not take from an interested source, a person who looked may.
    """
    hidden = condition.fact in FACTS and FACTS[condition.fact].audience != EVERYONE
    holds = condition.met == "met" or (condition.met == "held" and not decision.machine)
    return holds and (condition.actual is not None or (hidden and condition.met == "met"))


def _found(fact: FactView) -> Point:
    return Point(fact=fact.name, label=_label(fact.name), value=fact.value, source=fact.source)


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
