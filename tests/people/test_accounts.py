"""Accounts: the first operator, invitations, second factors, switching off, sessions."""

import asyncio
from datetime import datetime, timedelta

import msgspec
import pytest

from makegood.base.refusal import Refused
from makegood.people.staff import store
from makegood.people.staff.actions import (
    accept_invitation,
    begin_second_factor,
    change_account,
    change_password,
    confirm_codes_saved,
    create_first_operator,
    create_first_operator_link,
    disable_account,
    enable_account,
    invite,
    invite_again,
    renew_recovery_codes,
    reset_second_factor,
)
from makegood.people.staff.rules import NewAccount, StaffRole
from makegood.people.staff.sessions import (
    StaffSessions,
    list_sessions,
    revoke_all_sessions,
    revoke_session,
)
from makegood.people.staff.sign_in import CodeNeeded, Door, Visitor, sign_in
from tests.people.kit import PASSWORD, act_at, enrol, make_person, signed_in

HOME = Visitor("203.0.113.7", "Firefox\x00 on a\nphone")
OPERATOR = NewAccount(sign_in_name="Xu@Example.com", display_name="许岚", role="operator")


def person(name: str, role: StaffRole = "agent") -> NewAccount:
    return NewAccount(sign_in_name=name, display_name=name, role=role)


async def _first_link(door: Door, now: datetime) -> str:
    async with door.db.transaction() as tx:
        return await create_first_operator_link(tx, act_at(now), door.vault, door.ids)


async def test_the_first_link_makes_an_operator_who_must_set_up_a_second_factor(
    door: Door, now: datetime
) -> None:
    token = await _first_link(door, now)
    session = await create_first_operator(door, act_at(now), HOME, token, OPERATOR, PASSWORD)
    caller = await StaffSessions(door.db).caller("main", session.token, now)
    assert caller is not None
    assert (caller.role, caller.limited) == ("operator", True)


async def test_the_first_link_works_once(door: Door, now: datetime) -> None:
    token = await _first_link(door, now)
    await create_first_operator(door, act_at(now), HOME, token, OPERATOR, PASSWORD)
    with pytest.raises(Refused) as caught:
        await create_first_operator(door, act_at(now), HOME, token, person("second"), PASSWORD)
    assert caught.value.code == "link_expired"


async def test_a_new_first_link_ends_the_one_before(door: Door, now: datetime) -> None:
    before = await _first_link(door, now)
    await _first_link(door, now)
    with pytest.raises(Refused):
        await create_first_operator(door, act_at(now), HOME, before, OPERATOR, PASSWORD)


async def test_a_weak_password_does_not_use_the_link_up(door: Door, now: datetime) -> None:
    token = await _first_link(door, now)
    with pytest.raises(Refused) as caught:
        await create_first_operator(door, act_at(now), HOME, token, OPERATOR, "short")
    assert caught.value.code == "password_weak"
    await create_first_operator(door, act_at(now), HOME, token, OPERATOR, PASSWORD)


async def test_there_is_no_first_link_once_there_is_an_operator(door: Door, now: datetime) -> None:
    await make_person(door, act_at(now), "xu", "operator")
    with pytest.raises(Refused) as caught:
        await _first_link(door, now)
    assert caught.value.code == "account_exists"


@pytest.mark.parametrize("token", ["", "x.y", "💥", ".", "a" * 4000])
async def test_a_made_up_first_link_is_refused(door: Door, now: datetime, token: str) -> None:
    await _first_link(door, now)
    with pytest.raises(Refused) as caught:
        await create_first_operator(door, act_at(now), HOME, token, OPERATOR, PASSWORD)
    assert caught.value.code == "link_expired"


async def test_an_invited_person_sets_a_password_and_signs_in(door: Door, now: datetime) -> None:
    async with door.db.transaction() as tx:
        invited = await invite(tx, act_at(now), door.vault, door.ids, person("chen"))
    await accept_invitation(door, act_at(now), HOME, invited.token, PASSWORD)
    session = signed_in(await sign_in(door, act_at(now), HOME, "chen", PASSWORD))
    assert session.account_id == invited.account_id


async def test_an_invitation_is_over_after_72_hours(door: Door, now: datetime) -> None:
    async with door.db.transaction() as tx:
        invited = await invite(tx, act_at(now), door.vault, door.ids, person("chen"))
    later = act_at(now, timedelta(hours=72))
    with pytest.raises(Refused) as caught:
        await accept_invitation(door, later, HOME, invited.token, PASSWORD)
    assert caught.value.code == "link_expired"


async def test_a_name_is_taken_in_every_spelling(door: Door, now: datetime) -> None:
    await make_person(door, act_at(now), "chen@example.com")
    with pytest.raises(Refused) as caught:
        async with door.db.transaction() as tx:
            await invite(tx, act_at(now), door.vault, door.ids, person("ＣＨＥＮ@example.com "))
    assert caught.value.code == "account_exists"


async def test_a_link_for_a_lost_password_does_not_replace_the_second_factor(
    door: Door, now: datetime
) -> None:
    account = await make_person(door, act_at(now), "chen")
    await enrol(door, act_at(now), account)
    async with door.db.transaction() as tx:
        token = await invite_again(tx, act_at(now), door.vault, door.ids, account)
    answer = await accept_invitation(
        door, act_at(now), HOME, token, "another otter, another ladder"
    )
    assert isinstance(answer, CodeNeeded)


async def test_a_second_factor_cannot_be_replaced_by_its_own_session(
    door: Door, now: datetime
) -> None:
    account = await make_person(door, act_at(now), "chen")
    await enrol(door, act_at(now), account)
    with pytest.raises(Refused):
        async with door.db.transaction() as tx:
            await begin_second_factor(tx, act_at(now), door.vault, door.ids, account.account_id)


async def test_recovery_codes_need_a_second_factor_to_stand_in_for(
    door: Door, now: datetime
) -> None:
    account = await make_person(door, act_at(now), "chen")
    with pytest.raises(Refused) as caught:
        async with door.db.transaction() as tx:
            await renew_recovery_codes(tx, act_at(now), door.vault, door.ids, account.account_id)
    assert caught.value.code == "second_factor_needed"


async def test_ten_recovery_codes_are_made_and_confirmed(door: Door, now: datetime) -> None:
    account = await make_person(door, act_at(now), "chen")
    enrolled = await enrol(door, act_at(now), account)
    async with door.db.transaction() as tx:
        await confirm_codes_saved(tx, act_at(now), account.account_id)
        left = await store.codes_left(tx, "main", account.account_id)
        known = await store.load_account(tx, "main", account.account_id)
    assert known is not None
    assert len(set(enrolled.recovery_codes)) == left == 10
    assert known.codes_saved


async def test_secrets_are_not_readable_in_the_tables(door: Door, now: datetime) -> None:
    account = await make_person(door, act_at(now), "chen")
    enrolled = await enrol(door, act_at(now), account)
    async with door.db.connection() as conn:
        rows = await conn.fetch(
            "SELECT account::text AS line FROM account UNION ALL "
            "SELECT staff_session::text FROM staff_session UNION ALL "
            "SELECT recovery_code::text FROM recovery_code"
        )
    stored = "\n".join(row["line"] for row in rows)
    secrets = [PASSWORD, enrolled.phone.secret, enrolled.token, *enrolled.recovery_codes]
    encoded = [secret.encode().hex() for secret in secrets]
    assert not [secret for secret in (*secrets, *encoded) if secret in stored]


async def test_the_session_gets_a_new_token_when_the_second_factor_is_confirmed(
    door: Door, now: datetime
) -> None:
    account = await make_person(door, act_at(now), "chen")
    enrolled = await enrol(door, act_at(now), account)
    caller = await StaffSessions(door.db).caller("main", enrolled.token, now)
    assert caller is not None
    assert caller.two_factor


async def test_a_reset_second_factor_ends_every_session(door: Door, now: datetime) -> None:
    account = await make_person(door, act_at(now), "chen")
    enrolled = await enrol(door, act_at(now), account)
    async with door.db.transaction() as tx:
        await reset_second_factor(tx, act_at(now), account)
    assert await StaffSessions(door.db).caller("main", enrolled.token, now) is None


async def test_a_changed_password_ends_the_other_sessions_and_renews_this_one(
    door: Door, now: datetime
) -> None:
    account = await make_person(door, act_at(now), "ann", "auditor")
    here = signed_in(await sign_in(door, act_at(now), HOME, "ann", PASSWORD))
    there = signed_in(await sign_in(door, act_at(now), HOME, "ann", PASSWORD))
    new = "a second otter on the roof"
    token = await change_password(door, act_at(now), account, here.session_id, PASSWORD, new)
    sessions = StaffSessions(door.db)
    callers = [await sessions.caller("main", one, now) for one in (here.token, there.token, token)]
    assert [caller is not None for caller in callers] == [False, False, True]


async def test_a_password_is_not_changed_without_the_present_one(door: Door, now: datetime) -> None:
    account = await make_person(door, act_at(now), "ann", "auditor")
    with pytest.raises(Refused):
        await change_password(door, act_at(now), account, "s", "wrong", "a second otter on it")


async def test_a_disabled_person_is_out_within_a_second(door: Door, now: datetime) -> None:
    account = await make_person(door, act_at(now), "ann", "auditor")
    session = signed_in(await sign_in(door, act_at(now), HOME, "ann", PASSWORD))
    sessions = StaffSessions(door.db)
    assert await sessions.caller("main", session.token, now) is not None
    async with door.db.transaction() as tx:
        await disable_account(tx, act_at(now), account.account_id)
    later = now + timedelta(seconds=1)
    assert await sessions.caller("main", session.token, later) is None
    async with door.db.transaction() as tx:
        await enable_account(tx, act_at(now), account.account_id)
    assert await StaffSessions(door.db).caller("main", session.token, later) is None


async def test_the_last_operator_stays(door: Door, now: datetime) -> None:
    last = await make_person(door, act_at(now), "xu", "operator")
    with pytest.raises(Refused) as caught:
        async with door.db.transaction() as tx:
            await disable_account(tx, act_at(now), last.account_id)
    assert caught.value.code == "last_operator"
    with pytest.raises(Refused):
        async with door.db.transaction() as tx:
            await change_account(tx, act_at(now), msgspec.structs.replace(last, role="agent"))


async def test_two_operators_who_switch_each_other_off_leave_one(door: Door, now: datetime) -> None:
    people = [await make_person(door, act_at(now), name, "operator") for name in ("xu", "su")]

    async def switch_off(account_id: str) -> None:
        async with door.db.transaction() as tx:
            await disable_account(tx, act_at(now), account_id)

    await asyncio.gather(*(switch_off(one.account_id) for one in people), return_exceptions=True)
    async with door.db.transaction() as tx:
        assert len(await store.lock_operators(tx, "main")) == 1


async def test_a_changed_role_ends_the_sessions(door: Door, now: datetime) -> None:
    account = await make_person(door, act_at(now), "ann", "auditor")
    session = signed_in(await sign_in(door, act_at(now), HOME, "ann", PASSWORD))
    async with door.db.transaction() as tx:
        await change_account(tx, act_at(now), msgspec.structs.replace(account, role="agent"))
    assert await StaffSessions(door.db).caller("main", session.token, now) is None


async def test_sessions_are_listed_and_ended_one_by_one(door: Door, now: datetime) -> None:
    account = await make_person(door, act_at(now), "ann", "auditor")
    for _ in range(3):
        await sign_in(door, act_at(now), HOME, "ann", PASSWORD)
    async with door.db.transaction() as tx:
        listed = await list_sessions(tx, act_at(now), account.account_id)
        await revoke_session(tx, act_at(now), account.account_id, listed[0].session_id)
        left = await list_sessions(tx, act_at(now), account.account_id)
        await revoke_all_sessions(tx, act_at(now), account.account_id)
        none = await list_sessions(tx, act_at(now), account.account_id)
    assert (len(listed), len(left), len(none)) == (3, 2, 0)
    assert listed[0].browser == "Firefox on aphone"


async def test_nobody_ends_another_persons_session(door: Door, now: datetime) -> None:
    await make_person(door, act_at(now), "ann", "auditor")
    other = await make_person(door, act_at(now), "bob", "auditor")
    session = signed_in(await sign_in(door, act_at(now), HOME, "ann", PASSWORD))
    async with door.db.transaction() as tx:
        assert not await revoke_session(tx, act_at(now), other.account_id, session.session_id)


async def test_an_idle_session_ends_after_an_hour_and_a_used_one_after_twelve(
    door: Door, now: datetime
) -> None:
    await make_person(door, act_at(now), "ann", "auditor")
    idle = signed_in(await sign_in(door, act_at(now), HOME, "ann", PASSWORD))
    used = signed_in(await sign_in(door, act_at(now), HOME, "ann", PASSWORD))
    sessions = StaffSessions(door.db)
    for minutes in range(0, 12 * 60, 30):
        at = now + timedelta(minutes=minutes)
        assert await sessions.caller("main", used.token, at) is not None
    assert await sessions.caller("main", idle.token, now + timedelta(minutes=61)) is None
    assert await sessions.caller("main", used.token, now + timedelta(hours=12)) is None


async def test_a_token_of_one_market_opens_nothing_in_another(door: Door, now: datetime) -> None:
    await make_person(door, act_at(now), "ann", "auditor")
    session = signed_in(await sign_in(door, act_at(now), HOME, "ann", PASSWORD))
    assert await StaffSessions(door.db).caller("other", session.token, now) is None
