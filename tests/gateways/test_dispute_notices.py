"""A channel's notice of a dispute, from the wire to the claim: real program, real signatures."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from makegood.base.ids import UnitRef
from makegood.gateways.payments.registry import build_gateways
from makegood.ledger.actions import refundable_minor
from makegood.ledger.disputes.store import list_disputes
from makegood.ledger.refund.gateway import Notification
from makegood.store.database import Database
from makegood.worker.refunds import Desk, ask_disputes, payment_notification
from makegood.worker.registry import refund_desk
from tests.claims.town import Town, unit_line
from tests.gateways.hooks import Hook
from tests.gateways.payments import GatewayProgram, running

STATES = ["needs_response", "under_review", "won", "lost"]
PAID = 9800


@pytest.fixture
async def town(db: Database) -> Town:
    """A town whose order `O-1` was paid through Stripe as `pi_1` an hour ago."""
    made = Town(db)
    made.clock.at = datetime.now(UTC)
    await made.found()
    paid_at = (made.clock.at - timedelta(hours=1)).isoformat()
    payment = {
        "gateway": "stripe",
        "trade_no": "pi_1",
        "amount_minor": PAID,
        "paid_at": paid_at,
    }
    times = dict.fromkeys(("placed_at", "paid_at", "updated_at"), paid_at)
    delivery = {"kind": "key", "delivered_at": paid_at, "keys": ["XH-SECRET-1"]}
    await made.order(lines=unit_line(delivery=delivery), payments=[payment], **times)
    return made


@pytest.fixture
def program(tmp_path: Path) -> Iterator[GatewayProgram]:
    """A gateway program of each test alone, which was paid for the order."""
    with running(tmp_path) as started:
        started.pay("pi_1", "O-1", PAID)
        yield started


@pytest.fixture
def desk(town: Town, program: GatewayProgram, client: httpx.AsyncClient) -> Desk:
    [stripe] = [one for one in program.accounts() if one.channel == "stripe"]
    gateways = build_gateways([stripe], client, town.clock)
    return refund_desk(town.db, lambda market_id: gateways, town.clock, town.desk)


async def verdicts(town: Town) -> dict[str, int]:
    """What the record says of notices, and how often each came."""
    async with town.db.connection() as conn:
        rows = await conn.fetch("select verdict, times from payment_notice")
    return {row["verdict"]: row["times"] for row in rows}


async def left(town: Town) -> int:
    async with town.db.connection() as conn:
        return await refundable_minor(conn, "main", UnitRef("O-1", 1, 1))


async def states(town: Town) -> list[str]:
    async with town.db.connection() as conn:
        return [one.state for one in await list_disputes(conn, "main", STATES)]


async def test_a_dispute_told_twice_is_one_dispute_that_holds_the_unit(
    town: Town, program: GatewayProgram, desk: Desk, hook: Hook
) -> None:
    program.dispute("dp_1", "pi_1", PAID, "stripe", hook.url)
    letter = hook.next()
    for _ in range(2):
        answer = await payment_notification(desk, "main", "stripe", letter)
        assert (answer.status, answer.verdict) == (200, "confirmed")
    assert await states(town) == ["needs_response"]
    assert await left(town) == 0
    assert await verdicts(town) == {"confirmed": 2}


async def test_a_forged_notice_is_recorded_and_moves_nothing(
    town: Town, program: GatewayProgram, desk: Desk, hook: Hook
) -> None:
    program.dispute("dp_1", "pi_1", PAID, "stripe", hook.url)
    letter = hook.next()
    forged = msgspec.structs.replace(letter, body=letter.body.replace(b"pi_1", b"pi_2"))
    for notice in (forged, Notification(body=letter.body)):
        answer = await payment_notification(desk, "main", "stripe", notice)
        assert (answer.status, answer.verdict) == (400, "signature")
    assert await states(town) == []
    assert await left(town) == PAID


async def test_a_dispute_of_a_payment_that_is_not_ours_is_refused(
    town: Town, program: GatewayProgram, desk: Desk, hook: Hook
) -> None:
    program.pay("pi_other", "O-of-another-shop", PAID)
    program.dispute("dp_9", "pi_other", PAID, "stripe", hook.url)
    answer = await payment_notification(desk, "main", "stripe", hook.next())
    assert (answer.status, answer.verdict) == (400, "dispute: not_found")
    assert await states(town) == []


async def test_a_silent_gateway_makes_the_sender_come_again(
    town: Town, program: GatewayProgram, desk: Desk, hook: Hook
) -> None:
    program.dispute("dp_1", "pi_1", PAID, "stripe", hook.url)
    letter = hook.next()
    program.kill()
    answer = await payment_notification(desk, "main", "stripe", letter)
    assert answer.status == 503
    program.restart()
    answer = await payment_notification(desk, "main", "stripe", letter)
    assert answer.status == 200
    assert await left(town) == 0


async def test_the_end_is_asked_for_where_no_notice_comes(
    town: Town, program: GatewayProgram, desk: Desk, hook: Hook
) -> None:
    program.dispute("dp_1", "pi_1", PAID, "stripe", hook.url)
    await payment_notification(desk, "main", "stripe", hook.next())
    program.dispute("dp_1", "pi_1", PAID, "stripe", state="won")
    assert await ask_disputes(desk) == 0
    town.clock.at += timedelta(minutes=16)
    assert await ask_disputes(desk) == 1
    assert await states(town) == ["won"]
    assert await left(town) == PAID
