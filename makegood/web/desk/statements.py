"""What a person of ours may put on record as a fact, as choices of a form."""

import msgspec

from makegood.policy.facts import FactSpec, Value
from makegood.policy.model import Pack
from makegood.policy.vocabulary import FACTS

COUNTS = range(11)


class FactChoice(msgspec.Struct, frozen=True):
    """One fact with the values it can take; `key` of a value comes back in the form."""

    name: str
    values: list[tuple[str, Value]]


def fact_choices(pack: Pack, reason_code: str) -> list[FactChoice]:
    """Facts that the rules of this reason read and a person may state; all of them if none."""
    reason = pack.reasons.get(reason_code)
    read = set(pack.tables[reason.table].inputs) if reason else set()
    stated = [spec for spec in FACTS.values() if "agent" in spec.sources and spec.kind != "time"]
    wanted = [spec for spec in stated if spec.name in read] or stated
    return [FactChoice(spec.name, _values(spec)) for spec in wanted]


def chosen_fact(choices: list[FactChoice], key: str) -> tuple[str, Value] | None:
    """The fact and value behind a form's key; None for anything that was not offered."""
    for choice in choices:
        for offered, value in choice.values:
            if offered == key:
                return choice.name, value
    return None


def _values(spec: FactSpec) -> list[tuple[str, Value]]:
    known: list[Value]
    match spec.kind:
        case "yes_no":
            known = [True, False, None]
        case "count":
            known = [*COUNTS, None]
        case _:
            known = [*spec.words, None]
    return [(f"{spec.name}={value}", value) for value in known]
