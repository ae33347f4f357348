"""Class P0-P3 and the static key that orders a queue. Reads no clock; ageing is a new key."""

from datetime import datetime

import msgspec

from makegood.policy.judgement import Class
from makegood.policy.model import Pack


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
    raise KeyError(reason)


def queue_key(
    priority_class: Class,
    opened_at: datetime,
    deadline_at: datetime,
    *,
    amount_minor: int,
    emotion: float = 0.0,
    repeats: int = 0,
    tier: int = 0,
) -> QueueKey:
    """Class, then deadline minus the weighted minutes of amount, emotion, repeats and tier."""
    raise ValueError


def aged(priority_class: Class) -> Class:
    """One class up when the deadline has passed; never into P0."""
    raise ValueError
