"""The head of a buyer's claim page: one sentence, one amount, the deadline that matters now."""

from typing import Final

import msgspec

from makegood.claims.view import ClaimView, DeadlineView, MoneyView
from makegood.policy.model import Pack
from makegood.web.words import Words

QUIET: Final = ("hard_stop", "appeal_window", "survey", "close", "first_response")
"""Deadlines that are told elsewhere on the page, unless nothing else runs."""
MONEY_STATES: Final = ("decided", "executing", "settled", "closed")

NOTHING: Final = ("none", "refuse", "explanation")


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """What the top of the page says. `deadlines` holds at most one."""

    head: str
    text: str
    note: str = ""
    amount_minor: int | None = None
    currency: str = "CNY"
    deadlines: list[DeadlineView]


def lead_of(claim: ClaimView, words: Words, pack: Pack) -> Lead:
    """The head for a claim's state, its decision and its money."""
    return Lead(
        head=_head(claim, words),
        text=_text(claim, words, pack),
        note=_rule_note(claim, words),
        amount_minor=_amount(claim),
        currency=claim.order.currency,
        deadlines=urgent(claim.deadlines),
    )


def _head(claim: ClaimView, words: Words) -> str:
    if _is_against(claim):
        return words.t("case.lead.refused.head", wants=words.code("wants.lower", claim.wants))
    remedy = words.code("remedy", claim.decision.remedy) if claim.decision else ""
    return words.t(f"case.lead.{claim.state}.head", remedy=remedy)


def _text(claim: ClaimView, words: Words, pack: Pack) -> str:
    """The money that moves; else what the finding means for the buyer; else what comes next."""
    moving = _moving(claim)
    if moving is not None:
        return words.t(f"money.state.{moving.kind}.{moving.state}")
    if _is_against(claim):
        assert claim.decision is not None, "only a decision can go against somebody"
        finding = pack.findings.get(claim.decision.finding)
        found = words.pick(finding.for_buyer.zh, finding.for_buyer.en) if finding else ""
        return found or words.t("case.lead.against")
    return words.t(f"case.lead.{claim.state}.text")


def urgent(deadlines: list[DeadlineView]) -> list[DeadlineView]:
    """The deadline a buyer should see first: the nearest running one that is not told elsewhere."""
    shown = [d for d in deadlines if d.kind not in QUIET and d.state != "paused"]
    if not shown:
        shown = [d for d in deadlines if d.kind == "hard_stop"]
    return sorted(shown, key=lambda d: d.at)[:1]


def _moving(claim: ClaimView) -> MoneyView | None:
    """The movement that the head tells about: the last refund or goods, not a coupon."""
    if claim.state not in MONEY_STATES:
        return None
    wanted = [m for m in claim.money if m.kind in ("refund", "reissue", "repair", "upgrade")]
    return wanted[-1] if wanted else None


def _amount(claim: ClaimView) -> int | None:
    if claim.decision is None or claim.state not in MONEY_STATES:
        return None
    return claim.decision.amount_minor or None


def _is_against(claim: ClaimView) -> bool:
    """A decision that gives the buyer nothing of what was asked for."""
    decided = claim.decision
    if decided is None or claim.state not in MONEY_STATES:
        return False
    return decided.remedy in NOTHING and claim.wants != "explanation"


def _rule_note(claim: ClaimView, words: Words) -> str:
    decided = claim.decision
    if decided is None or claim.state not in MONEY_STATES:
        return ""
    return words.t("case.rule", id=decided.rule_id, version=decided.rule_version)
