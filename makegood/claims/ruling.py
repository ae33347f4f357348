"""From facts to a ruling: the judge's answer with amounts, ready to be decided or shown."""

from datetime import datetime, timedelta
from typing import Final, Literal, cast

from makegood.claims import events as e
from makegood.claims.commands import Ruling
from makegood.claims.events import Circumstances
from makegood.claims.factsheet import AUDIENCES, facts_for_judge
from makegood.claims.remedies import COUPON, MONEY, PAID_REPAIR_PERCENT
from makegood.claims.state import Claim
from makegood.orders.facts import UnitFacts
from makegood.policy.judgement import Condition, Context, Judgement, Wants
from makegood.policy.model import Pack
from makegood.policy.rules import judge
from makegood.policy.stake import Measured, Stake, UnitAtStake, coupon_of, interest_of, refund_of

MACHINE: Final = "machine"
MACHINE_NAME: Final = "自动核验"


STOCK_MINUTES: Final = 10
"""Goods in stock reach the buyer within this time."""

TYPED: Final = ("account", "text")
"""Kinds of evidence that are written, not filed."""


def rule_on(
    pack: Pack,
    claim: Claim,
    units: list[UnitFacts],
    around: Circumstances,
    now: datetime,
    appeal_until: datetime,
) -> Ruling:
    """What the rules say about the facts on record."""
    facts = facts_for_judge(claim.facts)
    judgement = judge(
        pack,
        claim.opened.reason,
        facts,
        cast(Wants, claim.opened.wants),
        context_of(claim, around),
    )
    measured = Measured.of(facts)
    stake = stake_of(claim, units, around.refunded_minor)
    amount = refund_of(judgement.refund_rule, judgement.cause, judgement.shares, stake, measured)
    interest = interest_of(
        judgement.refund_rule,
        judgement.cause,
        amount or 0,
        measured.stopped_at,
        now,
        pack.head.limits,
    )
    decision = _decision(judgement, stake, amount or 0, interest, measured, around, appeal_until)
    return Ruling(
        decision=decision,
        certain=judgement.certain and decision is not None and amount is not None,
        auto=judgement.auto_lane,
        lane=judgement.lane,
        priority=judgement.priority_class,
        wait_for_supplier=judgement.wait_for == "supplier",
        hears_seller=_hears_seller(pack, claim, judgement),
        missing=missing_slots(pack, claim),
        why_person=judgement.needs_person or "",
        remedies=[remedy.code for remedy in judgement.remedies],
    )


def missing_slots(pack: Pack, claim: Claim) -> list[str]:
    """The buyer's required files that are not there yet.

    What is typed instead of filed (an account, a few words) came with the opening, where accounts
    are kept apart as keyed hashes; asking for it again would wait for nothing.
    """
    filled = {item.slot for item in claim.evidence if item.party == "buyer"}
    return [
        use.slot
        for use in pack.reasons[claim.opened.reason].slots
        if use.required
        and pack.slots[use.slot].who == "buyer"
        and pack.slots[use.slot].kind not in TYPED
        and use.slot not in filled
    ]


def agreed_decision(
    claim: Claim,
    ruling: Ruling,
    *,
    remedy: str,
    amount_minor: int,
    source: Literal["seller", "settlement"],
    decided_by: str,
    name: str,
    appeal_until: datetime,
) -> e.Decision:
    """A decision by consent: the seller took it on, or both sides agreed on an offer."""
    rule = ruling.decision
    finding = "seller_accepts" if source == "seller" else "settled"
    return e.Decision(
        number=0,
        finding=finding,
        remedy=remedy,
        amount_minor=0 if remedy == COUPON else amount_minor,
        coupon_minor=amount_minor if remedy == COUPON else 0,
        shares={"seller": 100},
        rule_id="R-00",
        rule_version=rule.rule_version if rule else "",
        clause_zh="双方就处理方案达成一致的，按一致的方案处理。",
        clause_en="What both sides agree on is what is done.",
        conditions=[],
        source=source,
        decided_by=decided_by,
        decided_by_name=name,
        root_cause=rule.root_cause if rule else "seller",
        appeal_until=appeal_until,
        around=rule.around if rule else None,
    )


def stake_of(claim: Claim, units: list[UnitFacts], refunded_minor: int) -> Stake:
    """The claimed units in money; a term is used until the day the claim was opened."""
    return stake_from(units, claim.opened_at, claim.opened.claimed_minor - refunded_minor)


def stake_from(units: list[UnitFacts], opened_at: datetime, left_minor: int) -> Stake:
    """The same where there is no fold at hand."""
    return Stake(
        left_minor=max(0, left_minor),
        units=tuple(unit_at_stake(unit, opened_at) for unit in units),
        line_quantity=units[0].quantity,
    )


def unit_at_stake(unit: UnitFacts, opened_at: datetime) -> UnitAtStake:
    """One unit in money; its term counts as used until the claim was opened."""
    term = used = timedelta()
    if unit.term_days is not None and unit.delivered_at is not None:
        term = timedelta(days=unit.term_days)
        used = min(max(opened_at - unit.delivered_at, timedelta()), term)
    return UnitAtStake(
        paid_minor=unit.unit_paid_minor,
        list_minor=unit.list_price_minor,
        gift_minor=unit.gift_minor,
        fee_minor=unit.service_fee_minor,
        term_seconds=int(term.total_seconds()),
        used_seconds=int(used.total_seconds()),
    )


def context_of(claim: Claim, around: Circumstances) -> Context:
    """What the judge is told beside facts."""
    failed = sum(1 for m in claim.money if m.kind == "repair" and m.state == "refused")
    return context_from(
        around,
        claim.opened.claimed_minor,
        human_asked=claim.person_asked,
        failed_repairs=failed,
    )


def context_from(
    around: Circumstances | None, claimed_minor: int, *, human_asked: bool, failed_repairs: int
) -> Context:
    """The same from what a decision recorded; what it did not record is unknown, never "no"."""
    known = around or Circumstances(
        stock_available=None, auto_cap_minor=0, trust_ok=False, cluster_claims_30d=0, repeats=0
    )
    return Context(
        stock_available=known.stock_available,
        reissue_eta_minutes=STOCK_MINUTES if known.stock_available else None,
        amount_minor=claimed_minor,
        auto_cap_minor=known.auto_cap_minor,
        trust_ok=known.trust_ok,
        cluster_claims_30d=around.cluster_claims_30d if around else None,
        repeats=known.repeats,
        risk_percent=around.risk_percent if around else None,
        human_asked=human_asked,
        failed_repairs=failed_repairs,
    )


def _decision(
    judgement: Judgement,
    stake: Stake,
    amount: int,
    interest: int,
    measured: Measured,
    around: Circumstances,
    appeal_until: datetime,
) -> e.Decision | None:
    if judgement.finding is None or judgement.shares is None:
        return None
    remedy = judgement.recommended or "explanation"
    adds = [one.code for one in judgement.remedies if one.add_on]
    due = interest if remedy in MONEY else 0
    coupon = coupon_of(judgement.finding, remedy, adds, stake.paid_minor, measured.minutes_late)
    return e.Decision(
        number=0,
        finding=judgement.finding,
        remedy=remedy,
        choices=_choices(judgement, remedy),
        amount_minor=_moved_minor(remedy, amount, stake.paid_minor),
        coupon_minor=coupon + due,
        interest_minor=due,
        shares={name: share for name, share in judgement.shares.as_dict().items() if share},
        rule_id=judgement.rule,
        rule_version=judgement.rule_version,
        clause_zh=judgement.clause.zh,
        clause_en=judgement.clause.en,
        conditions=[_condition(condition) for condition in judgement.explanation],
        source="machine",
        decided_by=MACHINE,
        decided_by_name=MACHINE_NAME,
        would_change=[change.fact for change in judgement.would_change],
        root_cause=judgement.root_cause or "system",
        appeal_until=appeal_until,
        around=around,
    )


def _choices(judgement: Judgement, remedy: str) -> list[str]:
    """What the buyer may choose instead: a repair at a price beside a claim not upheld."""
    codes = [one.code for one in judgement.remedies]
    return [remedy, "paid_repair"] if "paid_repair" in codes and remedy != "paid_repair" else []


def _moved_minor(remedy: str, refund_minor: int, paid_minor: int) -> int:
    """What goes back to the buyer; for a repair, what the buyer would pay for it."""
    if remedy in MONEY:
        return refund_minor
    return paid_minor * PAID_REPAIR_PERCENT // 100 if remedy == "paid_repair" else 0


def _condition(condition: Condition) -> e.Condition:
    actual = condition.actual
    return e.Condition(
        fact=condition.fact,
        label_zh=condition.label.zh,
        label_en=condition.label.en,
        actual=actual.isoformat() if isinstance(actual, datetime) else actual,
        source=condition.source or "",
        met=condition.met,
        audience=AUDIENCES.get(condition.audience, "platform"),
    )


def _hears_seller(pack: Pack, claim: Claim, judgement: Judgement) -> bool:
    """The seller has a say where the seller could have to pay and has something to show."""
    reason = pack.reasons[claim.opened.reason]
    speaks = any(pack.slots[use.slot].who == "seller" for use in reason.slots)
    if judgement.certain and judgement.shares is not None:
        return speaks and judgement.shares.seller > 0
    return speaks and "seller" in reason.opponents
