"""Clocks: how long each stage may take, when they pause, and what a pause moves. No clock read."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from makegood.policy.judgement import Class, Words
from makegood.policy.model import Pack, ProductClass, StageClock

Stage = Literal[
    "first_response",
    "accept",
    "seller_reply",
    "buyer_evidence",
    "seller_evidence",
    "supplier_reply",
    "third_party",
    "decision",
    "auto_lane",
    "refund_order",
    "appeal_window",
    "appeal_window_restriction",
    "appeal_decision",
    "survey_opens",
    "survey",
    "negotiation",
    "offer_reply",
    "hard_stop",
]
Turn = Literal["buyer_evidence", "seller_evidence", "negotiation"]
"""What the decision clock pauses for."""


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """When a stage ends, what happens then, and where the figure comes from."""

    stage: Stage
    due_at: datetime
    consequence: Words
    basis: Words


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """A running or paused clock. `left` is what remains at `since`."""

    left: timedelta
    since: datetime
    paused: bool = False
    hard_stop_at: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        """When it ends; while paused, only the hard stop still holds."""
        if self.paused:
            return self.hard_stop_at
        return _not_after(self.since + self.left, self.hard_stop_at)


def product_class(pack: Pack, category: str) -> ProductClass:
    """The clock class of a product category; unknown categories count as `other`."""
    return pack.clocks.product_class.get(category, "other")


def deadline(
    pack: Pack,
    stage: Stage,
    start: datetime,
    *,
    priority_class: Class,
    product: ProductClass,
    complex_claim: bool = False,
    hard_stop_at: datetime | None = None,
) -> Deadline:
    """The deadline of a stage that starts at `start`, never later than the hard stop."""
    clock = _clock(pack, stage, complex_claim=complex_claim)
    length = timedelta(minutes=_minutes(clock, priority_class, product))
    return Deadline(
        stage=stage,
        due_at=_not_after(start + length, hard_stop_at),
        consequence=clock.consequence,
        basis=clock.basis,
    )


def stricter(first: Deadline, second: Deadline) -> Deadline:
    """The earlier of two deadlines for the same stage, e.g. the pack's and a contract's."""
    return first if first.due_at <= second.due_at else second


def started(due: Deadline, start: datetime, hard_stop_at: datetime | None = None) -> Clock:
    """A running clock for a deadline that began at `start`."""
    return Clock(left=due.due_at - start, since=start, hard_stop_at=hard_stop_at)


def pause(pack: Pack, clock: Clock, stage: Stage, at: datetime, *, priority_class: Class) -> Clock:
    """The clock while another side has the turn. P0 never pauses; some stages never do."""
    if clock.paused or priority_class == "P0" or not _clock(pack, stage).pauses:
        return clock
    spent = max(timedelta(0), at - clock.since)
    return Clock(
        left=max(timedelta(0), clock.left - spent),
        since=at,
        paused=True,
        hard_stop_at=clock.hard_stop_at,
    )


def resume(clock: Clock, at: datetime) -> Clock:
    """The clock running again with what was left; a running clock stays as it is."""
    if not clock.paused:
        return clock
    return Clock(left=clock.left, since=at, hard_stop_at=clock.hard_stop_at)


def may_extend(pack: Pack, stage: Stage, extended_before: int) -> bool:
    """Whether an evidence deadline may be extended once more."""
    return extended_before < pack.clocks.extensions.get(stage, 0)


def extended(
    pack: Pack,
    due: Deadline,
    *,
    priority_class: Class,
    product: ProductClass,
    hard_stop_at: datetime | None = None,
) -> Deadline:
    """The deadline moved by one more full length of its stage, inside the hard stop."""
    return deadline(
        pack,
        due.stage,
        due.due_at,
        priority_class=priority_class,
        product=product,
        hard_stop_at=hard_stop_at,
    )


def negotiation_due(
    pack: Pack, start: datetime, spent: timedelta, hard_stop_at: datetime
) -> datetime:
    """When the negotiation budget ends. All rounds of one claim share it: `spent` is used up."""
    budget = timedelta(minutes=_clock(pack, "negotiation").default_minutes)
    return _not_after(start + max(timedelta(0), budget - spent), hard_stop_at)


def congestion_wait(
    promised_at: datetime, hard_stop_at: datetime, *, waited_before: bool
) -> datetime | None:
    """Until when a claim may wait on a congested channel; None once it has waited before."""
    return None if waited_before else _not_after(promised_at, hard_stop_at)


def left_percent(start: datetime, due_at: datetime, now: datetime) -> int:
    """How much of the time is left, 0..100, rounded down."""
    whole = (due_at - start).total_seconds()
    if whole <= 0:
        return 0
    return int(max(0.0, min(1.0, (due_at - now).total_seconds() / whole)) * 100)


def claim_window_ends(
    delivered_at: datetime, window_days: int | None, term_days: int | None
) -> datetime | None:
    """When claims about a unit close; never before the term sold has ended. None: no limit set."""
    days = [count for count in (window_days, term_days) if count is not None]
    return delivered_at + timedelta(days=max(days)) if window_days is not None else None


def claim_opens(promised_at: datetime | None) -> datetime | None:
    """From when "not delivered" may be claimed: the promised time itself, not a second earlier."""
    return promised_at


def payout_hold_days(pack: Pack, product: ProductClass, *, new_seller: bool) -> int:
    """For how many days after delivery the seller's payout waits."""
    holds = pack.clocks.payout_hold_days
    return holds[product] + (holds["new_seller_extra"] if new_seller else 0)


def _clock(pack: Pack, stage: str, *, complex_claim: bool = False) -> StageClock:
    if stage == "decision" and complex_claim:
        stage = "decision_complex"
    return pack.clocks.stages[stage]


def _minutes(clock: StageClock, priority_class: Class, product: ProductClass) -> int:
    special = clock.by_product.get(product)
    if special is not None:
        return special.p0_minutes if priority_class == "P0" else special.default_minutes
    return clock.p0_minutes if priority_class == "P0" else clock.default_minutes


def _not_after(at: datetime, latest: datetime | None) -> datetime:
    return at if latest is None else min(at, latest)
