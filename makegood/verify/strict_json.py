"""JSON in its one canonical spelling, however deep somebody nests it."""

from typing import Any, Final

import msgspec

from makegood.record.canonical import is_canonical
from makegood.verify.verdict import Rejected

DEEPEST: Final = 32
"""How deep objects and lists may lie in each other; ours are less than ten deep."""


def read_json(content: bytes, reason: str) -> Any:
    """The value behind canonical bytes; rejected as damaged, with this reason, otherwise."""
    if depth_of(content) > DEEPEST or not is_canonical(content):
        raise Rejected("damaged", reason)
    return msgspec.json.decode(content)


def depth_of(content: bytes) -> int:
    """The deepest nesting of brackets outside of strings."""
    depth = deepest = 0
    inside = escaped = False
    for sign in content:
        if inside:
            if escaped:
                escaped = False
            elif sign == 0x5C:
                escaped = True
            elif sign == 0x22:
                inside = False
        elif sign == 0x22:
            inside = True
        elif sign in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in b"]}":
            depth -= 1
    return deepest
