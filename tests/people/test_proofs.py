"""Proof of being the buyer: what opens a session, and that nothing else tells anything."""

import asyncio
from datetime import datetime, timedelta

import pytest

from makegood.base.refusal import Refused
from makegood.people.proofs import store
from makegood.people.proofs.actions import (
    SEND_CODE_JOB,
    Asked,
    Begun,
    Gate,
    SendCode,
    address_of,
    begin_proof,
    finish_proof,
    make_order_link,
    proof_code,
    prove_by_password,
    use_order_link,
)
from makegood.people.proofs.rules import OrderContact, mail_delay, tag_of
from makegood.people.proofs.sessions import BuyerSessions, revoke_buyer, revoke_buyer_session
from makegood.store.jobs import take
from makegood.store.vault import Vault
from tests.people.kit import CountingIds, ListeningDatabase, act_at

RIGHT, WRONG = b"r" * 32, b"w" * 32
ORDER = OrderContact(order_no="YQ-1", buyer_id="b-1", contact_hash=RIGHT, claim_code_hash=b"p" * 32)
HOME, THIEF = "203.0.113.7", "198.51.100.1"


def asked(contact_hash: bytes = RIGHT, order_no: str = "YQ-1", address: str = HOME) -> Asked:
    return Asked(
        order_no=order_no,
        contact="b1@example.com",
        contact_hash=contact_hash,
        address=address,
    )


async def _refusal(gate: Gate, now: datetime, begun: Begun, code: str) -> Refused:
    with pytest.raises(Refused) as caught:
        await finish_proof(gate, act_at(now), begun.proof_id, code)
    return caught.value


def _other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_the_code_of_a_fitting_contact_opens_the_order(gate: Gate, now: datetime) -> None:
    begun = await begin_proof(gate, act_at(now), ORDER, asked())
    code = proof_code(gate.vault, "main", begun.proof_id)
    signed_in = await finish_proof(gate, act_at(now), begun.proof_id, f" {code[:3]} {code[3:]} ")
    caller = await BuyerSessions(gate.db, gate.vault).caller("main", signed_in.token, now)
    assert caller is not None
    assert caller.actor is not None
    assert (caller.actor.id, caller.actor.fresh_proof) == ("b-1", True)
    assert caller.holds_order("YQ-1")
    assert not caller.holds_order("YQ-2")


async def test_proof_is_fresh_for_thirty_minutes_and_the_session_lasts_two_hours(
    gate: Gate, now: datetime
) -> None:
    begun = await begin_proof(gate, act_at(now), ORDER, asked())
    code = proof_code(gate.vault, "main", begun.proof_id)
    token = (await finish_proof(gate, act_at(now), begun.proof_id, code)).token
    sessions = BuyerSessions(gate.db, gate.vault)
    stale = await sessions.caller("main", token, now + timedelta(minutes=31))
    assert stale is not None
    assert stale.actor is not None
    assert not stale.actor.fresh_proof
    assert await sessions.caller("main", token, now + timedelta(hours=2)) is None


async def test_a_wrong_contact_and_an_unknown_order_begin_alike(gate: Gate, now: datetime) -> None:
    listening = ListeningDatabase(gate.db)
    watched = Gate(listening, gate.vault, gate.ids)
    await begin_proof(watched, act_at(now), ORDER, asked())
    right = listening.taken()
    await begin_proof(watched, act_at(now), ORDER, asked(WRONG))
    wrong = listening.taken()
    await begin_proof(watched, act_at(now), None, asked(order_no="YQ-404"))
    unknown = listening.taken()
    assert right == wrong == unknown


async def test_all_three_enqueue_the_same_job(gate: Gate, now: datetime) -> None:
    await begin_proof(gate, act_at(now), ORDER, asked())
    await begin_proof(gate, act_at(now), ORDER, asked(WRONG))
    await begin_proof(gate, act_at(now), None, asked(order_no="YQ-404"))
    async with gate.db.connection() as conn:
        jobs = await take(conn, now)
        proofs = [
            await store.load_proof(conn, "main", job.payload_as(SendCode).proof_id) for job in jobs
        ]
    addresses = [address_of(gate.vault, "main", proof) for proof in proofs if proof]
    assert [job.kind for job in jobs] == [SEND_CODE_JOB] * 3
    assert sorted(addresses, key=str) == [None, None, "b1@example.com"]


async def test_the_right_digits_of_a_proof_that_does_not_fit_open_nothing(
    gate: Gate, now: datetime
) -> None:
    begun = await begin_proof(gate, act_at(now), ORDER, asked(WRONG))
    code = proof_code(gate.vault, "main", begun.proof_id)
    assert (await _refusal(gate, now, begun, code)).code == "proof_failed"


@pytest.mark.parametrize("proof_id", ["", "nope", "\x00", "💥", "a" * 5000])
async def test_an_unknown_proof_is_refused_like_a_wrong_code(
    gate: Gate, now: datetime, proof_id: str
) -> None:
    assert (await _refusal(gate, now, Begun(proof_id, ""), "123456")).code == "proof_failed"


async def test_after_five_wrong_codes_the_right_one_is_refused(gate: Gate, now: datetime) -> None:
    begun = await begin_proof(gate, act_at(now), ORDER, asked())
    code = proof_code(gate.vault, "main", begun.proof_id)
    for _ in range(5):
        await _refusal(gate, now, begun, _other(code))
    assert (await _refusal(gate, now, begun, code)).code == "proof_failed"


async def test_a_hundred_codes_at_once_are_five_tries(gate: Gate, now: datetime) -> None:
    begun = await begin_proof(gate, act_at(now), ORDER, asked())
    code = int(proof_code(gate.vault, "main", begun.proof_id))
    guesses = [f"{(code + step) % 1_000_000:06d}" for step in range(1, 101)]
    await asyncio.gather(*(_refusal(gate, now, begun, guess) for guess in guesses))
    async with gate.db.connection() as conn:
        tries = await conn.fetchval("SELECT attempts FROM proof")
    assert tries == 5


async def test_one_code_sent_ten_times_at_once_opens_one_session(gate: Gate, now: datetime) -> None:
    begun = await begin_proof(gate, act_at(now), ORDER, asked())
    code = proof_code(gate.vault, "main", begun.proof_id)
    answers = await asyncio.gather(
        *(finish_proof(gate, act_at(now), begun.proof_id, code) for _ in range(10)),
        return_exceptions=True,
    )
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1


async def test_a_code_is_over_after_ten_minutes(gate: Gate, now: datetime) -> None:
    begun = await begin_proof(gate, act_at(now), ORDER, asked())
    code = proof_code(gate.vault, "main", begun.proof_id)
    later = now + timedelta(minutes=10)
    assert (await _refusal(gate, later, begun, code)).code == "proof_failed"


async def test_a_flood_from_one_address_is_slowed_and_the_buyer_is_not(
    gate: Gate, now: datetime
) -> None:
    for _ in range(5):
        await begin_proof(gate, act_at(now), ORDER, asked(WRONG, address=THIEF))
    with pytest.raises(Refused) as caught:
        await begin_proof(gate, act_at(now), ORDER, asked(WRONG, address=THIEF))
    assert caught.value.code == "proof_locked"
    assert await begin_proof(gate, act_at(now), ORDER, asked()) is not None


async def test_unknown_orders_are_slowed_alike(gate: Gate, now: datetime) -> None:
    for _ in range(5):
        await begin_proof(gate, act_at(now), None, asked(order_no="YQ-404", address=THIEF))
    with pytest.raises(Refused) as caught:
        await begin_proof(gate, act_at(now), None, asked(order_no="YQ-404", address=THIEF))
    assert caught.value.code == "proof_locked"


async def test_many_mails_to_one_order_come_later_but_in_time(gate: Gate, now: datetime) -> None:
    for number in range(30):
        await begin_proof(gate, act_at(now), ORDER, asked(address=f"198.51.100.{number}"))
    async with gate.db.connection() as conn:
        last = await conn.fetchval("SELECT max(run_at) FROM job")
    assert last - now == timedelta(minutes=4)


def test_the_first_five_mails_of_an_hour_are_not_delayed() -> None:
    assert [mail_delay(count).total_seconds() for count in (0, 4, 5, 6, 500)] == [0, 0, 30, 60, 240]


async def test_the_query_password_opens_the_order(gate: Gate, now: datetime) -> None:
    signed_in = await prove_by_password(gate, act_at(now), ORDER, "YQ-1", b"p" * 32, HOME)
    assert signed_in.order_no == "YQ-1"


@pytest.mark.parametrize(
    "order",
    [ORDER, None, OrderContact(order_no="YQ-1", buyer_id="b-1", contact_hash=RIGHT)],
    ids=["wrong", "unknown order", "order without a password"],
)
async def test_a_password_that_does_not_fit_is_refused_alike(
    gate: Gate, now: datetime, order: OrderContact | None
) -> None:
    listening = ListeningDatabase(gate.db)
    with pytest.raises(Refused) as caught:
        await prove_by_password(
            Gate(listening, gate.vault, gate.ids), act_at(now), order, "YQ-1", bytes(32), HOME
        )
    assert (caught.value.code, caught.value.detail) == ("proof_failed", {})
    assert len(listening.taken()) == 3


async def test_passwords_are_guessed_five_times_then_slowly(gate: Gate, now: datetime) -> None:
    codes = []
    for _ in range(7):
        with pytest.raises(Refused) as caught:
            await prove_by_password(gate, act_at(now), ORDER, "YQ-1", WRONG, THIEF)
        codes.append(caught.value.code)
    assert codes == ["proof_failed"] * 5 + ["proof_locked"] * 2


async def test_the_shop_systems_link_works_once(
    gate: Gate, now: datetime, ids: CountingIds, vault: Vault
) -> None:
    async with gate.db.transaction() as tx:
        token = await make_order_link(tx, act_at(now), vault, ids, ORDER)
    async with gate.db.transaction() as tx:
        signed_in = await use_order_link(tx, act_at(now), vault, ids, token)
    assert signed_in.order_no == "YQ-1"
    with pytest.raises(Refused) as caught:
        async with gate.db.transaction() as tx:
            await use_order_link(tx, act_at(now), vault, ids, token)
    assert caught.value.code == "link_expired"


async def test_a_link_is_over_after_fifteen_minutes(
    gate: Gate, now: datetime, ids: CountingIds, vault: Vault
) -> None:
    async with gate.db.transaction() as tx:
        token = await make_order_link(tx, act_at(now), vault, ids, ORDER)
    with pytest.raises(Refused):
        async with gate.db.transaction() as tx:
            await use_order_link(tx, act_at(now, timedelta(minutes=15)), vault, ids, token)


async def test_one_link_opened_ten_times_at_once_opens_one_session(
    gate: Gate, now: datetime, ids: CountingIds, vault: Vault
) -> None:
    async with gate.db.transaction() as tx:
        token = await make_order_link(tx, act_at(now), vault, ids, ORDER)

    async def use() -> None:
        async with gate.db.transaction() as tx:
            await use_order_link(tx, act_at(now), vault, ids, token)

    answers = await asyncio.gather(*(use() for _ in range(10)), return_exceptions=True)
    assert answers.count(None) == 1


async def test_a_second_order_of_the_same_buyer_joins_the_session(
    gate: Gate, now: datetime
) -> None:
    sessions = BuyerSessions(gate.db, gate.vault)
    first = await prove_by_password(gate, act_at(now), ORDER, "YQ-1", b"p" * 32, HOME)
    before = await sessions.caller("main", first.token, now)
    other = OrderContact(order_no="YQ-2", buyer_id="b-1", claim_code_hash=b"q" * 32)
    second = await prove_by_password(gate, act_at(now), other, "YQ-2", b"q" * 32, HOME, before)
    joined = await sessions.caller("main", second.token, now)
    assert joined is not None
    assert set(joined.order_nos) == {"YQ-1", "YQ-2"}


async def test_another_buyers_order_does_not_join(gate: Gate, now: datetime) -> None:
    sessions = BuyerSessions(gate.db, gate.vault)
    first = await prove_by_password(gate, act_at(now), ORDER, "YQ-1", b"p" * 32, HOME)
    before = await sessions.caller("main", first.token, now)
    other = OrderContact(order_no="YQ-2", buyer_id="b-2", claim_code_hash=b"q" * 32)
    second = await prove_by_password(gate, act_at(now), other, "YQ-2", b"q" * 32, HOME, before)
    joined = await sessions.caller("main", second.token, now)
    assert joined is not None
    assert joined.order_nos == ("YQ-2",)


async def test_a_revoked_session_stops_within_a_second(gate: Gate, now: datetime) -> None:
    here, elsewhere = BuyerSessions(gate.db, gate.vault), BuyerSessions(gate.db, gate.vault)
    token = (await prove_by_password(gate, act_at(now), ORDER, "YQ-1", b"p" * 32, HOME)).token
    caller = await here.caller("main", token, now)
    assert caller is not None
    await elsewhere.caller("main", token, now)
    async with gate.db.transaction() as tx:
        assert await revoke_buyer_session(tx, act_at(now), caller.session_id)
    here.forget("main")
    assert await here.caller("main", token, now) is None
    assert await elsewhere.caller("main", token, now + timedelta(seconds=1)) is None


async def test_all_sessions_of_a_buyer_can_be_ended(gate: Gate, now: datetime) -> None:
    for _ in range(2):
        await prove_by_password(gate, act_at(now), ORDER, "YQ-1", b"p" * 32, HOME)
    async with gate.db.transaction() as tx:
        assert await revoke_buyer(tx, act_at(now), "b-1") == 2


async def test_a_thousand_requests_of_a_second_read_the_database_once(
    gate: Gate, now: datetime
) -> None:
    token = (await prove_by_password(gate, act_at(now), ORDER, "YQ-1", b"p" * 32, HOME)).token
    listening = ListeningDatabase(gate.db)
    sessions = BuyerSessions(listening, gate.vault)
    await asyncio.gather(*(sessions.caller("main", token, now) for _ in range(1000)))
    assert len(listening.taken()) == 1


@pytest.mark.parametrize("token", ["", "x", "main.abc", "💥", "A" * 9000, "AQ" * 200])
async def test_a_made_up_token_is_nobodys(gate: Gate, now: datetime, token: str) -> None:
    assert await BuyerSessions(gate.db, gate.vault).caller("main", token, now) is None


async def test_a_token_of_one_market_opens_nothing_in_another(gate: Gate, now: datetime) -> None:
    token = (await prove_by_password(gate, act_at(now), ORDER, "YQ-1", b"p" * 32, HOME)).token
    assert await BuyerSessions(gate.db, gate.vault).caller("other", token, now) is None


def test_the_tag_is_short_enough_to_compare_at_a_glance() -> None:
    assert tag_of("0190f5c4-89ab-7000-8000-00000000beef") == "BEEF"
