"""Every form an event was ever stored in can still be read. Fixtures are added, never changed."""

from pathlib import Path

import msgspec
import pytest

from makegood.claims import events as e
from makegood.claims.parting import part
from makegood.claims.store import UPCASTS, read_body

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.json"))
KINDS = {e.event_name(kind): kind for kind in e.AnyEvent.__args__}


def test_every_event_of_today_has_its_fixture() -> None:
    known = {path.stem for path in FIXTURES}
    assert known >= {f"{name}.{UPCASTS.current[name]}" for name in KINDS}


@pytest.mark.parametrize("path", FIXTURES, ids=[path.stem for path in FIXTURES])
def test_a_stored_event_is_still_read_and_loses_nothing(path: Path) -> None:
    name, version = path.stem.rsplit(".", 1)
    event = read_body(name, int(version), path.read_bytes())
    stored = msgspec.json.decode(path.read_bytes())
    read = msgspec.to_builtins(event)
    assert isinstance(event, KINDS[name])
    assert kept(stored, part(name, read) if "of_buyer" in stored else read) == stored


def kept(stored: object, read: object) -> object:
    """What `read` says under every name that was stored; newer fields beside them may be there."""
    if isinstance(stored, dict) and isinstance(read, dict):
        return {name: kept(value, read.get(name)) for name, value in stored.items()}
    return read
