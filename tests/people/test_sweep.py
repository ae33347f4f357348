"""What need not be kept is forgotten, and not before its time."""

from datetime import datetime, timedelta

from makegood.people.callers import Callers
from makegood.people.proofs.actions import Asked, Gate, begin_proof, prove_by_password
from makegood.people.proofs.rules import OrderContact
from makegood.people.staff.sign_in import Door, Visitor, sign_in
from makegood.worker.sweep import Swept, sweep_people
from tests.people.kit import PASSWORD, act_at, make_person, signed_in

HOME = Visitor("203.0.113.7")
ORDER = OrderContact(
    order_no="YQ-1", buyer_id="b-1", contact_hash=b"r" * 32, claim_code_hash=b"p" * 32
)
ASKED = Asked(
    order_no="YQ-1", contact="b1@example.com", contact_hash=b"r" * 32, address="203.0.113.7"
)


async def test_attempts_proofs_and_sessions_end_when_they_are_old(
    door: Door, gate: Gate, now: datetime
) -> None:
    await make_person(door, act_at(now), "ann", "auditor")
    await sign_in(door, act_at(now), HOME, "ann", PASSWORD)
    await begin_proof(gate, act_at(now), ORDER, ASKED)
    soon = await sweep_people(door.db, now + timedelta(hours=12))
    later = await sweep_people(door.db, now + timedelta(days=2))
    much_later = await sweep_people(door.db, now + timedelta(days=60))
    assert soon == Swept(attempts=0, proofs=0, sessions=0, mails=0)
    assert later == Swept(attempts=6, proofs=1, sessions=0, mails=0)
    assert much_later == Swept(attempts=0, proofs=0, sessions=1, mails=0)


async def test_neither_addresses_nor_names_stand_in_the_counters(
    door: Door, gate: Gate, now: datetime
) -> None:
    await make_person(door, act_at(now), "ann", "auditor")
    await sign_in(door, act_at(now), HOME, "ann", PASSWORD)
    await begin_proof(gate, act_at(now), ORDER, ASKED)
    async with door.db.connection() as conn:
        rows = await conn.fetch("SELECT convert_from(subject, 'LATIN1') AS text FROM slowdown")
        proof = await conn.fetchval("SELECT proof::text FROM proof")
    counters = "\n".join(row["text"] for row in rows)
    assert "203.0.113.7" not in counters
    assert "YQ-1" not in counters
    assert "b1@example.com" not in proof
    assert b"b1@example.com".hex() not in proof


async def test_staff_outranks_buyer_where_one_browser_holds_both(
    door: Door, gate: Gate, now: datetime
) -> None:
    await make_person(door, act_at(now), "ann", "auditor")
    staff = signed_in(await sign_in(door, act_at(now), HOME, "ann", PASSWORD)).token
    buyer = (await prove_by_password(gate, act_at(now), ORDER, "YQ-1", b"p" * 32, "x")).token
    callers = Callers(door.db, door.vault)
    assert (await callers.of_sessions("main", buyer, staff, now)).role == "auditor"
    assert (await callers.of_sessions("main", buyer, "main.old", now)).role == "buyer"
    assert (await callers.of_bearer("main", buyer, now)).role == "buyer"
