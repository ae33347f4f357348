"""All SQL of reminders: buyers who came too early and asked to be told."""

from datetime import datetime

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import UnitRef
from makegood.store.database import Connection


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer came too early to claim and asked to be told at `remind_at`."""

    unit: UnitRef
    reason: str
    language: str
    remind_at: datetime


async def insert_reminder(tx: Connection, act: Act, reminder: Reminder) -> bool:
    """Write a reminder; False when the same one waits already."""
    made = await tx.fetchval(
        """
        INSERT INTO reminder (market_id, order_no, line_no, unit_no, reason, language, remind_at,
                              left_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        act.market_id,
        reminder.unit.order_no,
        reminder.unit.line_no,
        reminder.unit.unit_no,
        reminder.reason,
        reminder.language,
        reminder.remind_at,
        act.now,
    )
    return bool(made)


async def mark_reminder_sent(
    tx: Connection, market_id: str, unit: UnitRef, reason: str, at: datetime
) -> Reminder | None:
    """Take a reminder that has not been sent; None when it was, so it is sent once."""
    row = await tx.fetchrow(
        """
        UPDATE reminder SET sent_at = $6
        WHERE market_id = $1 AND order_no = $2 AND line_no = $3 AND unit_no = $4 AND reason = $5
          AND sent_at IS NULL
        RETURNING language, remind_at
        """,
        market_id,
        unit.order_no,
        unit.line_no,
        unit.unit_no,
        reason,
        at,
    )
    if row is None:
        return None
    return Reminder(unit=unit, reason=reason, language=row["language"], remind_at=row["remind_at"])
