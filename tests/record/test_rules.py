"""Entries hide what is private, prove one field alone, and survive erasure."""

import hmac
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given

from makegood.base.actor import Actor
from makegood.record.canonical import canonical
from makegood.record.erased import Erased
from makegood.record.rules import (
    NO_ENTRY,
    Disclosure,
    NewEvent,
    SealedEvent,
    disclose,
    erase,
    hash_of,
    head_after,
    parse_entry,
    seal,
    verify_disclosure,
)
from tests.record.histories import AT, BUYER, HEAD, histories, history, key

OPENED = NewEvent(
    "claim_opened",
    1,
    {"state": "open", "contact": "b1@example.com", "amount_minor": 9800},
    public=frozenset({"state"}),
)


def opened() -> SealedEvent:
    return seal(HEAD, [OPENED], [key(0)], AT, BUYER)[0]


def test_an_entry_shows_public_fields_only() -> None:
    entry = parse_entry(opened().entry)
    assert entry is not None
    assert entry.public == {"state": "open"}
    assert set(entry.commitments) == {"contact", "amount_minor", "actor_id"}
    assert b"example.com" not in opened().entry
    assert b"b-17" not in opened().entry
    assert b"AS-261121" not in opened().entry


def test_a_commitment_is_the_documented_formula() -> None:
    entry = parse_entry(opened().entry)
    assert entry is not None
    salt = hmac.new(key(0), b"contact", sha256).digest()
    preimage = b"\x02" + salt + b"contact" + b"\x00" + b'"b1@example.com"'
    assert entry.commitments["contact"] == sha256(preimage).digest()


def test_each_entry_names_the_one_before_it() -> None:
    first, second = seal(HEAD, [OPENED, OPENED], [key(0), key(1)], AT, BUYER)
    entries = [parse_entry(first.entry), parse_entry(second.entry)]
    assert [entry and entry.prev for entry in entries] == [NO_ENTRY, first.entry_hash]
    assert [entry and entry.seq for entry in entries] == [1, 2]
    assert head_after(second).version == 2


def test_the_body_decodes_straight_into_a_struct() -> None:
    class Opened(msgspec.Struct):
        state: str
        contact: str | Erased
        amount_minor: int

    intact, gone = opened(), erase(opened(), ["contact"])
    assert msgspec.json.decode(intact.body, type=Opened).contact == "b1@example.com"
    assert msgspec.json.decode(gone.body, type=Opened) == Opened("open", Erased(), 9800)


def test_one_field_is_proven_without_the_others() -> None:
    shown = disclose(opened(), "amount_minor")
    assert shown is not None
    assert verify_disclosure(opened().entry, shown)
    assert not verify_disclosure(opened().entry, Disclosure("amount_minor", b"9801", shown.salt))
    assert not verify_disclosure(opened().entry, Disclosure("contact", b"9800", shown.salt))


def test_the_actor_is_proven_like_a_field() -> None:
    shown = disclose(opened(), "actor_id")
    assert shown is not None
    assert shown.value == b'"b-17"'
    assert verify_disclosure(opened().entry, shown)


@pytest.mark.parametrize("name", ["state", "nothing"])
def test_a_public_or_unknown_field_is_not_disclosed(name: str) -> None:
    assert disclose(opened(), name) is None


def test_an_erased_field_is_gone_and_the_others_can_still_be_proven() -> None:
    gone = erase(opened(), ["contact", "actor_id"])
    assert b"example.com" not in gone.body
    assert (gone.event_key, gone.actor_id) == (None, None)
    assert (gone.entry, gone.entry_hash) == (opened().entry, opened().entry_hash)
    assert disclose(gone, "contact") is None
    kept = disclose(gone, "amount_minor")
    assert kept is not None
    assert verify_disclosure(gone.entry, kept)


def test_erasing_in_two_steps_is_erasing_both_at_once() -> None:
    both = erase(opened(), ["contact", "amount_minor"])
    assert erase(erase(opened(), ["contact"]), ["amount_minor"]) == both
    assert erase(both, ["contact"]) == both


def test_a_public_field_cannot_be_erased() -> None:
    with pytest.raises(AssertionError):
        erase(opened(), ["state"])


def test_the_name_of_the_actor_field_is_reserved() -> None:
    with pytest.raises(AssertionError):
        seal(HEAD, [NewEvent("noted", 1, {"actor_id": "x"})], [key(0)], AT, Actor("agent", "a"))


@given(events=histories)
def test_every_private_field_of_every_event_can_be_disclosed(events: list[SealedEvent]) -> None:
    for event in events:
        for name, value in event.fields().items():
            shown = disclose(event, name)
            assert shown == Disclosure(name, canonical(value), shown.salt if shown else b"")
            assert shown is not None
            assert verify_disclosure(event.entry, shown)


def test_no_changed_byte_of_an_entry_keeps_its_hash_or_is_read() -> None:
    event = opened()
    for place in range(len(event.entry)):
        flipped = bytearray(event.entry)
        flipped[place] ^= 1
        assert hash_of(bytes(flipped)) != event.entry_hash


@pytest.mark.parametrize(
    "entry", [b"", b"{}", b"[]", b"null", history({"a": "b"})[0].entry.replace(b":", b": ", 1)]
)
def test_an_entry_that_we_would_not_write_is_not_read(entry: bytes) -> None:
    assert parse_entry(entry) is None
    assert not verify_disclosure(entry, Disclosure("a", b'"b"', bytes(32)))
