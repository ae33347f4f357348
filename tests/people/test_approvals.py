"""Proposals: released by another person with a fresh second factor, and by nobody else."""

from datetime import datetime, timedelta

import asyncpg
import pytest

from makegood.base.refusal import Refused
from makegood.people.approvals import store
from makegood.people.approvals.actions import (
    approver_of,
    close_proposals,
    decide_proposal,
    propose,
    prove_again,
    withdraw_proposal,
)
from makegood.people.approvals.limits import needs_second_person
from makegood.people.approvals.rules import Approver, NewProposal, Proposal, Verdict
from makegood.people.callers import Callers
from makegood.people.staff.sign_in import Door
from makegood.store.database import Database
from makegood.store.vault import Vault
from tests.people.kit import SETTINGS, CountingIds, act_at, enrol, make_person

WRITE_OFF = NewProposal(
    kind="write_off", subject="AS-261121-000001", amount_minor=9800, why="供应商停业", key="w-1"
)


def lead(now: datetime, person_id: str = "qi", minutes: int = 1) -> Approver:
    return Approver(
        person_id=person_id, name="周琪", role="lead", proven_at=now - timedelta(minutes=minutes)
    )


async def proposed(
    db: Database, ids: CountingIds, now: datetime, new: NewProposal = WRITE_OFF
) -> Proposal:
    async with db.transaction() as tx:
        return await propose(tx, act_at(now), ids, new, by="xu", by_name="许知远")


async def decide(
    db: Database, now: datetime, approver: Approver, number: str, verdict: Verdict = "approved"
) -> Proposal:
    async with db.transaction() as tx:
        return await decide_proposal(tx, act_at(now), approver, number, verdict)


async def test_another_person_releases_it_once(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    proposal = await proposed(db, ids, now)

    done = await decide(db, now, lead(now), proposal.proposal_no)

    assert (done.state, done.decided_by) == ("approved", "qi")
    with pytest.raises(Refused, match="already_approved"):
        await decide(db, now, lead(now, "op"), proposal.proposal_no)


async def test_nobody_approves_an_own_proposal_not_even_past_the_program(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    proposal = await proposed(db, ids, now)

    with pytest.raises(Refused, match="approval_needs_other_person"):
        await decide(db, now, lead(now, "xu"), proposal.proposal_no)
    async with db.connection() as conn:
        with pytest.raises(asyncpg.CheckViolationError, match="proposal_needs_two"):
            await conn.execute(
                "UPDATE proposal SET state = 'approved', decided_by = 'xu', decided_at = $1", now
            )


async def test_a_key_and_a_stale_second_factor_release_nothing(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    number = (await proposed(db, ids, now)).proposal_no
    key = Approver(person_id="key-1", name="key", role="operator", proven_at=None)
    agent = Approver(person_id="chen", name="陈默", role="agent", proven_at=now)

    for approver, code in (
        (key, "second_factor_needed"),
        (agent, "second_factor_needed"),
        (lead(now, minutes=31), "second_factor_stale"),
    ):
        with pytest.raises(Refused, match=code):
            await decide(db, now, approver, number)


async def test_the_same_key_is_the_same_proposal_until_it_is_sent_back(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    first = await proposed(db, ids, now)
    again = await proposed(db, ids, now)
    assert again == first

    with pytest.raises(Refused, match="reason_needed"):
        await decide(db, now, lead(now), first.proposal_no, "returned")
    async with db.transaction() as tx:
        act = act_at(now)
        await decide_proposal(tx, act, lead(now), first.proposal_no, "returned", "先催收")
    later = await proposed(db, ids, now)

    assert later.proposal_no != first.proposal_no


async def test_the_proposer_takes_back_and_nobody_else_does(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    number = (await proposed(db, ids, now)).proposal_no
    async with db.transaction() as tx:
        with pytest.raises(Refused, match="not_found"):
            await withdraw_proposal(tx, act_at(now), number, "qi")
    async with db.transaction() as tx:
        gone = await withdraw_proposal(tx, act_at(now), number, "xu")

    assert gone.state == "withdrawn"
    with pytest.raises(Refused, match="already_approved"):
        await decide(db, now, lead(now), number)


async def test_what_was_decided_on_its_own_page_no_longer_waits(
    db: Database, ids: CountingIds, now: datetime, market: str
) -> None:
    await proposed(db, ids, now)
    async with db.transaction() as tx:
        await close_proposals(
            tx, act_at(now), "write_off", WRITE_OFF.subject, "approved", by=lead(now), text=""
        )
    async with db.connection() as conn:
        assert await store.count_open(conn, "main") == {}


async def test_a_typed_code_makes_a_session_fresh_and_works_once(
    door: Door, db: Database, vault: Vault, now: datetime
) -> None:
    person = await make_person(door, act_at(now), "qi@example.com", "lead")
    phone = await enrol(door, act_at(now), person)
    later = now + timedelta(hours=2)
    act = act_at(later)
    caller = await Callers(db, vault).of_sessions("main", "", phone.token, now)
    with pytest.raises(Refused, match="sign_in_failed"):
        await prove_again(db, vault, act, caller, "192.0.2.1", "000000")

    code = phone.phone.at(later)
    await prove_again(db, vault, act, caller, "192.0.2.1", code)

    async with db.connection() as conn:
        assert (await approver_of(conn, "main", caller)).proven_at == later
    with pytest.raises(Refused, match="sign_in_failed"):
        await prove_again(db, vault, act, caller, "192.0.2.1", code)


@pytest.mark.parametrize(
    ("kind", "role", "amount_minor", "two"),
    [
        ("refund_above_limit", "agent", 500_00, False),
        ("refund_above_limit", "agent", 500_01, True),
        ("refund_above_limit", "lead", 500_01, False),
        ("write_off", "operator", 0, True),
        ("compensation", "agent", 20_01, True),
        ("payout", "agent", 1, True),
    ],
)
def test_a_role_acts_alone_up_to_and_including_its_limit(
    kind: str, role: str, amount_minor: int, two: bool
) -> None:
    assert needs_second_person(SETTINGS, kind, role, amount_minor, "CNY") is two


def test_a_limit_is_an_amount_of_the_markets_currency_and_allows_nothing_in_another() -> None:
    assert needs_second_person(SETTINGS, "refund_above_limit", "lead", 1, "KWD")
