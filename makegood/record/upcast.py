"""Old events in today's form: every released version of an event loads for ever."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

Step: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the fields of one version of an event into those of the next version."""


class Upcasts(msgspec.Struct, frozen=True):
    """Today's version of every event by name, and the steps from each older version."""

    current: Mapping[str, int]
    steps: Mapping[tuple[str, int], Step] = {}

    def missing(self) -> list[tuple[str, int]]:
        """Older versions that no step leads on from; a test holds this empty."""
        older = [(name, v) for name, now in self.current.items() for v in range(1, now)]
        return [step for step in older if step not in self.steps]

    def upcast(self, name: str, schema_version: int, body: bytes) -> bytes:
        """The body as today's version would have written it. Bytes of today pass untouched.

        An unknown name or a version of a newer release raises AssertionError: such a
        database belongs to a newer program, which start-up refuses.
        """
        now = self.current.get(name, 0)
        if schema_version > now:
            raise AssertionError(f"{name} version {schema_version} is newer than this program")
        if schema_version == now:
            return body
        fields: dict[str, Any] = msgspec.json.decode(body)
        for version in range(schema_version, now):
            fields = self.steps[name, version](fields)
        return msgspec.json.encode(fields, order="deterministic")
