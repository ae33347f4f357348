"""From facts to a ruling: the judge's answer with amounts, ready to be decided or shown."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, cast

import msgspec

from makegood.claims import events as e
from makegood.claims.commands import Ruling
from makegood.claims.factsheet import AUDIENCES, facts_for_judge
from makegood.claims.remedies import GOODS, MONEY, PAID_REPAIR_PERCENT
from makegood.claims.state import Claim
from makegood.orders.facts import UnitFacts
from makegood.policy import remedy as amounts
from makegood.policy.facts import Fact
from makegood.policy.judgement import Condition, Context, Judgement, Shares, Wants
from makegood.policy.model import Pack
from makegood.policy.rules import judge

MACHINE: Final = "machine"
MACHINE_NAME: Final = "自动核验"


LATE_FINDINGS: Final = ("delivered_late", "delivered_late_supplier")
SMALL_COUPON_MINUTES: Final = 10
"""A small coupon is worth the first ten minutes of lateness."""
STOCK_MINUTES: Final = 10
"""Goods in stock reach the buyer within this time."""

TYPED: Final = ("account", "text")
"""Kinds of evidence that are written, not filed."""


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What the judge needs beside facts; limits and history, never anger or tier."""

    stock_available: bool | None
    auto_cap_minor: int
    trust_ok: bool
    cluster_claims_30d: int
    repeats: int
    refused_30d: int = 0
    refunded_minor: int = 0

    @property
    def risk_percent(self) -> int:
        """Points for a history that a machine should not pay on: more claims, refused claims.

        A household of two is far below the limit; it is shown to staff and never decides who
        is right.
        """
        return min(100, 15 * max(0, self.cluster_claims_30d - 1) + 30 * self.refused_30d)


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
        _context(claim, around),
    )
    measured = Measured.of(facts)
    amount = amount_of(judgement, units, claim, around.refunded_minor, measured)
    decision = _decision(claim, units, judgement, amount or 0, measured, appeal_until)
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
        amount_minor=amount_minor,
        coupon_minor=0,
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
    )


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Figures among the facts that amounts are computed from; None where nobody stated them."""

    units_missing: int | None = None
    overcharged_minor: int | None = None
    minutes_late: int | None = None

    @staticmethod
    def of(facts: Mapping[str, Fact]) -> "Measured":
        """The figures that these facts hold."""

        def count(name: str) -> int | None:
            value = facts[name].value if name in facts else None
            return value if isinstance(value, int) and not isinstance(value, bool) else None

        return Measured(
            units_missing=count("delivery.units_missing"),
            overcharged_minor=count("payment.overcharged_minor"),
            minutes_late=count("delivery.minutes_late"),
        )


def amount_of(
    judgement: Judgement,
    units: list[UnitFacts],
    claim: Claim,
    refunded_minor: int,
    measured: Measured,
) -> int | None:
    """What the judgement's refund rule gives for these units, in minor units.

    None where the rule needs a figure that nobody stated: then a person says how much.
    """
    left = max(0, claim.opened.claimed_minor - refunded_minor)
    cause: amounts.Cause = "buyer" if judgement.cause == "buyer" else "non_buyer"
    match judgement.refund_rule:
        case "none":
            return 0
        case "prorated" if units[0].term_days and units[0].delivered_at is not None:
            return min(left, sum(_prorated(unit, claim, cause) for unit in units))
        case "unit":
            return _missing_part(units, measured.units_missing, left)
        case "shared":
            shares = judgement.shares or Shares()
            return amounts.split_loss(left, shares).refund_minor
        case "extra" if measured.overcharged_minor is not None:
            return max(0, min(measured.overcharged_minor, left))
        case "extra" | "owed":
            return None
        case _:
            return left


def _missing_part(units: list[UnitFacts], missing: int | None, left: int) -> int | None:
    """The price of the units that did not come."""
    if missing is None:
        return left if len(units) == 1 and units[0].quantity == 1 else None
    paid = sum(unit.unit_paid_minor for unit in units)
    came = len(units) - min(missing, len(units))
    value = amounts.UnitValue(paid_minor=paid, list_minor=paid)
    gone = amounts.refund_unit_based(
        value, units_total=len(units), units_used=came, cause="non_buyer"
    )
    return min(left, gone)


def _prorated(unit: UnitFacts, claim: Claim, cause: amounts.Cause) -> int:
    """Time not served: from the stop of service, taken as the day the claim was opened."""
    assert unit.term_days is not None
    assert unit.delivered_at is not None
    term = timedelta(days=unit.term_days)
    used = min(max(claim.opened_at - unit.delivered_at, timedelta()), term)
    return amounts.refund_time_based(
        _value(unit),
        term_seconds=int(term.total_seconds()),
        used_seconds=int(used.total_seconds()),
        cause=cause,
    )


def _value(unit: UnitFacts) -> amounts.UnitValue:
    return amounts.UnitValue(
        paid_minor=unit.unit_paid_minor,
        list_minor=unit.list_price_minor,
        gift_minor=unit.gift_minor,
        fee_minor=unit.service_fee_minor,
    )


def _context(claim: Claim, around: Circumstances) -> Context:
    return Context(
        stock_available=around.stock_available,
        reissue_eta_minutes=STOCK_MINUTES if around.stock_available else None,
        amount_minor=claim.opened.claimed_minor,
        auto_cap_minor=around.auto_cap_minor,
        trust_ok=around.trust_ok,
        cluster_claims_30d=around.cluster_claims_30d,
        repeats=around.repeats,
        risk_percent=around.risk_percent,
        human_asked=claim.person_asked,
        failed_repairs=sum(1 for m in claim.money if m.kind == "repair" and m.state == "refused"),
    )


def _decision(
    claim: Claim,
    units: list[UnitFacts],
    judgement: Judgement,
    amount: int,
    measured: Measured,
    appeal_until: datetime,
) -> e.Decision | None:
    if judgement.finding is None or judgement.shares is None:
        return None
    remedy = judgement.recommended or "explanation"
    paid = sum(unit.unit_paid_minor for unit in units)
    return e.Decision(
        number=0,
        finding=judgement.finding,
        remedy=remedy,
        choices=_choices(judgement, remedy),
        amount_minor=_moved_minor(remedy, amount, paid),
        coupon_minor=_coupon(judgement, remedy, paid, measured.minutes_late),
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


def _coupon(judgement: Judgement, remedy: str, paid_minor: int, minutes_late: int | None) -> int:
    """The coupon for lateness by its minutes, with a payment fault, or beside a reissue."""
    adds = {r.code for r in judgement.remedies if r.add_on}
    if "coupon" not in adds and remedy != "coupon":
        return 0
    if remedy in GOODS:
        return amounts.reissue_coupon(paid_minor)
    late = minutes_late if judgement.finding in LATE_FINDINGS else None
    return amounts.late_coupon(paid_minor, late or SMALL_COUPON_MINUTES)


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
