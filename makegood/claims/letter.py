"""The decision letter: one decision with all it rests on, as its reader may see it.

Everything in it was known when the decision was made, so the same decision gives the same letter
for ever: what was filed or found afterwards is not in it.
"""

from datetime import datetime

import msgspec

from makegood.base.money import Money, split_by_shares
from makegood.claims.asked import Asked, asked_of
from makegood.claims.view import (
    ClaimView,
    ConditionView,
    DecisionView,
    EvidenceView,
    FactView,
    PersonView,
)
from makegood.claims.weighing import Unfollowed, Weighed, unfollowed, weighed
from makegood.policy.judgement import Words
from makegood.policy.model import Pack
from makegood.policy.vocabulary import FACTS


class ShareShown(msgspec.Struct, frozen=True):
    """Who bears which part, to the cent."""

    party: str
    percent: int
    amount_minor: int


class Statement(msgspec.Struct, frozen=True):
    """What a side said."""

    party: str
    text: str


class AfterAppeal(msgspec.Struct, frozen=True):
    """Whose appeal this decision answered, against which decision, filed when."""

    by: str
    decision_no: int
    filed_at: datetime


class ChangeShown(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that would change the outcome, and the evidence that could prove it."""

    fact: str
    label: Words
    evidence: list[Words]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A decision with everything it rests on."""

    claim_no: str
    order_no: str
    title: str
    seller_name: str
    opened_at: datetime
    decided_at: datetime
    decided_by: PersonView
    machine: bool
    assist: str
    after_appeal: AfterAppeal | None
    """None where the decision takes no earlier one's place."""
    finding: str
    finding_words: Words
    remedy: str
    choices: list[str]
    amount: Money
    coupon_minor: int
    facts: list[FactView]
    description: str
    statements: list[Statement]
    rule_id: str
    rule_version: str
    rule_url: str
    """The rule in full, at an address that never changes; empty where no rule decided."""
    handbook_url: str
    clause_zh: str
    clause_en: str
    law: list[Words]
    """Dated texts; not legal advice."""
    conditions: list[ConditionView]
    reason_text: str
    departure: str
    like_claims: int
    like_ended: int
    shares: list[ShareShown]
    evidence: list[EvidenceView]
    asked: Asked
    """What was wanted beside what is given, and why it is less."""
    weighed: list[Weighed]
    """How each item of `evidence` counted, in the same order."""
    unfollowed: list[Unfollowed]
    """Statements that decided nothing alone."""
    contested: bool
    """The seller disputed the claim and bears a part all the same."""
    would_change: list[str]
    changes: list[ChangeShown]
    appeal_until: datetime | None


def letter_of(claim: ClaimView, pack: Pack) -> Letter:
    """The letter of the standing decision; `pack` is the version that the claim cites.

    An assertion fails for a claim without a decision: there is nothing to write.
    """
    decision = claim.decision
    assert decision is not None, "a letter is about a decision"
    finding = pack.findings.get(decision.finding)
    return Letter(
        claim_no=claim.claim_no,
        order_no=claim.order.order_no,
        title=claim.order.title,
        seller_name=claim.order.seller_name,
        opened_at=claim.opened_at,
        decided_at=decision.decided_at,
        decided_by=decision.decided_by,
        machine=decision.machine,
        assist=decision.assist,
        after_appeal=_after_appeal(claim, decision),
        finding=decision.finding,
        finding_words=finding.name if finding else Words(decision.clause_zh, decision.clause_en),
        remedy=decision.remedy,
        choices=decision.choices,
        amount=Money(decision.amount_minor, decision.currency),
        coupon_minor=decision.coupon_minor,
        facts=[fact for fact in claim.facts if fact.at <= decision.decided_at],
        description=claim.description,
        statements=_statements(claim, decision),
        rule_id=decision.rule_id,
        rule_version=decision.rule_version,
        rule_url=f"/rules/{decision.rules}#{decision.rule_id}" if decision.rules else "",
        handbook_url=f"/library/{decision.rule_id}" if decision.rules else "",
        clause_zh=decision.clause_zh,
        clause_en=decision.clause_en,
        law=[pack.words.law[key] for key in finding.law] if finding else [],
        conditions=decision.conditions,
        reason_text=decision.reason_text,
        departure=decision.departure,
        like_claims=decision.like_claims,
        like_ended=decision.like_ended,
        shares=shares_of(decision),
        evidence=[item for item in claim.evidence if item.added_at <= decision.decided_at],
        asked=asked_of(claim, decision, pack),
        weighed=weighed(claim, decision, pack),
        unfollowed=unfollowed(claim, decision),
        contested=_was_contested(claim, decision),
        would_change=decision.would_change,
        changes=_changes(claim, decision, pack),
        appeal_until=decision.appeal_until,
    )


def shares_of(decision: DecisionView) -> list[ShareShown]:
    """Who bears which part of the amount, to the cent; empty where nobody said."""
    if sum(decision.shares.values()) != 100:
        return []
    amounts = split_by_shares(decision.amount_minor, decision.shares)
    return [
        ShareShown(party, percent, amounts[party]) for party, percent in decision.shares.items()
    ]


def _statements(claim: ClaimView, decision: DecisionView) -> list[Statement]:
    """What the seller answered before the decision."""
    return [
        Statement("seller", step.text)
        for step in claim.steps
        if step.what == "seller_answered" and step.text and step.at <= decision.decided_at
    ]


def _after_appeal(claim: ClaimView, decision: DecisionView) -> AfterAppeal | None:
    """The appeal that changed the decision before this one."""
    return next(
        (
            AfterAppeal(appeal.by, appeal.decision_no, appeal.filed_at)
            for appeal in claim.appeals
            if appeal.outcome == "changed" and appeal.decision_no == decision.number - 1
        ),
        None,
    )


def _was_contested(claim: ClaimView, decision: DecisionView) -> bool:
    """Whether the seller's objection was heard and not followed."""
    disputed = any(
        step.what == "seller_answered"
        and step.with_.get("kind") == "contest"
        and step.at <= decision.decided_at
        for step in claim.steps
    )
    return disputed and decision.shares.get("seller", 0) > 0


def _changes(claim: ClaimView, decision: DecisionView, pack: Pack) -> list[ChangeShown]:
    reason = pack.reasons.get(claim.reason)
    slots = [pack.slots[use.slot] for use in reason.slots] if reason else []
    return [
        ChangeShown(
            fact=name,
            label=Words(FACTS[name].zh, FACTS[name].en),
            evidence=[slot.name for slot in slots if name in slot.proves and slot.who != "system"],
        )
        for name in dict.fromkeys(decision.would_change)
        if name in FACTS
    ]
