"""A changed history is found, wherever it was changed."""

from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from makegood.record.chain import FIELDS_ERASED, Problem, check_chain
from makegood.record.rules import NewEvent, SealedEvent, erase, head_after, seal
from tests.record.histories import AT, BUYER, histories, history, key

BYTE_COLUMNS = ("body", "entry", "entry_hash", "event_key", "pseudonym")


@given(events=histories)
def test_an_intact_history_has_no_problem(events: list[SealedEvent]) -> None:
    assert check_chain(events) == []


@given(events=histories, data=st.data())
def test_any_changed_byte_is_found(events: list[SealedEvent], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(events) - 1))
    column = data.draw(st.sampled_from(BYTE_COLUMNS))
    content = bytearray(getattr(events[place], column))
    offset = data.draw(st.integers(0, len(content) - 1))
    content[offset] ^= data.draw(st.integers(1, 255))
    changed = msgspec.structs.replace(events[place], **{column: bytes(content)})
    assert check_chain([*events[:place], changed, *events[place + 1 :]])


@given(events=histories.filter(lambda events: len(events) > 1), data=st.data())
def test_events_left_out_or_put_in_another_order_are_found(
    events: list[SealedEvent], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(events) - 2))
    assert check_chain(events[:place] + events[place + 1 :])
    assert check_chain([*events[:place], events[place + 1], events[place], *events[place + 2 :]])


def test_changed_columns_are_found() -> None:
    (event,) = history({"text": "not here"})
    changes = {
        "version": 2,
        "name": "message_edited",
        "schema_version": 2,
        "at": AT + timedelta(microseconds=1),
        "actor_role": "seller",
        "actor_id": "b-18",
    }
    for column, value in changes.items():
        assert check_chain([msgspec.structs.replace(event, **{column: value})]), column


def test_a_public_value_in_the_body_must_be_the_published_one() -> None:
    (event,) = history({"state": "open"}, public=frozenset({"state"}))
    forged = msgspec.structs.replace(event, body=b'{"state":"closed"}')
    assert check_chain([forged]) == [Problem(1, "public_field_differs", "state")]


def test_a_field_that_was_added_later_is_found() -> None:
    (event,) = history({"text": "a"})
    forged = msgspec.structs.replace(event, body=b'{"text":"a","text2":"b"}')
    assert check_chain([forged]) == [Problem(1, "private_field_differs", "text2")]


def test_a_body_that_is_no_object_is_found() -> None:
    (event,) = history({"text": "a"})
    forged = msgspec.structs.replace(event, body=b"[1]")
    assert check_chain([forged]) == [Problem(1, "column_differs", "body")]


def test_an_erasure_is_a_problem_until_it_is_recorded() -> None:
    events = history({"text": "a", "amount_minor": 5}, {"text": "b"})
    erased = [erase(events[0], ["text"]), events[1]]
    assert check_chain(erased) == [Problem(1, "erasure_not_recorded", "text")]
    assert check_chain([*erased, recorded(erased, {"1": ["text"]})]) == []


def test_a_record_of_another_erasure_does_not_account_for_this_one() -> None:
    events = history({"text": "a", "amount_minor": 5})
    erased = [erase(events[0], ["text", "amount_minor"])]
    assert check_chain([*erased, recorded(erased, {"1": ["text"]})]) == [
        Problem(1, "erasure_not_recorded", "amount_minor")
    ]


def test_values_that_stayed_after_an_erasure_are_still_checked() -> None:
    events = history({"text": "a", "amount_minor": 5})
    gone = erase(events[0], ["text"])
    forged = msgspec.structs.replace(gone, body=gone.body.replace(b"5", b"6"))
    problems = check_chain([forged, recorded([gone], {"1": ["text"]})])
    assert problems == [Problem(1, "private_field_differs", "amount_minor")]


def recorded(events: list[SealedEvent], erased: dict[str, list[str]]) -> SealedEvent:
    fields = NewEvent(FIELDS_ERASED, 1, {"erased": erased}, frozenset({"erased"}))
    return seal(head_after(events[-1]), [fields], [key(99)], AT, BUYER)[0]
