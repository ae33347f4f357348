"""Care of a claim: messages, owner, lane, tags, hand-overs, escalation, outside bodies."""

from makegood.base.actor import Act
from makegood.base.refusal import Refused
from makegood.claims import commands as c
from makegood.claims import edges
from makegood.claims import events as e
from makegood.claims.state import STAFF, Claim

PERSON_SET = 100


def post_message(claim: Claim, command: c.PostMessage, act: Act) -> list[e.AnyEvent]:
    """A party writes to everybody; the staff also to one side or among themselves."""
    if command.audience != "all" and act.actor.role not in STAFF:
        raise Refused("not_your_turn", step="message")
    if claim.state == "declined":
        raise Refused("claim_not_open", state=claim.state, step="message")
    if command.message_id in claim.message_ids:
        return []
    return [
        e.MessagePosted(message_id=command.message_id, text=command.text, audience=command.audience)
    ]


def ask_person(claim: Claim, command: c.AskPerson, act: Act) -> list[e.AnyEvent]:
    """A person looks. A running turn of a side is kept; a machine's decision is looked at again."""
    edges.check("ask_person", claim.state, act.actor.role)
    asked: list[e.AnyEvent] = [e.PersonAsked(text=command.text)]
    if claim.decision is None:
        waiting = claim.state in ("waiting_seller", "waiting_buyer", "in_review", "external")
        return asked if waiting else [*asked, e.ReviewStarted(why="person_asked")]
    if claim.decision.source != "machine" or claim.state in ("decided", "executing"):
        raise Refused("claim_not_open", state=claim.state, step="ask_person")
    review = e.ReviewStarted(why="person_asked", deadline=command.clocks.decision)
    return [*asked, review]


def hand_over(claim: Claim, command: c.HandOver, act: Act) -> list[e.AnyEvent]:
    """Another department owes an answer; the claim keeps its owner."""
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
    task = next((t for t in claim.tasks if t.asked.task_id == command.task_id), None)
    if task is None or task.done_at is not None:
        raise Refused("already_answered")
    return [e.TaskAnswered(task_id=command.task_id, text=command.text)]


def assign(claim: Claim, command: c.Assign, act: Act) -> list[e.AnyEvent]:
    """A new named owner; asking for the same one again changes nothing."""
    if command.owner_id == claim.owner_id:
        return []
    return [
        e.OwnerChanged(owner_id=command.owner_id, owner_name=command.owner_name, why=command.why)
    ]


def set_lane(claim: Claim, command: c.SetLane, act: Act) -> list[e.AnyEvent]:
    """The other lane, with a reason."""
    if command.lane == claim.lane:
        return []
    return [e.LaneChanged(lane=command.lane, why=command.why)]


def set_priority(claim: Claim, command: c.SetPriority, act: Act) -> list[e.AnyEvent]:
    """Another class, with a reason."""
    if command.priority == claim.priority:
        return []
    return [e.PriorityChanged(priority=command.priority, why=command.why)]


def set_tags(claim: Claim, command: c.SetTags, act: Act) -> list[e.AnyEvent]:
    """What a person sets is certain; what the person left out is gone."""
    tags = dict.fromkeys(command.tags, PERSON_SET)
    return [] if tags == claim.tags else [e.TagsChanged(tags=tags)]


def escalate(claim: Claim, command: c.Escalate, act: Act) -> list[e.AnyEvent]:
    """One line up, on a person's word."""
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
    return [e.OutsideAnswered(text=command.text), review]


def offer_repair(claim: Claim, command: c.OfferRepair, act: Act) -> list[e.AnyEvent]:
    """A price for putting right what the buyer broke."""
    if claim.decision is None or claim.repair is not None:
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


def _check_open(claim: Claim, step: str) -> None:
    if not claim.is_open:
        raise Refused("claim_not_open", state=claim.state, step=step)
