"""The head of a buyer's claim page: one sentence, one amount, the deadline that matters now."""

from typing import Final

import msgspec

from makegood.claims.view import ClaimView, DeadlineView, MoneyView
from makegood.web.words import Words

QUIET: Final = ("hard_stop", "appeal_window", "survey", "close", "first_response")
"""Deadlines that are told elsewhere on the page, unless nothing else runs."""
MONEY_STATES: Final = ("decided", "executing", "settled", "closed")


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """What the top of the page says. `deadlines` holds at most one."""

    head: str
    text: str
    note: str = ""
    amount_minor: int | None = None
    currency: str = "CNY"
    deadlines: list[DeadlineView]


def lead_of(claim: ClaimView, words: Words) -> Lead:
    """The head for a claim's state, its decision and its money."""
    remedy = words.code("remedy", claim.decision.remedy) if claim.decision else ""
    key = f"case.lead.{claim.state}"
    moving = _moving(claim)
    text = words.t(f"{key}.text")
    if moving is not None:
        text = words.t(f"money.state.{moving.kind}.{moving.state}")
    elif _is_against(claim):
        text = words.t("case.lead.against")
    return Lead(
        head=words.t(f"{key}.head", remedy=remedy),
        text=text,
        note=_rule_note(claim, words),
        amount_minor=_amount(claim),
        currency=claim.order.currency,
        deadlines=urgent(claim.deadlines),
    )


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
    decided = claim.decision
    return decided is not None and decided.remedy in ("none", "refuse")


def _rule_note(claim: ClaimView, words: Words) -> str:
    decided = claim.decision
    if decided is None or claim.state not in MONEY_STATES:
        return ""
    return words.t("case.rule", id=decided.rule_id, version=decided.rule_version)
