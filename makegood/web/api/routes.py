"""Finds the operation of an address: segments walked once, names collected on the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from makegood.web.api.operation import Operation
from makegood.web.api.reading import BodyReader


@dataclass(slots=True)
class Place:
    """One address: its operations by method, and what lies below it."""

    operations: dict[str, tuple[Operation, BodyReader]] = field(default_factory=dict)
    below: dict[str, "Place"] = field(default_factory=dict)
    named: "tuple[str, Place] | None" = None


class Routes:
    """All addresses of the API."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = Place()
        for operation in operations:
            place = self._place(operation.path)
            assert operation.method not in place.operations, f"{operation.name} is there twice"
            place.operations[operation.method] = (operation, BodyReader(operation))

    def find(self, raw_path: bytes) -> tuple[Place, Mapping[str, str]] | None:
        """The place of a percent-encoded path below the API's own, or None."""
        place, names = self._root, dict[str, str]()
        for segment in raw_path.split(b"/"):
            text = _decoded(segment)
            if text is None:
                return None
            exact = place.below.get(text)
            if exact is not None:
                place = exact
            elif place.named is not None and text:
                name, place = place.named
                names[name] = text
            else:
                return None
        return (place, names) if place.operations else None

    def _place(self, path: str) -> Place:
        place = self._root
        for segment in path.strip("/").split("/"):
            if segment.startswith("{"):
                name = segment[1:-1]
                if place.named is None:
                    place.named = (name, Place())
                assert place.named[0] == name, f"{path}: two names for one place"
                place = place.named[1]
            else:
                place = place.below.setdefault(segment, Place())
        return place


def _decoded(segment: bytes) -> str | None:
    if b"%" not in segment and segment.isascii():
        return segment.decode()
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text
