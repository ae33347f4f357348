"""Rules of people without a database: names, passwords, slow-downs, the line of a complaint."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.people.proofs.rules import digits_of, fits, looks_like_mail, typed_digits
from makegood.people.slowdown.rules import (
    LONGEST_WAIT_S,
    Counter,
    failures_now,
    own_wait_s,
    source_of,
    source_wait_s,
)
from makegood.people.staff.roster import RosterLine, others, outside_the_line
from makegood.people.staff.rules import (
    StaffRole,
    matching_step,
    normal_name,
    password_faults,
    plain_recovery_code,
)

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
COMMON = frozenset({"passwordpassword"})


def line(account_id: str, reports_to: str | None = None, role: StaffRole = "agent") -> RosterLine:
    return RosterLine(
        account_id=account_id, display_name=account_id, role=role, reports_to=reports_to
    )


ROSTER = (
    line("head", None, "lead"),
    line("north", "head", "lead"),
    line("south", "head", "lead"),
    line("ann", "north"),
    line("bob", "north"),
    line("cid", "south"),
    line("owner", None, "operator"),
)


def test_m97_a_complaint_goes_past_the_person_and_every_lead_above() -> None:
    handlers = {one.account_id for one in outside_the_line("ann", ROSTER)}
    assert handlers == {"bob", "south", "cid"}


def test_m97_a_complaint_about_a_lead_goes_past_who_reports_to_the_lead() -> None:
    handlers = {one.account_id for one in outside_the_line("north", ROSTER)}
    assert handlers == {"south", "cid"}


def test_m97_a_complaint_about_the_head_has_nobody_inside() -> None:
    assert outside_the_line("head", ROSTER) == ()


def test_m97_two_who_report_to_each_other_do_not_loop() -> None:
    ring = (line("ann", "bob"), line("bob", "ann"), line("cid"))
    assert [one.account_id for one in outside_the_line("ann", ring)] == ["cid"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12), st.integers(0, 9))
def test_m97_the_person_and_the_direct_lead_are_never_chosen(
    pairs: list[tuple[int, int]], about: int
) -> None:
    roster = tuple(line(str(who), str(lead) if who != lead else None) for who, lead in pairs)
    chosen = {one.account_id for one in outside_the_line(str(about), roster)}
    last_leads = {one.account_id: one.reports_to for one in roster}
    assert str(about) not in chosen
    assert last_leads.get(str(about)) not in chosen


def test_an_appeal_is_reviewed_by_another_person() -> None:
    assert "ann" not in {one.account_id for one in others("ann", ROSTER)}
    assert "owner" not in {one.account_id for one in others("ann", ROSTER)}


@pytest.mark.parametrize(
    ("password", "faults"),
    [
        ("grey-otter-on-a-ladder", ()),
        ("正确的马电池订书钉蓝色云", ()),
        ("short", ("short",)),
        ("PasswordPassword", ("common",)),
        ("aaaaaaaaaaaaaaaa", ("repeated",)),
        ("abcdefghijklmnop", ("repeated",)),
        ("chenmochenmo1", ("about_you",)),
        ("x" * 9 + "abcd" + "y" * 2000, ("long",)),
    ],
)
def test_passwords_are_refused_for_being_guessable_not_for_their_letters(
    password: str, faults: tuple[str, ...]
) -> None:
    assert password_faults(password, ("chenmo@example.com", "陈默"), COMMON) == faults


@pytest.mark.parametrize("name", ["Chen@X.com", " chen@x.com ", "ＣＨＥＮ@x.com", "chen\x00@x.com"])
def test_a_name_has_one_form(name: str) -> None:
    assert normal_name(name) == "chen@x.com"


@given(st.text())
def test_a_normal_name_stays_as_it_is(name: str) -> None:
    assert normal_name(normal_name(name)) == normal_name(name)


def test_a_code_fits_its_own_and_the_neighbouring_steps_only_once() -> None:
    codes = ["111111", "222222", "333333"]
    assert matching_step(codes, " 222 222 ", 100, 0) == 101
    assert matching_step(codes, "222222", 100, 101) is None
    assert matching_step(codes, "111111", 100, 101) is None
    assert matching_step(codes, "333333", 100, 101) == 102
    assert matching_step(codes, "444444", 100, 0) is None


def test_recovery_codes_survive_sloppy_typing() -> None:
    assert plain_recovery_code("o1il-abcd 9xyz") == "0111ABCD9XYZ"


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_nobody_waits_longer_than_five_minutes(own: int, everyone: int) -> None:
    assert 0 <= own_wait_s(own, everyone) <= LONGEST_WAIT_S
    assert 0 <= source_wait_s(own) <= LONGEST_WAIT_S


@given(st.integers(0, 100), st.integers(0, 1000))
def test_waits_never_shrink_with_more_failures(own: int, everyone: int) -> None:
    assert own_wait_s(own, everyone) <= own_wait_s(own + 1, everyone)
    assert own_wait_s(own, everyone) <= own_wait_s(own, everyone + 1)


def test_failures_are_forgotten_after_an_hour() -> None:
    counter = Counter(failures=9, next_at=NOW, last_at=NOW)
    assert failures_now(counter, NOW + timedelta(minutes=60)) == 9
    assert failures_now(counter, NOW + timedelta(minutes=61)) == 0


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unix", "unix"),
    ],
)
def test_a_source_is_a_network_a_person_could_hold(address: str, source: str) -> None:
    assert source_of(address) == source


@given(st.binary(min_size=32, max_size=32))
def test_a_code_has_six_digits(mac: bytes) -> None:
    code = digits_of(mac)
    assert len(code) == 6
    assert code.isdecimal()


def test_codes_are_read_as_people_type_them() -> None:
    assert typed_digits("12 34-56") == "123456"
    assert typed_digits("１２３４５６") == "123456"


def test_a_hash_fits_only_a_stored_one() -> None:
    assert fits(b"a" * 32, b"a" * 32)
    assert not fits(b"a" * 32, b"b" * 32)
    assert not fits(None, bytes(32))


@pytest.mark.parametrize(
    ("contact", "is_mail"),
    [
        ("b1@example.com", True),
        ("13800000000", False),
        ("@example.com", False),
        ("a@b", False),
        ("a@b.c\r\nBcc: x@y.z", False),
        ("a@b c.d", False),
    ],
)
def test_codes_go_to_mail_addresses_only(contact: str, is_mail: bool) -> None:
    assert looks_like_mail(contact) is is_mail
