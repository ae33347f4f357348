"""The way of a draft: edited, reviewed by somebody else, announced, tried, in force. Pure.

Each function answers the draft after the step, or refuses it. A version decides only after a
second person released it with a fresh second factor and its notice time is over.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from makegood.base.refusal import Refused
from makegood.people.approvals.rules import DECIDING_ROLES, Approver
from makegood.policy.draft.model import NOTICE_DAYS, STEP_HOURS, Draft, DraftState
from makegood.policy.stages import SHARES

FRESH_MINUTES: Final = 30


def check_state(draft: Draft, *states: DraftState) -> None:
    """Refuse a step that does not belong to where the draft is."""
    if draft.state not in states:
        raise Refused("rule_state", state=draft.state)


def submitted(draft: Draft, in_the_way: list[str], now: datetime) -> Draft:
    """Given to a second person; refused while something stands in the way."""
    check_state(draft, "editing")
    if in_the_way:
        raise Refused("rule_unfinished", why=in_the_way[0])
    return msgspec.structs.replace(draft, state="in_review", submitted_at=now, changed_at=now)


def taken_back(draft: Draft, now: datetime) -> Draft:
    """Edited on, before anybody decided."""
    check_state(draft, "in_review")
    return msgspec.structs.replace(draft, state="editing", submitted_at=None, changed_at=now)


def check_reviewer(draft: Draft, reviewer: Approver, now: datetime) -> None:
    """Somebody who wrote no part of it, with a second factor shown just now."""
    if reviewer.proven_at is None or reviewer.role not in DECIDING_ROLES:
        raise Refused("second_factor_needed")
    if reviewer.person_id in {draft.author_id, *draft.editors}:
        raise Refused("approval_needs_other_person")
    if now - reviewer.proven_at > timedelta(minutes=FRESH_MINUTES):
        raise Refused("second_factor_stale")


def returned(draft: Draft, reviewer: Approver, text: str, now: datetime) -> Draft:
    """Sent back to its author with a reason."""
    check_state(draft, "in_review")
    check_reviewer(draft, reviewer, now)
    if not text.strip():
        raise Refused("reason_needed")
    return msgspec.structs.replace(
        draft, state="editing", submitted_at=None, review_text=text.strip(), changed_at=now
    )


def announced(
    draft: Draft,
    reviewer: Approver,
    text: str,
    version: int,
    now: datetime,
    *,
    early: bool,
    favours_buyers: bool,
) -> Draft:
    """Released: public now, deciding after the notice time, or at once where nobody loses.

    Raises:
        Refused: `rule_not_favourable` for an early start that somebody could lose by.
    """
    check_state(draft, "in_review")
    check_reviewer(draft, reviewer, now)
    if early and not favours_buyers:
        raise Refused("rule_not_favourable")
    return msgspec.structs.replace(
        draft,
        state="notice",
        reviewer_id=reviewer.person_id,
        reviewer_name=reviewer.name,
        reviewed_at=now,
        review_text=text.strip(),
        version=version,
        early=early,
        effective_at=now if early else now + timedelta(days=NOTICE_DAYS),
        changed_at=now,
    )


def widened(draft: Draft, now: datetime) -> Draft:
    """The next share of new orders follows it; the last step is all of them."""
    check_state(draft, "notice", "trial")
    assert draft.effective_at is not None, "an announced version has a beginning"
    if now < draft.effective_at:
        raise Refused("rule_state", state=draft.state)
    share = next(step for step in SHARES if step > draft.share)
    if share == SHARES[-1]:
        return msgspec.structs.replace(
            draft, state="in_force", share=share, next_step_at=None, changed_at=now
        )
    following = now + timedelta(hours=STEP_HOURS)
    return msgspec.structs.replace(
        draft, state="trial", share=share, next_step_at=following, changed_at=now
    )


def withdrawn(draft: Draft, why: str, now: datetime) -> Draft:
    """Given up before it decided anything."""
    check_state(draft, "editing", "in_review", "notice")
    return msgspec.structs.replace(
        draft, state="withdrawn", ended_at=now, ended_why=why, next_step_at=None, changed_at=now
    )


def rolled_back(draft: Draft, why: str, now: datetime, *, favours_buyers: bool) -> Draft:
    """New orders follow the version before it again.

    A trial may always be stopped. What is in force for everybody is only taken back at once
    where nobody who buys loses by it; otherwise the way back is a new draft with its notice.
    """
    check_state(draft, "trial", "in_force")
    if not why.strip():
        raise Refused("reason_needed")
    if draft.state == "in_force" and not favours_buyers:
        raise Refused("rule_not_favourable")
    return msgspec.structs.replace(
        draft,
        state="rolled_back",
        share=0,
        next_step_at=None,
        ended_at=now,
        ended_why=why.strip(),
        changed_at=now,
    )
