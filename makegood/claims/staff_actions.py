"""What the staff does with a claim: each function is one step in the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import commands as c
from makegood.claims import events as e
from makegood.claims.desk import Desk, barred_from, lead_of, name_of
from makegood.claims.factsheet import facts_for_judge, stated
from makegood.claims.frame import Frame
from makegood.claims.outcome import ROOT_CAUSES
from makegood.claims.outside.rules import OutsideAnswer
from makegood.claims.precedents.actions import family
from makegood.claims.precedents.rules import Family
from makegood.claims.proposing import RULING, note_ruling_decided, propose_ruling
from makegood.claims.remedies import ALL, GOODS, NOTHING
from makegood.claims.restoring import correct_bearing_later
from makegood.claims.ruling import stake_of
from makegood.claims.saving import hold
from makegood.claims.state import Claim
from makegood.claims.stepping import step, step_held
from makegood.people.approvals.limits import limit_minor
from makegood.policy.facts import Value
from makegood.policy.model import Pack
from makegood.policy.stake import Measured, refund_of
from makegood.store.database import Connection

NO_FAMILY = Family()


class Ruled(msgspec.Struct, frozen=True, kw_only=True):
    """A person's decision as it is asked for; what is left out comes from the rules."""

    finding: str
    remedy: str
    amount_minor: int | None = None
    shares: dict[str, int] | None = None
    reason_text: str = ""
    reason_for_departure: str = ""
    root_cause: str = ""
    upgrade_sku: str = ""


async def decide_claim(
    tx: Connection,
    act: Act,
    desk: Desk,
    claim_no: str,
    ruled: Ruled,
    expected_version: int | None = None,
) -> Claim:
    """A person decides.

    Departing from the rules' suggestion, or where they have none from what like claims of one
    mind ended in, needs a written difference and another person's release.
    """
    held = await hold(tx, act, claim_no)
    likes = await family(tx, act, desk, held.claim)
    name = name_of(await desk.rosters.get(act.market_id, act.now), act.actor.id)
    market = await desk.markets.get(act.market_id, act.now)
    assert market is not None, "a claim belongs to a market"
    pinned = held.claim.opened.contract
    contract_id = pinned.contract_id if pinned else ""
    limit = limit_minor(
        market.settings, RULING, act.actor.role, held.claim.opened.currency, contract_id
    )

    def make(claim: Claim, look: Frame) -> c.AnyCommand:
        decision = _decision(claim, look, ruled, act, name, likes)
        return c.Decide(decision=decision, limit_minor=limit, clocks=look.clocks)

    held = await step_held(tx, act, desk, held, make, expected_version=expected_version)
    await propose_ruling(tx, act, desk, held.claim)
    return held.claim


async def approve_decision(tx: Connection, act: Act, desk: Desk, claim_no: str) -> Claim:
    """Release another person's proposed decision."""
    claim = await step(
        tx, act, desk, claim_no, lambda claim, look: c.ReleaseDecision(clocks=look.clocks)
    )
    await note_ruling_decided(tx, act, claim_no, "approved", await _name(desk, act))
    return claim


async def return_decision(tx: Connection, act: Act, desk: Desk, claim_no: str, text: str) -> Claim:
    """Send another person's proposed decision back with a reason."""
    command = c.ReturnDecision(text=text)
    claim = await step(tx, act, desk, claim_no, command)
    await note_ruling_decided(tx, act, claim_no, "returned", await _name(desk, act), text)
    return claim


async def decide_appeal(
    tx: Connection,
    act: Act,
    desk: Desk,
    claim_no: str,
    *,
    text: str,
    views: dict[str, str],
    ruled: Ruled | None,
    name: str = "",
) -> Claim:
    """Uphold (no new ruling) or put another decision in place of the disputed one.

    `name` is that of a reviewer who is not on the roster.
    """
    name = name or name_of(await desk.rosters.get(act.market_id, act.now), act.actor.id)

    def make(claim: Claim, look: Frame) -> c.AnyCommand:
        decision = _decision(claim, look, ruled, act, name) if ruled else None
        if decision is not None:
            decision = msgspec.structs.replace(decision, source="appeal", departure="")
        return c.DecideAppeal(text=text, views=views, decision=decision, clocks=look.clocks)

    held = await step_held(tx, act, desk, await hold(tx, act, claim_no), make)
    if ruled:
        await correct_bearing_later(tx, act, held.claim)
    return held.claim


async def state_fact(
    tx: Connection, act: Act, desk: Desk, claim_no: str, name: str, value: Value
) -> Claim:
    """A person who looked at the evidence puts a finding of fact on record."""
    return await state_facts(tx, act, desk, claim_no, {name: value})


async def state_facts(
    tx: Connection, act: Act, desk: Desk, claim_no: str, said: Mapping[str, Value]
) -> Claim:
    """Several findings of fact at once: the rules answer when all of them are on record."""
    facts = [_stated(act, name, value) for name, value in said.items()]
    command = c.RecordFacts(facts=facts)
    return await step(tx, act, desk, claim_no, command)


def _stated(act: Act, name: str, value: Value) -> e.StatedFact:
    try:
        return stated(name, value, "agent", act.now, act.actor.id)
    except ValueError as error:
        raise Refused("not_a_fact", name=name) from error


async def ask_for_evidence(
    tx: Connection,
    act: Act,
    desk: Desk,
    claim_no: str,
    *,
    party: e.Party,
    slots: Sequence[str],
    text: str,
) -> Claim:
    """Ask a side for named evidence, three times per claim at most."""
    return await step(
        tx,
        act,
        desk,
        claim_no,
        lambda claim, look: c.AskEvidence(
            party=party, slots=list(slots), text=text, clocks=look.clocks
        ),
    )


async def hand_over(
    tx: Connection,
    act: Act,
    desk: Desk,
    claim_no: str,
    *,
    department: str,
    owner_id: str,
    question: str,
    due_at: datetime,
) -> Claim:
    """Ask another department, with owner and promised time."""
    command = c.HandOver(
        task_id=desk.ids.uuid(),
        department=department,
        owner_id=owner_id,
        question=question,
        due_at=due_at,
    )
    return await step(tx, act, desk, claim_no, command)


async def answer_task(
    tx: Connection, act: Act, desk: Desk, claim_no: str, task_id: str, text: str
) -> Claim:
    """Answer a hand-over."""
    command = c.AnswerTask(task_id=task_id, text=text)
    return await step(tx, act, desk, claim_no, command)


async def assign(
    tx: Connection, act: Act, desk: Desk, claim_no: str, owner_id: str, why: str = "assigned"
) -> Claim:
    """Give the claim to a named person of the staff."""
    roster = await desk.rosters.get(act.market_id, act.now)
    if all(line.account_id != owner_id for line in roster):
        raise Refused("not_found", owner_id=owner_id)
    name = name_of(roster, owner_id)

    def make(claim: Claim, look: Frame) -> c.AnyCommand:
        about = claim.opened.about_staff
        if about and owner_id in barred_from(about, roster):
            raise Refused("conflict_of_interest")
        return c.Assign(owner_id=owner_id, owner_name=name, why=why)

    return await step(tx, act, desk, claim_no, make)


async def escalate(tx: Connection, act: Act, desk: Desk, claim_no: str, why: str) -> Claim:
    """One line up: recorded, and the claim changes to that owner."""
    roster = await desk.rosters.get(act.market_id, act.now)
    held = await hold(tx, act, claim_no)
    to = lead_of(roster, held.claim.owner_id, held.claim.opened.about_staff)
    up = c.Escalate(to=to, why=why)
    held = await step_held(tx, act, desk, held, up)
    given = c.Assign(owner_id=to, owner_name=name_of(roster, to), why="escalated")
    return (await step_held(tx, act, desk, held, given)).claim


async def set_lane(
    tx: Connection, act: Act, desk: Desk, claim_no: str, lane: e.Lane, why: str
) -> Claim:
    """Move the claim to the other lane."""
    command = c.SetLane(lane=lane, why=why)
    return await step(tx, act, desk, claim_no, command)


async def set_tags(
    tx: Connection, act: Act, desk: Desk, claim_no: str, tags: Sequence[str]
) -> Claim:
    """Correct the tags; only reasons of the pack are tags."""
    unknown = [tag for tag in tags if tag not in desk.shelf.names().reasons]
    if unknown:
        raise Refused("reason_not_for_product", reason=unknown[0])
    command = c.SetTags(tags=list(tags))
    return await step(tx, act, desk, claim_no, command)


async def decline_claim(
    tx: Connection, act: Act, desk: Desk, claim_no: str, *, refusal: str, text: str
) -> Claim:
    """Do not take the claim on, with the refusal that says why."""
    command = c.Decline(refusal=refusal, text=text)
    return await step(tx, act, desk, claim_no, command)


async def refer_outside(
    tx: Connection, act: Act, desk: Desk, claim_no: str, *, body: str, due_at: datetime
) -> Claim:
    """Hand the claim to an outside body until a promised time."""
    deadline = e.Deadline(
        kind="outside", at=due_at, then="to_person", turn="platform", set_at=act.now
    )
    command = c.ReferOutside(body=body, deadline=deadline)
    return await step(tx, act, desk, claim_no, command)


async def note_outside_answer(
    tx: Connection,
    act: Act,
    desk: Desk,
    claim_no: str,
    text: str,
    body: str = "",
    said: OutsideAnswer | None = None,
) -> Claim:
    """The outside body's answer; a person decides with it."""
    finding, remedy = (said.finding, said.remedy) if said else ("", "")
    amount_minor = said.amount_minor if said else None
    return await step(
        tx,
        act,
        desk,
        claim_no,
        lambda claim, look: c.NoteOutsideAnswer(
            text=text,
            body=body,
            finding=finding,
            remedy=remedy,
            amount_minor=amount_minor,
            clocks=look.clocks,
        ),
    )


def _decision(
    claim: Claim, look: Frame, ruled: Ruled, act: Act, name: str, likes: Family = NO_FAMILY
) -> e.Decision:
    """A person's decision; finding and shares other than the rules suggest need a reason."""
    finding = look.pack.findings.get(ruled.finding)
    upgrades = ruled.remedy == "upgrade"
    if finding is None or ruled.remedy not in ALL or (upgrades and not ruled.upgrade_sku):
        raise Refused("remedy_not_available", finding=ruled.finding, remedy=ruled.remedy)
    suggested = look.ruling.decision
    usual = suggested.finding if suggested is not None else likes.binding
    departs = usual not in ("", ruled.finding)
    if departs and not ruled.reason_for_departure.strip():
        raise Refused("reason_needed", suggested=usual)
    shares = ruled.shares or _usual_shares(look.pack, ruled.finding, suggested)
    if sum(shares.values()) != 100 or any(share < 0 for share in shares.values()):
        raise Refused("shares_not_whole")
    cause = ruled.root_cause or finding.root_cause
    if cause not in ROOT_CAUSES:
        raise Refused("remedy_not_available", root_cause=cause)
    follows = suggested if suggested is not None and not departs else None
    return e.Decision(
        number=0,
        finding=ruled.finding,
        remedy=ruled.remedy,
        amount_minor=_amount(claim, look, ruled),
        coupon_minor=_coupon_minor(ruled, follows),
        upgrade_sku=ruled.upgrade_sku,
        shares={party: share for party, share in shares.items() if share},
        rule_id=follows.rule_id if follows else "R-00",
        rule_version=follows.rule_version if follows else look.pack.version,
        clause_zh=follows.clause_zh if follows else finding.clause.zh,
        clause_en=follows.clause_en if follows else finding.clause.en,
        conditions=follows.conditions if follows else [],
        source="person",
        decided_by=act.actor.id,
        decided_by_name=name,
        reason_text=ruled.reason_text,
        departure=ruled.reason_for_departure if departs else "",
        would_change=follows.would_change if follows else [],
        root_cause=cause,
        appeal_until=look.clocks.appeal_window.at,
        around=look.around,
        like_claims=likes.claims,
        like_ended=sum(one.claims for one in likes.ended if one.finding == ruled.finding),
    )


def _coupon_minor(ruled: Ruled, follows: e.Decision | None) -> int:
    """A coupon alone is what the person gives; beside another remedy, what the rule gives."""
    if ruled.remedy == "coupon":
        return ruled.amount_minor or 0
    return follows.coupon_minor if follows else 0


def _usual_shares(pack: Pack, finding: str, suggested: e.Decision | None) -> dict[str, int]:
    if suggested is not None and suggested.finding == finding:
        return suggested.shares
    usual = pack.findings[finding].shares
    if usual is None:
        raise Refused("shares_not_whole")
    return usual.as_dict()


def _amount(claim: Claim, look: Frame, ruled: Ruled) -> int:
    """The amount asked for, else what the rules give, else all that was paid."""
    if ruled.remedy in (*NOTHING, *GOODS, "coupon", "upgrade", "repair"):
        return 0
    if ruled.amount_minor is not None:
        return ruled.amount_minor
    suggested = look.ruling.decision
    if suggested is not None and suggested.finding == ruled.finding:
        return suggested.amount_minor
    if ruled.remedy == "refund_prorated":
        return _prorated(claim, look, ruled.finding)
    return claim.opened.claimed_minor


def _prorated(claim: Claim, look: Frame, code: str) -> int:
    """What the finding's own formula gives; all that was paid where it has none."""
    finding = look.pack.findings[code]
    stake = stake_of(claim, look.units, look.around.refunded_minor)
    measured = Measured.of(facts_for_judge(claim.facts))
    found = refund_of(finding.refund_rule, finding.cause, finding.shares, stake, measured)
    return found or claim.opened.claimed_minor


async def _name(desk: Desk, act: Act) -> str:
    return name_of(await desk.rosters.get(act.market_id, act.now), act.actor.id)
