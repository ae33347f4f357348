"""Bugs planted in the sealing of events; each must be caught by the property that guards it."""

from collections.abc import Callable, Collection

import msgspec
import pytest

from makegood.record.chain import Opens, check_chain
from makegood.record.rules import SealedEvent, disclose, erase, opens
from tests.record.histories import history

Erase = Callable[[SealedEvent, Collection[str]], SealedEvent]


def values_cannot_trade_places(opened: Opens) -> None:
    """Property: two private values that change places are found."""
    (event,) = history({"paid_minor": 100, "refund_minor": 980})
    swapped = msgspec.structs.replace(event, body=b'{"paid_minor":980,"refund_minor":100}')
    assert check_chain([swapped], opened)


def erased_means_gone(erased: Erase) -> None:
    """Property: after an erasure neither the value nor what could confirm a guess is left."""
    (event,) = history({"phone": "13800000000", "amount_minor": 5})
    gone = erased(event, ["phone"])
    assert b"13800000000" not in gone.body
    assert gone.event_key is None
    assert disclose(gone, "phone") is None
    assert "phone" not in (gone.salts or {})


def opens_anything(salt: bytes, name: str, value: bytes, commitment: bytes) -> bool:
    """The bug: the commitment is looked at, but not compared."""
    return len(commitment) == len(salt) and bool(name) and bool(value)


def erase_but_keep_the_key(event: SealedEvent, names: Collection[str]) -> SealedEvent:
    """The bug: the value goes, the key stays, and a phone number is guessed from it in seconds."""
    return msgspec.structs.replace(erase(event, names), event_key=event.event_key)


def test_the_true_rules_hold() -> None:
    values_cannot_trade_places(opens)
    erased_means_gone(erase)


def test_a_check_that_compares_nothing_is_caught() -> None:
    with pytest.raises(AssertionError):
        values_cannot_trade_places(opens_anything)


def test_an_erasure_that_keeps_the_key_is_caught() -> None:
    with pytest.raises(AssertionError):
        erased_means_gone(erase_but_keep_the_key)
