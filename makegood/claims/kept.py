"""Which promises of the platform a claim kept: read from its history, clock by clock."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

import msgspec

from makegood.base import business_time
from makegood.base.time import minutes
from makegood.claims import events as e
from makegood.claims.fold import folds
from makegood.claims.remedies import NOTHING
from makegood.claims.state import Claim, Recorded
from makegood.people.contracts.rules import STAGES, Standard, standard_for

SOLUTION: Final = "solution"
"""The kind of a promise that a standard makes: this remedy, done within this time."""


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """One promise and what became of it."""

    kind: str
    set_at: datetime
    due_at: datetime
    met_at: datetime | None
    """When it was kept or given up; None while it still runs."""
    broken: bool
    remedy: str = ""
    """For a solution: what was done, where that is not what was promised."""


def promises_of(
    history: Sequence[Recorded], standards: Sequence[Standard], now: datetime
) -> list[Promise]:
    """The clocks of the platform in the order in which they ended, then those that run.

    A pause moves the due time; taking turns is no breach. A clock that was renewed after a
    breach stands twice: broken, and as its successor.
    """
    claims = folds(history)
    ended = [
        promise
        for (before, after), recorded in zip(pairwise(claims), history[1:], strict=True)
        for promise in _ended(before, after, recorded)
    ]
    last = claims[-1]
    running = [_running(d, now) for d in last.deadlines if d.kind in STAGES]
    return [*ended, *running, *_solution(last, standards, now)]


def _ended(before: Claim, after: Claim, recorded: Recorded) -> Iterator[Promise]:
    """The clocks that this event ended: unmet where it is the escalation that says so."""
    left = {(d.kind, d.set_at) for d in after.deadlines}
    for deadline in before.deadlines:
        if deadline.kind not in STAGES or (deadline.kind, deadline.set_at) in left:
            continue
        late = deadline.paused_at is None and recorded.at > deadline.at
        given_up = isinstance(recorded.event, e.Escalated) and recorded.event.kind == deadline.kind
        yield Promise(
            kind=deadline.kind,
            set_at=deadline.set_at,
            due_at=deadline.at,
            met_at=recorded.at,
            broken=late or given_up,
        )


def _running(deadline: e.Deadline, now: datetime) -> Promise:
    late = deadline.paused_at is None and now > deadline.at
    return Promise(
        kind=deadline.kind, set_at=deadline.set_at, due_at=deadline.at, met_at=None, broken=late
    )


def _solution(claim: Claim, standards: Sequence[Standard], now: datetime) -> list[Promise]:
    """The promised solution, for a claim that was upheld or is not decided yet."""
    standard = standard_for(standards, claim.opened.reason)
    if standard is None or _is_owed_nothing(claim):
        return []
    due = _due(claim, standard)
    done = claim.chosen or (claim.decision.remedy if claim.decision else "")
    other = bool(standard.remedies) and bool(done) and done not in standard.remedies
    ended = claim.settled_at
    return [
        Promise(
            kind=SOLUTION,
            set_at=claim.opened_at,
            due_at=due,
            met_at=ended,
            broken=other or (ended or now) > due,
            remedy=done if other else "",
        )
    ]


def _is_owed_nothing(claim: Claim) -> bool:
    """Withdrawn, declined, or decided against the customer: no solution was owed."""
    if claim.state in ("withdrawn", "declined"):
        return True
    return claim.decision is not None and claim.decision.remedy in NOTHING


def _due(claim: Claim, standard: Standard) -> datetime:
    contract = claim.opened.contract
    length = minutes(standard.within_minutes)
    if contract is None or contract.calendar is None:
        return claim.opened_at + length
    return business_time.add(contract.calendar, claim.opened_at, length)
