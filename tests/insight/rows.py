"""Rows made by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from makegood.base.actor import SYSTEM
from makegood.insight.rows.figures import EVENT
from makegood.insight.rows.rules import PublicRow
from makegood.record.rules import NewEvent, StreamHead, seal
from tests.record.histories import key

ROW = PublicRow(
    seller="s-1",
    number=1,
    day="2026-11-20",
    reason="KEY",
    outcome="refunded",
    decider="rules",
    answered="15m",
    decided="15m",
    done="15m",
    blame="all",
    appealed=False,
    stars=0,
    replaces=0,
)


def sealed_lines(rows: Sequence[PublicRow], pseudonym: bytes = b"") -> list[bytes]:
    """The entries of these rows as one series, numbered from 1."""
    head = StreamHead(
        market_id="main", stream="rows/s-1", pseudonym=pseudonym or key(len(rows))[:16]
    )
    events = [_event(row, number) for number, row in enumerate(rows, start=1)]
    keys = [key(number) for number in range(len(rows))]
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return [event.entry for event in seal(head, events, keys, at, SYSTEM)]


def _event(row: PublicRow, number: int) -> NewEvent:
    fields = msgspec.to_builtins(msgspec.structs.replace(row, number=number))
    fields.pop("type")
    return NewEvent(EVENT, 1, {**fields, "claim_no": "AS-1"}, frozenset(fields))
