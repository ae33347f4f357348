"""Decisions of a history, each with what was known when it was made. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from makegood.claims import events as e
from makegood.claims.factsheet import facts_for_judge
from makegood.claims.precedents.rules import Assist, band_of, decisive, fact_print, rows_print
from makegood.claims.ruling import context_from, stake_from
from makegood.claims.state import Recorded
from makegood.orders.facts import UnitFacts
from makegood.policy.backtest.case import UNKNOWN, Actual, By, Case, packed, said_of, size_of
from makegood.policy.backtest.verdict import really_ended
from makegood.policy.deadline import product_class
from makegood.policy.judgement import Wants
from makegood.policy.model import Pack
from makegood.policy.stake import Measured

NO_RULE: Final = "R-00"
"""What a decision cites that follows no rule: a person's own, or what the sides agreed on."""
STEPS: Final[dict[type, str]] = {
    e.ClaimOpened: "opened",
    e.SellerAnswered: "seller_answered",
    e.EvidenceAdded: "evidence_added",
    e.ClaimDecided: "decided",
    e.RemedyDone: "done",
}
"""Steps of the anonymous timeline; the first of each kind."""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """One decision and what it was made on."""

    decision: e.Decision
    at: datetime
    facts: tuple[e.StatedFact, ...]
    person_asked: bool
    failed_repairs: int


class Tick(msgspec.Struct, frozen=True, array_like=True):
    """One step of the timeline: what, and seconds since the payment."""

    what: str
    seconds: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table of precedents."""

    claim_no: str
    decision_no: int
    claim_version: int
    case_hash: bytes
    reason: str
    product_class: str
    amount_band: int
    fact_print: bytes
    finding: str
    outcome: str
    remedy: str
    amount_minor: int
    currency: str
    shares: dict[str, int]
    rule_id: str
    rule_version: str
    decided_by: str
    by_whom: By
    assist: Assist
    overturned: bool
    decided_at: datetime
    ended_at: datetime
    seller_id: str
    facts: bytes
    timeline: list[Tick]


def decisions_of(history: Sequence[Recorded]) -> list[Decided]:
    """Every decision in order; all but the last were put aside by an appeal or a second look."""
    facts: tuple[e.StatedFact, ...] = ()
    asked, failed = False, 0
    found: list[Decided] = []
    for recorded in history:
        match recorded.event:
            case e.FactsRecorded(facts=new):
                facts = (*facts, *new)
            case e.PersonAsked():
                asked = True
            case e.MoneyMoved(kind="repair", state="refused"):
                failed += 1
            case e.ClaimDecided(decision=decision):
                found.append(
                    Decided(
                        decision=decision,
                        at=recorded.at,
                        facts=facts,
                        person_asked=asked,
                        failed_repairs=failed,
                    )
                )
            case _:
                pass
    return found


def case_of(
    history: Sequence[Recorded], units: list[UnitFacts], decided: Decided, *, overturned: bool
) -> Case:
    """The decision as a backtest reads it."""
    opened = history[0].event
    assert isinstance(opened, e.ClaimOpened), "a history begins with its opening"
    known = facts_for_judge(decided.facts)
    around, decision = decided.decision.around, decided.decision
    return Case(
        case_id=opened.claim_no,
        reason=opened.reason,
        wants=msgspec.convert(opened.wants, Wants),
        said=said_of(known),
        context=context_from(
            around,
            opened.claimed_minor,
            human_asked=decided.person_asked,
            failed_repairs=decided.failed_repairs,
        ),
        stake=stake_from(
            units,
            history[0].at,
            opened.claimed_minor - (around.refunded_minor if around else 0),
        ),
        measured=Measured.of(known),
        seller_id=opened.seller_id,
        decided_at=decided.at,
        actual=Actual(
            finding=decision.finding,
            remedy=decision.remedy,
            amount_minor=decision.amount_minor,
            coupon_minor=decision.coupon_minor,
            shares=decision.shares,
            by=by_whom(decision),
            overturned=overturned,
        ),
    )


def lines_of(
    pack: Pack,
    history: Sequence[Recorded],
    units: list[UnitFacts],
    case_hash: bytes,
    ended_at: datetime,
) -> list[Line]:
    """The rows of an ended claim under the rules it cites; empty for one never decided."""
    opened = history[0].event
    assert isinstance(opened, e.ClaimOpened), "a history begins with its opening"
    all_decided = decisions_of(history)
    product = product_class(pack, opened.category)
    judged_by = rows_print(pack.tables[pack.reasons[opened.reason].table])
    lines = []
    for decided in all_decided:
        overturned = decided is not all_decided[-1]
        case = case_of(history, units, decided, overturned=overturned)
        facts = decisive(pack, opened.reason, case.said)
        decision = decided.decision
        assert case.actual is not None, "a decision is an end"
        lines.append(
            Line(
                claim_no=opened.claim_no,
                decision_no=decision.number,
                claim_version=history[-1].version,
                case_hash=case_hash,
                reason=opened.reason,
                product_class=product,
                amount_band=band_of(opened.claimed_minor),
                fact_print=fact_print(opened.reason, product, facts, judged_by),
                finding=decision.finding,
                outcome=really_ended(case, case.actual).what,
                remedy=decision.remedy,
                amount_minor=decision.amount_minor,
                currency=opened.currency,
                shares=decision.shares,
                rule_id=decision.rule_id,
                rule_version=decision.rule_version,
                decided_by=decision.decided_by,
                by_whom=by_whom(decision),
                assist=assist_of(decision),
                overturned=overturned,
                decided_at=decided.at,
                ended_at=ended_at,
                seller_id=opened.seller_id,
                facts=packed(case),
                timeline=timeline_of(history, units[0]),
            )
        )
    return lines


def sized(case: Case, orders: int) -> Case:
    """The case with its seller's size and its buyer's history as a tier.

    A tier is what is known at the time: whether claims of the last 30 days were refused.
    """
    context = case.context
    tier = UNKNOWN
    if context.cluster_claims_30d is not None:
        tier = "trusted" if context.trust_ok else "refused before"
    return msgspec.structs.replace(case, seller_size=size_of(orders), buyer_tier=tier)


def by_whom(decision: e.Decision) -> By:
    """Who decided: the machine, a person, or both sides between them."""
    match decision.source:
        case "machine":
            return "machine"
        case "seller" | "settlement":
            return "agreement"
        case "person" | "appeal":
            return "person"


def assist_of(decision: e.Decision) -> Assist:
    """What part the rules' suggestion had in it."""
    match decision.source:
        case "machine":
            return "alone"
        case "seller" | "settlement":
            return "agreed"
        case "person" | "appeal":
            if decision.departure:
                return "departed"
            return "unaided" if decision.rule_id == NO_RULE else "followed"


def timeline_of(history: Sequence[Recorded], unit: UnitFacts) -> list[Tick]:
    """Steps by their distance from the payment: no date, so nobody is found by it."""
    start = unit.paid_at or unit.placed_at
    steps = {"paid": start}
    if unit.delivered_at is not None:
        steps["delivered"] = unit.delivered_at
    if unit.revealed_at is not None:
        steps["revealed"] = unit.revealed_at
    for recorded in history:
        name = STEPS.get(type(recorded.event))
        if name is not None:
            steps.setdefault(name, recorded.at)
    ticks = [Tick(name, int((at - start).total_seconds())) for name, at in steps.items()]
    return sorted(ticks, key=lambda tick: tick.seconds)
