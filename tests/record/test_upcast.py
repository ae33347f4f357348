"""Events of every released version load as today's."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from makegood.record.upcast import Upcasts

FIXTURES = Path(__file__).parent / "fixtures"


def renamed(fields: dict[str, Any]) -> dict[str, Any]:
    return {"text": fields["message"]}


def with_audience(fields: dict[str, Any]) -> dict[str, Any]:
    return fields | {"audience": "all"}


UPCASTS = Upcasts({"sent": 3}, {("sent", 1): renamed, ("sent", 2): with_audience})


def test_an_old_event_passes_every_step_to_today() -> None:
    assert UPCASTS.upcast("sent", 1, b'{"message":"hi"}') == b'{"audience":"all","text":"hi"}'
    assert UPCASTS.upcast("sent", 2, b'{"text":"hi"}') == b'{"audience":"all","text":"hi"}'


def test_the_bytes_of_today_pass_untouched() -> None:
    body = b'{"text":"hi","audience":"all"}'
    assert UPCASTS.upcast("sent", 3, body) is body


@pytest.mark.parametrize(("name", "version"), [("sent", 4), ("unknown", 1)])
def test_what_a_newer_program_wrote_is_not_guessed(name: str, version: int) -> None:
    with pytest.raises(AssertionError):
        UPCASTS.upcast(name, version, b"{}")


def test_a_missing_step_is_named() -> None:
    assert Upcasts({"sent": 3}, {("sent", 2): with_audience}).missing() == [("sent", 1)]
    assert UPCASTS.missing() == []


def test_the_erasure_event_of_every_release_loads() -> None:
    released = sorted(FIXTURES.glob("fields_erased.*.json"))
    shapes = [msgspec.json.decode(path.read_bytes(), type=dict[str, Any]) for path in released]
    assert [set(shape) for shape in shapes] == [{"erased", "reason"}]
