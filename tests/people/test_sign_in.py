"""Signing in: what fits, what is refused alike, what is slowed, and what is never locked."""

import asyncio
from datetime import datetime, timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher

from makegood.base.refusal import Refused
from makegood.people.slowdown.actions import Attempt, attempts_left
from makegood.people.staff.actions import disable_account, invite
from makegood.people.staff.passwords import Passwords
from makegood.people.staff.rules import NewAccount
from makegood.people.staff.sessions import StaffSessions
from makegood.people.staff.sign_in import CodeNeeded, Door, Visitor, finish_sign_in, sign_in
from tests.people.kit import (
    PASSWORD,
    ListeningDatabase,
    act_at,
    enrol,
    make_person,
    quick_passwords,
    signed_in,
)

HOME = Visitor("203.0.113.7", "Firefox")
THIEF = Visitor("198.51.100.1", "curl")


async def _refusal(door: Door, act_time: datetime, who: Visitor, name: str, word: str) -> Refused:
    with pytest.raises(Refused) as caught:
        await sign_in(door, act_at(act_time), who, name, word)
    return caught.value


async def test_a_name_and_its_password_begin_a_session(door: Door, now: datetime) -> None:
    person = await make_person(door, act_at(now), "auditor@example.com", "auditor")
    answer = signed_in(await sign_in(door, act_at(now), HOME, " Auditor@Example.com ", PASSWORD))
    caller = await StaffSessions(door.db).caller("main", answer.token, now)
    assert caller is not None
    assert caller.actor is not None
    assert (caller.actor.role, caller.actor.id) == ("auditor", person.account_id)
    assert not caller.limited


async def test_an_agent_without_a_second_factor_gets_a_limited_session(
    door: Door, now: datetime
) -> None:
    await make_person(door, act_at(now), "lin")
    answer = signed_in(await sign_in(door, act_at(now), HOME, "lin", PASSWORD))
    caller = await StaffSessions(door.db).caller("main", answer.token, now)
    assert caller is not None
    assert caller.limited


async def test_a_wrong_name_and_a_wrong_password_are_refused_alike(
    door: Door, now: datetime
) -> None:
    await make_person(door, act_at(now), "lin")
    wrong_password = await _refusal(door, now, HOME, "lin", "not this one at all")
    wrong_name = await _refusal(door, now, HOME, "nobody-here", "not this one at all")
    assert (wrong_name.code, wrong_name.detail) == (wrong_password.code, wrong_password.detail)
    assert wrong_name.code == "sign_in_failed"


async def test_a_disabled_person_is_refused_like_an_unknown_one(door: Door, now: datetime) -> None:
    person = await make_person(door, act_at(now), "lin")
    async with door.db.transaction() as tx:
        await disable_account(tx, act_at(now), person.account_id)
    assert (await _refusal(door, now, HOME, "lin", PASSWORD)).code == "sign_in_failed"


async def test_control_letters_in_a_name_are_an_ordinary_wrong_name(
    door: Door, now: datetime
) -> None:
    assert (await _refusal(door, now, HOME, "lin\x00\ud800", "\ud800")).code == "sign_in_failed"


async def test_a_guesser_is_slowed_and_told_when_to_come_back(door: Door, now: datetime) -> None:
    await make_person(door, act_at(now), "lin")
    for _ in range(5):
        await _refusal(door, now, THIEF, "lin", "guess guess guess")
    slowed = await _refusal(door, now, THIEF, "lin", PASSWORD)
    assert slowed.code == "sign_in_slowed"
    assert slowed.detail["retry_after_s"] == 2


async def test_a_hundred_guesses_at_once_are_a_hundred_attempts(door: Door, now: datetime) -> None:
    await make_person(door, act_at(now), "lin")
    answers = await asyncio.gather(
        *(_refusal(door, now, THIEF, "lin", f"guess number {n}") for n in range(100))
    )
    codes = [answer.code for answer in answers]
    assert codes.count("sign_in_failed") == 5
    assert codes.count("sign_in_slowed") == 95


async def test_the_owner_signs_in_while_a_thousand_strangers_guess(
    door: Door, now: datetime
) -> None:
    await make_person(door, act_at(now), "lin")
    for n in range(60):
        await _refusal(door, now, Visitor(f"198.51.100.{n}"), "lin", "guess guess guess")
    assert signed_in(await sign_in(door, act_at(now), HOME, "lin", PASSWORD)).token


async def test_under_attack_each_source_gets_one_guess_a_minute(door: Door, now: datetime) -> None:
    for n in range(55):
        await _refusal(door, now, Visitor(f"198.51.100.{n}"), "lin", "guess guess guess")
    late_comer = Visitor("192.0.2.77")
    assert (await _refusal(door, now, late_comer, "lin", "guess")).code == "sign_in_failed"
    assert (await _refusal(door, now, late_comer, "lin", "guess")).code == "sign_in_slowed"
    later = now + timedelta(seconds=61)
    assert (await _refusal(door, later, late_comer, "lin", "guess")).code == "sign_in_failed"


async def test_a_source_that_tries_many_names_is_slowed(door: Door, now: datetime) -> None:
    for n in range(25):
        await _refusal(door, now, THIEF, f"name-{n}", "guess guess guess")
    assert (await _refusal(door, now, THIEF, "name-99", "guess")).code == "sign_in_slowed"


async def test_an_hour_of_quiet_forgets_the_failures(door: Door, now: datetime) -> None:
    for _ in range(5):
        await _refusal(door, now, THIEF, "lin", "guess guess guess")
    later = now + timedelta(hours=2)
    codes = [(await _refusal(door, later, THIEF, "lin", "guess")).code for _ in range(5)]
    assert codes == ["sign_in_failed"] * 5


async def test_success_clears_the_own_failures(door: Door, now: datetime) -> None:
    await make_person(door, act_at(now), "lin")
    for _ in range(4):
        await _refusal(door, now, HOME, "lin", "oh it was another")
    await sign_in(door, act_at(now), HOME, "lin", PASSWORD)
    assert (await _refusal(door, now, HOME, "lin", "guess")).code == "sign_in_failed"


async def test_the_second_factor_is_asked_for_and_opens_the_session(
    door: Door, now: datetime
) -> None:
    phone = await enrol(door, act_at(now), await make_person(door, act_at(now), "lin"))
    later = now + timedelta(minutes=2)
    answer = await sign_in(door, act_at(later), HOME, "lin", PASSWORD)
    assert isinstance(answer, CodeNeeded)
    session = await finish_sign_in(door, act_at(later), HOME, answer.pending, phone.code_at(later))
    caller = await StaffSessions(door.db).caller("main", session.token, later)
    assert caller is not None
    assert caller.two_factor
    assert not caller.limited


async def test_a_code_that_was_used_is_refused(door: Door, now: datetime) -> None:
    phone = await enrol(door, act_at(now), await make_person(door, act_at(now), "lin"))
    with pytest.raises(Refused) as caught:
        await _second_step(door, now, phone.code_at(now))
    assert caught.value.code == "sign_in_failed"
    assert "server_time" in caught.value.detail


async def test_one_code_sent_twice_at_once_opens_one_session(door: Door, now: datetime) -> None:
    phone = await enrol(door, act_at(now), await make_person(door, act_at(now), "lin"))
    later = now + timedelta(minutes=2)
    answers = await asyncio.gather(
        *(_second_step(door, later, phone.code_at(later)) for _ in range(4)),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refused) == 3


async def test_a_recovery_code_works_once_however_it_is_typed(door: Door, now: datetime) -> None:
    phone = await enrol(door, act_at(now), await make_person(door, act_at(now), "lin"))
    code = phone.recovery_codes[3].lower().replace("-", " ")
    await _second_step(door, now, code)
    with pytest.raises(Refused):
        await _second_step(door, now, code)


async def test_the_second_step_must_come_within_ten_minutes(door: Door, now: datetime) -> None:
    phone = await enrol(door, act_at(now), await make_person(door, act_at(now), "lin"))
    answer = await sign_in(door, act_at(now), HOME, "lin", PASSWORD)
    assert isinstance(answer, CodeNeeded)
    later = now + timedelta(minutes=11)
    with pytest.raises(Refused) as caught:
        await finish_sign_in(door, act_at(later), HOME, answer.pending, phone.code_at(later))
    assert caught.value.code == "link_expired"


@pytest.mark.parametrize("pending", ["", "x", "AAAA", "💥", "=" * 50])
async def test_a_made_up_second_step_is_refused(door: Door, now: datetime, pending: str) -> None:
    with pytest.raises(Refused) as caught:
        await finish_sign_in(door, act_at(now), HOME, pending, "123456")
    assert caught.value.code == "link_expired"


async def _second_step(door: Door, now: datetime, code: str) -> None:
    answer = await sign_in(door, act_at(now), HOME, "lin", PASSWORD)
    assert isinstance(answer, CodeNeeded)
    await finish_sign_in(door, act_at(now), HOME, answer.pending, code)


class CountingHasher(PasswordHasher):
    """The real hasher, which notes how often it compared."""

    compared = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
        self.compared += 1
        return super().verify(hash, password)


async def test_an_unknown_name_costs_the_same_statements_and_the_same_hash(
    door: Door, now: datetime
) -> None:
    await make_person(door, act_at(now), "lin")
    listening, hasher = ListeningDatabase(door.db), CountingHasher(1, 8, 1)
    watched = Door(listening, door.vault, door.ids, Passwords(hasher))
    await _refusal(watched, now, HOME, "lin", "not this one at all")
    known = (listening.taken(), hasher.compared)
    await _refusal(watched, now, HOME, "nobody-here", "not this one at all")
    assert (listening.taken(), hasher.compared - 1) == known


async def test_a_person_without_a_password_cannot_sign_in(door: Door, now: datetime) -> None:
    async with door.db.transaction() as tx:
        new = NewAccount(sign_in_name="chen", display_name="陈默", role="agent")
        await invite(tx, act_at(now), door.vault, door.ids, new)
    assert (await _refusal(door, now, HOME, "chen", "")).code == "sign_in_failed"


async def test_a_hash_that_was_damaged_fits_nothing() -> None:
    assert not await quick_passwords().fits("$argon2id$v=19$damaged", "x")
    assert not await quick_passwords().fits("", "no password fits this, whatever is typed")


async def test_the_tries_that_are_left_are_counted_down(door: Door, now: datetime) -> None:
    attempt = Attempt("sign_in", "lin", HOME.address)
    before = await attempts_left(door.db, door.vault, act_at(now), attempt)
    await _refusal(door, now, HOME, "lin", "not this one at all")
    after = await attempts_left(door.db, door.vault, act_at(now), attempt)
    assert (before, after) == (5, 4)
