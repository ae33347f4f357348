"""Queues are counted as they stand when somebody looks."""

from datetime import timedelta

import msgspec

from makegood.base.actor import Act
from makegood.claims.looking import queue_counts
from tests.claims.town import Town

AGES = timedelta(days=36_500)


async def overdue(town: Town, act: Act) -> int:
    async with town.db.connection() as conn:
        return (await queue_counts(conn, act))["overdue"]


async def test_a_claim_is_overdue_by_the_time_of_whoever_looks(town: Town) -> None:
    await town.order()
    claim_no = (await town.open("SND01", description="商品页写的是专业版，激活后是教育版")).claim_no
    due_at = (await town.view(claim_no)).deadlines[0].at

    counts = [
        await overdue(town, msgspec.structs.replace(town.agent, now=at))
        for at in (due_at - AGES, due_at + AGES)
    ]

    assert counts == [0, 1]
