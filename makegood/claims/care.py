"""Care of a claim: messages, owner, lane, tags, hand-overs, escalation, outside bodies."""

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import commands as c
from makegood.claims import edges
from makegood.claims import events as e
from makegood.claims.promises import reply_due
from makegood.claims.state import STAFF, Claim

PERSON_SET = 100
KEPT_TURNS = ("waiting_seller", "waiting_buyer", "in_review", "external")
"""States in which a person comes next anyway, after the turn that is running."""


def post_message(claim: Claim, command: c.PostMessage, act: Act) -> list[e.AnyEvent]:
    """A party writes to everybody; the staff also to one side or among themselves."""
    if command.audience != "all" and act.actor.role not in STAFF:
        raise Refused("not_your_turn", step="message")
    if claim.state == "declined":
        raise Refused("claim_not_open", state=claim.state, step="message")
    if command.message_id in claim.message_ids:
        return []
    asks = act.actor.role == "buyer" and claim.is_open
    return [
        e.MessagePosted(
            message_id=command.message_id,
            text=command.text,
            audience=command.audience,
            deadline=reply_due(claim.opened.contract, act.now) if asks else None,
        )
    ]


def ask_person(claim: Claim, command: c.AskPerson, act: Act) -> list[e.AnyEvent]:
    """A person looks. A running turn of a side is kept; a machine's decision is looked at again."""
    edges.check("ask_person", claim.state, act.actor.role)
    if claim.person_asked:
        return []
    asked: list[e.AnyEvent] = [e.PersonAsked(text=command.text)]
    if claim.decision is None or claim.state in (*KEPT_TURNS, "reopened"):
        kept = claim.proposed is not None or claim.state in (*KEPT_TURNS, "reopened")
        return asked if kept else [*asked, e.ReviewStarted(why="person_asked")]
    if claim.decision.source != "machine" or _is_carried_out(claim):
        raise Refused("claim_not_open", state=claim.state, step="ask_person")
    review = e.ReviewStarted(why="person_asked", deadline=command.clocks.decision)
    return [*asked, review]


def confirm_payment(claim: Claim, command: c.ConfirmPayment, act: Act) -> list[e.AnyEvent]:
    """A payment without an order, confirmed by its gateway: the claim is accepted."""
    edges.check("accept", claim.state, act.actor.role)
    return [e.FactsRecorded(facts=command.facts), e.ClaimAccepted()]


def doubt_payment(claim: Claim, command: c.DoubtPayment, act: Act) -> list[e.AnyEvent]:
    """Nobody confirmed it, or an order has it: unknown is never no, so a person looks."""
    edges.check("doubt", claim.state, act.actor.role)
    return [e.FactsRecorded(facts=command.facts), e.ReviewStarted(why="facts_open")]


def hand_over(claim: Claim, command: c.HandOver, act: Act) -> list[e.AnyEvent]:
    """Another department owes an answer; the claim keeps its owner."""
    check_staff(act, "hand_over")
    _check_open(claim, "hand_over")
    if command.due_at <= act.now:
        raise Refused("too_early", at=command.due_at)
    return [
        e.HandedOver(
            task_id=command.task_id,
            department=command.department,
            owner_id=command.owner_id,
            question=command.question,
            due_at=command.due_at,
        )
    ]


def answer_task(claim: Claim, command: c.AnswerTask, act: Act) -> list[e.AnyEvent]:
    """Answered once."""
    check_staff(act, "answer_task")
    task = next((t for t in claim.tasks if t.asked.task_id == command.task_id), None)
    if task is None or task.done_at is not None:
        raise Refused("already_answered")
    return [e.TaskAnswered(task_id=command.task_id, text=command.text)]


def assign(claim: Claim, command: c.Assign, act: Act) -> list[e.AnyEvent]:
    """A new named owner; a reopened claim is in review from the moment a person takes it."""
    check_staff(act, "assign")
    if not command.owner_id:
        raise Refused("not_found", owner_id=command.owner_id)
    given: list[e.AnyEvent] = []
    if command.owner_id != claim.owner_id:
        owner_id, name = command.owner_id, command.owner_name
        given.append(e.OwnerChanged(owner_id=owner_id, owner_name=name, why=command.why))
    if claim.state == "reopened":
        given.append(e.ReviewStarted(why="reopened"))
    return given


def set_lane(claim: Claim, command: c.SetLane, act: Act) -> list[e.AnyEvent]:
    """The other lane, with a reason."""
    check_staff(act, "set_lane")
    if command.lane == claim.lane:
        return []
    return [e.LaneChanged(lane=command.lane, why=command.why)]


def set_priority(claim: Claim, command: c.SetPriority, act: Act) -> list[e.AnyEvent]:
    """Another class, with a reason."""
    check_staff(act, "set_priority")
    if command.priority == claim.priority:
        return []
    return [e.PriorityChanged(priority=command.priority, why=command.why)]


def set_tags(claim: Claim, command: c.SetTags, act: Act) -> list[e.AnyEvent]:
    """What a person sets is certain; what the person left out is gone."""
    check_staff(act, "set_tags")
    tags = dict.fromkeys(command.tags, PERSON_SET)
    return [] if tags == claim.tags else [e.TagsChanged(tags=tags)]


def escalate(claim: Claim, command: c.Escalate, act: Act) -> list[e.AnyEvent]:
    """One line up, on a person's word."""
    check_staff(act, "escalate")
    _check_open(claim, "escalate")
    return [e.Escalated(kind="asked", to=command.to, why=command.why)]


def refer_outside(claim: Claim, command: c.ReferOutside, act: Act) -> list[e.AnyEvent]:
    """An outside body has it until the promised time."""
    edges.check("refer", claim.state, act.actor.role)
    return [e.ReferredOutside(body=command.body, deadline=command.deadline)]


def note_outside_answer(claim: Claim, command: c.NoteOutsideAnswer, act: Act) -> list[e.AnyEvent]:
    """The answer came; a person decides with it."""
    edges.check("outside_answers", claim.state, act.actor.role)
    review = e.ReviewStarted(why="outside_answered", deadline=command.clocks.decision)
    answered = e.OutsideAnswered(
        text=command.text,
        body=command.body,
        finding=command.finding,
        remedy=command.remedy,
        amount_minor=command.amount_minor,
    )
    return [answered, review]


def offer_repair(claim: Claim, command: c.OfferRepair, act: Act) -> list[e.AnyEvent]:
    """A price for putting right what the buyer broke."""
    check_staff(act, "repair")
    if claim.decision is None or claim.repair is not None or claim.state != "decided":
        raise Refused("claim_not_open", state=claim.state, step="repair")
    return [
        e.RepairOffered(
            price_minor=command.price_minor, text=command.text, deadline=command.deadline
        )
    ]


def note_repair_paid(claim: Claim, command: c.NoteRepairPaid, act: Act) -> list[e.AnyEvent]:
    """Paid once, in full."""
    if claim.repair is None or claim.repair_paid:
        return []
    if command.amount_minor < claim.repair.price_minor:
        raise Refused("not_paid", missing_minor=claim.repair.price_minor - command.amount_minor)
    return [
        e.RepairPaid(
            trade_no=command.trade_no,
            amount_minor=command.amount_minor,
            transfers=command.transfers,
        )
    ]


def check_staff(act: Act, step: str) -> None:
    """Refuse what only the staff, or the platform itself, does."""
    if act.actor.role not in STAFF and act.actor.role != "system":
        raise Refused("not_your_turn", step=step)


def _is_carried_out(claim: Claim) -> bool:
    """Whether the remedy is on its way, so that only an appeal looks at it again."""
    choosing = claim.decision is not None and claim.decision.choices and not claim.chosen
    return claim.state == "executing" or (claim.state == "decided" and not choosing)


def _check_open(claim: Claim, step: str) -> None:
    if not claim.is_open:
        raise Refused("claim_not_open", state=claim.state, step=step)
