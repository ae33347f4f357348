"""Class P0-P3 and the static key that orders a queue. Reads no clock; ageing makes a new key."""

import math
from datetime import datetime, timedelta
from typing import Final

import msgspec

from makegood.base.money import MINOR_DIGITS
from makegood.policy.judgement import Class, Context
from makegood.policy.model import Pack
from makegood.policy.outcome import class_by_table

POINTS_PER_TERM: Final = 40
"""Points that a claim gains while its whole time passes; the other terms are turned into time."""
AMOUNT_POINTS: Final = 20
EMOTION_POINTS: Final = 15
REPEAT_POINTS: Final = 15
TIER_POINTS: Final = 10
AMOUNT_FULL: Final = 5_000
"""Whole units of the currency from which on a larger amount adds nothing more."""
REPEATS_FROM: Final = 3


class QueueKey(msgspec.Struct, frozen=True, order=True):
    """Sorts first to last: the class number, then the virtual deadline."""

    class_no: int
    virtual_deadline_at: datetime


def class_of(
    pack: Pack,
    reason: str,
    *,
    amount_minor: int,
    repeats: int,
    deadline_left_percent: int | None = None,
) -> Class:
    """The class of a claim from its reason, amount, repeats and share of the deadline left."""
    context = Context(
        amount_minor=amount_minor, repeats=repeats, deadline_left_percent=deadline_left_percent
    )
    return class_by_table(pack, pack.reasons[reason], context)


def queue_key(
    priority_class: Class,
    opened_at: datetime,
    deadline_at: datetime,
    *,
    amount_minor: int,
    emotion: float = 0.0,
    repeats: int = 0,
    tier: float = 0.0,
    currency: str = "CNY",
) -> QueueKey:
    """Class, then deadline minus the time that the other terms are worth.

    With equal time limits this orders exactly as `40 u + 20 ln(1+amount)/ln(5001) + 15 emotion
    + 15 [repeats >= 3] + 10 tier` would at any moment, and it never has to be computed again.
    Emotion and tier are 0..1; they order, and never decide.
    """
    points = extra_points(amount_minor, emotion, repeats, tier, currency)
    length = max(0.0, (deadline_at - opened_at).total_seconds())
    ahead = timedelta(seconds=round(length * points / POINTS_PER_TERM))
    return QueueKey(class_number(priority_class), deadline_at - ahead)


def extra_points(
    amount_minor: int, emotion: float, repeats: int, tier: float, currency: str = "CNY"
) -> float:
    """The terms of the score that do not grow with time, 0..60."""
    units = max(0, amount_minor) / 10 ** MINOR_DIGITS.get(currency, 2)
    amount = min(1.0, math.log1p(units) / math.log1p(AMOUNT_FULL))
    return (
        AMOUNT_POINTS * amount
        + EMOTION_POINTS * _unit(emotion)
        + REPEAT_POINTS * (repeats >= REPEATS_FROM)
        + TIER_POINTS * _unit(tier)
    )


def aged(priority_class: Class) -> Class:
    """One class up when the deadline has passed; never into P0."""
    ups: dict[Class, Class] = {"P0": "P0", "P1": "P1", "P2": "P1", "P3": "P2"}
    return ups[priority_class]


def class_number(priority_class: Class) -> int:
    """0 for P0 to 3 for P3, as stored in list rows."""
    return int(priority_class[1])


def _unit(share: float) -> float:
    return min(1.0, max(0.0, share))
