"""What happens when a deadline passes: announced in advance, done by the deadline itself."""

from typing import Final

from makegood.base.actor import Act
from makegood.claims import clock
from makegood.claims import commands as c
from makegood.claims import events as e
from makegood.claims.outcome import close
from makegood.claims.state import Claim, working_time
from makegood.claims.turns import after, after_evidence, next_step
from makegood.policy.judgement import Class
from makegood.policy.priority import aged

CLASSES: Final[dict[str, Class]] = {"P0": "P0", "P1": "P1", "P2": "P2", "P3": "P3"}

MOST_AT_ONCE = 20
"""More deadlines than any claim has at one time."""
ESCALATING = (
    "first_response",
    "accept",
    "decision",
    "refund_order",
    "hard_stop",
    "appeal_decision",
    "next_reply",
)
"""Promises of the platform: unmet, they go one line up and get a new time."""
ASKING: Final = ("seller_reply", "buyer_evidence", "seller_evidence", "negotiation")
"""Turns after whose end the rules go on."""
ONCE: Final = ("first_response", "accept")
"""Unmet, these are over: there is no second first answer."""


def asks_the_rules(claim: Claim) -> bool:
    """Whether a deadline of the claim, once it passes, asks what the rules say."""
    return any(deadline.kind in ASKING for deadline in claim.deadlines)


def pass_deadlines(claim: Claim, command: c.PassDeadlines, act: Act) -> list[e.AnyEvent]:
    """Act on every deadline that has passed, earliest first; a moved one does nothing.

    What one of them starts may be over already, as a decision that waited past its own time.
    """
    events: list[e.AnyEvent] = []
    for _ in range(MOST_AT_ONCE):
        passed = clock.due(claim.deadlines, act.now)
        if not passed:
            break
        done = _pass(claim, passed[0], command, act)
        claim = after(claim, done, act)
        events += done
    return events


def _pass(
    claim: Claim, deadline: e.Deadline, command: c.PassDeadlines, act: Act
) -> list[e.AnyEvent]:
    match deadline.kind:
        case "seller_reply" | "buyer_evidence" | "seller_evidence":
            return _go_on(claim, deadline, command, act)
        case "negotiation":
            ended: list[e.AnyEvent] = [e.NegotiationEnded(why="time")]
            talked = after(claim, ended, act)
            return ended + next_step(talked, _ruling(command), command.clocks, act)
        case "supplier_reply":
            return [_lost(deadline), e.ReviewStarted(why="supplier_silent")]
        case "auto_lane":
            return [_lost(deadline), e.ReviewStarted(why="check_late")]
        case "outside":
            late = e.ReviewStarted(why="outside_silent", deadline=command.clocks.decision)
            return [_lost(deadline), late]
        case "choice":
            assert claim.decision is not None, "a choice follows a decision"
            return [_lost(deadline), e.RemedyChosen(remedy=claim.decision.remedy)]
        case "repair":
            done = e.RemedyDone(deadlines=[command.clocks.survey, command.clocks.close])
            return [_lost(deadline), done]
        case "survey":
            return [e.SurveySent()]
        case "close":
            return close(claim)
        case kind:
            assert kind in ESCALATING or kind.startswith("task:"), f"nobody acts on {kind!r}"
            return _escalate(claim, deadline, command, act)


def _go_on(
    claim: Claim, deadline: e.Deadline, command: c.PassDeadlines, act: Act
) -> list[e.AnyEvent]:
    """The silent side loses its turn, not the claim."""
    lost: list[e.AnyEvent] = [_lost(deadline)]
    go_on = next_step if deadline.kind == "seller_reply" else after_evidence
    return lost + go_on(after(claim, lost, act), _ruling(command), command.clocks, act)


def _ruling(command: c.PassDeadlines) -> c.Ruling:
    assert command.ruling is not None, "whoever has a turn that ends asks the rules"
    return command.ruling


def _escalate(
    claim: Claim, deadline: e.Deadline, command: c.PassDeadlines, act: Act
) -> list[e.AnyEvent]:
    """One line up. What still has to be done gets a new time, so nothing is ever forgotten.

    A claim whose decision is late moves up one class, so that it is the next to be looked at.
    """
    again = None
    if deadline.kind not in ONCE:
        again = clock.renewed(deadline, act.now, working_time(claim, deadline.kind))
    up: list[e.AnyEvent] = [e.Escalated(kind=deadline.kind, to=command.escalate_to, deadline=again)]
    older = aged(CLASSES[claim.priority])
    if deadline.kind == "decision" and older != claim.priority:
        up.append(e.PriorityChanged(priority=older, why="late"))
    return up


def _lost(deadline: e.Deadline) -> e.TurnLost:
    return e.TurnLost(turn=deadline.turn, kind=deadline.kind)
