"""Written examples follow the edits of a draft: one whose case went to another rule goes."""

import msgspec

from makegood.policy.examples import still_right
from makegood.policy.jdm import table_of
from makegood.policy.model import Example
from makegood.policy.packfile import Parts


def with_fitting_examples(parts: Parts, table_id: str) -> Parts:
    """The parts without examples that the edited table no longer leads to their rule."""
    if not table_id:
        return parts
    table = table_of(parts["tables"][table_id], f"tables/{table_id}.json")
    kept = still_right(table, msgspec.convert(parts["examples"], list[Example]))
    return {**parts, "examples": msgspec.to_builtins(kept)}
