"""What the staff does on a claim: decide, approve, ask, hand over, assign, escalate."""

import re
from typing import Annotated, Final, Literal

from msgspec import Meta

from makegood.claims import staff_actions
from makegood.claims.staff_actions import Ruled
from makegood.web.api.faults import input_fault
from makegood.web.api.operation import Answer, Call
from makegood.web.api.shapes import (
    AmountMinor,
    At,
    Code,
    Input,
    MaybeCode,
    MaybeText,
    Text,
)
from makegood.web.api.steps import step, stepped

Percent = Annotated[int, Meta(ge=0, le=100)]
Refusal = Literal[
    "window_closed",
    "not_paid",
    "not_a_unit",
    "too_early",
    "already_decided",
    "reason_not_for_product",
    "claim_exists",
]
_VERSION: Final = re.compile(r'(?:W/)?"(\d{1,9})"')


class Ruling(Input, frozen=True, kw_only=True):
    """A decision; what is left out comes from the rules. Shares in percent, sum 100."""

    finding: Code
    remedy: Code
    amount_minor: AmountMinor | None = None
    shares: dict[str, Percent] | None = None
    reason_text: MaybeText = ""
    reason_for_departure: MaybeText = ""
    root_cause: MaybeCode = ""
    upgrade_sku: Annotated[str, Meta(max_length=128)] = ""


class Approval(Input, frozen=True, kw_only=True):
    """Release another person's decision, or send it back with the reason."""

    outcome: Literal["release", "return"]
    text: MaybeText = ""


class AppealRuling(Input, frozen=True, kw_only=True):
    """Why, a view on each disputed finding, and another decision unless it is upheld."""

    text: Text
    views: dict[str, Annotated[str, Meta(max_length=2000)]] | None = None
    decision: Ruling | None = None


class FactStated(Input, frozen=True, kw_only=True):
    """A finding of fact by a person who looked at the evidence."""

    name: Code
    value: bool | int | Annotated[str, Meta(max_length=200)] | None


class EvidenceWanted(Input, frozen=True, kw_only=True):
    """What is needed from which side."""

    party: Literal["buyer", "seller"]
    slots: Annotated[list[Code], Meta(min_length=1, max_length=20)]
    text: Text


class HandOver(Input, frozen=True, kw_only=True):
    """A question to another department, with owner and promised time."""

    department: Code
    owner_id: Code
    question: Text
    due_at: At


class TaskAnswer(Input, frozen=True, kw_only=True):
    """The department's answer."""

    text: Text


class Assignment(Input, frozen=True, kw_only=True):
    """The new owner."""

    owner_id: Code


class Escalation(Input, frozen=True, kw_only=True):
    """Why it goes one line up."""

    text: Text


class Tags(Input, frozen=True, kw_only=True):
    """The reasons that this claim is really about."""

    tags: Annotated[list[Code], Meta(max_length=20)]


class LaneChange(Input, frozen=True, kw_only=True):
    """The other lane, and why."""

    lane: Literal["fast", "careful"]
    text: Text


class Declining(Input, frozen=True, kw_only=True):
    """Why the claim is not taken on."""

    refusal: Refusal
    text: MaybeText = ""


async def decide(call: Call) -> Answer:
    """Decide, on the version that was looked at."""
    ruled, version = _ruled(call.body_as(Ruling)), _version(call)
    return await stepped(call, staff_actions.decide_claim, ruled, version)


async def approve(call: Call) -> Answer:
    """Release or return another person's decision."""
    said = call.body_as(Approval)
    if said.outcome == "return" and not said.text.strip():
        raise input_fault("text", "a decision is sent back with the reason")
    if said.outcome == "release":
        return await stepped(call, staff_actions.approve_decision)
    return await stepped(call, staff_actions.return_decision, said.text)


async def decide_appeal(call: Call) -> Answer:
    """Uphold the decision, or put another in its place."""
    said = call.body_as(AppealRuling)
    ruled = _ruled(said.decision) if said.decision else None
    return await stepped(
        call, staff_actions.decide_appeal, text=said.text, views=said.views or {}, ruled=ruled
    )


async def state_fact(call: Call) -> Answer:
    """Put a finding of fact on record."""
    fact = call.body_as(FactStated)
    return await stepped(call, staff_actions.state_fact, fact.name, fact.value)


async def ask_evidence(call: Call) -> Answer:
    """Ask a side for named evidence."""
    wanted = call.body_as(EvidenceWanted)
    unknown = [slot for slot in wanted.slots if slot not in call.things.desk.shelf.names().slots]
    if unknown:
        raise input_fault("slots", f"not in the rule pack: {unknown[0]}")
    return await stepped(
        call,
        staff_actions.ask_for_evidence,
        party=wanted.party,
        slots=wanted.slots,
        text=wanted.text,
    )


async def hand_over(call: Call) -> Answer:
    """Ask another department."""
    asked = call.body_as(HandOver)
    return await stepped(
        call,
        staff_actions.hand_over,
        department=asked.department,
        owner_id=asked.owner_id,
        question=asked.question,
        due_at=asked.due_at,
    )


async def answer_task(call: Call) -> Answer:
    """Answer a hand-over."""
    task_id, text = call.path["task_id"], call.body_as(TaskAnswer).text
    return await stepped(call, staff_actions.answer_task, task_id, text)


async def assign(call: Call) -> Answer:
    """Give the claim to a named person."""
    owner_id = call.body_as(Assignment).owner_id
    return await stepped(call, staff_actions.assign, owner_id)


async def escalate(call: Call) -> Answer:
    """One line up."""
    text = call.body_as(Escalation).text
    return await stepped(call, staff_actions.escalate, text)


async def set_tags(call: Call) -> Answer:
    """Correct the tags."""
    tags = call.body_as(Tags).tags
    return await stepped(call, staff_actions.set_tags, tags)


async def set_lane(call: Call) -> Answer:
    """Move the claim to the other lane."""
    change = call.body_as(LaneChange)
    return await stepped(call, staff_actions.set_lane, change.lane, change.text)


async def decline(call: Call) -> Answer:
    """Do not take the claim on."""
    said = call.body_as(Declining)
    return await stepped(call, staff_actions.decline_claim, refusal=said.refusal, text=said.text)


def _ruled(ruling: Ruling) -> Ruled:
    return Ruled(
        finding=ruling.finding,
        remedy=ruling.remedy,
        amount_minor=ruling.amount_minor,
        shares=ruling.shares,
        reason_text=ruling.reason_text,
        reason_for_departure=ruling.reason_for_departure,
        root_cause=ruling.root_cause,
        upgrade_sku=ruling.upgrade_sku,
    )


def _version(call: Call) -> int:
    """The version of If-Match: `"7"`."""
    found = _VERSION.fullmatch(call.header(b"if-match").strip())
    if found is None:
        raise input_fault("If-Match", 'the version that was read, in quotes: "7"')
    return int(found[1])


_RULINGS: Final = (
    "amount_not_positive",
    "approval_needs_other_person",
    "conflict_of_interest",
    "exceeds_paid",
    "no_live_replacement",
    "reason_needed",
    "remedy_not_available",
    "shares_not_whole",
)


_RULING: Final = {
    "finding": "key_already_used",
    "remedy": "refund_full",
    "reason_for_departure": "供货商书面确认该批次有误",
}

OPERATIONS: Final = (
    step(
        "decideClaim",
        "decision",
        "claim.decide",
        "A person decides, on the version that was read (If-Match; 412 when stale).",
        decide,
        Ruling,
        _RULING,
        *_RULINGS,
        headers={"If-Match": 'the version that was read, in quotes: `"7"`'},
    ),
    step(
        "approveDecision",
        "approval",
        "approval.give",
        "Release or return another person's decision; a session with a second factor only.",
        approve,
        Approval,
        {"outcome": "release"},
        *_RULINGS,
        "already_approved",
    ),
    step(
        "decideAppeal",
        "appeal-decision",
        "claim.decide_appeal",
        "Uphold or change; never the first decider; a session with a second factor only.",
        decide_appeal,
        AppealRuling,
        {"text": "复核了核销记录，维持原裁定", "views": {"key.revealed": "记录明确"}},
        *_RULINGS,
    ),
    step(
        "stateFact",
        "facts",
        "claim.state_fact",
        "A person who looked at the evidence puts a finding of fact on record.",
        state_fact,
        FactStated,
        {"name": "key.region_mismatch", "value": True},
        "not_a_fact",
    ),
    step(
        "askForEvidence",
        "evidence-requests",
        "claim.ask_evidence",
        "Ask a side for named evidence, three times at most.",
        ask_evidence,
        EvidenceWanted,
        {"party": "buyer", "slots": ["error_screen"], "text": "请补充完整的报错页面"},
        "evidence_requests_used_up",
    ),
    step(
        "handOver",
        "handovers",
        "claim.hand_over",
        "Ask another department, with owner and promised time.",
        hand_over,
        HandOver,
        {
            "department": "finance",
            "owner_id": "chen",
            "question": "这笔退款到账了吗？",
            "due_at": "2026-11-23T10:00:00Z",
        },
        "too_early",
    ),
    step(
        "answerTask",
        "tasks/{task_id}",
        "claim.answer_task",
        "Answer a hand-over.",
        answer_task,
        TaskAnswer,
        {"text": "已到账"},
        "already_answered",
    ),
    step(
        "assignClaim",
        "assignment",
        "claim.assign",
        "Give the claim to a named person.",
        assign,
        Assignment,
        {"owner_id": "chen"},
        "conflict_of_interest",
    ),
    step(
        "escalateClaim",
        "escalation",
        "claim.escalate",
        "One line up, recorded.",
        escalate,
        Escalation,
        {"text": "金额超出我的权限"},
    ),
    step(
        "setTags",
        "tags",
        "claim.set_tags",
        "Correct the reasons that this claim is about.",
        set_tags,
        Tags,
        {"tags": ["KEY02"]},
        "reason_not_for_product",
    ),
    step(
        "setLane",
        "lane",
        "claim.set_lane",
        "Move the claim to the other lane, with the reason.",
        set_lane,
        LaneChange,
        {"lane": "careful", "text": "涉及账号找回"},
    ),
    step(
        "declineClaim",
        "decline",
        "claim.close",
        "Do not take the claim on, with the refusal that says why.",
        decline,
        Declining,
        {"refusal": "window_closed", "text": "已超过售后期"},
    ),
)
