"""Working time: what help desks get wrong about it, each by its name."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.base.business_time import Calendar, Slot, add, between, faults_of, is_open

SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING, AFTERNOON = Slot(9 * 60, 12 * 60), Slot(13 * 60 + 30, 18 * 60)
OFFICE = Calendar(week=[*([[MORNING, AFTERNOON]] * 5), [], []])
ALWAYS = Calendar(week=[[Slot(0, 1440)]] * 7)


def local(day: int, hour: int, minute: int = 0, month: int = 10) -> datetime:
    """A moment of October 2026 in Shanghai; the 1st is a Thursday."""
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def test_two_slots_a_day_are_joined_over_lunch() -> None:
    assert add(OFFICE, local(8, 11, 30), minutes(60)) == local(8, 14, 0)


def test_time_used_up_at_a_slots_end_ends_there_and_not_after_lunch() -> None:
    assert add(OFFICE, local(8, 11), minutes(60)) == local(8, 12)


def test_what_comes_after_hours_on_friday_waits_for_monday() -> None:
    assert add(OFFICE, local(9, 19), minutes(30)) == local(12, 9, 30)


def test_a_holiday_does_not_count() -> None:
    golden = changed(OFFICE, holidays=[date(2026, 10, day) for day in range(1, 8)])
    assert add(golden, local(30, 17, month=9), minutes(90)) == local(8, 9, 30)


def test_a_working_saturday_in_place_of_a_holiday_counts() -> None:
    moved = changed(OFFICE, special={"2026-10-10": [MORNING]})
    assert add(moved, local(9, 17, 30), minutes(60)) == local(10, 9, 30)


def test_a_holiday_beats_the_week_and_a_special_day_beats_the_holiday() -> None:
    day = date(2026, 10, 8)
    closed = changed(OFFICE, holidays=[day])
    opened = changed(closed, special={"2026-10-08": [MORNING]})
    assert not is_open(closed, local(8, 10))
    assert is_open(opened, local(8, 10))


def test_a_clock_change_moves_no_office_hour() -> None:
    berlin = changed(OFFICE, timezone="Europe/Berlin")
    friday = datetime(2026, 10, 23, 17, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    monday = datetime(2026, 10, 26, 10, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert add(berlin, friday, minutes(120)) == monday


def test_a_slot_inside_the_skipped_hour_is_not_there() -> None:
    night = Calendar(timezone="Europe/Berlin", week=[[Slot(120, 180)]] * 7)
    saturday = datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert add(night, saturday, minutes(30)) > datetime(2026, 3, 29, 12, tzinfo=UTC)


def test_a_slot_may_end_at_midnight() -> None:
    late = Calendar(week=[[Slot(1380, 1440)]] * 7)
    assert add(late, local(8, 23, 30), minutes(60)) == local(9, 23, 30)


@pytest.mark.parametrize(
    ("calendar", "fault"),
    [
        (Calendar(timezone="Moon/Crater", week=OFFICE.week), "timezone"),
        (Calendar(week=[[MORNING]]), "week"),
        (Calendar(week=[[Slot(600, 540)], *OFFICE.week[1:]]), "slots"),
        (Calendar(week=[[Slot(540, 720), Slot(700, 800)], *OFFICE.week[1:]]), "slots"),
        (Calendar(week=[[Slot(0, 1441)], *OFFICE.week[1:]]), "slots"),
        (Calendar(week=OFFICE.week, special={"2026-2-30": []}), "special"),
        (Calendar(week=[[]] * 7), "never_open"),
    ],
)
def test_a_calendar_that_cannot_be_right_is_named(calendar: Calendar, fault: str) -> None:
    assert fault in faults_of(calendar)


def test_a_proper_calendar_has_no_fault() -> None:
    assert faults_of(OFFICE) == ()


days = st.lists(
    st.sampled_from([[], [MORNING], [AFTERNOON], [MORNING, AFTERNOON], [Slot(0, 1440)]]),
    min_size=7,
    max_size=7,
).filter(any)
calendars = st.builds(
    lambda week, off, zone: Calendar(week=week, holidays=off, timezone=zone),
    days,
    st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York"]),
)
moments = st.integers(0, 480_000).map(lambda m: datetime(2026, 1, 1, tzinfo=UTC) + minutes(m))
lengths = st.integers(0, 20_000).map(minutes)


@given(calendars, moments, lengths)
def test_adding_and_measuring_agree(calendar: Calendar, start: datetime, length: timedelta) -> None:
    assert between(calendar, start, add(calendar, start, length)) == length


@given(calendars, moments, lengths, lengths)
def test_waiting_twice_is_waiting_once_for_both(
    calendar: Calendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    twice = add(calendar, add(calendar, start, first), second)
    assert twice == add(calendar, start, first + second)


@given(calendars, moments, lengths, lengths)
def test_a_longer_wait_never_ends_earlier(
    calendar: Calendar, start: datetime, first: timedelta, more: timedelta
) -> None:
    assert add(calendar, start, first) <= add(calendar, start, first + more)


@given(moments, lengths)
def test_an_office_that_never_closes_counts_like_a_clock(
    start: datetime, length: timedelta
) -> None:
    assert add(ALWAYS, start, length) == start + length


def changed(calendar: Calendar, **changes: object) -> Calendar:
    """The calendar with something changed."""
    return msgspec.structs.replace(calendar, **changes)
