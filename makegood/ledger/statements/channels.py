"""What payment channels bear: a month of it by channel and line by line, straight from the ledger.

The ledger keeps these debts by claim; the channel is the one that the claim was refunded through.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from makegood.ledger.statements import rules
from makegood.ledger.statements.channel_store import channel_lines, channels_of
from makegood.ledger.statements.months import Month
from makegood.ledger.statements.rules import Ageing, LedgerLine, LineKind, Totals
from makegood.store.database import Connection


class ChannelLine(LedgerLine, frozen=True, kw_only=True):
    """One posted transfer; `amount_minor` grows what the channel owes."""

    channel: str
    order_no: str

    @property
    def kind(self) -> LineKind:
        """What it is for the channel."""
        return rules.kind_of(self)


class ChannelSum(msgspec.Struct, frozen=True, kw_only=True):
    """One channel's month, and how old what it owes is, in minor units."""

    channel: str
    totals: Totals
    ageing: Ageing


class ChannelMonth(msgspec.Struct, frozen=True, kw_only=True):
    """All channels' month, or one channel's where one was asked for."""

    month: str
    currency: str
    sums: list[ChannelSum]
    lines: list[ChannelLine]


async def month_of_channels(
    conn: Connection, market_id: str, month: Month, *, currency: str, now: datetime, channel: str
) -> ChannelMonth:
    """The month as the books stand now; `channel` empty for all of them."""
    rows = await channel_lines(conn, market_id, currency)
    names = await channels_of(conn, market_id, sorted({row["claim_no"] for row in rows}))
    moved = [
        msgspec.convert(
            {**row, "transfer_id": str(row["id"]), "channel": names.get(row["claim_no"], "")},
            ChannelLine,
        )
        for row in rows
    ]
    until = min(month.until, now + timedelta.resolution)
    shown = [one for one in moved if channel in ("", one.channel)]
    return ChannelMonth(
        month=month.name,
        currency=currency,
        sums=[_sum(name, moved, month, until) for name in sorted({one.channel for one in moved})],
        lines=[one for one in shown if month.since <= one.posted_at < month.until],
    )


def _sum(channel: str, moved: Sequence[ChannelLine], month: Month, until: datetime) -> ChannelSum:
    own = [one for one in moved if one.channel == channel]
    totals = rules.totals(own, month.since, month.until)
    return ChannelSum(channel=channel, totals=totals, ageing=rules.ageing(own, until))
