"""Written examples of a pack: each is judged, and must come to the rule it is an example of."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from makegood.policy.facts import Fact, SourceKind, Value
from makegood.policy.faults import Fault
from makegood.policy.judgement import Context
from makegood.policy.model import Example, Pack
from makegood.policy.rules import judge
from makegood.policy.statements import derive, fact, merge
from makegood.policy.tables import Table, first_met
from makegood.policy.vocabulary import FACTS
from makegood.policy.weigh import plain

FILE: Final = "examples.json"
SOME_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
IMPARTIAL: Final[tuple[SourceKind, ...]] = (
    "agent",
    "issuer",
    "order",
    "platform_log",
    "gateway",
)
"""Whom an example's facts are from, the first that may state each."""


def example_faults(pack: Pack) -> list[Fault]:
    """What is wrong with the examples of a pack that is whole otherwise."""
    return [fault for example in pack.examples for fault in _faults(pack, example)]


def facts_of(example: Example) -> dict[str, Fact]:
    """An example's facts as the judge receives them. Raises ValueError for what is no fact."""
    return derive(merge(_said(name, value) for name, value in example.facts.items()))


def still_right(table: Table, examples: Sequence[Example]) -> list[Example]:
    """The examples that a changed table still leads to their rule; those of other tables stay."""
    rules = {row.id for row in table.rows}
    return [
        one
        for one in examples
        if not one.rule.startswith(f"{table.id}.")
        or (one.rule in rules and _first(table, one) == one.rule)
    ]


def _first(table: Table, example: Example) -> str:
    facts = facts_of(example)
    index = first_met(table.rows, [plain(facts.get(name)) for name in table.inputs])
    return table.rows[index].id if index is not None else ""


def _faults(pack: Pack, example: Example) -> Iterator[Fault]:
    rule = example.rule
    if example.reason not in pack.reasons:
        yield Fault(code="unknown_rule", file=FILE, row=rule, detail=example.reason)
        return
    texts = (example.title.zh, example.title.en, example.text.zh, example.text.en)
    if not all(text.strip() for text in texts):
        yield Fault(code="empty_words", file=FILE, row=rule)
    try:
        facts = facts_of(example)
    except ValueError as error:
        yield Fault(code="shape", file=FILE, row=rule, detail=str(error))
        return
    said = judge(pack, example.reason, facts, "refund", Context()).rule
    if said != rule:
        yield Fault(code="example", file=FILE, row=rule, column="facts", detail=said)


def _said(name: str, value: Value) -> Fact:
    spec = FACTS.get(name)
    sources = spec.sources if spec else IMPARTIAL
    best = next((one for one in IMPARTIAL if one in sources), sources[0])
    return fact(name, value, best, SOME_DAY)
