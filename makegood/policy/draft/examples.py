"""Written examples follow the edits of a draft: one whose case went to another rule goes."""

import json

import msgspec

from makegood.policy.examples import still_right
from makegood.policy.model import Example
from makegood.policy.packfile import Parts
from makegood.policy.tables import read_table


def with_fitting_examples(parts: Parts, table_id: str) -> Parts:
    """The parts without examples that the edited table no longer leads to their rule."""
    if not table_id:
        return parts
    raw = json.dumps(parts["tables"][table_id]).encode()
    table = read_table(raw, f"tables/{table_id}.json")
    kept = still_right(table, msgspec.convert(parts["examples"], list[Example]))
    return {**parts, "examples": msgspec.to_builtins(kept)}
