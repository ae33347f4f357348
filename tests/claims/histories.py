"""Random histories of one claim over the pure rules: any command, by anybody, at any time."""

from datetime import datetime, timedelta
from typing import Final, Literal, cast

import msgspec
from hypothesis import strategies as st

from makegood.base.actor import Act, Actor, Role
from makegood.base.refusal import Refused
from makegood.claims import commands as c
from makegood.claims import events as e
from makegood.claims.commands import Clocks, Ruling
from makegood.claims.decide import decide
from makegood.claims.fold import evolve
from makegood.claims.promises import Timetable
from makegood.claims.silence import asks_the_rules
from makegood.claims.state import Claim, Recorded
from makegood.claims.view import Audience
from makegood.orders.facts import UnitFacts, unit_facts
from makegood.policy.judgement import Class
from makegood.policy.pack import load_pack
from tests.orders.making import PAID_AT, order

PACK: Final = load_pack()
NOW: Final = PAID_AT + timedelta(hours=1)
PAID_MINOR: Final = 9800
ROLES: Final[tuple[Role, ...]] = (
    "buyer",
    "seller",
    "supplier",
    "agent",
    "lead",
    "operator",
    "system",
    "market",
    "auditor",
)
REMEDIES: Final = ("refund_full", "price_reduction", "reissue", "explanation", "coupon")
CLASSES: Final[dict[str, Class]] = {"P0": "P0", "P1": "P1", "P2": "P2", "P3": "P3"}


def units() -> list[UnitFacts]:
    """The one unit that every history is about."""
    return [unit_facts(order(), 1, 1, 1)]


def act(role: Role, id_: str = "", *, proof: bool = False, at: datetime = NOW) -> Act:
    """An act of somebody at a time."""
    return Act("main", Actor(role=role, id=id_ or f"{role}-1", fresh_proof=proof), at, "r-1")


def opening(lane: e.Lane = "fast", priority: str = "P2", at: datetime = NOW) -> Recorded:
    """The first event of a history."""
    times = Timetable(PACK, at, priority=CLASSES[priority], category="game_card", lane=lane)
    begun = e.ClaimOpened(
        claim_no="AS-261120-TEST1X",
        order_no="O-1",
        order_version=1,
        line_no=1,
        units=[1],
        reason="KEY01",
        description="提示卡密无效",
        wants="refund",
        channel="web",
        external_id="",
        buyer_id="b-1",
        seller_id="s-1",
        seller_name="小满会员店",
        supplier_id="u-1",
        category="game_card",
        title="星海点卡",
        claimed_minor=PAID_MINOR,
        currency="CNY",
        tags={},
        lane=lane,
        priority=priority,
        owner_id="xu",
        owner_name="许知远",
        policy_version=f"{PACK.name}@{PACK.version}",
        deadlines=[
            times.of(stage) for stage in ("first_response", "auto_lane", "decision", "hard_stop")
        ],
    )
    return Recorded(1, at, Actor("buyer", "b-1"), begun)


def clocks(claim: Claim, now: datetime) -> Clocks:
    """The deadlines that a step of this claim sets now."""
    stop = next((d.at for d in claim.deadlines if d.kind == "hard_stop"), None)
    return Timetable(
        PACK,
        now,
        priority=CLASSES[claim.priority],
        category="game_card",
        lane="careful" if claim.lane == "careful" else "fast",
        hard_stop_at=stop if stop is not None and stop > now else None,
    ).all()


def decision(
    remedy: str = "refund_full",
    amount_minor: int = PAID_MINOR,
    source: str = "machine",
    by: str = "machine",
    choices: tuple[str, ...] = (),
    at: datetime = NOW,
) -> e.Decision:
    """A decision as the rules or a person would hand it in."""
    money = remedy in ("refund_full", "price_reduction")
    return msgspec.convert(
        {
            "number": 0,
            "finding": "key_invalid_seller",
            "remedy": remedy,
            "choices": list(choices),
            "amount_minor": amount_minor if money else 0,
            "coupon_minor": 100 if remedy == "coupon" else 0,
            "shares": {"seller": 60, "supplier": 40},
            "rule_id": "R-07.1",
            "rule_version": PACK.version,
            "clause_zh": "无效卡密全额退款。",
            "clause_en": "Invalid keys are refunded.",
            "conditions": [],
            "source": source,
            "decided_by": by,
            "decided_by_name": by,
            "root_cause": "seller",
            "appeal_until": at + timedelta(days=7),
        },
        e.Decision,
    )


@st.composite
def decisions(draw: st.DrawFn, source: str = "machine", by: str = "machine") -> e.Decision:
    """Any decision."""
    remedy = draw(st.sampled_from(REMEDIES))
    choices = ("explanation", "paid_repair") if remedy == "explanation" else ()
    open_choice = choices if draw(st.booleans()) else ()
    amount = draw(st.integers(1, PAID_MINOR))
    at = draw(st.sampled_from((NOW, NOW + timedelta(days=3))))
    return decision(remedy, amount, source, by, open_choice, at)


@st.composite
def rulings(draw: st.DrawFn) -> Ruling:
    """Anything the rules might say, sensible or not."""
    found = draw(st.none() | decisions())
    return Ruling(
        decision=found,
        certain=draw(st.booleans()),
        auto=draw(st.booleans()),
        lane=draw(st.sampled_from(("fast", "fast", "careful"))),
        priority=draw(st.sampled_from(("P0", "P1", "P2", "P3"))),
        wait_for_supplier=draw(st.booleans()),
        hears_seller=draw(st.booleans()),
        missing=draw(st.sampled_from(([], ["error_screen"]))),
        why_person=draw(st.sampled_from(("", "fact_unknown"))),
    )


RULINGS: Final = rulings()


def evidence(number: int, party: str, audience: Audience, slot: str) -> e.EvidenceAdded:
    """One filed item."""
    return e.EvidenceAdded(
        evidence_id=f"ev-{number}",
        slot=slot,
        party=party,
        audience=audience,
        media_type="image/png",
        size=100,
        sha256="ab" * 32,
        filename=f"secret-{audience}-{number}.png",
        notes=[],
    )


def moved(number: str, kind: str, state: str) -> e.MoneyMoved:
    """One movement in one state."""
    return msgspec.convert(
        {
            "kind": kind,
            "number": number,
            "state": state,
            "amount_minor": 100,
            "channel": "epay",
        },
        e.MoneyMoved,
    )


@st.composite
def commands(draw: st.DrawFn, claim: Claim, who: Act) -> c.AnyCommand:  # noqa: C901 - closed list
    """Any command, legal now or not, as this actor would send it."""
    kind = draw(st.sampled_from(c.AnyCommand.__args__))
    at, by = clocks(claim, who.now), who.actor.id
    party: e.Party = "seller" if who.actor.role == "seller" else "buyer"
    small = draw(st.integers(0, 5))
    audience = cast(Audience, draw(st.sampled_from(("all", "buyer", "seller", "platform"))))
    ruling = draw(RULINGS)
    match kind.__name__:
        case "RecordFacts" | "ConfirmPayment" | "DoubtPayment":
            return cast(c.AnyCommand, kind(facts=[]))
        case "FinishCheck":
            silent = draw(st.sampled_from(([], ["supplier"])))
            return c.FinishCheck(unanswered=silent, ruling=ruling, clocks=at)
        case "AnswerAsSeller":
            agreed = decision(source="seller", by="s-1")
            said: Literal["accept", "contest"] = draw(st.sampled_from(("accept", "contest")))
            return c.AnswerAsSeller(kind=said, text="t", agreed=agreed, ruling=ruling, clocks=at)
        case "MakeOffer":
            remedy = draw(st.sampled_from(("price_reduction", "reissue", "nonsense")))
            amount = draw(st.sampled_from((0, 2000, PAID_MINOR, PAID_MINOR + 1)))
            return c.MakeOffer(by=party, remedy=remedy, amount_minor=amount, text="t", clocks=at)
        case "AcceptOffer":
            agreed = decision("price_reduction", 2000, "settlement", by)
            return c.AcceptOffer(by=party, number=small, decision=agreed, clocks=at)
        case "DeclineOffer":
            return c.DeclineOffer(by=party, number=small, ruling=ruling, clocks=at)
        case "DecideNow":
            return c.DecideNow(ruling=ruling, clocks=at)
        case "AskEvidence":
            asked: e.Party = draw(st.sampled_from(("buyer", "seller")))
            return c.AskEvidence(party=asked, slots=["error_screen"], text="t", clocks=at)
        case "AddEvidence":
            slot = draw(st.sampled_from(("error_screen", "bank_line")))
            item = evidence(small, who.actor.role, audience, slot)
            return c.AddEvidence(item=item, ruling=ruling, clocks=at)
        case "ExtendDeadline":
            kind_of = draw(st.sampled_from(("buyer_evidence", "seller_evidence", "decision")))
            return c.ExtendDeadline(kind=kind_of, at=at.buyer_evidence.at)
        case "PassDeadlines":
            rules = ruling if asks_the_rules(claim) else None
            return c.PassDeadlines(ruling=rules, clocks=at, escalate_to="qi")
        case "AskPerson":
            return c.AskPerson(text="t", clocks=at)
        case "PostMessage":
            return c.PostMessage(
                message_id=f"m-{small}-{audience}",
                text=f"secret {audience} words",
                audience=audience,
            )
        case "HandOver":
            return c.HandOver(
                task_id=f"t-{small}",
                department="tech",
                owner_id="chen",
                question="secret platform question",
                due_at=who.now + timedelta(hours=draw(st.integers(-1, 4))),
            )
        case "AnswerTask":
            return c.AnswerTask(task_id=f"t-{small}", text="secret platform answer")
        case "Assign":
            owner = draw(st.sampled_from(("xu", "chen", "")))
            return c.Assign(owner_id=owner, owner_name=owner, why="assigned")
        case "SetLane":
            return c.SetLane(lane=draw(st.sampled_from(("fast", "careful"))), why="w")
        case "SetPriority":
            return c.SetPriority(priority=draw(st.sampled_from(tuple(CLASSES))), why="w")
        case "SetTags":
            return c.SetTags(tags=["KEY01"])
        case "Escalate":
            return c.Escalate(to="qi", why="secret platform reason")
        case "Decide":
            ruled = draw(decisions("person", by))
            return c.Decide(
                decision=ruled, limit_minor=draw(st.sampled_from((0, 10_000))), clocks=at
            )
        case "ReleaseDecision":
            return c.ReleaseDecision(clocks=at)
        case "ReturnDecision":
            return c.ReturnDecision(text="secret platform return")
        case "ChooseRemedy":
            return c.ChooseRemedy(remedy=draw(st.sampled_from(("explanation", "paid_repair"))))
        case "NoteMoney":
            kind_of = draw(st.sampled_from(("refund", "reissue")))
            states = ("wanted", "sent", "accepted", "arrived", "refused", "manual", "cancelled")
            one = moved(f"{kind_of}-{small}", kind_of, draw(st.sampled_from(states)))
            return c.NoteMoney(moved=one, clocks=at)
        case "NoteGoodsWithdrawn":
            return c.NoteGoodsWithdrawn(unit_no=1, how="locked")
        case "FinishWithoutMoney":
            return c.FinishWithoutMoney(clocks=at)
        case "FailRemedy":
            return c.FailRemedy(kind="refund", why="exceeds_paid", clocks=at)
        case "Compensate":
            cause = draw(st.sampled_from(("late_decision", "late_refund_order")))
            return c.Compensate(cause=cause, coupon=f"MC-{cause}", amount_minor=100)
        case "OfferRepair":
            deadline = msgspec.structs.replace(at.choice, kind="repair", then="lapse")
            return c.OfferRepair(price_minor=500, text="t", deadline=deadline)
        case "NoteRepairPaid":
            paid = draw(st.sampled_from((499, 500)))
            return c.NoteRepairPaid(trade_no="T", amount_minor=paid, transfers=[])
        case "NoteReveal":
            return c.NoteReveal(unit_no=1, generation=1)
        case "NoteNotice":
            return c.NoteNotice(about=small, kind="survey", to="buyer", channel="email")
        case "Rate":
            return c.Rate(score=draw(st.integers(1, 5)), text="t")
        case "Withdraw":
            return c.Withdraw(reason="t")
        case "Appeal":
            return c.Appeal(
                by=party,
                disputed=["finding"],
                text="t",
                reviewer_id="chen",
                reviewer_name="陈默",
                new_evidence=draw(st.booleans()),
                clocks=at,
            )
        case "DecideAppeal":
            changed = draw(st.none() | decisions("appeal", by))
            return c.DecideAppeal(text="t", views={}, decision=changed, clocks=at)
        case "Reopen":
            return c.Reopen(text="t", evidence_ids=[f"ev-{small}"], clocks=at)
        case "Decline":
            return c.Decline(refusal="window_closed", text="t")
        case "ReferOutside":
            deadline = e.Deadline(
                kind="outside",
                at=who.now + timedelta(days=2),
                then="to_person",
                turn="platform",
                set_at=who.now,
            )
            return c.ReferOutside(body="12315", deadline=deadline)
        case "NoteOutsideAnswer":
            return c.NoteOutsideAnswer(text="t", clocks=at)
        case other:
            raise AssertionError(f"a command without a random form: {other}")


def record(claim: Claim, events: list[e.AnyEvent], who: Act) -> tuple[Claim, list[Recorded]]:
    """The claim after these events, and their rows."""
    rows: list[Recorded] = []
    for event in events:
        row = Recorded(claim.version + 1, who.now, who.actor, event)
        claim = evolve(claim, row)
        rows.append(row)
    return claim, rows


def attempt(claim: Claim, wanted: c.AnyCommand, who: Act) -> list[e.AnyEvent] | None:
    """What the rules answer; None for a refusal."""
    try:
        return decide(claim, wanted, who)
    except Refused:
        return None
