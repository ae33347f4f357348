"""Who outside is asked about a claim, what they may answer, and when they are reminded."""

from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from makegood.base.refusal import Refused

OutsideKind: TypeAlias = Literal["mediator", "publisher", "channel", "regulator"]
KINDS: Final[tuple[OutsideKind, ...]] = get_args(OutsideKind)
LINK_PURPOSE: Final = "outside"
LONGEST: Final = timedelta(days=30)
"""Nobody outside is waited for longer than this; the promise to the buyer stays the claim's own."""


class OutsideAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. A mediator also finds and recommends; the others state facts in words."""

    text: str
    file_no: str = ""
    """The number under which they keep it."""
    finding: str = ""
    remedy: str = ""
    amount_minor: int | None = None


class OutsideCase(msgspec.Struct, frozen=True, kw_only=True):
    """One question to one body about one claim."""

    ref_no: str
    claim_no: str
    kind: OutsideKind
    body: str
    """Its name, shown to both sides."""
    contact: str
    """Where the question is mailed; empty when the staff asks by other means."""
    language: Literal["zh", "en"] = "zh"
    question: str
    link_id: str
    asked_at: datetime
    asked_by: str
    due_at: datetime
    reminded_at: datetime | None = None
    answer: OutsideAnswer | None = None
    answered_at: datetime | None = None


def remind_at(asked_at: datetime, due_at: datetime) -> datetime:
    """When half of the time is gone."""
    return asked_at + (due_at - asked_at) / 2


def check_due(now: datetime, due_at: datetime) -> None:
    """Refuse a promised time that is past or out of sight."""
    if due_at <= now:
        raise Refused("too_early", at=due_at)
    if due_at > now + LONGEST:
        raise Refused("outside_too_late", most_days=LONGEST.days)


def check_answer(case: OutsideCase, answer: OutsideAnswer, most_minor: int) -> None:
    """Refuse an answer without words, or a recommendation beyond what was paid."""
    if not answer.text.strip():
        raise Refused("reason_needed", suggested="")
    if case.kind != "mediator" and (answer.finding or answer.remedy):
        raise Refused("not_your_turn", step="outside_answers")
    if answer.amount_minor is not None and not 0 <= answer.amount_minor <= most_minor:
        raise Refused("exceeds_paid", most_minor=most_minor)
