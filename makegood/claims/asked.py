"""What was asked for beside what a decision gives, and by which rule it is less. Pure."""

from typing import Final, Literal

import msgspec

from makegood.claims.remedies import GOODS, MONEY, NOTHING, REPAIRS
from makegood.claims.view import ClaimView, DecisionView
from makegood.policy.model import Finding, Pack

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
