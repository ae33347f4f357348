"""The generated page of a claim's life: stages, states, every step, and every clock."""

from collections.abc import Iterator
from typing import Final

from makegood.claims.edges import EDGES, Edge
from makegood.claims.stages import STAGES, STATES
from makegood.policy.model import Pack

HEAD: Final = """# The life of a claim

Generated from the table of steps in `makegood/claims/edges.py` and the clocks of the rule pack
`{name}` version {version}. A step that is not in the table is refused.

Both sides see five stages: {stages}. A stage that a claim did not need is shown as not needed,
and the history says why.
"""
STATE_HEAD: Final = """## States

| state | 中文 | English | stage |
|---|---|---|---|"""
EDGE_HEAD: Final = """
## Steps

`=` means that the state stays as it is.

| step | from | to | who | only if | clock | at zero |
|---|---|---|---|---|---|---|"""
CLOCK_HEAD: Final = """
## Clocks

Silence is the loss of a turn, never agreement. The clock of a decision stands still while a side
has the turn, except in class P0; all talking together has one budget; each side may have its own
evidence time extended once; a supplier is waited for once.

| clock | usual | P0 | at zero |
|---|---|---|---|"""


def life_document(pack: Pack) -> str:
    """The whole page as Markdown; equal tables, equal text."""
    stages = " → ".join(f"{zh} ({en})" for _, zh, en in STAGES)
    lines = [HEAD.format(name=pack.name, version=pack.version, stages=stages), STATE_HEAD]
    lines.extend(f"| `{s.code}` | {s.zh} | {s.en} | {_stage(s.stage)} |" for s in STATES)
    lines.append(EDGE_HEAD)
    lines.extend(_edge(edge) for edge in EDGES)
    lines.append(CLOCK_HEAD)
    lines.extend(_clocks(pack))
    return "\n".join(lines) + "\n"


def _stage(code: str) -> str:
    named = {stage: f"{zh} / {en}" for stage, zh, en in STAGES}
    return named.get(code, "-")


def _edge(edge: Edge) -> str:
    cells = (
        f"`{edge.name}`",
        _codes(edge.sources),
        f"`{edge.to}`",
        ", ".join(edge.actors),
        f"{edge.guard_zh} / {edge.guard_en}",
        f"`{edge.deadline}`" if edge.deadline else "-",
        f"{edge.zero_zh} / {edge.zero_en}" if edge.deadline else "-",
    )
    return f"| {' | '.join(cells)} |"


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _clocks(pack: Pack) -> Iterator[str]:
    for name, stage in pack.clocks.stages.items():
        usual, urgent = _length(stage.default_minutes), _length(stage.p0_minutes)
        zero = f"{stage.consequence.zh} / {stage.consequence.en}"
        yield f"| `{name}` | {usual} | {urgent} | {zero} |"


def _length(minutes: int) -> str:
    if minutes % (24 * 60) == 0:
        return f"{minutes // (24 * 60)} d"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
